"""The dictionary: what OCI's words mean, as data, each row with its source and its date.

The rows are the YAML files beside this one. Every reader is a function without arguments that reads
its files once, when first asked; nothing is read by the import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_FOLDER = Path(__file__).parent
_SERVICES = ("generative-ai", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A row of the dictionary: where it was read, when, and what keeps it from being certain.

    `source` is a page or a named tool, `date` the month it was read in (`2026-11`).
    """

    source: str
    date: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Fact):
    """A resource type that can be granted alone: `chat` is `use generative-ai-chat`."""

    name: str
    type: str
    verb: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Fact):
    """A service that an instance may be given: as a whole `use generative-ai-family`, or in parts.

    `name` is its word in `access:` of a config; `parts` has the name of each part as key.
    """

    name: str
    type: str
    verb: str
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Fact):
    """A region where Generative AI runs: `us-chicago-1`, key `ORD`, realm `oc1`."""

    name: str
    key: str
    realm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Fact):
    """A limit of OCI: at most `value` of what it counts ("statements")."""

    name: str
    value: int
    counts: str


@cache
def services() -> Mapping[str, Service]:
    """The services that a config can name, by their names there.

    >>> services()["generative-ai"].parts["model"].verb
    'read'
    """
    found: dict[str, Service] = {}
    for name in _SERVICES:
        data = _read(name)
        parts = {
            row["part"]: Part(
                name=row["part"],
                type=row["type"],
                verb=row["verb"],
                note=row.get("note"),
                **_fact(row),
            )
            for row in data["types"]
            if "part" in row
        }
        family = data["family"]
        found[name] = Service(
            name=name,
            type=family["type"],
            verb=family["verb"],
            parts=MappingProxyType(parts),
            **_fact(family),
        )
    return MappingProxyType(found)


@cache
def regions() -> Mapping[str, Region]:
    """The regions where Generative AI runs, by name.

    >>> regions()["us-chicago-1"].key
    'ORD'
    """
    return MappingProxyType(
        {
            row["name"]: Region(name=row["name"], key=row["key"], realm=row["realm"], **_fact(row))
            for row in _read("regions")["regions"]
        }
    )


@cache
def _limits() -> Mapping[str, Limit]:
    return {
        row["name"]: Limit(name=row["name"], value=row["value"], counts=row["counts"], **_fact(row))
        for row in _read("limits")["limits"]
    }


def limit(name: str) -> Limit:
    """A limit by its name. Raises KeyError for a name that is not there.

    >>> limit("statements-per-policy").value
    50
    """
    return _limits()[name]


def _fact(row: dict[str, Any]) -> dict[str, Any]:
    return {"source": row["source"], "date": row["date"], "doubt": row.get("doubt")}


def _read(name: str) -> Any:
    # Late, so that a program that asks for no word of the dictionary does not pay for it.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe loaders
