"""Rules about names: OCIDs of the wrong kind, and the aliases that define statements give."""

from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Seen, SeenPolicy, SeenWorld
from ocipolicy.check.together import clauses
from ocipolicy.diagnostics import Severity, closest
from ocipolicy.language.tree import (
    Access,
    AssociateGrant,
    Define,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Location,
    Name,
    Node,
    Ocid,
    OfTenancy,
    String,
)
from ocipolicy.world import Tenancy

_KINDS = {
    "tenancy": ("tenancy",),
    "compartment": ("compartment", "tenancy"),
    "group": ("group",),
    "dynamic-group": ("dynamicgroup",),
}
# The variables whose values are OCIDs of one kind, beyond doubt.
_VARIABLES = {
    "request.user.id": ("user", "saml2user"),
    "request.groups.id": ("group",),
    "request.dynamicgroup.id": ("dynamicgroup",),
    "request.principal.compartment.id": ("compartment", "tenancy"),
    "request.resource.compartment.id": ("compartment", "tenancy"),
    "target.compartment.id": ("compartment", "tenancy"),
    "target.tenant.id": ("tenancy",),
    "target.policy.id": ("policy",),
    "target.user.id": ("user", "saml2user"),
    "target.group.id": ("group",),
    "target.dynamicgroup.id": ("dynamicgroup",),
    "target.vault.id": ("vault",),
}
# No principal of these kinds acts by itself.
_NO_PRINCIPALS = frozenset(("group", "dynamicgroup", "compartment", "tenancy", "policy"))


def wrong_ocid_kind(seen: Seen) -> Iterator[Finding]:
    """An OCID of one kind of thing where another kind must stand.

    An OCID says what it names: `ocid1.tenancy...`, `ocid1.compartment...` (General, identifiers).
    A define of a tenancy with the OCID of an instance is saved, and fits nothing.

    Wrong:
        define tenancy caller as ocid1.odainstance.oc1.iad.sales
        allow any-user to use generative-ai-chat in compartment id ocid1.vcn.oc1.iad.net where request.principal.type = 'odainstance'
        allow any-user to use generative-ai-chat in tenancy where request.user.id = 'ocid1.group.oc1..analysts'
    Right:
        define tenancy caller as ocid1.tenancy.oc1..caller

    Fix: copy the OCID that the message asks for.
    """  # noqa: E501 - a statement is one line
    statement = seen.statement
    if isinstance(statement, Define):
        start = statement.end - len(statement.ocid)
        place = Node(start=start, end=statement.end)
        yield from _kind(seen, place, statement.ocid, _KINDS.get(statement.what, ()))
        return
    for named in statement.subject.names:
        if isinstance(named, Ocid):
            place = Node(start=named.end - len(named.ocid), end=named.end)
            yield from _kind(seen, place, named.ocid, _KINDS.get(statement.subject.type, ()))
    for location in _locations(statement):
        if isinstance(location, InCompartmentId):
            yield from _kind(seen, location, location.ocid, _KINDS["compartment"])
    for clause in clauses(statement.condition):
        wanted = _VARIABLES.get(clause.variable.casefold(), ())
        for value in clause.values:
            if not isinstance(value, String):
                continue
            if wanted:
                yield from _kind(seen, value, value.text, wanted)
            elif clause.variable.casefold() == "request.principal.id":
                parts = reference.ocid_parts(value.text)
                if parts is not None and parts.kind in _NO_PRINCIPALS:
                    message = f"no principal has an OCID of the kind {parts.kind}, so none matches"
                    yield seen.at(value, message, "write the OCID of the instance that calls")


