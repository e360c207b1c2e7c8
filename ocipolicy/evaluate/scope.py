"""Where a statement reaches: its location, as OCI resolves it to an OCID when a policy is saved."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from ocipolicy.evaluate.aliases import Aliases
from ocipolicy.evaluate.logic import Truth
from ocipolicy.language.tree import (
    Access,
    AssociateGrant,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
)
from ocipolicy.world import Compartment, CompartmentPath, Tenancy


@dataclass(frozen=True, slots=True)
class Scope:
    """A compartment (its OCID) with everything below it; None is any tenancy but the policy's own.

    `problem` says why a statement reaches nowhere, `doubt` why that is not certain.
    """

    compartment: str | None = None
    problem: str | None = None
    doubt: str | None = None

    def reaches(self, above: Iterable[str]) -> Truth:
        """Whether it reaches a place, given the OCIDs of its compartment and of all above it."""
        if self.problem is not None or (
            self.compartment is not None and self.compartment not in above
        ):
            return False
        return None if self.doubt is not None else True


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A compartment that a name may mean, and what keeps that from being certain."""

    compartment: Compartment
    doubt: str | None = None


def scope_of(
    statement: Access,
    tenancy: Tenancy,
    attached: CompartmentPath,
    aliases: Aliases,
    tenancies: Mapping[str, Tenancy],
) -> Scope:
    """Where a statement of a policy reaches that is attached to a compartment of a tenancy.

    `tenancies` has every tenancy of the world by its OCID.
    """
    location = statement.location
    endorses = statement.kind in ("endorse", "deny-endorse")
    if location is None:
        anywhere = None if endorses else tenancy.ocid
        if isinstance(statement.grant, AssociateGrant):
            return Scope(anywhere, doubt="an associate joins two resources; it is not modelled")
        return Scope(
            anywhere, doubt="what a statement without a location reaches is not documented"
        )
    if isinstance(location, InAnyTenancy):
        return Scope() if endorses else Scope(problem="any-tenancy is for an endorse")
    alias = location.alias if isinstance(location, InTenancy) else location.of_tenancy
    if alias is not None:
        return _of_alias(location, alias, tenancy, endorses, attached, aliases, tenancies)
    match location:
        case InTenancy():
            if endorses:
                return Scope(problem="it reaches no tenancy but the policy's own")
            if attached:
                return Scope(problem="`tenancy` lies above the compartment it is attached to")
            return Scope(tenancy.ocid)
        case InCompartment() | InCompartmentId():
            if endorses:
                return Scope(doubt="it does not say in which tenancy the compartment is")
            return _compartment(location, tenancy, attached, aliases)
    assert_never(location)


def _of_alias(
    location: InTenancy | InCompartment | InCompartmentId,
    name: str,
    tenancy: Tenancy,
    endorses: bool,
    attached: CompartmentPath,
    aliases: Aliases,
    tenancies: Mapping[str, Tenancy],
) -> Scope:
    """A location in a tenancy by alias: another one for an endorse, its own for an admit."""
    alias = aliases.of("tenancy", name)
    if alias is None:
        return Scope(problem=f"no define statement of its policy says what `{name}` is")
    if not endorses and tenancy.ocid not in alias.ocids:
        return Scope(problem=f"`{name}` is not the tenancy of the policy")
    doubt = f"whether `{name}` is what a define statement of its policy says is not documented"
    if len(alias.ocids) > 1:
        return Scope(None if endorses else tenancy.ocid, doubt=doubt)
    (ocid,) = alias.ocids
    found = Scope(ocid)
    if not isinstance(location, InTenancy) and ocid in tenancies:
        found = _compartment(location, tenancies[ocid], () if endorses else attached, aliases)
    elif attached and not endorses:
        found = Scope(problem="`tenancy` lies above the compartment it is attached to")
    return found if alias.certain else Scope(found.compartment, found.problem, found.doubt or doubt)


def _compartment(
    location: InCompartment | InCompartmentId,
    tenancy: Tenancy,
    attached: CompartmentPath,
    aliases: Aliases,
) -> Scope:
    """A compartment below the one that the policy is attached to, or that one itself.

    Source: policy attachment; otherwise "does not exist or is not part of the policy compartment
    subtree", or "... does not exist under current compartment hierarchy".
    """
    if isinstance(location, InCompartmentId):
        shown, everywhere = location.ocid, [*_by_ocid(tenancy, location.ocid, None)]
    else:
        shown = ":".join(location.path)
        everywhere = [*_by_name(location.path, tenancy, attached, aliases)]
    if not everywhere:
        return Scope(problem=f"there is no compartment {shown} below the one it is attached to")
    top = tenancy.compartments[attached]
    inside = [each for each in everywhere if top.holds(each.compartment)]
    if not inside:
        return Scope(problem=f"{shown} is not below the compartment that it is attached to")
    if len({each.compartment.ocid for each in everywhere}) > 1:
        return Scope(top.ocid, doubt=f"`{shown}` can be several compartments")
    # The same compartment by two names is certain if it is so by one of them.
    doubt = None if any(each.doubt is None for each in inside) else inside[0].doubt
    return Scope(inside[0].compartment.ocid, doubt=doubt)


def _by_ocid(tenancy: Tenancy, ocid: str, doubt: str | None) -> Iterator[_Candidate]:
    found = tenancy.compartment(ocid)
    if found is not None:
        yield _Candidate(found, doubt)


def _by_name(
    path: CompartmentPath, tenancy: Tenancy, attached: CompartmentPath, aliases: Aliases
) -> Iterator[_Candidate]:
    """A path from the compartment of the policy; that one by its own name; an alias."""
    yield from _below(tenancy, tenancy.compartments[attached], path)
    if len(path) > 1:
        return
    (name,) = path
    if attached and attached[-1].casefold() == name.casefold():
        doubt = None if attached[-1] == name else _case(name)
        yield _Candidate(tenancy.compartments[attached], doubt)
    alias = aliases.of("compartment", name)
    if alias is not None:
        doubt = None if alias.certain else f"whether `{name}` is a defined alias is not documented"
        for ocid in alias.ocids:
            yield from _by_ocid(tenancy, ocid, doubt)


def _below(tenancy: Tenancy, top: Compartment, path: CompartmentPath) -> Iterator[_Candidate]:
    """The compartment at a path of names or OCIDs; one whose name differs in case is a doubt."""
    if not path:
        yield _Candidate(top)
        return
    name, *rest = path
    exact = tenancy.compartments.get((*top.path, name)) or tenancy.compartment(name)
    if exact is not None and exact.parent == top.ocid:
        yield from _below(tenancy, exact, tuple(rest))
        return
    for each in tenancy.compartments.values():
        if each.parent == top.ocid and each.name.casefold() == name.casefold():
            for found in _below(tenancy, each, tuple(rest)):
                yield _Candidate(found.compartment, _case(name))


def _case(name: str) -> str:
    return f"whether `{name}` may differ in case is not documented"
