"""Whom a statement can speak of: principals that are known, and words for those that are not.

A policy is for principals that no list of ours has: every instance of a type, every member of a
group that is still empty, everyone. Each such circle has a stand-in, one principal that has what
the statement asks for and nothing else, and the words that it stands for.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from ocipolicy import reference
from ocipolicy.evaluate import Compiled, PermissionNeed, Place, Request, Statements, Who
from ocipolicy.evaluate.compiled import only_for
from ocipolicy.evaluate.conditions import Lacking, Values, holds
from ocipolicy.evaluate.membership import Memberships
from ocipolicy.evaluate.subjects import speaks_of
from ocipolicy.evaluate.values import value_of
from ocipolicy.language.tree import All, Any, Clause, Condition, Name, String
from ocipolicy.plan.worlds import resource
from ocipolicy.world import (
    Compartment,
    DynamicGroup,
    Group,
    Principal,
    Resource,
    Tenancy,
    User,
    World,
)

_EVERYONE: Condition = All(())


@dataclass(frozen=True, slots=True)
class Audience:
    """A principal, or the stand-in of several, and how people call it."""

    who: Who
    words: str


def audience(
    statement: Compiled, statements: Statements, instances: Collection[str]
) -> Iterator[Audience]:
    """Everybody whose access a statement can change, of the tenancies of its world.

    Where it speaks of everyone, that is said in words; of those by name only `instances` (OCIDs)
    are told apart.
    """
    world = statements.world
    for tenancy in _homes(statement, world):
        for principal in _near(statement, tenancy, instances):
            who = Who(tenancy, principal)
            if _could_apply(statement, who, statements.memberships(who)):
                yield Audience(who, who.label)
        for words, who in _stand_ins(statement, tenancy, world):
            yield Audience(who, words)


def _homes(statement: Compiled, world: World) -> Iterator[Tenancy]:
    """The tenancies whose principals a statement is for: its own, and for an admit others."""
    admits = statement.statement.kind in ("admit", "deny-admit")
    for tenancy in world.tenancies.values():
        at_home = tenancy.ocid == statement.tenancy.ocid
        named = statement.source is None or tenancy.ocid in statement.source.ocids
        if (not at_home and named) if admits else at_home:
            yield tenancy


def _near(statement: Compiled, tenancy: Tenancy, instances: Collection[str]) -> Iterator[Principal]:
    """The principals of a tenancy that a statement may speak of, found without asking each."""
    tree = statement.statement
    if tree.subject.type == "group":
        groups = [each for each in tenancy.groups.values() if each.ocid in statement.groups]
        members = dict.fromkeys(member for group in groups for member in group.members)
        yield from (tenancy.users[each] for each in members if each in tenancy.users)
        return
    everybody: Iterable[Principal] = tenancy.resources.values()
    if tree.subject.type in ("any-user", "any-group") and tree.condition is not None:
        everybody = (*tenancy.users.values(), *everybody)
    elif tree.subject.type in ("any-user", "any-group"):
        everybody = (each for each in everybody if each.ocid in instances)
    limit = only_for(statement)
    for each in everybody:
        if limit is None or statement.groups or not limit.isdisjoint(_words(each, tenancy)):
            yield each


def _words(principal: Principal, tenancy: Tenancy) -> Iterator[str]:
    yield principal.ocid.casefold()
    if isinstance(principal, Resource):
        yield principal.type.casefold()
        yield tenancy.compartments[principal.compartment].ocid.casefold()


def _could_apply(statement: Compiled, who: Who, groups: Memberships) -> bool:
    """Whether a statement may apply to a principal, for some need in some place."""
    condition = statement.statement.condition
    if speaks_of(statement, who, groups) is False:
        return False
    if condition is None:
        return True
    request = Request(who, Place(who.tenancy, who.tenancy.root), ())

    def lookup(name: str) -> Values:
        # Only what depends on the principal alone is looked at.
        known = reference.variable(name)
        alone = known is not None and name.lower().startswith(_OF_A_PRINCIPAL)
        if known is None or not alone or known.services or known.not_on:
            return Lacking.UNKNOWN
        return value_of(name, request, PermissionNeed(""), groups)

    return holds(condition, lookup) is not False


_OF_A_PRINCIPAL = ("request.principal.", "request.user.", "request.groups.", "request.domain.")


def _stand_ins(statement: Compiled, tenancy: Tenancy, world: World) -> Iterator[tuple[str, Who]]:
    """Stand-ins for those whom no list has, with the words for them."""
    subject = statement.statement.subject
    match subject.type:
        case "any-user" | "any-group":
            yield from _by_condition(statement, tenancy, world)
        case "group":
            for group in tenancy.groups.values():
                if group.ocid in statement.groups and not group.members:
                    yield _member(tenancy, group)
        case "dynamic-group":
            for dynamic in tenancy.dynamic_groups.values():
                if dynamic.ocid in statement.groups:
                    yield _dynamic_member(tenancy, dynamic)
        case "service":
            for each in subject.names:
                if isinstance(each, Name) and each.name not in tenancy.resources:
                    service = Resource(each.name, each.name, "service", ())
                    yield f"service {each.name}", Who(tenancy, service)
        case "resource":
            words = [each.name for each in subject.names if isinstance(each, Name)]
            name = " ".join(words)
            for word in words[:1]:
                yield f"every {name} in {tenancy.name}", Who(tenancy, _of_type(word, ()))


def _by_condition(statement: Compiled, tenancy: Tenancy, world: World) -> Iterator[tuple[str, Who]]:
    """Stand-ins for what a condition asks for: an OCID, a type, a compartment; or everyone."""
    condition = statement.statement.condition
    ids = [*_values(condition, "request.principal.id"), *_values(condition, "request.user.id")]
    for ocid in ids:
        if world.tenancy_of(ocid) is None and reference.ocid_parts(ocid) is not None:
            parts = reference.ocid_parts(ocid)
            is_user = parts is not None and parts.kind == "user"
            stranger: Principal = User(ocid, ocid) if is_user else resource(ocid, ocid)
            yield f"{tenancy.name}/{ocid}", Who(tenancy, stranger)
    types = [*_values(condition, "request.principal.type")]
    places = [
        place
        for ocid in _values(condition, "request.principal.compartment.id")
        if (place := tenancy.compartment(ocid)) is not None
    ]
    for type_ in types or ["resource"] * bool(places):
        for place in places or [tenancy.root]:
            yield (
                f"every {type_} in {Place(tenancy, place).label}",
                _resource(tenancy, type_, place),
            )
    if only_for(statement) is None and not types:
        yield f"every user in {tenancy.name}", Who(tenancy, User("every user", "every user"))
        yield (
            f"every instance and resource in {tenancy.name}",
            _resource(tenancy, "resource", tenancy.root),
        )


def _resource(tenancy: Tenancy, type_: str, place: Compartment) -> Who:
    return Who(tenancy, _of_type(type_, place.path))


def _of_type(type_: str, path: tuple[str, ...]) -> Resource:
    return Resource(f"every {type_}", f"every {type_}", type_, path)


def _values(condition: Condition | None, variable: str) -> Iterator[str]:
    """The texts that a condition compares a variable with, for being equal to them."""
    match condition:
        case Clause(operator="=" | "in") if condition.variable.casefold() == variable:
            yield from (each.text for each in condition.values if isinstance(each, String))
        case All(conditions=several) | Any(conditions=several):
            for each in several:
                yield from _values(each, variable)


def _member(tenancy: Tenancy, group: Group) -> tuple[str, Who]:
    """A member of a group that has none."""
    name = f"every member of {group.label}"
    groups = {**tenancy.groups, group.label: replace(group, members=(name,))}
    return f"{name} in {tenancy.name}", Who(replace(tenancy, groups=groups), User(name, name))


def _dynamic_member(tenancy: Tenancy, group: DynamicGroup) -> tuple[str, Who]:
    """A resource that is in a dynamic group, whatever its rule asks for, and in no other one."""
    name = f"every member of {group.label}"
    groups = {group.label: replace(group, rule=_EVERYONE)}
    member = Resource(name, name, "resource", ())
    return f"{name} in {tenancy.name}", Who(replace(tenancy, dynamic_groups=groups), member)
