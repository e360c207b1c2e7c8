"""Rules about places: where a policy is attached, where its statements reach, and how many."""

from collections import Counter
from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Ready, SeenPolicy, SeenWorld
from ocipolicy.check.together import together
from ocipolicy.diagnostics import Severity, closest
from ocipolicy.language.tree import (
    Define,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Location,
    Name,
    Ocid,
    String,
)
from ocipolicy.world import ADMINISTRATORS, DEFAULT_DOMAIN, CompartmentPath, Tenancy, label

# Every tenancy has these groups, and a world need not list them.
_ALWAYS_THERE = frozenset((ADMINISTRATORS.casefold(), "all domain users"))


def cross_tenancy_not_at_root(policy: SeenPolicy) -> Iterator[Finding]:
    """An endorse or admit in a policy that is not attached to the root compartment.

    "Policies that enable cross-tenancy access must be attached to the tenancy" (drg-iam), in both
    tenancies. Elsewhere such a statement gives nothing.

    Wrong, attached to the compartment `bots`:
        endorse any-user to use generative-ai-chat in any-tenancy where request.principal.type = 'odainstance'
    Right, attached to the root compartment:
        endorse any-user to use generative-ai-chat in any-tenancy where request.principal.type = 'odainstance'

    Fix: move the statement, with its defines, to a policy of the root compartment.
    """  # noqa: E501 - a statement is one line
    if policy.at_root is not False:
        return
    for seen, access in policy.accesses():
        if access.kind not in ("allow", "deny"):
            end = access.start + len(seen.text(access.start, access.end).split(maxsplit=1)[0])
            yield Finding(
                seen,
                access.start,
                end,
                f"{access.kind.replace('-', ' ')} works in the root compartment only, and this"
                " policy is attached to another one",
                "move it, with its defines, to a policy of the root compartment",
            )


def too_many_statements(policy: SeenPolicy) -> Iterator[Finding]:
    """More statements than OCI takes: 50 in a policy, 500 from the root to a compartment.

    Both are hard limits (General, servicelimits; policy-limits-compartment-hierarchy): "You have
    reached the maximum number of policy statements allowed for this compartment hierarchy". The
    defines count as well. For a world the message names the path that is too full.

    Wrong, times 51 in one policy:
        allow group analysts to read buckets in compartment apps
    Right, once:
        allow group analysts to read buckets in compartment apps

    Fix: split the policy; give a family in place of its types; move statements to leaves.
    """
    most = reference.limit("statements-per-policy").value
    if len(policy.statements) > most:
        first = policy.statements[most]
        yield first.at(
            first.statement,
            f"this policy has {len(policy.statements)} statements, and this is number {most + 1};"
            f" OCI allows {most} in a policy",
            "move some of them to another policy, with the defines that they need",
        )


def too_many_statements_on_a_path(world: SeenWorld) -> Iterator[Finding]:
    """The limit of 500 statements along a path of compartments; its page is that of the policy."""
    most = reference.limit("statements-per-hierarchy").value
    for tenancy in world.world.tenancies.values():
        counts: Counter[CompartmentPath] = Counter()
        last: dict[CompartmentPath, SeenPolicy] = {}
        for there, path, policy in world.policies:
            if there is tenancy and policy.statements:
                counts[path] += len(policy.statements)
                last[path] = policy
        above = {
            path: sum(counts[path[:depth]] for depth in range(len(path) + 1)) for path in counts
        }
        # The deepest paths say it best; one of them for each that is too full.
        full = [path for path, count in above.items() if count > most]
        for path in full:
            if not any(other[: len(path)] == path and other != path for other in full):
                seen = last[path].statements[-1]
                shown = ":".join(path) or "the root compartment"
                yield seen.at(
                    seen.statement,
                    f"{above[path]} statements lie between the root and {shown} of"
                    f" `{tenancy.name}`; OCI allows {most}",
                    "move statements to compartments beside each other, or give whole families",
                )