def undefined_alias(policy: SeenPolicy) -> Iterator[Finding]:
    """An alias of a tenancy that no define statement of the policy explains.

    Another tenancy is named by an alias, and the define stands in the same policy (iam-cross-domain:
    the define statements of one policy count for that policy only).

    Wrong:
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'
    Right:
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: write `define tenancy ALIAS as OCID` at the top of the same policy.
    """  # noqa: E501 - a statement is one line
    defined = {each.alias.casefold(): each.alias for _, each in policy.defines()}
    kinds = {each.alias.casefold(): each.what for _, each in policy.defines()}
    for seen, access in policy.accesses():
        for alias, node in _tenancy_aliases(access):
            if alias.casefold() in defined or alias.startswith("ocid1."):
                what = kinds.get(alias.casefold(), "tenancy")
                if what != "tenancy":
                    message = f"`{alias}` is defined as a {what}, and a tenancy must stand here"
                    yield seen.at(
                        node, message, f"write define tenancy {alias} as ocid1.tenancy..."
                    )
                continue
            near = closest(alias.casefold(), defined)
            yield seen.at(
                node,
                f"no define statement of this policy says which tenancy `{alias}` is",
                f"did you mean {defined[near]}?"
                if near
                else f"write define tenancy {alias} as ocid1.tenancy... at the top of the policy",
            )


def unused_define(policy: SeenPolicy) -> Iterator[Finding]:
    """A define that no statement of its policy uses.

    It does no harm, but takes one of the 50 statements that a policy can have; often it is the
    alias in another statement that is misspelt.

    Wrong:
        define tenancy caller as ocid1.tenancy.oc1..caller
        allow group analysts to use generative-ai-chat in tenancy
    Right:
        define group analysts as ocid1.group.oc1..analysts
        allow group analysts to use generative-ai-chat in tenancy

    Fix: use the alias, or take the define away.
    """
    used = {name.casefold() for _, access in policy.accesses() for name in _every_name(access)}
    for seen, define in policy.defines():
        if define.alias.casefold() not in used:
            message = f"nothing in this policy uses `{define.alias}`"
            yield seen.at(define, message, "use the alias, or take the define away")


def define_not_first(policy: SeenPolicy) -> Iterator[Finding]:
    """A define below another statement.

    All define statements of a policy stand at its top (drg-iam). Below a statement that uses the
    alias it is an error, elsewhere a warning.

    Wrong:
        allow group analysts to use generative-ai-chat in tenancy
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'
    Right:
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'
        allow group analysts to use generative-ai-chat in tenancy

    Fix: move it above every other statement of the policy.
    """  # noqa: E501 - a statement is one line
    above: set[str] = set()
    others = False
    for seen in policy.statements:
        statement = seen.statement
        if isinstance(statement, Access):
            others = True
            above |= {name.casefold() for name in _every_name(statement)}
        elif others:
            used = statement.alias.casefold() in above
            yield seen.at(
                statement,
                f"`{statement.alias}` is defined below "
                + ("a statement that uses it" if used else "another statement"),
                "move every define to the top of the policy",
                severity=None if used else Severity.WARNING,
            )


def foreign_group_without_define(policy: SeenPolicy) -> Iterator[Finding]:
    """An admit of a group of another tenancy that is not named by an alias.

    The groups of another tenancy are known by their OCID only: `define group X as OCID`, and then
    `admit group X` (iam-cross-domain). A plain name is looked for in the own tenancy, or nowhere;
    whether an OCID or a domain may stand there is not documented.

    Wrong:
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit group analysts of tenancy caller to use generative-ai-chat in tenancy
    Right:
        define tenancy caller as ocid1.tenancy.oc1..caller
        define group analysts as ocid1.group.oc1..analysts
        admit group analysts of tenancy caller to use generative-ai-chat in tenancy

    Fix: write `define group NAME as OCID` at the top of the same policy.
    """
    defined = {(each.what, each.alias.casefold()) for _, each in policy.defines()}
    for seen, access in policy.accesses():
        kind = access.subject.type
        if access.kind not in ("admit", "deny-admit") or kind not in ("group", "dynamic-group"):
            continue
        for named in access.subject.names:
            if isinstance(named, Name) and named.domain is None:
                if (kind, named.name.casefold()) not in defined:
                    yield seen.at(
                        named,
                        f"no define statement says which {kind} of the other tenancy this is",
                        f"write define {kind} {named.name} as ocid1.{kind.replace('-', '')}..."
                        " at the top of the policy",
                    )
            else:
                yield seen.at(
                    named,
                    f"Oracle's pages name a {kind} of another tenancy by a define, not like this",
                    f"write define {kind} ALIAS as OCID, and name the alias here",
                    severity=Severity.WARNING,
                )


