"""The smallest statements that would let a denied request through, proved to do so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ocipolicy import reference
from ocipolicy.evaluate.compiled import Compiled, compiled_policy
from ocipolicy.evaluate.decide import Half, Statements, halves, may_with, passes
from ocipolicy.evaluate.request import Need, Request, VerbNeed, Who
from ocipolicy.language import parse, show
from ocipolicy.language.tree import (
    Access,
    Clause,
    Define,
    Grant,
    InCompartment,
    InTenancy,
    Location,
    Name,
    OfTenancy,
    PermissionGrant,
    Statement,
    String,
    Subject,
    VerbGrant,
)
from ocipolicy.world import DEFAULT_DOMAIN, Group, Policy, Tenancy, User, World


@dataclass(frozen=True, slots=True)
class Missing:
    """A statement to add, in a policy that is attached to the root compartment of a tenancy."""

    tenancy: str
    statement: Statement


def missing(request: Request, statements: Statements) -> tuple[Missing, ...]:
    """What would have to be added for a denied request to be allowed; nothing where a deny decides.

    The defines that a statement needs stand in front of it, and belong into the same policy.
    """
    wanted: list[Missing] = []
    for half in halves(request):
        if not half.denies:
            needs = [each for each in request.needs if not _has(half, request, each, statements)]
            wanted += _for_half(request, half, needs, statements)
    added = [*_pasted(statements.world, wanted)]
    return tuple(wanted) if may_with(request, statements, added) is True else ()


def _has(half: Half, request: Request, need: Need, statements: Statements) -> bool:
    return passes(half, statements.question(request, need), statements) is True


def _for_half(
    request: Request, half: Half, needs: Sequence[Need], statements: Statements
) -> Iterator[Missing]:
    """The statements of one half, for the needs that it does not let through yet."""
    if not needs:
        return
    who, there = request.who, request.where
    subject, condition, defines = _subject(who, half, statements.memberships(who).groups)
    path = there.compartment.path
    location: Location = InCompartment(path) if path else InTenancy()
    tenancy, of = there.tenancy, None
    if half.kind == "endorse":
        tenancy = who.tenancy
        location = InTenancy(_alias(there.tenancy))
        defines = (_define(there.tenancy),)
    elif half.kind == "admit":
        of = OfTenancy(_alias(who.tenancy))
        defines = (_define(who.tenancy), *defines)
    for define in defines:
        yield Missing(tenancy.name, define)
    for grant in dict.fromkeys(map(_grant, needs)):
        access = Access(half.kind, subject, grant, location, condition, of)
        yield Missing(tenancy.name, access)


def _define(tenancy: Tenancy) -> Define:
    return Define("tenancy", _alias(tenancy), tenancy.ocid)


def _alias(tenancy: Tenancy) -> str:
    """A name for a tenancy in a define, after its name in the world."""
    return tenancy.name if tenancy.name.endswith("tenancy") else f"{tenancy.name}-tenancy"


def _subject(
    who: Who, half: Half, groups: Sequence[Group]
) -> tuple[Subject, Clause | None, tuple[Define, ...]]:
    """The narrowest subject that Oracle's pages have for a principal; for a user a group of it."""
    principal = who.principal
    if not isinstance(principal, User):
        if who.kind == "service" and half.kind == "allow":
            return Subject("service", (Name(principal.name),)), None, ()
        return Subject("any-user"), _is("request.principal.id", principal.ocid), ()
    if not groups:
        return Subject("any-user"), _is("request.user.id", principal.ocid), ()
    group = min(groups, key=lambda each: (len(each.members), each.label))
    if half.kind == "admit":
        # A foreign group is known by an alias only.
        define = Define("group", group.name, group.ocid)
        return Subject("group", (Name(group.name),)), None, (define,)
    domain = None if group.domain == DEFAULT_DOMAIN else group.domain
    return Subject("group", (Name(group.name, domain),)), None, ()


def _is(variable: str, value: str) -> Clause:
    return Clause(variable, "=", (String(value),))


def _grant(need: Need) -> Grant:
    """The verb and type that give a need and least beside it; where none does, the permission."""
    if isinstance(need, VerbNeed):
        return VerbGrant(need.verb, need.resource)
    known = reference.permission(need.permission)
    if known is None:
        return PermissionGrant((need.permission,))
    resource, verb = min(known.granted_by, key=_size)
    return VerbGrant(verb, resource)


def _size(granted: tuple[str, str]) -> int:
    """How many permissions a verb on a type gives in all."""
    resource, verb = granted
    permissions = reference.resource_types()[resource].permissions
    verbs = reference.VERBS[: reference.VERBS.index(verb) + 1]
    return sum(len(permissions.get(each, ())) for each in verbs)


def _pasted(world: World, wanted: Sequence[Missing]) -> Iterator[Compiled]:
    """The statements as a user would paste them: printed, parsed, in a policy of each tenancy."""
    for name, several in groupby(wanted, key=lambda each: each.tenancy):
        texts = tuple(show(each.statement) for each in several)
        policy = Policy("missing", None, (), parse("\n".join(texts)).statements, texts)
        yield from compiled_policy(world, world.tenancies[name], policy)
