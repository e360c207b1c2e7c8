"""A second reading of the rules: every statement asked about every request, nothing prepared.

Truth is a number: 1 is yes, 0 no, and 0.5 nobody knows; and is min, or is max, not is 1 - x. It
reads the tree, the reference and the world, and knows nothing of the evaluator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocipolicy import reference
from ocipolicy.language.tree import (
    Access,
    All,
    Any,
    Clause,
    Condition,
    Define,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Name,
    Ocid,
    OfAnyTenancy,
    OfTenancy,
    Pattern,
    PermissionGrant,
    String,
    Value,
    Variable,
    VerbGrant,
)
from ocipolicy.world import (
    Compartment,
    DynamicGroup,
    Group,
    Policy,
    Principal,
    Resource,
    Tenancy,
    User,
    World,
)

VERBS = ["inspect", "read", "use", "manage"]
YES, PERHAPS, NO = 1.0, 0.5, 0.0
# A variable that does not apply, and one that nobody knows.
NOT_THERE, NOT_KNOWN = "not there", "not known"
Values = list[str] | str


@dataclass(frozen=True)
class Asked:
    world: World
    home: Tenancy
    principal: Principal
    there: Tenancy
    compartment: Compartment
    # One permission, or a verb on a type where no permission is documented.
    permission: str | None
    verb: str
    type: str
    operation: str | None
    given: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Said:
    tenancy: Tenancy
    policy: Policy
    at: int
    statement: Access


def decide(questions: list[Asked]) -> float:
    return min(decide_one(asked) for asked in questions)


def decide_one(asked: Asked) -> float:
    said = [
        Said(tenancy, policy, at, statement)
        for tenancy in asked.world.tenancies.values()
        for policy in tenancy.policies
        for at, statement in enumerate(policy.statements)
        if not isinstance(statement, Define)
    ]

    def some(kind: str, tenancy: Tenancy) -> float:
        here = [each for each in said if each.statement.kind == kind and each.tenancy is tenancy]
        return max([applies(each, asked) for each in here], default=NO)

    if asked.home is asked.there:
        return min(some("allow", asked.home), 1 - some("deny", asked.home))
    return min(
        some("endorse", asked.home),
        some("admit", asked.there),
        1 - some("deny-endorse", asked.home),
        1 - some("deny-admit", asked.there),
    )


def applies(said: Said, asked: Asked) -> float:
    denies = said.statement.kind.startswith("deny")
    if said.statement.kind not in ("allow", "deny") and said.policy.compartment:
        return NO
    if denies and is_administrator(said, asked):
        return NO
    parts = [subject(said, asked), grant(said, asked), location(said, asked)]
    if said.statement.condition is not None:
        parts.append(condition(said.statement.condition, lambda name: value(name, asked)))
    return min(parts)


def is_administrator(said: Said, asked: Asked) -> bool:
    return asked.home is said.tenancy and any(
        group.name == "Administrators" and group.domain == "Default"
        for group in groups_of(asked.principal, asked.home)
    )


# Names


def aliases(said: Said, what: str, name: str) -> list[tuple[str, float]]:
    """The OCIDs that a name may stand for."""
    found: dict[str, float] = {}
    for at, each in enumerate(said.policy.statements):
        if isinstance(each, Define) and each.what == what and each.alias.lower() == name.lower():
            exact = each.alias == name and at < said.at
            found[each.ocid] = max(found.get(each.ocid, PERHAPS), YES if exact else PERHAPS)
    if len(found) > 1:
        return [(ocid, PERHAPS) for ocid in found]
    return [*found.items()]


def groups_of(principal: Principal, tenancy: Tenancy) -> list[Group]:
    if not isinstance(principal, User):
        return []
    return [each for each in tenancy.groups.values() if principal.label in each.members]


def in_dynamic_group(group: DynamicGroup, asked: Asked) -> float:
    principal = asked.principal
    if isinstance(principal, User):
        return NO

    def known(name: str, of_resources: bool) -> Values:
        is_instance = principal.type == "instance"
        family, rest = name.split(".", 1)
        if family == "instance" and not is_instance:
            return NOT_THERE
        if family == "resource" and is_instance and not of_resources:
            return NOT_THERE
        if rest == "id":
            return [principal.ocid]
        if rest == "compartment.id":
            return [asked.home.compartments[principal.compartment].ocid]
        if name == "resource.type":
            return [principal.type]
        return NOT_KNOWN

    one = condition(group.rule, lambda name: known(name, of_resources=True))
    other = condition(group.rule, lambda name: known(name, of_resources=False))
    return one if one == other else PERHAPS


def member(ocid: str, kind: str, asked: Asked) -> float:
    if kind == "group":
        return YES if ocid in [each.ocid for each in groups_of(asked.principal, asked.home)] else NO
    found = [each for each in asked.home.dynamic_groups.values() if each.ocid == ocid]
    return max([in_dynamic_group(each, asked) for each in found], default=NO)


# Who


def subject(said: Said, asked: Asked) -> float:
    statement = said.statement
    if statement.kind in ("admit", "deny-admit"):
        match statement.of:
            case OfTenancy(alias=alias):
                means = aliases(said, "tenancy", alias)
                source = max([sure for ocid, sure in means if ocid == asked.home.ocid], default=NO)
            case OfAnyTenancy():
                source = YES
            case None:
                source = PERHAPS
        return min(source, named(said, asked))
    return named(said, asked) if asked.home is said.tenancy else NO


def named(said: Said, asked: Asked) -> float:
    kind = said.statement.subject.type
    if kind == "any-user":
        return YES
    if kind == "any-group":
        dynamic = [in_dynamic_group(each, asked) for each in asked.home.dynamic_groups.values()]
        grouped = bool(groups_of(asked.principal, asked.home)) or YES in dynamic
        return YES if grouped else PERHAPS
    return max(one_named(each, said, asked) for each in said.statement.subject.names)


def one_named(name: Name | Ocid, said: Said, asked: Asked) -> float:
    kind = said.statement.subject.type
    abroad = said.statement.kind in ("admit", "deny-admit")
    if isinstance(name, Ocid):
        return min(member(name.ocid, kind, asked), PERHAPS if abroad else YES)
    everything = asked.home.groups if kind == "group" else asked.home.dynamic_groups
    real = [
        each
        for each in everything.values()
        if (each.name.lower(), each.domain.lower())
        == (name.name.lower(), (name.domain or "Default").lower())
    ]
    exact = [each for each in real if each.name == name.name]
    by_name = [(each.ocid, YES if exact else PERHAPS) for each in exact or real]
    by_alias = [] if name.domain else aliases(said, kind, name.name)
    if abroad:
        by_name = [(ocid, PERHAPS) for ocid, _ in by_name] if name.domain else []
    either = by_name + by_alias
    if len({ocid for ocid, _ in either}) > 1:
        either = [(ocid, PERHAPS) for ocid, _ in either]
    return max([min(member(ocid, kind, asked), sure) for ocid, sure in either], default=NO)


# What


def grant(said: Said, asked: Asked) -> float:
    what = said.statement.grant
    denies = said.statement.kind.startswith("deny")
    if isinstance(what, PermissionGrant):
        if asked.permission is not None:
            return YES if asked.permission in what.permissions else NO
        known = reference.permissions()
        return NO if all(each in known for each in what.permissions) else PERHAPS
    assert isinstance(what, VerbGrant)
    covers = has_type(what.resource, asked.type, denies)
    if asked.permission is not None:
        above = VERBS.index(what.verb) - VERBS.index(asked.verb)
        return covers if (above <= 0 if denies else above >= 0) else NO
    return min(covers, undocumented(what.verb, asked.verb, denies))


def undocumented(verb: str, documented: str, denies: bool) -> float:
    if denies and verb == "inspect":
        return YES
    above = VERBS.index(verb) - VERBS.index(documented)
    if denies:
        return PERHAPS if above <= 0 else NO
    return YES if above >= 0 else PERHAPS


def has_type(resource: str, type_: str, denies: bool) -> float:
    if resource in (type_, "all-resources"):
        return YES
    types = reference.resource_types()
    if resource not in types:
        return PERHAPS if denies or resource.endswith("-family") else NO
    return YES if type_ in types[resource].members else NO


# Where


def location(said: Said, asked: Asked) -> float:
    where = said.statement.location
    endorses = said.statement.kind in ("endorse", "deny-endorse")
    match where:
        case InAnyTenancy():
            return YES
        case InTenancy(alias=None):
            return YES if not endorses and not said.policy.compartment else NO
        case InTenancy(alias=str(alias)):
            return tenancy_named(said, alias, asked)
        case InCompartment(of_tenancy=None) | InCompartmentId(of_tenancy=None):
            if endorses:
                return PERHAPS
            return compartment(said, where, said.tenancy, said.policy.compartment, asked)
        case InCompartment(of_tenancy=str(alias)) | InCompartmentId(of_tenancy=str(alias)):
            there = compartment(said, where, asked.there, (), asked)
            return several(said, alias) or min(tenancy_named(said, alias, asked), there)
    raise AssertionError(where)


def several(said: Said, alias: str) -> float:
    """An alias with several meanings is not looked into."""
    means = aliases(said, "tenancy", alias)
    return PERHAPS if len(means) > 1 else NO


def tenancy_named(said: Said, alias: str, asked: Asked) -> float:
    means = aliases(said, "tenancy", alias)
    if len(means) > 1:
        return PERHAPS
    return max([sure for ocid, sure in means if ocid == asked.there.ocid], default=NO)


def compartment(
    said: Said,
    where: InCompartment | InCompartmentId,
    tenancy: Tenancy,
    attached: tuple[str, ...],
    asked: Asked,
) -> float:
    """Whether the compartment asked about is the named one or below it."""
    every = [*tenancy.compartments.values()]
    found: list[tuple[Compartment, float]]
    if isinstance(where, InCompartmentId):
        found = [(each, YES) for each in every if each.ocid == where.ocid]
    else:
        wanted = (*attached, *where.path)
        exact = [(each, YES) for each in every if each.path == wanted]
        lower = tuple(name.lower() for name in wanted)
        near = [
            (each, PERHAPS) for each in every if tuple(name.lower() for name in each.path) == lower
        ]
        found = exact or near
        if len(where.path) == 1:
            (name,) = where.path
            if attached and attached[-1].lower() == name.lower():
                sure = YES if attached[-1] == name else PERHAPS
                found = [*found, (tenancy.compartments[attached], sure)]
            for ocid, sure in aliases(said, "compartment", name):
                found = [*found, *((each, sure) for each in every if each.ocid == ocid)]
    inside = [(each, sure) for each, sure in found if each.path[: len(attached)] == attached]
    if not inside or asked.there is not tenancy:
        return NO
    path = asked.compartment.path
    if len({each.ocid for each, _ in found}) > 1:
        return PERHAPS if path[: len(attached)] == attached else NO
    return max([sure for each, sure in inside if path[: len(each.path)] == each.path], default=NO)


# When


def condition(what: Condition, lookup: Callable[[str], Values]) -> float:
    match what:
        case All(conditions=several):
            return min(condition(each, lookup) for each in several)
        case Any(conditions=several):
            return max(condition(each, lookup) for each in several)
        case Clause():
            return clause(what, lookup)
    raise AssertionError(what)


def clause(what: Clause, lookup: Callable[[str], Values]) -> float:
    values = lookup(what.variable)
    others = [lookup(each.name) for each in what.values if isinstance(each, Variable)]
    if values == NOT_KNOWN:
        return PERHAPS
    if values == NOT_THERE:
        return PERHAPS if what.operator == "absent" else NO
    if what.operator == "present":
        return YES if values else NO
    if what.operator == "absent":
        return NO if values else YES
    one = max(
        max([same(value, each, lookup) for value in values], default=NO) for each in what.values
    )
    if what.operator in ("=", "in"):
        return one
    if NOT_THERE in others:
        return NO
    return 1 - one if values else PERHAPS


def same(value: str, wanted: Value, lookup: Callable[[str], Values]) -> float:
    match wanted:
        case String(text=text):
            return YES if value.lower() == text.lower() else NO
        case Pattern(text=text):
            return YES if value.lower().startswith(text.lower().rstrip("*")) else NO
        case Variable(name=name):
            other = lookup(name)
            if other == NOT_KNOWN:
                return PERHAPS
            return YES if value.lower() in [each.lower() for each in other] else NO
    raise AssertionError(wanted)


def value(name: str, asked: Asked) -> Values:
    """What is known of the variables that the random worlds use."""
    principal = asked.principal
    if name.startswith(("request.user.", "request.groups.")):
        if not isinstance(principal, User):
            return NOT_THERE
        groups = groups_of(principal, asked.home)
        return {
            "request.user.id": [principal.ocid],
            "request.user.name": [principal.name],
            "request.groups.name": [each.name for each in groups],
        }[name]
    if name in ("request.principal.id", "request.principal.compartment.id"):
        if not isinstance(principal, Resource):
            return NOT_THERE
        if name == "request.principal.id":
            return [principal.ocid]
        return [asked.home.compartments[principal.compartment].ocid]
    if name == "request.permission" and asked.permission is not None:
        return [asked.permission]
    if name == "request.operation" and asked.operation is not None:
        return [asked.operation]
    if name.startswith("target.compartment."):
        if (asked.operation or "").startswith("List"):
            return NOT_THERE
        if name.endswith(".name") and not asked.compartment.path:
            return NOT_KNOWN
        return [asked.compartment.ocid if name.endswith(".id") else asked.compartment.name]
    if name == "target.model.id" and not asked.type.startswith("generative-ai-"):
        return NOT_THERE
    return [*asked.given[name]] if name in asked.given else NOT_KNOWN