def unknown_compartment(world: SeenWorld) -> Iterator[Finding]:
    """A compartment that is not there.

    Names are looked up when a policy is saved, along the path from the compartment that it is
    attached to: "The compartment X specified in the policy statement does not exist under current
    compartment hierarchy". An OCID that a world does not know is a warning.

    Wrong, where the root has no such compartment:
        allow group analysts to read buckets in compartment ap:genai
    Right:
        allow group analysts to read buckets in compartment ai:genai

    Fix: write the path from the compartment of the policy, or `compartment id OCID`.
    """
    for ready in world.statements:
        access, tenancy = ready.access, ready.tenancy
        location = access.location
        if location is None or access.kind.endswith("endorse") or _found(ready, location):
            continue
        match location:
            case InCompartment(path=path, of_tenancy=None):
                if not _is_outside(ready, path):
                    yield _no_such_path(ready, location, path)
            case InCompartmentId(ocid=ocid, of_tenancy=None) if tenancy.compartment(ocid) is None:
                yield ready.seen.at(
                    location,
                    f"`{tenancy.name}` has no compartment with this OCID",
                    "copy the OCID again, or add the compartment to the world",
                    severity=Severity.WARNING,
                )


def outside_attached_subtree(world: SeenWorld) -> Iterator[Finding]:
    """A location that is not below the compartment of the policy.

    A policy can speak of the compartment that it is attached to and of all below it. Anything else
    is refused: "Compartment {ocid} does not exist or is not part of the policy compartment
    subtree". `tenancy` is for policies of the root compartment.

    Wrong, attached to the compartment `bots`:
        allow group analysts to read buckets in tenancy
    Right, attached to the root compartment:
        allow group analysts to read buckets in tenancy

    Fix: attach the policy higher up, or name a compartment below it.
    """
    for ready in world.statements:
        access, tenancy = ready.access, ready.tenancy
        location, attached = access.location, ready.attached
        if location is None or access.kind not in ("allow", "deny") or not attached:
            continue
        shown = ":".join(attached)
        match location:
            case InTenancy(alias=None):
                yield ready.seen.at(
                    location,
                    f"`tenancy` lies above `{shown}`, to which this policy is attached",
                    "attach the policy to the root compartment, or name a compartment below it",
                )
            case InCompartmentId(ocid=ocid):
                there = tenancy.compartment(ocid)
                if there is not None and there.path[: len(attached)] != attached:
                    yield _outside(ready, location, shown)
            case InCompartment(path=path):
                if not _found(ready, location) and _is_outside(ready, path):
                    yield _outside(ready, location, shown)


def unknown_group(world: SeenWorld) -> Iterator[Finding]:
    """A group or dynamic group that is not there.

    Names are looked up when a policy is saved, in the Default domain unless another one is named:
    "The group X specified in the policy statement does not exist under current compartment
    hierarchy". An OCID that a world does not know is a warning.

    Wrong, where the group is in the identity domain `Partners`:
        allow group analysts to read buckets in tenancy
    Right:
        allow group 'Partners'/analysts to read buckets in tenancy

    Fix: write the group as the message says, or create it first.
    """
    tenancies = world.world.tenancies.values()
    every = {each.ocid for tenancy in tenancies for each in tenancy.groups.values()}
    every |= {each.ocid for tenancy in tenancies for each in tenancy.dynamic_groups.values()}
    for ready in world.statements:
        access, tenancy = ready.access, ready.tenancy
        kind = access.subject.type
        if kind not in ("group", "dynamic-group") or access.kind.endswith("admit"):
            continue
        groups = tenancy.groups if kind == "group" else tenancy.dynamic_groups
        for named in access.subject.names:
            if isinstance(named, Ocid):
                if named.ocid not in every and groups:
                    yield ready.seen.at(
                        named,
                        f"no {kind} of the world has this OCID",
                        f"copy the OCID again, or add the {kind} to the world",
                        severity=Severity.WARNING,
                    )
                continue
            wanted = label(named.name, named.domain or DEFAULT_DOMAIN)
            if wanted in groups or named.name.casefold() in _aliases(ready):
                continue
            if named.name.casefold() in _ALWAYS_THERE:
                continue
            yield _no_group(ready, named, kind, list(groups))


