"""What surrounds a request: regions, models of Generative AI, and the limits of IAM."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Literal

from ocipolicy.reference.facts import Fact, rows

ApiFormat = Literal["COHERE", "COHEREV2", "GENERIC"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Fact):
    """A region: `us-chicago-1`, key `ORD`, realm `oc1`, and whether Generative AI runs there."""

    name: str
    key: str
    realm: str
    generative_ai: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Fact):
    """A limit of OCI: at most `value` of what it counts ("statements")."""

    name: str
    value: int
    counts: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Fact):
    """A model of Generative AI, as `serving` names it.

    `api_format` is the format of a chat request, None where the model does not chat. `tasks` are
    the words of `access:` (`chat`, `text-embedding`). The dates are those from which it is no
    longer served on demand, or on dedicated clusters; None where none was announced or found.
    """

    name: str
    vendor: str
    api_format: ApiFormat | None
    tasks: tuple[str, ...]
    retired_on_demand: date | None = None
    retired_dedicated: date | None = None
    note: str | None = None


@cache
def all_regions() -> Mapping[str, Region]:
    """Every region of Oracle's realms, by name."""
    found = {
        row["name"]: Region(
            name=row["name"], key=row["key"], realm=row["realm"], generative_ai=True, **known
        )
        for row, known in rows("regions", "regions")
    }
    for row, known in rows("regions", "others"):
        for key, name in row["names"].items():
            found[name] = Region(name=name, key=key, realm=row["realm"], **known)
    return MappingProxyType(found)


@cache
def regions() -> Mapping[str, Region]:
    """The regions where Generative AI runs, by name.

    >>> regions()["us-chicago-1"].key
    'ORD'
    """
    return MappingProxyType(
        {name: each for name, each in all_regions().items() if each.generative_ai}
    )


def region(name: str) -> Region | None:
    """A region by its name."""
    return all_regions().get(name)


def region_of_key(key: str) -> Region | None:
    """A region by its key of three letters, in whatever case.

    >>> region_of_key("ORD").name
    'us-chicago-1'
    """
    return _by_key().get(key.upper())


@cache
def models() -> Mapping[str, Model]:
    """Every model, by name."""
    return MappingProxyType(
        {
            row["model"]: Model(
                name=row["model"],
                vendor=row["model"].partition(".")[0],
                api_format=row.get("api_format"),
                tasks=tuple(row["tasks"]),
                retired_on_demand=row.get("retired_on_demand"),
                retired_dedicated=row.get("retired_dedicated"),
                note=row.get("note"),
                **known,
            )
            for row, known in rows("models", "models")
        }
    )


def model(name: str) -> Model | None:
    """A model by its name.

    >>> model("cohere.command-r-08-2024").api_format
    'COHERE'
    """
    return models().get(name)


def chat_format(name: str) -> ApiFormat | None:
    """The format of a chat request to a model; None where the model's name does not decide it.

    A model that is not known takes the format of its vendor's others, if they have one in common.

    >>> chat_format("cohere.command-r-08-2024"), chat_format("xai.grok-99")
    ('COHERE', 'GENERIC')
    """
    known = model(name)
    if known is not None:
        return known.api_format
    vendor = name.partition(".")[0]
    formats = {each.api_format for each in models().values() if each.vendor == vendor} - {None}
    return formats.pop() if len(formats) == 1 else None


@cache
def limits() -> Mapping[str, Limit]:
    """Every limit, by name."""
    return MappingProxyType(
        {
            row["name"]: Limit(
                name=row["name"],
                value=row["value"],
                counts=row["counts"],
                note=row.get("note"),
                **known,
            )
            for row, known in rows("limits", "limits")
        }
    )


def limit(name: str) -> Limit:
    """A limit by its name. Raises KeyError for a name that is not there.

    >>> limit("statements-per-policy").value
    50
    """
    return limits()[name]


@cache
def _by_key() -> Mapping[str, Region]:
    return {each.key: each for each in all_regions().values()}
