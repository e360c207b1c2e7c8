"""Rules about what a statement gives: nothing, everything, to everybody, or more than is needed."""

from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Seen
from ocipolicy.check.together import texts, together
from ocipolicy.diagnostics import Severity
from ocipolicy.language.tree import (
    Access,
    Condition,
    InAnyTenancy,
    InTenancy,
    Name,
    OfAnyTenancy,
    VerbGrant,
)
from ocipolicy.world import ADMINISTRATORS, DEFAULT_DOMAIN

_RANK = {verb: rank for rank, verb in enumerate(reference.VERBS)}


def verb_grants_nothing(seen: Seen) -> Iterator[Finding]:
    """A verb that gives no permission on a resource type, or as a deny takes none away.

    Not every verb adds something to every type: calls of Generative AI such as Chat have their
    permission at `use`, and below it there is nothing (the table of permissions of each type). A
    deny works the other way round, and takes what its verb adds and all above it (denypolicies).

    Wrong:
        allow any-user to inspect generative-ai-chat in tenancy where request.principal.type = 'odainstance'
    Right:
        allow any-user to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: write the verb that the message names.
    """  # noqa: E501 - a statement is one line
    access = seen.access
    if access is None or not isinstance(access.grant, VerbGrant):
        return
    verb, type_ = access.grant.verb, reference.resource_type(access.grant.resource)
    if verb not in _RANK or type_ is None or not type_.documented or type_.family:
        return
    denies = access.kind.startswith("deny")
    adding = [each for each in reference.VERBS if type_.permissions.get(each)]
    if any(_RANK[each] >= _RANK[verb] if denies else _RANK[each] <= _RANK[verb] for each in adding):
        return
    what = "takes nothing away from" if denies else "gives nothing on"
    other = adding[-1] if denies else adding[0]
    only = "the highest verb that takes something" if denies else "the lowest verb that gives"
    yield Finding(
        seen,
        *seen.verb_of(access.grant),
        f"`{verb}` {what} {type_.name}",
        f"{only} is {other}: {', '.join(type_.permissions[other])}",
        severity=Severity.WARNING if type_.doubt else None,
    )


def all_resources(seen: Seen) -> Iterator[Finding]:
    """Everything of every service, for others than the administrators.

    `manage all-resources in tenancy` makes its group as mighty as Administrators, and takes in
    every service that OCI will ever have (CIS benchmark for OCI, 1.2 and 1.3). The group
    Administrators of the Default domain has it from the beginning, and is not reported.

    Wrong:
        allow group operators to manage all-resources in tenancy
    Right:
        allow group operators to manage instance-family in tenancy
        allow group Administrators to manage all-resources in tenancy

    Fix: name the families that are needed, or a compartment.
    """
    access = seen.access
    if access is None or access.kind.startswith("deny") or _is_for_administrators(access):
        return
    grant, whole = access.grant, isinstance(access.location, InTenancy | InAnyTenancy)
    if not isinstance(grant, VerbGrant) or grant.resource != reference.ALL_RESOURCES or not whole:
        return
    if grant.verb in ("use", "manage") and access.condition is None:
        yield Finding(
            seen,
            grant.start,
            grant.end,
            f"{grant.verb} on everything, in the whole tenancy, now and for every later service",
            "name the families that are needed, or a compartment",
        )


def unconditioned_any_user(seen: Seen) -> Iterator[Finding]:
    """A grant to everybody: every user, instance, function and other resource.

    `any-user` is not "any user": it takes in every instance principal and resource principal of
    the tenancy as well (IAM, policysyntax, which recommends `any-group` or a condition on
    `request.principal.type`). An admit without a condition lets all of another tenancy in.

    Wrong:
        allow any-user to use generative-ai-family in tenancy
    Right:
        allow any-user to use generative-ai-family in tenancy where request.principal.type = 'odainstance'

    Fix: add `where request.principal.id = '...'` or `request.principal.type`, or name a group.
    """  # noqa: E501 - a statement is one line
    access = seen.access
    if access is None or access.kind.startswith("deny") or access.condition is not None:
        return
    if access.subject.type != "any-user":
        return
    who = "every user and every resource"
    if isinstance(access.of, OfAnyTenancy):
        who += " of every tenancy"
    elif access.kind == "admit":
        who += " of that tenancy"
    yield seen.at(
        access.subject,
        f"any-user without a condition is {who}",
        "add where request.principal.type = '...' or request.principal.id = '...', or name a group",
    )


def broader_than_needed(seen: Seen) -> Iterator[Finding]:
    """A whole family for a caller that needs a few calls of it.

    The family of Generative AI has everything that manages models, clusters and endpoints as well;
    an instance that only calls needs one permission a call. The message counts both. Oracle's pages
    print the whole family, so that this is a note and no more. (For a config the proof says so.)

    Wrong:
        allow any-user to use generative-ai-family in tenancy where request.principal.type = 'odainstance'
    Right:
        allow any-user to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: a statement for each type that is called: generative-ai-chat, generative-ai-text-embedding.
    """  # noqa: E501 - a statement is one line
    access = seen.access
    if access is None or access.kind not in ("allow", "admit") or not is_instance(access.condition):
        return
    grant = access.grant
    for service in reference.services().values():
        family = reference.resource_type(service.type)
        if not isinstance(grant, VerbGrant) or grant.resource != service.type or family is None:
            continue
        calls = [part for part in service.parts.values() if part.verb == service.verb]
        called = (reference.resource_types()[part.type] for part in calls)
        given = len({*family.gives(grant.verb)})
        needed = len({name for each in called for name in each.gives(service.verb)})
        if family.documented and given > needed:
            now = ", ".join(part.type for part in calls if part.note is None)
            yield Finding(
                seen,
                grant.start,
                grant.end,
                f"{grant.verb} {family.name} gives {given} permissions; calls need {needed}",
                f"a statement for each type that is called gives less: {now}",
            )


def deny_needs_opt_in(seen: Seen) -> Iterator[Finding]:
    """A deny, which works only in tenancies that have opted in.

    Deny statements are off until a member of Administrators of the Default domain turns them on in
    the Console, once and for good; before that a policy with one is refused ("Deny statement passed
    into a Allow compilation"). Nothing in a policy tells whether that was done (denypolicies,
    November 2025).

    Wrong:
        deny group interns to manage buckets in tenancy
    Right:
        allow group interns to read buckets in tenancy

    Fix: make sure that the tenancy has opted in; then ignore this, or turn the rule off.
    """
    access = seen.access
    if access is not None and access.kind.startswith("deny"):
        end = access.start + len("deny")
        message = "deny statements are refused until the tenancy has opted in to them"
        yield Finding(seen, access.start, end, message, "an administrator opts in, in the Console")


def is_instance(condition: Condition | None) -> bool:
    """Whether a condition is for resources alone that call: by their type, or by their OCID."""
    for group in together(condition):
        for clause in group.own if group.always else ():
            listed = texts(clause) or ()
            if clause.operator not in ("=", "in") or not listed:
                continue
            name = clause.variable.casefold()
            if name == "request.principal.type":
                return all(map(reference.principal_type, listed))
            if name == "request.principal.id":
                return all(each.startswith("ocid1.odainstance.") for each in listed)
    return False


def _is_for_administrators(access: Access) -> bool:
    return access.subject.type == "group" and all(
        isinstance(each, Name)
        and each.name == ADMINISTRATORS
        and each.domain in (None, DEFAULT_DOMAIN)
        for each in access.subject.names
    )
