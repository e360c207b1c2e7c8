"""The cases of `tests/cases/evaluate`: a world, the policies in it, and questions with answers.

A file is a list of cases. `says` is the rule that the case shows; `policies` has the statements by
where they are attached (`caller`, `caller/bots`, several policies there as a list of lists), laid
on `world.yaml`, into which `world` is merged. Rows of `may` ask one question each:

    {who: sales, do: Chat, in: service/ai, is: denied, fails: [condition], missing: {...}}

`fails` has the parts in which the nearest statement misses, `because` and `missing` are whole
statements (missing ones by tenancy), `undecided` is what decides an unknown answer. Rows of `who`
and `what` list who may (`are`) and who may perhaps (`perhaps`), and what somebody may do.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ocipolicy import reference
from ocipolicy.evaluate import Need, PermissionNeed, Place, Request, Who, needs_of
from ocipolicy.world import World, load_world

CASES = Path(__file__).parent.parent / "cases" / "evaluate"


@dataclass(frozen=True)
class Case:
    """One world with its questions, and the place it is written at."""

    name: str
    entry: Mapping[str, Any]

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The questions of a kind: may, who or what."""
        rows: list[dict[str, Any]] = self.entry.get(kind, [])
        return rows

    @property
    def world(self) -> World:
        """The world of the cases with this one's policies in it."""
        data = _merged(_base(), self.entry.get("world", {}))
        for place, statements in self.entry.get("policies", {}).items():
            tenancy, _, path = place.partition("/")
            several = statements if isinstance(statements[0], list) else [statements]
            policies = data["tenancies"][tenancy].setdefault("policies", {})
            for each in several:
                name = f"p{len(policies)}"
                policies[name] = {"compartment": path or "/", "statements": each}
        return world_of(data)


def world_of(data: Mapping[str, Any]) -> World:
    """The world that a mapping describes."""
    loaded = load_world(yaml.safe_dump(data, sort_keys=False))
    assert loaded.world is not None, [each.message for each in loaded.diagnostics]
    return loaded.world


def cases() -> Iterator[Case]:
    """Every case of every file."""
    for path in sorted(CASES.glob("*.yaml")):
        if path.stem != "world":
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
            for at, entry in enumerate(entries):
                yield Case(f"{path.stem}-{at}-{entry['says']}", entry)


def asked(word: str) -> tuple[tuple[Need, ...], reference.Operation | None]:
    """What an operation needs, or the permission itself."""
    found = reference.operation(word)
    if not found:
        return (PermissionNeed(word),), None
    return needs_of(found[0]), found[0]


def request(world: World, row: Mapping[str, Any]) -> Request:
    """The question of a row of `may`."""
    needs, operation = asked(row["do"])
    who, where = Who(*world.principal(row["who"])), Place(*world.place(row["in"]))
    return Request(who, where, needs, operation, given(row))


def given(row: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """The variables that a row states, each with one value or several."""
    stated: dict[str, str | list[str]] = row.get("given", {})
    return {
        name: tuple(value) if isinstance(value, list) else (value,)
        for name, value in stated.items()
    }


@cache
def _base_text() -> str:
    return (CASES / "world.yaml").read_text(encoding="utf-8")


def _base() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_base_text())
    return data


def _merged(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = deepcopy(base)
    for key, value in more.items():
        here = merged.get(key)
        merged[key] = _merged(here, value) if isinstance(here, dict) else deepcopy(value)
    return merged
