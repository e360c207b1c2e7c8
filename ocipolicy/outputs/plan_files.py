"""A plan as a file, and back: `plan -o plan.json`, `apply plan.json`.

The file is the JSON of the plan and a digest of it, so that one which was changed by hand, or cut
off, is not applied. It holds no secrets; the names of profiles, and where these are, are in it.
"""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, NoReturn, TypeVar, get_args

from ocipolicy.config import Profile
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, Source, Span, has_errors
from ocipolicy.evaluate import Verdict
from ocipolicy.language import parse
from ocipolicy.language.tree import Statement
from ocipolicy.outputs.json import SCHEMA
from ocipolicy.outputs.json import dump as dump_json
from ocipolicy.outputs.plans import as_data
from ocipolicy.plan import (
    Action,
    Change,
    Create,
    Delete,
    HandedOver,
    Keep,
    Party,
    Plan,
    Step,
    Target,
    Update,
    Version,
    Wanted,
)
from ocipolicy.render.bundle import Side
from ocipolicy.world import Tags

_Read = TypeVar("_Read")
_STEP = (
    *("action", "tenancy", "side", "compartment", "name", "ocid", "etag", "before", "after"),
    *("description", "tags", "was"),
)
_HELP = "make a new one: `ocipolicy plan CONFIG -o plan.json`"


def dump(plan: Plan) -> str:
    """The file of a plan, from which `load` makes an equal one."""
    data = as_data(plan)
    return dump_json({**data, "digest": _digest(data)}) + "\n"


