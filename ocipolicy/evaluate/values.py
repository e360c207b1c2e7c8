"""The values of condition variables in a request: known, not applying, or not known."""

from functools import cache
from itertools import chain

from ocipolicy import reference
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.evaluate.conditions import Known, Lacking, Values
from ocipolicy.evaluate.logic import Truth
from ocipolicy.evaluate.membership import Memberships, tag_values
from ocipolicy.evaluate.request import Need, PermissionNeed, Request, Who
from ocipolicy.world import Resource, User


def value_of(name: str, request: Request, need: Need, groups: Memberships) -> Values:
    """The values of a variable, for one need of a request by a principal in these groups.

    First whether it applies; then what the request and the world say; then what the asker gives.
    Time, region, model and tags are never guessed. A variable that the reference does not know is
    known only where it is given.
    """
    lower = name.lower()
    variable = reference.variable(lower)
    if variable is not None:
        applies = _applies(variable, request, need)
        if applies is False:
            return Lacking.INAPPLICABLE
        known = _known(lower, request, need, groups)
        if applies is True and isinstance(known, Known) and known.complete:
            return known
    if lower in request.given:
        return Known(_as_given(variable, request.given[lower]))
    return known if variable is not None and applies is True else Lacking.UNKNOWN


def refuse_contradictions(request: Request, groups: Memberships) -> None:
    """Raise CannotGoOn where the asker gives a variable other values than the request has itself.

    Who asks, for what and where is not a matter of `given`: that would be another request.
    """
    for name, given in request.given.items():
        variable = reference.variable(name)
        for need in request.needs if variable is not None else ():
            known = _known(name, request, need, groups)
            if not isinstance(known, Known):
                continue
            stated = {each.casefold() for each in _as_given(variable, given)}
            fixed = {each.casefold() for each in known.values}
            if not (fixed == stated if known.complete else fixed <= stated):
                shown = " and ".join(f"'{each}'" for each in known.values) or "nothing"
                raise CannotGoOn(
                    f"`{name}` is {shown} in this request, and cannot be given as "
                    + " and ".join(f"'{each}'" for each in given),
                    "leave it out, or ask about another principal, operation or compartment",
                )


def _as_given(variable: reference.Variable | None, values: tuple[str, ...]) -> tuple[str, ...]:
    """A statement names a region by its key; whoever asks may use the longer name."""
    if variable is None or variable.kind != "region":
        return values
    regions = [(each, reference.region(each.lower())) for each in values]
    return tuple(region.key if region else each for each, region in regions)


def _applies(variable: reference.Variable, request: Request, need: Need) -> Truth:
    """Whether a variable is there in a request: for its kind of principal, and its operation.

    Where a permission was asked for by name, its operations have to agree.
    """
    if request.who.kind not in variable.applies_to:
        return False
    if not variable.services and not variable.not_on:
        return True
    if request.operation is not None:
        return _is_on(variable, request.operation)
    operations = _operations(need.permission) if isinstance(need, PermissionNeed) else ()
    found = {_is_on(variable, operation) for operation in operations}
    return found.pop() if len(found) == 1 else None


@cache
def _operations(permission: str) -> tuple[reference.Operation, ...]:
    """Every operation that needs a permission."""
    several = chain.from_iterable(reference.operations().values())
    return tuple(each for each in several if permission in each.permissions)


def _is_on(variable: reference.Variable, operation: reference.Operation) -> bool:
    if variable.services and operation.service not in variable.services:
        return False
    return not any(_fits(operation.name, pattern) for pattern in variable.not_on)


def _fits(name: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern


def _known(name: str, request: Request, need: Need, groups: Memberships) -> Values:
    """What the request and the world say of a variable that applies."""
    there = request.where
    match name:
        case "request.permission":
            return (
                Known((need.permission,)) if isinstance(need, PermissionNeed) else Lacking.UNKNOWN
            )
        case "request.operation":
            return Known((request.operation.name,)) if request.operation else Lacking.UNKNOWN
        case "target.compartment.id":
            return Known((there.compartment.ocid,))
        case "target.compartment.name":
            return Known((there.compartment.name,)) if there.compartment.path else Lacking.UNKNOWN
        case "target.tenant.id":
            return Known((there.tenancy.ocid,))
    if name.startswith("target.resource.compartment.tag."):
        return _compartment_tag(request, name.removeprefix("target.resource.compartment.tag."))
    match request.who.principal:
        case User() as user:
            return _of_user(name, user, groups)
        case Resource() as resource:
            return _of_resource(name, request.who, resource, groups)


def _compartment_tag(request: Request, tag: str) -> Values:
    """A tag of a compartment holds for those below it as well (tag-based access control)."""
    tenancy, path = request.where.tenancy, request.where.compartment.path
    above = [tenancy.compartments[path[:depth]] for depth in range(len(path) + 1)]
    return tag_values(tuple(each.tags for each in above), tag)


def _of_user(name: str, user: User, groups: Memberships) -> Values:
    if name.startswith("request.principal.group.tag."):
        tags = tuple(each.tags for each in groups.groups)
        return tag_values(tags, name.removeprefix("request.principal.group.tag."))
    match name:
        case "request.principal.type":
            return _no_type_of_a_resource()
        case "request.user.id":
            return Known((user.ocid,))
        case "request.user.name":
            return Known((user.name,))
        case "request.domain.name":
            return Known((user.domain,))
        case "request.groups.id":
            return Known(tuple(group.ocid for group in groups.groups))
        case "request.groups.name":
            return Known(tuple(group.name for group in groups.groups))
    return Lacking.UNKNOWN


def _of_resource(name: str, who: Who, resource: Resource, groups: Memberships) -> Values:
    compartment = who.tenancy.compartments[resource.compartment]
    if name.startswith("request.principal.compartment.tag."):
        tag = name.removeprefix("request.principal.compartment.tag.")
        return tag_values((compartment.tags,), tag)
    match name:
        case "request.principal.id" | "request.instance.id":
            return Known((resource.ocid,)) if has_id(who) else Lacking.UNKNOWN
        case "request.principal.type":
            return Known((resource.type,)) if who.kind != "service" else _no_type_of_a_resource()
        case (
            # The compartment of who asks; LiveLabs on OpenSearch has the second name for it.
            "request.principal.compartment.id"
            | "request.resource.compartment.id"
            | "request.instance.compartment.id"
        ):
            return Known((compartment.ocid,))
        case "request.dynamicgroup.id" | "request.dynamicgroup.name":
            certain = [group for group, truth in groups.dynamic_groups if truth]
            texts = [each.ocid if name.endswith(".id") else each.name for each in certain]
            return Known(tuple(texts), complete=len(certain) == len(groups.dynamic_groups))
    return Lacking.UNKNOWN


def _no_type_of_a_resource() -> Known:
    """The principal type of users and services is not documented; it is none of resources."""
    return Known((), complete=False, never=types_of_resources())


@cache
def types_of_resources() -> frozenset[str]:
    """The principal types of instances and other resources, folded in case."""
    known = reference.principal_types().values()
    return frozenset(
        each.name.casefold() for each in known if each.caller in ("instance", "resource")
    )


def has_id(who: Who) -> bool:
    """Whether a principal has an OCID that policies can name; a workload of OKE has none."""
    if isinstance(who.principal, User):
        return True
    known = reference.principal_type(who.principal.type)
    return known is None or known.ocid_type is not None
