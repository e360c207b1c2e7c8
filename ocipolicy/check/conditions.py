"""Rules about conditions that do not say what their author meant, or can never hold."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Seen
from ocipolicy.check.together import Together, clauses, texts, together
from ocipolicy.diagnostics import Severity
from ocipolicy.language.tree import (
    Access,
    AssociateGrant,
    Clause,
    PermissionGrant,
    String,
    Subject,
    Variable,
    VerbGrant,
)

_EVERYONE: frozenset[reference.Caller] = frozenset(("user", "instance", "resource", "service"))
_RESOURCES: frozenset[reference.Caller] = frozenset(("instance", "resource"))
# What is one value for a request; sets of values can be equal to two texts at once.
_SETS = ("request.groups.", "request.dynamicgroup.")
# Oracle's own deny compares the administrator's OCID with it, so that it may well apply to users.
_OF_ANYONE = ("request.principal.id", "request.principal.type")


def region_name_in_condition(seen: Seen) -> Iterator[Finding]:
    """A region's name where OCI has its key.

    `request.region` is a key of three letters, such as ORD or IAD (IAM, general variables). The
    name of the region is never equal to it: `=` never holds, and `!=` always does.

    Wrong:
        allow group analysts to use generative-ai-chat in tenancy where request.region = 'us-chicago-1'
    Right:
        allow group analysts to use generative-ai-chat in tenancy where request.region = 'ORD'

    Fix: write the key that the message names; `--fix` does it.
    """  # noqa: E501 - a statement is one line
    for clause in _clauses(seen):
        variable = reference.variable(clause.variable)
        if variable is None or variable.kind != "region":
            continue
        for value in clause.values:
            region = reference.region(value.text.lower()) if isinstance(value, String) else None
            if region is not None:
                yield seen.at(
                    value,
                    f"`{clause.variable}` is the key of a region, so it never equals its name",
                    f"write '{region.key}', the key of {region.name}",
                    edit=f"'{region.key}'",
                )


def inapplicable_variable(seen: Seen) -> Iterator[Finding]:
    """A condition on something that those whom the statement is for do not have.

    If a variable does not apply to a request, the condition is false, also for `!=` (IAM,
    policyadvancedfeatures). A resource has no user name and is in no group, a user is no instance;
    and a bucket's name says nothing about a model. So a statement with such a condition gives
    nothing, and inside `any {}` that alternative is never taken.

    Wrong:
        allow dynamic-group functions to use generative-ai-chat in tenancy where request.user.name != 'guest'
        allow any-user to use generative-ai-chat in tenancy where all {request.principal.type = 'odainstance', request.user.name != 'guest'}
    Right:
        allow any-user to use generative-ai-chat in tenancy where all {request.principal.type = 'odainstance', request.principal.id != 'ocid1.odainstance.oc1.iad.guest'}

    Fix: ask for what they have: `request.principal.*` of a resource, `request.user.*` of a user.
    """  # noqa: E501 - a statement is one line
    access = seen.access
    if access is None:
        return
    for group in together(access.condition):
        callers = _callers(access.subject)
        for clause in group.around:
            callers &= _those_with(clause)
        for clause in group.own if callers else ():
            left = callers & _those_with(clause)
            if not left and _is_about_callers(clause):
                yield _never(
                    seen,
                    clause,
                    group,
                    f"`{_about_callers(clause)}` is nothing that {_called(callers)} has",
                )
                break
            callers = left or callers
        for clause in group.own:
            service = _other_service(access, clause)
            if service:
                yield _never(
                    seen,
                    clause,
                    group,
                    f"`{clause.variable}` belongs to requests of {service[0]}, and this grants"
                    f" {service[1]}",
                )


def contradiction(seen: Seen) -> Iterator[Finding]:
    """Conditions that can never hold together.

    In `all {}` every condition has to hold at once. A request has one principal, one region, one
    permission to be checked; where two conditions leave no value for it, no request ever passes,
    and the statement gives nothing. (Tags and groups have several values, and are left alone.)

    Wrong:
        allow any-user to use generative-ai-chat in tenancy where all {request.principal.type = 'odainstance', request.principal.type = 'fnfunc'}
        allow any-user to use generative-ai-chat in tenancy where all {request.principal.type = 'fnfunc', request.principal.id = 'ocid1.odainstance.oc1.iad.sales'}
    Right:
        allow any-user to use generative-ai-chat in tenancy where any {request.principal.type = 'odainstance', request.principal.type = 'fnfunc'}

    Fix: write `any {}` for alternatives, or a list: `in ('a', 'b')`.
    """  # noqa: E501 - a statement is one line
    for group in together(seen.access.condition if seen.access else None):
        allowed: dict[str, frozenset[str]] = {}
        refused: dict[str, frozenset[str]] = {}
        own = {id(each) for each in group.own}
        for clause in group.every:
            name = clause.variable.casefold()
            listed = texts(clause)
            if not _has_one_value(name) or listed is None:
                continue
            before = allowed.get(name)
            if clause.operator in ("=", "in"):
                allowed[name] = listed if before is None else before & listed
            elif clause.operator in ("!=", "not in"):
                refused[name] = refused.get(name, frozenset()) | listed
            else:
                continue
            left = allowed.get(name)
            if left is None:
                continue
            left -= refused.get(name, frozenset())
            if not left or not _types_agree(allowed):
                if id(clause) in own:
                    yield _never(seen, clause, group, _why(name, left, allowed))
                break
        yield from _times(seen, group)


def _clauses(seen: Seen) -> Iterator[Clause]:
    yield from clauses(seen.access.condition if seen.access else None)


def _never(seen: Seen, clause: Clause, group: Together, message: str) -> Finding:
    """A finding about a clause that does not hold: the statement is lost, or an alternative is."""
    if group.always:
        return seen.at(clause, f"{message}: the statement never applies", _TAKE_OUT)
    return seen.at(
        clause, f"{message}: this alternative never holds", _TAKE_OUT, severity=Severity.WARNING
    )


_TAKE_OUT = "ask for something that such a request has, or take the condition out"


def _callers(subject: Subject) -> frozenset[reference.Caller]:
    """The kinds of principal that a subject can mean."""
    match subject.type:
        case "group":
            return frozenset(("user",))
        case "dynamic-group" | "resource":
            return _RESOURCES
        case "service":
            return frozenset(("service",))
    return _EVERYONE


def _those_with(clause: Clause) -> frozenset[reference.Caller]:
    """The kinds of principal for which a clause can hold at all."""
    if clause.operator == "absent":
        return _EVERYONE
    found = _with(clause.variable)
    for value in clause.values:
        if isinstance(value, Variable) and len(clause.values) == 1:
            found &= _with(value.name)
    if clause.variable.casefold() == "request.principal.type" and clause.operator in ("=", "in"):
        known = [reference.principal_type(each) for each in texts(clause) or ("",)]
        if all(known):
            found &= frozenset(each.caller for each in known if each)
    return found


def _with(name: str) -> frozenset[reference.Caller]:
    variable = reference.variable(name)
    if variable is None or name.casefold() in _OF_ANYONE:
        return _EVERYONE
    return frozenset(variable.applies_to)


def _is_about_callers(clause: Clause) -> bool:
    return _about_callers(clause) != ""


def _about_callers(clause: Clause) -> str:
    """The variable of a clause that not every principal has, or that says what it is."""
    names = [clause.variable, *(each.name for each in clause.values if isinstance(each, Variable))]
    lacking = (each for each in names if _with(each) != _EVERYONE)
    special = "request.principal.type" if clause.variable.casefold() in _OF_ANYONE else ""
    return next(lacking, special)


def _called(callers: frozenset[reference.Caller]) -> str:
    """What the principals that are left over are called in a sentence."""
    if callers == {"user"}:
        return "a user"
    return "a service" if callers == {"service"} else "a resource or an instance"


def _other_service(access: Access, clause: Clause) -> tuple[str, str] | None:
    """The service of a clause's variable and that of the grant, where these are two."""
    variable = reference.variable(clause.variable)
    if variable is None or not variable.services or clause.operator == "absent":
        return None
    services = {each for name in _resources(access) for each in _services(name)}
    if not services or "any" in services or services & set(variable.services):
        return None
    if not (services | set(variable.services)) & reference.COMPLETE:
        return None
    return " and ".join(variable.services), " and ".join(sorted(services))