def region_not_subscribed(world: SeenWorld) -> Iterator[Finding]:
    """A region that the tenancy does not subscribe to.

    No request comes from a region that a tenancy has not subscribed to, so that a condition on its
    key never holds. A call from one tenancy into another needs a region that both subscribe to
    (iam-cross-domain).

    Wrong, where the tenancy subscribes to us-ashburn-1 only:
        allow group analysts to use generative-ai-chat in tenancy where request.region = 'ORD'
    Right:
        allow group analysts to use generative-ai-chat in tenancy where request.region = 'IAD'

    Fix: subscribe to the region, or name one of those that the message lists.
    """
    for ready in world.statements:
        tenancy = ready.tenancy
        keys = _keys(tenancy)
        if not keys or ready.access.kind in ("endorse", "deny-endorse"):
            continue
        yield from _no_common_region(world, ready, keys)
        for group in together(ready.access.condition):
            for clause in group.own:
                variable = reference.variable(clause.variable)
                if variable is None or variable.kind != "region":
                    continue
                for value in clause.values if clause.operator in ("=", "in") else ():
                    key = value.text.upper() if isinstance(value, String) else ""
                    if reference.region_of_key(key) and key not in keys:
                        yield ready.seen.at(
                            value,
                            f"`{tenancy.name}` does not subscribe to the region {key}",
                            f"it subscribes to {', '.join(sorted(keys))}",
                        )


def _keys(tenancy: Tenancy) -> frozenset[str]:
    """The keys of the regions that a tenancy subscribes to."""
    found = (reference.region(each) for each in tenancy.regions)
    return frozenset(each.key for each in found if each)


def _no_common_region(world: SeenWorld, ready: Ready, keys: frozenset[str]) -> Iterator[Finding]:
    """An admit between tenancies that subscribe to no region in common."""
    source = ready.compiled.source
    for other in world.world.tenancies.values():
        if source is None or other.ocid not in source.ocids or ready.access.of is None:
            continue
        theirs = _keys(other)
        if theirs and not theirs & keys:
            yield ready.seen.at(
                ready.access.of,
                f"`{ready.tenancy.name}` and `{other.name}` subscribe to no region in common",
                f"`{other.name}` has {', '.join(sorted(theirs))}; subscribe one of them to a"
                " region of the other",
            )


def _found(ready: Ready, location: Location) -> bool:
    """Whether the evaluator finds the compartment of a location at all."""
    if isinstance(location, InCompartment | InCompartmentId):
        return ready.compiled.scope.problem is None
    return True


def _is_outside(ready: Ready, path: CompartmentPath) -> bool:
    """Whether compartments of these names are there, and none below the one of the policy."""
    top = ready.attached
    ends = [each for each in ready.tenancy.compartments if each and each[-len(path) :] == path]
    return bool(top and ends) and not any(each[: len(top)] == top for each in ends)


def _outside(ready: Ready, location: Location, shown: str) -> Finding:
    return ready.seen.at(
        location,
        f"this is not below `{shown}`, to which the policy is attached",
        "attach the policy higher up; a path begins below the compartment of the policy",
    )


def _no_such_path(ready: Ready, location: InCompartment, path: CompartmentPath) -> Finding:
    top = ready.attached
    known = [
        ":".join(each[len(top) :])
        for each in ready.tenancy.compartments
        if each[: len(top)] == top and each != top
    ]
    written = ":".join(path)
    ends = [each for each in known if each.endswith(f":{written}")]
    near = ends[0] if len(ends) == 1 else closest(written, known)
    where = f"below `{':'.join(top)}`" if top else f"in `{ready.tenancy.name}`"
    return ready.seen.at(
        location,
        f"there is no compartment {written} {where}",
        f"did you mean {near}?" if near else "write its path from the compartment of the policy",
    )


def _no_group(ready: Ready, named: Name, kind: str, known: list[str]) -> Finding:
    wanted = label(named.name, named.domain or DEFAULT_DOMAIN)
    others = [each for each in known if each.partition("/")[2] == named.name]
    if others and named.domain is None:
        domain, _, name = others[0].partition("/")
        hint = f"it is in another identity domain: write {kind} '{domain}'/{name}"
    else:
        near = closest(wanted, known)
        hint = f"did you mean {near}?" if near else f"create the {kind} first"
    return ready.seen.at(named, f"`{ready.tenancy.name}` has no {kind} {wanted}", hint)


def _aliases(ready: Ready) -> frozenset[str]:
    """The aliases of the policy that a statement is in."""
    statements = ready.compiled.policy.statements
    return frozenset(each.alias.casefold() for each in statements if isinstance(each, Define))