def load(text: str, origin: str) -> Plan:
    """The plan of a file. Its diagnostics point into the file.

    Raises CannotGoOn where it is no plan, is of another version, or is not as it was written.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CannotGoOn(f"{origin} is no plan: it is not JSON ({error})", _HELP) from error
    return _Reader(text, origin).plan(data)


def _digest(data: dict[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return "sha256:" + sha256(canonical.encode()).hexdigest()


class _Reader:
    """One file; every method takes a value of it, and the path to say where it stands."""

    def __init__(self, text: str, origin: str) -> None:
        self._source = Source(text, origin)

    def plan(self, data: object) -> Plan:
        if not isinstance(data, dict) or "steps" not in data or "schema" not in data:
            raise CannotGoOn(f"{self._source.origin} is no plan of ocipolicy", _HELP)
        if data["schema"] != SCHEMA:
            raise CannotGoOn(
                f"{self._source.origin} is a plan of schema {data['schema']}, and this ocipolicy"
                f" reads schema {SCHEMA}",
                _HELP,
            )
        rest = {key: value for key, value in data.items() if key not in ("schema", "digest")}
        if data.get("digest") != _digest(rest):
            raise CannotGoOn(
                f"{self._source.origin} is not as it was written: its digest is another one", _HELP
            )
        keys = ("name", "config", "tenancies", "steps", "access", "wanted", "handed_over")
        entry = self._entry(rest, "the plan", (*keys, "diagnostics"))
        return Plan(
            self._text(entry["name"], "name"),
            self._maybe(entry["config"], "config", self._text) or "",
            self._list(entry["steps"], "steps", self._step),
            self._list(entry["tenancies"], "tenancies", self._party),
            self._list(entry["access"], "access", self._change),
            self._list(entry["wanted"], "wanted", self._wanted),
            self._list(entry["handed_over"], "handed_over", self._handed_over),
            self._list(entry["diagnostics"], "diagnostics", self._diagnostic),
        )

    def _wrong(self, at: str, wanted: str) -> NoReturn:
        raise CannotGoOn(f"{self._source.origin} is no plan: {at} is not {wanted}", _HELP)

    def _entry(self, value: object, at: str, keys: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict) or {*value} != {*keys}:
            self._wrong(at, f"a mapping with the keys {', '.join(keys)}")
        return value

    def _text(self, value: object, at: str) -> str:
        return value if isinstance(value, str) else self._wrong(at, "a text")

    def _flag(self, value: object, at: str) -> bool:
        return value if isinstance(value, bool) else self._wrong(at, "true or false")

    def _maybe(self, value: object, at: str, read: Callable[[object, str], _Read]) -> _Read | None:
        return None if value is None else read(value, at)

    def _list(
        self, value: object, at: str, read: Callable[[object, str], _Read]
    ) -> tuple[_Read, ...]:
        if not isinstance(value, list):
            self._wrong(at, "a list")
        return tuple(read(each, f"{at}[{index}]") for index, each in enumerate(value))

    def _texts(self, value: object, at: str) -> tuple[str, ...]:
        return self._list(value, at, self._text)

    def _tags(self, value: object, at: str) -> Tags:
        if not isinstance(value, dict):
            self._wrong(at, "a mapping")
        return {
            key: (each,) if isinstance(each, str) else self._texts(each, f"{at}.{key}")
            for key, each in value.items()
        }

    def _side(self, value: object, at: str) -> Side:
        match value:
            case "caller" | "service":
                return value
        return self._wrong(at, "caller or service")

    def _verdict(self, value: object, at: str) -> Verdict:
        match value:
            case "allowed" | "denied" | "unknown":
                return value
        return self._wrong(at, "allowed, denied or unknown")

    def _party(self, value: object, at: str) -> Party:
        entry = self._entry(value, at, ("ocid", "name", "profile"))
        return Party(
            self._text(entry["ocid"], f"{at}.ocid"),
            self._text(entry["name"], f"{at}.name"),
            self._maybe(entry["profile"], f"{at}.profile", self._profile),
        )

    def _profile(self, value: object, at: str) -> Profile:
        try:
            return Profile.model_validate(value)
        except ValueError:
            return self._wrong(at, "a profile")

    def _target(self, entry: dict[str, Any], at: str) -> Target:
        compartment = self._text(entry["compartment"], f"{at}.compartment")
        if compartment != "/":
            self._wrong(f"{at}.compartment", "the root compartment, `/`")
        return Target(
            self._text(entry["tenancy"], f"{at}.tenancy"),
            self._side(entry["side"], f"{at}.side"),
            self._text(entry["name"], f"{at}.name"),
        )

    def _step(self, value: object, at: str) -> Step:
        entry = self._entry(value, at, _STEP)
        target = self._target(entry, at)
        before = self._before(entry, at)
        action = self._text(entry["action"], f"{at}.action")
        if action == "create":
            return Create(target, self._after(entry, at))
        ocid = self._text(entry["ocid"], f"{at}.ocid")
        etag = self._text(entry["etag"], f"{at}.etag")
        if before is None:
            self._wrong(f"{at}.before", "a list")
        match action:
            case "update":
                return Update(target, ocid, etag, before, self._after(entry, at))
            case "delete":
                return Delete(target, ocid, etag, before)
            case "keep":
                return Keep(target, ocid, etag, before)
        return self._wrong(f"{at}.action", f"one of {', '.join(get_args(Action))}")

    def _before(self, entry: dict[str, Any], at: str) -> Version | None:
        """What the policy says now, which need not be readable."""
        if entry["before"] is None or entry["was"] is None:
            return None
        was = self._entry(entry["was"], f"{at}.was", ("description", "tags"))
        texts = self._texts(entry["before"], f"{at}.before")
        return Version(
            texts,
            tuple(each for text in texts for each in _statement(text)),
            self._text(was["description"], f"{at}.was.description"),
            self._tags(was["tags"], f"{at}.was.tags"),
        )

    def _after(self, entry: dict[str, Any], at: str) -> Version:
        """What the policy is to say: statements that can be read, one a text."""
        texts = self._texts(entry["after"], f"{at}.after")
        return Version(
            texts,
            self._statements(texts, f"{at}.after"),
            self._text(entry["description"], f"{at}.description"),
            self._tags(entry["tags"], f"{at}.tags"),
        )

    def _statements(self, texts: tuple[str, ...], at: str) -> tuple[Statement, ...]:
        found = [(text, [*_statement(text)]) for text in texts]
        for index, (_, statements) in enumerate(found):
            if not statements:
                self._wrong(f"{at}[{index}]", "one statement without a mistake")
        return tuple(each for _, statements in found for each in statements)

    def _change(self, value: object, at: str) -> Change:
        lists = ("operations", "permissions", "verbs")
        keys = ("who", "change", "before", "after", "tenancy", "compartment", "below", *lists)
        entry = self._entry(value, at, keys)
        return Change(
            self._texts(entry["who"], f"{at}.who"),
            self._verdict(entry["before"], f"{at}.before"),
            self._verdict(entry["after"], f"{at}.after"),
            self._text(entry["tenancy"], f"{at}.tenancy"),
            self._text(entry["compartment"], f"{at}.compartment"),
            self._flag(entry["below"], f"{at}.below"),
            *(self._texts(entry[key], f"{at}.{key}") for key in lists),
        )

    def _wanted(self, value: object, at: str) -> Wanted:
        keys = ("who", "operation", "tenancy", "compartment", "verdict")
        entry = self._entry(value, at, keys)
        who, operation, tenancy, place = (
            self._text(entry[key], f"{at}.{key}") for key in keys[:-1]
        )
        verdict = self._verdict(entry["verdict"], f"{at}.verdict")
        return Wanted(who, operation, tenancy, place, verdict)

    def _handed_over(self, value: object, at: str) -> HandedOver:
        keys = ("tenancy", "side", "compartment", "name", "description", "statements")
        entry = self._entry(value, at, (*keys, "instruction", "assumed"))
        texts = self._texts(entry["statements"], f"{at}.statements")
        return HandedOver(
            self._target(entry, at),
            self._text(entry["description"], f"{at}.description"),
            self._statements(texts, f"{at}.statements"),
            self._text(entry["instruction"], f"{at}.instruction"),
            self._flag(entry["assumed"], f"{at}.assumed"),
        )

    def _diagnostic(self, value: object, at: str) -> Diagnostic:
        """A finding, at its message's place in this file."""
        keys = ("rule", "severity", "message", "help", "file", "line", "column", "end_line")
        entry = self._entry(value, at, (*keys, "end_column", "fix"))
        message = self._text(entry["message"], f"{at}.message")
        severity = self._text(entry["severity"], f"{at}.severity")
        if severity not in [*Severity]:
            self._wrong(f"{at}.severity", "a severity")
        written = json.dumps(message)
        start = max(0, self._source.text.find(written))
        return Diagnostic(
            self._text(entry["rule"], f"{at}.rule"),
            Severity(severity),
            message,
            Span(self._source, start, start + len(written)),
            self._maybe(entry["help"], f"{at}.help", self._text),
        )


def _statement(text: str) -> Iterator[Statement]:
    """The statement of a text; nothing where it is not one, or has a mistake."""
    parsed = parse(text)
    if len(parsed.statements) == 1 and not has_errors(parsed.diagnostics):
        yield parsed.statements[0]
