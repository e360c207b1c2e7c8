"""What pydantic found wrong, said to a person: rule, one sentence, place, and the way out."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ocipolicy.diagnostics import Diagnostic, Fix, Severity, Span, closest
from ocipolicy.document.tree import Document, Node, Path, shown

AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Manual(Generic[AnyModel]):
    """What the messages about one kind of file need to know about it.

    `what` is its word ("config"), `missing` the help for a key that is not there, under its dotted
    path or its last word (and under `""` for a file without keys), `expected` what a validator of
    its own wanted, by error type, with a hint in `how`. `as_written` turns a path in the models
    into the one in the file, where these differ.
    `largest` is how many values a file may have, aliases followed, before it is refused.
    """

    what: str
    model: type[AnyModel]
    missing: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    how: Mapping[str, str] = field(default_factory=dict)
    as_written: Callable[[Document, Path], Path] = lambda _, path: path
    largest: int = 10_000


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "bool_type": "true or false",
}
_HOW = {
    "a list": "put brackets round it, or begin each item on a line with `- `",
    "a mapping": "write its keys below it, each on a line of its own and indented",
    "text": "write one value on the line of the key",
    "the name of a profile or a mapping": "write a name, or the keys of a profile below the key",
    "a service, or one service and its parts": "write generative-ai, or generative-ai: [chat], "
    "each service with a `- ` of its own",
}
_LIMITS = {
    "too_short": ("empty-list", "is an empty list", "write at least one item"),
    "greater_than": ("out-of-range", "must be more than {gt}", "write a higher number"),
    "greater_than_equal": ("out-of-range", "cannot be less than {ge:g}", "write a higher number"),
    "less_than_equal": ("out-of-range", "cannot be more than {le:g}", "write a lower number"),
}


def diagnoses(
    manual: Manual[Any], document: Document, errors: list[ErrorDetails]
) -> Iterator[Diagnostic]:
    """A diagnostic for each error, and for each key without a value.

    A key that is missing because it is misspelt, and an empty value, are each said once.
    """
    unknown: set[Path] = set()
    meant: set[Path] = set()
    for error in errors:
        if error["type"] == "extra_forbidden":
            diagnostic, near = _unknown_key(manual, document, error["loc"])
            unknown.add(error["loc"])
            if near:
                meant.add((*error["loc"][:-1], near))
            # A key of the top that stands somewhere else is not missed there as well.
            meant.add(error["loc"][-1:])
            yield diagnostic
    for error in errors:
        path = manual.as_written(document, error["loc"])
        if error["type"] == "missing" and path not in meant:
            yield _missing_key(manual, document, path)
        elif error["type"] not in ("missing", "extra_forbidden"):
            node = document.deepest(path)
            # pydantic does not count items that are wrong themselves.
            miscounted = error["type"] == "too_short" and node and node.value
            if node and node.value is not None and not miscounted:
                yield _wrong_value(manual, document, path, node, error)
    for path, node in document.nodes():
        below_unknown = any(path[:length] in unknown for length in range(1, len(path) + 1))
        if node.value is None and path and not below_unknown:
            yield Diagnostic(
                "empty-value",
                Severity.ERROR,
                f"{called(path)} has no value",
                document.span(path),
                _fill_in(manual, path),
            )


def called(path: Path) -> str:
    """What a sentence calls a value: "`caller.tenancy`", or "an item of `caller.instances`"."""
    keys = "`" + ".".join(step for step in path if isinstance(step, str)) + "`"
    return f"an item of {keys}" if isinstance(path[-1], int) else keys


def one_of(choices: list[str]) -> str:
    """The choices as the words of a sentence: "a, b or c"."""
    return " or ".join(part for part in (", ".join(choices[:-1]), choices[-1]) if part)


def unknown_value(document: Document, path: Path, word: str, choices: list[str]) -> Diagnostic:
    """A word where only some words can stand."""
    span = document.span(path)
    near = closest(word.lower().replace("_", "-"), choices) or closest(word, choices)
    near = near or next((choice for choice in choices if choice.lower() == word.lower()), None)
    return Diagnostic(
        "unknown-value",
        Severity.ERROR,
        _cannot_be(path, word),
        span,
        f"did you mean `{near}`?" if near else f"write {one_of(choices)}",
        Fix(span, near) if near and _is_plain(span) else None,
    )


def _cannot_be(path: Path, word: str) -> str:
    return f"{called(path)} cannot be {shown(word)}"


def _fill_in(manual: Manual[Any], path: Path) -> str:
    """What to do about an empty value: an optional key can go, a needed one has its help."""
    if isinstance(path[-1], int):
        return "write a value, or take the item out"
    model = _model_at(manual.model, path[:-1])
    for name, info in model.model_fields.items() if model else ():
        if path[-1] in (info.alias, name) and info.is_required():
            return _add(manual, path, "write a value")
    return "write a value, or take the key out"


def _add(manual: Manual[Any], path: Path, otherwise: str) -> str:
    """What to do about a key that has to be there."""
    dotted = ".".join(step for step in path if isinstance(step, str))
    return manual.missing.get(dotted) or manual.missing.get(str(path[-1]), otherwise)


def _unknown_key(
    manual: Manual[Any], document: Document, path: Path
) -> tuple[Diagnostic, str | None]:
    *parents, word = path
    key = str(word)
    names = _keys(_model_at(manual.model, tuple(parents)))
    parent = document.at(tuple(parents))
    present = parent.value if parent and isinstance(parent.value, dict) else {}
    free = [name for name in names if name not in present]
    near = closest(key.lower().replace("-", "_"), free)
    homes = [name for name, other in _homes(manual.model) if key in _keys(other)]
    if near:
        hint = f"did you mean `{near}`?"
    elif homes:
        places = [f"below `{name}`" if name else "at the top of the file" for name in homes]
        hint = f"`{key}` belongs {one_of(places)}"
    else:
        hint = f"the keys here are {', '.join(names)}"
    owner = called(tuple(parents)) if parents else f"a {manual.what}"
    span = document.key_span(path)
    fix = Fix(span, near) if near and _is_plain(span) else None
    message = f"{shown(key)} is no key of {owner}"
    return Diagnostic("unknown-key", Severity.ERROR, message, span, hint, fix), near


def _missing_key(manual: Manual[Any], document: Document, path: Path) -> Diagnostic:
    key = str(path[-1])
    owner = called(path[:-1]) if path[:-1] else f"the {manual.what}"
    in_list = bool(path[:-1]) and isinstance(path[-2], int)
    return Diagnostic(
        "missing-key",
        Severity.ERROR,
        f"{owner} has no `{key}`",
        document.span(path[:-1]) if in_list else document.key_span(path[:-1]),
        _add(manual, path, f"add `{key}: ...`"),
    )


def _wrong_value(
    manual: Manual[Any], document: Document, path: Path, node: Node, error: ErrorDetails
) -> Diagnostic:
    kind = error["type"]
    context = error.get("ctx", {})
    if kind == "literal_error":
        if isinstance(node.value, list | dict):
            return _wrong_type(manual, document, path, node, "text")
        choices = re.findall(r"'([^']*)'", context["expected"])
        if node.value is False and "off" in choices:
            # Programs that write YAML 1.1 make a false of `off`.
            return replace(
                unknown_value(document, path, "off", choices), message=_cannot_be(path, "false")
            )
        word = node.value if isinstance(node.value, str) else document.span(path).text
        return unknown_value(document, path, word, choices)
    wanted = manual.expected.get(kind) or _EXPECTED.get(kind)
    if wanted:
        return _wrong_type(manual, document, path, node, wanted)
    if kind in _LIMITS:
        rule, message, hint = _LIMITS[kind]
        context = {"rule": rule, "message": message.format(**context), "help": hint, "fix": None}
    span = document.span(path)
    if context.get("conceal"):
        span.source.conceal(span.start, span.end)
    edit = context["fix"]
    return Diagnostic(
        context["rule"],
        Severity.ERROR,
        f"{called(path)} {context['message']}",
        span,
        context["help"] or _fill_in(manual, path),
        Fix(span, edit) if edit and _is_plain(span) else None,
    )


def _wrong_type(
    manual: Manual[Any], document: Document, path: Path, node: Node, wanted: str
) -> Diagnostic:
    span = document.span(path)
    scalar = not isinstance(node.value, list | dict)
    edit = None
    hint = manual.how.get(wanted) or _HOW.get(wanted, f"write {wanted}")
    if wanted == "text" and scalar:
        edit = f'"{span.text}"'
        hint = f"put it in quotes: {edit}"
    elif wanted == "a list" and scalar:
        edit = f"[{span.text}]"
    return Diagnostic(
        "wrong-type",
        Severity.ERROR,
        f"{called(path)} must be {wanted}, and this is {node.kind}",
        span,
        hint,
        Fix(span, edit) if edit and _is_plain(span) else None,
    )


def _is_plain(span: Span) -> bool:
    """Whether an edit can replace these characters without losing an anchor, a tag or lines."""
    return not re.match(r"[&!*]", span.text) and "\n" not in span.text


def _keys(model: type[BaseModel] | None) -> list[str]:
    """The keys of a model as files write them."""
    if model is None:
        return []
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that reads the mapping at a path."""
    found: Any = model
    for step in path:
        found = _below(found, step)
    return next(_models(found), None)


def _below(annotation: Any, step: str | int) -> Any:
    """The annotation of what stands behind a key or an index."""
    for each in _alternatives(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            for name, info in each.model_fields.items():
                if step in (info.alias, name):
                    return info.annotation
        elif isinstance(step, int) and get_origin(each) is tuple:
            return get_args(each)[0]
        elif isinstance(get_origin(each), type) and issubclass(get_origin(each), Mapping):
            return get_args(each)[1]
    return None


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what is only said about them."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _alternatives(each)
    else:
        yield annotation


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in _alternatives(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each


def _homes(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every model of a file with the key that it stands behind; the file itself has none."""
    yield name, model
    for key, info in model.model_fields.items():
        for below in _models(info.annotation):
            yield from _homes(below, info.alias or key)
