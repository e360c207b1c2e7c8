"""Rules about two statements: halves that need each other, and statements that say the same."""

from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Ready, SeenPolicy, SeenWorld
from ocipolicy.evaluate import Need, PermissionNeed, VerbNeed
from ocipolicy.evaluate.compiled import only_for
from ocipolicy.evaluate.grants import covers
from ocipolicy.language import show
from ocipolicy.language.tree import (
    Access,
    AliasKind,
    Define,
    Grant,
    InTenancy,
    Name,
    Ocid,
    OfAnyTenancy,
    OfTenancy,
    PermissionGrant,
    Statement,
    Subject,
    VerbGrant,
)
from ocipolicy.world import Tenancy


def endorse_without_admit(world: SeenWorld) -> Iterator[Finding]:
    """An endorse that no admit answers.

    Between two tenancies both halves have to be there: the endorse at home of the caller, and the
    admit where the resource is (iam-cross-domain). One of them alone gives nothing, and the caller
    sees 404. The help is the half that is missing, ready to be pasted into a policy of the root
    compartment; put the compartment that is meant in the place of `tenancy`.

    Wrong, where no tenancy of the world has an admit for it:
        endorse any-user to use generative-ai-chat in any-tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
    Right, with this in the other tenancy:
        define tenancy caller-tenancy as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller-tenancy to use generative-ai-chat in tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'

    Fix: paste the missing half.
    """  # noqa: E501 - a statement is one line
    admits = _by_tenancy(world, "admit")
    for ready in world.statements:
        if ready.access.kind != "endorse":
            continue
        others = _reached(world, ready)
        answered = any(
            _meets(ready, each) and _lets_in(each, ready.tenancy)
            for other in others
            for each in admits.get(other.ocid, ())
        )
        if others and not answered:
            names = " or ".join(f"`{each.name}`" for each in others)
            yield ready.seen.at(
                ready.access,
                f"no admit in {names} answers this endorse, so that it gives nothing",
                _pasted(f"add to a root policy of {names}", _admit(ready)),
            )


def admit_without_endorse(world: SeenWorld) -> Iterator[Finding]:
    """An admit that no endorse answers.

    The other half of `endorse-without-admit`: an admit lets principals of another tenancy in, and
    that one has to endorse them (iam-cross-domain). It is reported where the world has the other
    tenancy; for instances that Oracle pairs with Fusion the endorse is Oracle's to write, and the
    world may say so.

    Wrong, where the world has the tenancy `caller`, without an endorse:
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
    Right, with this in the tenancy `caller`:
        endorse any-user to use generative-ai-chat in any-tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'

    Fix: paste the missing half.
    """  # noqa: E501 - a statement is one line
    endorses = _by_tenancy(world, "endorse")
    for ready in world.statements:
        if ready.access.kind != "admit" or not isinstance(ready.access.of, OfTenancy):
            continue
        sources = [
            each
            for each in world.world.tenancies.values()
            if each is not ready.tenancy and _lets_in(ready, each)
        ]
        answered = any(
            _meets(each, ready) and ready.tenancy in _reached(world, each)
            for source in sources
            for each in endorses.get(source.ocid, ())
        )
        if sources and not answered:
            names = " or ".join(f"`{each.name}`" for each in sources)
            yield ready.seen.at(
                ready.access,
                f"no endorse in {names} answers this admit, so that it gives nothing",
                _pasted(f"add to a root policy of {names}", _endorse(ready)),
            )


def duplicate_statement(policy: SeenPolicy) -> Iterator[Finding]:
    """A statement that stands twice in one policy.

    The second one gives nothing new, and counts towards the 50 statements of a policy.

    Wrong:
        allow group analysts to read buckets in tenancy
        Allow group analysts to read buckets in TENANCY
    Right:
        allow group analysts to read buckets in tenancy

    Fix: take one of them away.
    """
    first: dict[Statement, int] = {}
    for number, seen in enumerate(policy.statements, 1):
        before = first.setdefault(seen.statement, number)
        if before != number:
            yield seen.at(
                seen.statement,
                f"this is statement {before} of the policy again",
                "take one of the two away",
            )


def _by_tenancy(world: SeenWorld, kind: str) -> dict[str, list[Ready]]:
    found: dict[str, list[Ready]] = {}
    for each in world.statements:
        if each.access.kind == kind:
            found.setdefault(each.tenancy.ocid, []).append(each)
    return found