def alias_of_another_tenancy(world: SeenWorld) -> Iterator[Finding]:
    """An alias that stands for another tenancy than it seems to.

    An admit gives access to its own tenancy, so that `in tenancy X` must be that one, and it lets
    in others, so that `of tenancy X` must not be. An endorse reaches out, so that its tenancy is
    never its own. And an alias with the name of one tenancy and the OCID of another misleads
    whoever reads it.

    Wrong, in a policy of the tenancy `service`:
        define tenancy caller as ocid1.tenancy.oc1..service
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'
    Right:
        define tenancy caller as ocid1.tenancy.oc1..caller
        admit any-user of tenancy caller to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: put the OCID of the tenancy that is meant into the define.
    """  # noqa: E501 - a statement is one line
    tenancies = {each.ocid: each for each in world.world.tenancies.values()}
    for _, seen, define in world.defines:
        named = world.world.tenancies.get(define.alias)
        if define.what == "tenancy" and named is not None and named.ocid != define.ocid:
            other = tenancies.get(define.ocid)
            what = f"that of the tenancy `{other.name}`" if other else "another one"
            message = f"the OCID of the tenancy `{named.name}` is not this; it is {what}"
            yield seen.at(define, message, f"write {named.ocid}, or another alias")
    for tenancy, _, policy in world.policies:
        meant = {
            each.alias.casefold(): each.ocid
            for _, each in policy.defines()
            if each.what == "tenancy"
        }
        for seen, access in policy.accesses():
            yield from _own_or_other(seen, access, meant, tenancy)


def _own_or_other(
    seen: Seen, access: Access, meant: dict[str, str], tenancy: Tenancy
) -> Iterator[Finding]:
    """The aliases of an endorse or admit that must, or must not, be the policy's own tenancy."""
    admits = access.kind.endswith("admit")
    if isinstance(access.of, OfTenancy) and meant.get(access.of.alias.casefold()) == tenancy.ocid:
        yield seen.at(
            access.of,
            f"`{access.of.alias}` is the tenancy of this policy; an admit lets in another one",
            "put the OCID of the other tenancy into the define, or write an allow",
        )
    location = access.location
    alias = _alias_of(location) if location is not None else None
    ocid = meant.get(alias.casefold()) if alias else None
    if location is None or ocid is None or (ocid == tenancy.ocid) == admits:
        return
    wrong = "not the tenancy of this policy" if admits else "the tenancy of this policy"
    does = "an admit gives access to its own" if admits else "an endorse reaches into another one"
    yield seen.at(location, f"`{alias}` is {wrong}; {does}", "correct the OCID in the define")


def _kind(seen: Seen, node: Node, ocid: str, wanted: tuple[str, ...]) -> Iterator[Finding]:
    parts = reference.ocid_parts(ocid)
    if parts is not None and wanted and parts.kind.lower() not in wanted:
        yield seen.at(
            node,
            f"this OCID is of the kind {parts.kind}; one of the kind {wanted[0]} must stand here",
            f"copy the OCID that begins with ocid1.{wanted[0]}.",
        )


def _locations(access: Access) -> Iterator[Location]:
    if access.location is not None:
        yield access.location
    if isinstance(access.grant, AssociateGrant):
        yield access.grant.location
        yield access.grant.with_location


def _alias_of(location: Location) -> str | None:
    match location:
        case InTenancy(alias=alias):
            return alias
        case InCompartment(of_tenancy=alias) | InCompartmentId(of_tenancy=alias):
            return alias
        case InAnyTenancy():
            return None


def _tenancy_aliases(access: Access) -> Iterator[tuple[str, Node]]:
    """The aliases of tenancies in a statement, each with the part that it stands in."""
    if isinstance(access.of, OfTenancy):
        yield access.of.alias, access.of
    for location in _locations(access):
        alias = _alias_of(location)
        if alias is not None:
            yield alias, location


def _every_name(access: Access) -> Iterator[str]:
    """Every word of a statement that could be an alias."""
    yield from (alias for alias, _ in _tenancy_aliases(access))
    yield from (each.name for each in access.subject.names if isinstance(each, Name))
    for location in _locations(access):
        if isinstance(location, InCompartment):
            yield from location.path