def _resources(access: Access) -> tuple[str, ...]:
    match access.grant:
        case VerbGrant(resource=resource):
            return (resource,)
        case AssociateGrant(resource=one, with_resource=other):
            return (one, other)
        case PermissionGrant(permissions=permissions):
            known = [reference.permission(each) for each in permissions]
            if not all(known):
                return ("",)
            return tuple(type_ for each in known if each for type_, _ in each.granted_by)


def _services(resource: str) -> frozenset[str]:
    """The services of a resource type; `any` where that is not known beyond doubt."""
    known = reference.resource_type(resource)
    return frozenset((known.service if known else "any",))


def _has_one_value(name: str) -> bool:
    variable = reference.variable(name)
    if variable is None or variable.is_set or variable.kind == "tag":
        return False
    return not name.startswith(_SETS)


def _types_agree(allowed: dict[str, frozenset[str]]) -> bool:
    """Whether a principal of one of the types can have one of the OCIDs that are asked for."""
    types, ocids = allowed.get("request.principal.type"), allowed.get("request.principal.id")
    if types is None or ocids is None:
        return True
    kinds = {parts.kind for each in ocids if (parts := reference.ocid_parts(each))}
    known = {each.ocid_type: each.name for each in reference.principal_types().values()}
    return not kinds <= known.keys() or not {known[kind] for kind in kinds}.isdisjoint(types)


def _why(name: str, left: frozenset[str], allowed: dict[str, frozenset[str]]) -> str:
    if not left:
        return f"no value of `{name}` passes all of these conditions"
    types = " or ".join(sorted(allowed["request.principal.type"]))
    return f"no principal of the type {types} has an OCID that is asked for here"


def _times(seen: Seen, group: Together) -> Iterator[Finding]:
    """Spans of time that end before they begin."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for clause in group.every:
        if clause.variable.casefold() != "request.utc-timestamp":
            continue
        value = clause.values[0] if clause.values else None
        moment = _moment(value.text) if isinstance(value, String) else None
        if moment is None:
            continue
        if clause.operator == "after":
            first = max(first, moment)
        elif clause.operator == "before":
            last = min(last, moment)
        if first >= last:
            if any(clause is each for each in group.own):
                yield _never(seen, clause, group, "no moment is in this span of time")
            break


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
