"""What a condition can ask about: variables, and the principal types they are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from ocipolicy.reference.facts import Fact, rows

Kind = Literal[
    "string",
    "ocid",
    "tag",
    "region",
    "permission",
    "operation",
    "time",
    "time-of-day",
    "number",
    "boolean",
]
Caller = Literal["user", "instance", "resource", "service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable(Fact):
    """A variable of conditions, or, where `prefix` is true, all that begin with `name` and a dot.

    `operators` are those that Oracle documents for it or that were seen to work (`doubt` says
    which); `present` and `absent` stand for the bare name and `!name`. It applies to requests of
    the kinds of principal in `applies_to`, of the services in `services` (empty: all of them), and
    not to operations whose name fits a pattern of `not_on` (`List*`). Where `is_set` is true it has
    several values at once, of which one has to match (`=`, `in`) or none may (`!=`, `not in`);
    tags are such sets, too.
    """

    name: str
    kind: Kind
    operators: tuple[str, ...]
    applies_to: tuple[Caller, ...]
    services: tuple[str, ...] = ()
    not_on: tuple[str, ...] = ()
    prefix: bool = False
    is_set: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalType(Fact):
    """A value of `request.principal.type` and of `resource.type` in matching rules.

    `ocid_type` is the type word in the OCIDs of such principals (`ocid1.<ocid_type>.oc1...`), None
    where they are not known by an OCID of their own. `caller` is the kind of principal as in
    `Variable.applies_to`.
    """

    name: str
    what: str
    ocid_type: str | None
    caller: Caller


@cache
def variables() -> Mapping[str, Variable]:
    """Every variable and prefix, by its name as Oracle writes it."""
    return MappingProxyType(
        {
            row["variable"]: Variable(
                name=row["variable"],
                kind=row["kind"],
                operators=tuple(row["operators"]),
                applies_to=tuple(row["applies_to"]),
                services=tuple(row.get("services", ())),
                not_on=tuple(row.get("not_on", ())),
                prefix=row.get("prefix", False),
                is_set=row.get("is_set", row["kind"] == "tag"),
                note=row.get("note"),
                **known,
            )
            for row, known in rows("variables", "variables")
        }
    )


def variable(name: str) -> Variable | None:
    """A variable by its name, in whatever case; a tag by its prefix, namespace and key.

    >>> variable("target.resource.tag.ops.env").name
    'target.resource.tag'
    """
    lower = name.lower()
    exact = _by_lower_case().get(lower)
    if exact is not None:
        return None if exact.prefix else exact
    for each in variables().values():
        rest = lower.removeprefix(f"{each.name.lower()}.")
        if each.prefix and rest != lower and _is_rest(rest, each.kind):
            return each
    return None


@cache
def principal_types() -> Mapping[str, PrincipalType]:
    """Every principal type, by its word."""
    return MappingProxyType(
        {
            row["type"]: PrincipalType(
                name=row["type"],
                what=row["what"],
                ocid_type=row["ocid_type"],
                caller=row["caller"],
                **known,
            )
            for row, known in rows("principals", "principals")
        }
    )


def principal_type(name: str) -> PrincipalType | None:
    """A principal type by its word in lower case.

    >>> principal_type("odainstance").ocid_type
    'odainstance'
    """
    return principal_types().get(name)


@cache
def _by_lower_case() -> Mapping[str, Variable]:
    return {name.lower(): each for name, each in variables().items()}


def _is_rest(rest: str, kind: Kind) -> bool:
    """Whether this can follow a prefix: a namespace and a key for a tag, any word otherwise."""
    if kind != "tag":
        return bool(rest)
    namespace, _, key = rest.partition(".")
    return bool(namespace and key)
