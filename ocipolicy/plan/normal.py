"""The normal form of a statement: two that say the same to OCI have the same one.

The service gives a statement back spaced and cased as it likes, and people put lists into another
order. None of that is a difference:

- names and values are folded in case. Values match without regard to it (policyadvancedfeatures);
  names come back in lower case (terraform-provider-oci issue 371);
- lists have no order and no repetitions: names, permissions, values, the parts of all and any;
- `all {x}` and `any {x}` are x, an all in an all is part of it, and `in ('a')` is `= 'a'`;
- a name of the Default domain is the bare name, but for an admit, where a bare name is an alias.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from ocipolicy.evaluate import Compiled
from ocipolicy.evaluate.compiled import compiled_policy
from ocipolicy.language.tree import (
    Access,
    All,
    Any,
    AssociateGrant,
    Clause,
    Condition,
    Define,
    Grant,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Location,
    Name,
    Node,
    Ocid,
    OfTenancy,
    Operator,
    Pattern,
    PermissionGrant,
    Statement,
    String,
    Subject,
    Value,
    Variable,
    VerbGrant,
)
from ocipolicy.world import DEFAULT_DOMAIN, Policy, Tenancy, World

_AS_ONE: dict[Operator, Operator] = {"in": "=", "not in": "!="}
_ANode = TypeVar("_ANode", bound=Node)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a statement says in a world: its normal form, and the OCIDs that its names stand for.

    So a name in another case is no difference, and a compartment of another case is one.
    """

    tenancy: str
    statement: Statement
    compartment: str | None = None
    groups: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()


def meaning(statement: Compiled) -> Meaning:
    """What a statement says that has been looked up in its world."""
    return Meaning(
        statement.tenancy.ocid,
        normal(statement.statement),
        statement.scope.compartment,
        frozenset(statement.groups),
        statement.source.ocids if statement.source else frozenset(),
    )


def meanings(world: World, tenancy: Tenancy, policy: Policy) -> tuple[Meaning, ...]:
    """What each statement of a policy says, in the order of the policy."""
    others = iter(compiled_policy(world, tenancy, policy))
    return tuple(
        Meaning(tenancy.ocid, normal(each)) if isinstance(each, Define) else meaning(next(others))
        for each in policy.statements
    )


def as_named(statement: Statement) -> tuple[object, ...]:
    """The normal form, with groups and locations as they are written: what people compare."""
    if isinstance(statement, Define):
        return (normal(statement),)
    return normal(statement), statement.location, frozenset(statement.subject.names)


def defined_too_late(statements: Iterable[Statement]) -> bool:
    """Whether a define stands below a statement that uses it; no other order has a meaning.

    Source: drg-iam, "all Define statements at the top of the policy".
    """
    used: set[str] = set()
    for each in statements:
        match each:
            case Define(alias=alias):
                if alias.casefold() in used:
                    return True
            case Access():
                used |= {alias.casefold() for alias in _aliases(each)}
    return False


def _aliases(statement: Access) -> Iterable[str]:
    """Every name in a statement that a define may have made."""
    if isinstance(statement.of, OfTenancy):
        yield statement.of.alias
    yield from (each.name for each in statement.subject.names if isinstance(each, Name))
    locations = [statement.location]
    if isinstance(statement.grant, AssociateGrant):
        locations += [statement.grant.location, statement.grant.with_location]
    for each in locations:
        match each:
            case InTenancy(alias=str(alias)):
                yield alias
            case InCompartment(path=path, of_tenancy=alias):
                yield from (*path[:1], *((alias,) if alias else ()))
            case InCompartmentId(of_tenancy=str(alias)):
                yield alias


def normal(statement: Statement) -> Statement:
    """The normal form of a statement; applied twice it changes nothing."""
    match statement:
        case Define():
            return replace(statement, alias=statement.alias.casefold())
        case Access():
            of = statement.of
            admits = statement.kind in ("admit", "deny-admit")
            return replace(
                statement,
                subject=_subject(statement.subject, admits=admits),
                grant=_grant(statement.grant),
                location=None if statement.location is None else _location(statement.location),
                condition=None if statement.condition is None else _condition(statement.condition),
                of=OfTenancy(of.alias.casefold()) if isinstance(of, OfTenancy) else of,
            )
    assert_never(statement)


def _subject(subject: Subject, *, admits: bool) -> Subject:
    names = [_name(each, admits=admits) for each in subject.names]
    # The two words behind `resource` are one name.
    return replace(subject, names=tuple(names) if subject.type == "resource" else _listed(names))


def _name(name: Name | Ocid, *, admits: bool) -> Name | Ocid:
    if isinstance(name, Ocid):
        return name
    domain = name.domain and name.domain.casefold()
    if domain == DEFAULT_DOMAIN.casefold() and not admits:
        domain = None
    return Name(name.name.casefold(), domain)


def _grant(grant: Grant) -> Grant:
    match grant:
        case VerbGrant():
            return grant
        case PermissionGrant():
            return PermissionGrant(tuple(sorted(set(grant.permissions))))
        case AssociateGrant():
            return replace(
                grant,
                location=_location(grant.location),
                with_location=_location(grant.with_location),
            )
    assert_never(grant)


def _location(location: Location) -> Location:
    match location:
        case InAnyTenancy():
            return location
        case InTenancy():
            return InTenancy(_folded(location.alias))
        case InCompartment():
            path = tuple(map(str.casefold, location.path))
            return InCompartment(path, _folded(location.of_tenancy))
        case InCompartmentId():
            return InCompartmentId(location.ocid, _folded(location.of_tenancy))
    assert_never(location)


def _folded(alias: str | None) -> str | None:
    return None if alias is None else alias.casefold()


def _condition(condition: Condition) -> Condition:
    match condition:
        case Clause():
            return _clause(condition)
        case All():
            parts = [_condition(each) for each in condition.conditions]
            flat = [
                p for each in parts for p in (each.conditions if isinstance(each, All) else (each,))
            ]
            several = _listed(flat)
            return several[0] if len(several) == 1 else All(several)
        case Any():
            parts = [_condition(each) for each in condition.conditions]
            flat = [
                p for each in parts for p in (each.conditions if isinstance(each, Any) else (each,))
            ]
            several = _listed(flat)
            return several[0] if len(several) == 1 else Any(several)
    assert_never(condition)


def _clause(clause: Clause) -> Clause:
    values = tuple(map(_value, clause.values))
    operator = clause.operator
    if operator in ("in", "not in", "sets-intersect"):
        values = _listed(values)
        if len(values) == 1:
            operator = _AS_ONE.get(operator, operator)
    return Clause(clause.variable.casefold(), operator, values)


def _value(value: Value) -> Value:
    match value:
        case String():
            return String(value.text.casefold())
        case Pattern():
            return Pattern(value.text.casefold())
        case Variable():
            return Variable(value.name.casefold())
    assert_never(value)


def _listed(nodes: Iterable[_ANode]) -> tuple[_ANode, ...]:
    """Without repetitions, in an order that depends on the nodes alone."""
    return tuple(sorted(set(nodes), key=repr))