def _reached(world: SeenWorld, endorse: Ready) -> list[Tenancy]:
    """The other tenancies of the world that an endorse can reach."""
    scope = endorse.compiled.scope
    if scope.problem is not None:
        return []
    others = [each for each in world.world.tenancies.values() if each is not endorse.tenancy]
    if scope.compartment is None:
        return others
    there = world.world.tenancy_of(scope.compartment)
    return [each for each in others if each is there or each.ocid == scope.compartment]


def _lets_in(admit: Ready, source: Tenancy) -> bool:
    """Whether an admit can be for principals of a tenancy."""
    match admit.access.of:
        case OfTenancy():
            alias = admit.compiled.source
            return alias is not None and source.ocid in alias.ocids
        case OfAnyTenancy() | None:
            # No page says whom an admit without `of tenancy` lets in; it may be anybody.
            return True


def _meets(endorse: Ready, admit: Ready) -> bool:
    """Whether two halves can let one request through; only what cannot be is left out."""
    granted = any(
        covers(admit.access.grant, need, denies=False) is not False
        for need in _needs(endorse.access.grant)
    ) or any(
        covers(endorse.access.grant, need, denies=False) is not False
        for need in _needs(admit.access.grant)
    )
    return granted and _same_callers(endorse, admit)


def _needs(grant: Grant) -> tuple[Need, ...]:
    """What a grant gives, as needs that another one may cover."""
    match grant:
        case PermissionGrant(permissions=permissions):
            return tuple(map(PermissionNeed, permissions))
        case VerbGrant(verb=verb, resource=resource):
            type_ = reference.resource_type(resource)
            if type_ is None or verb not in reference.VERBS:
                return (VerbNeed(reference.VERBS[0], resource),)
            lowest = reference.VERBS[0]
            listed = [VerbNeed(lowest, each) for each in (resource, *type_.members)]
            return (*map(PermissionNeed, type_.gives(verb)), *listed)
    return (VerbNeed(reference.VERBS[0], grant.resource),)


def _same_callers(one: Ready, other: Ready) -> bool:
    """Whether the callers that two statements single out can be the same."""
    ours, theirs = only_for(one.compiled), only_for(other.compiled)
    if ours is None or theirs is None or ours & theirs:
        return True
    # A type on one side and an OCID on the other may well mean the same principal.
    return any(_kind(mine) == yours or _kind(yours) == mine for mine in ours for yours in theirs)


def _kind(ocid: str) -> str | None:
    parts = reference.ocid_parts(ocid)
    return parts.kind if parts else None


def _pasted(where: str, statements: tuple[Statement, ...]) -> str:
    return "\n".join((f"{where}:", *map(show, statements)))


def _named(tenancy: Tenancy) -> str:
    return tenancy.name if tenancy.name.endswith("tenancy") else f"{tenancy.name}-tenancy"


def _admit(ready: Ready) -> tuple[Statement, ...]:
    """The admit that answers an endorse, with its defines: of the tenancy, and of each group."""
    access, source = ready.access, ready.tenancy
    alias, subject = _named(source), access.subject
    defines = [Define("tenancy", alias, source.ocid)]
    if ready.compiled.groups:
        what: AliasKind = "group" if subject.type == "group" else "dynamic-group"
        names = {each.ocid: each.name for each in source.groups.values()}
        names |= {each.ocid: each.name for each in source.dynamic_groups.values()}
        called = {ocid: names.get(ocid, "callers") for ocid in ready.compiled.groups}
        defines += (Define(what, name, ocid) for ocid, name in called.items())
        subject = Subject(subject.type, tuple(map(Name, called.values())))
    of = OfTenancy(alias)
    return (*defines, Access("admit", subject, access.grant, InTenancy(), access.condition, of))


def _endorse(ready: Ready) -> tuple[Statement, ...]:
    """The endorse that answers an admit, with its define; at home a group is known by its OCID."""
    access, there = ready.access, ready.tenancy
    subject, location = access.subject, InTenancy(_named(there))
    if ready.compiled.groups:
        subject = Subject(subject.type, tuple(map(Ocid, ready.compiled.groups)))
    define = Define("tenancy", _named(there), there.ocid)
    return define, Access("endorse", subject, access.grant, location, access.condition)
