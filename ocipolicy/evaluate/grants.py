"""What a statement grants: whether its verb and type, or its permissions, cover a need.

Verbs are cumulative: an allow of `use` gives what `inspect` and `read` give as well. A deny takes
away what its own verb adds and everything above it (Oracle's page on deny: metaverb inversion).
"""

from collections.abc import Iterator
from functools import cache
from typing import assert_never

from ocipolicy import reference
from ocipolicy.evaluate.logic import Truth, both, either
from ocipolicy.evaluate.request import Need, PermissionNeed, VerbNeed
from ocipolicy.language.tree import AssociateGrant, Grant, PermissionGrant, VerbGrant

_RANK = {verb: rank for rank, verb in enumerate(reference.VERBS)}


def covers(grant: Grant, need: Need, denies: bool) -> Truth:
    """Whether a grant covers a need, or as a deny takes it away."""
    match grant:
        case VerbGrant(verb=verb, resource=resource):
            return verb_covers(verb, resource, need, denies)
        case PermissionGrant(permissions=permissions):
            return _permissions_cover(permissions, need)
        case AssociateGrant(resource=one, with_resource=other):
            # What `associate` lets through is not modelled; it concerns its two types alone.
            found = either(type_covers(each, need, denies) for each in (one, other))
            return False if found is False else None
    assert_never(grant)


def _permissions_cover(permissions: tuple[str, ...], need: Need) -> Truth:
    if isinstance(need, PermissionNeed):
        return need.permission in permissions
    # A permission that the reference does not know could be the one that is not documented.
    return False if all(reference.permission(each) for each in permissions) else None


@cache
def verb_covers(verb: str, resource: str, need: Need, denies: bool) -> Truth:
    """Whether a verb on a type, taken together, covers a need."""
    if verb not in _RANK:
        return False
    if isinstance(need, VerbNeed):
        return both((_includes(resource, need.resource, denies), _enough(verb, need.verb, denies)))
    known = reference.permission(need.permission)
    if known is None:
        return _covers_anything(verb, resource, denies)
    return either(
        both((_includes(resource, type_, denies), _reaches(verb, adds, denies)))
        for type_, adds in known.granted_by
    )


@cache
def type_covers(resource: str, need: Need, denies: bool) -> Truth:
    """Whether a type is, or includes, one that the need is about; the verb is left aside."""
    if isinstance(need, VerbNeed):
        return _includes(resource, need.resource, denies)
    types = [type_ for type_, _ in _granted_by(need)]
    if not types:
        return True if resource == reference.ALL_RESOURCES else None
    return either(_includes(resource, type_, denies) for type_ in types)


@cache
def verb_is_enough(verb: str, resource: str, need: Need, denies: bool) -> Truth:
    """Whether a verb gives a need, or as a deny takes it away, on a type that includes it.

    Where the type includes nothing of the kind, whether the verb would do on the right type.
    """
    if verb not in _RANK:
        return False
    if isinstance(need, VerbNeed):
        return _enough(verb, need.verb, denies)
    granted_by = [*_granted_by(need)]
    if not granted_by:
        return _covers_anything(verb, reference.ALL_RESOURCES, denies)
    here = [adds for type_, adds in granted_by if _includes(resource, type_, denies) is not False]
    return either(_reaches(verb, adds, denies) for adds in here or [a for _, a in granted_by])


def _granted_by(need: PermissionNeed) -> Iterator[tuple[str, str]]:
    known = reference.permission(need.permission)
    yield from known.granted_by if known else ()


def _covers_anything(verb: str, resource: str, denies: bool) -> Truth:
    """Whether a verb on a type covers a permission that the reference does not know."""
    everything = "inspect" if denies else "manage"
    return True if (verb, resource) == (everything, reference.ALL_RESOURCES) else None


def _reaches(verb: str, adds: str, denies: bool) -> bool:
    """Whether a verb covers what another one adds: the lower ones, and for a deny the higher."""
    return _RANK[adds] >= _RANK[verb] if denies else _RANK[adds] <= _RANK[verb]


def _enough(verb: str, documented: str, denies: bool) -> Truth:
    """Whether a verb covers an operation for which the documentation grants another one.

    What the operation takes is at the documented verb or at one below it.
    """
    if not denies:
        return True if _RANK[verb] >= _RANK[documented] else None
    if verb == reference.VERBS[0]:
        return True
    return None if _RANK[verb] <= _RANK[documented] else False


def _includes(resource: str, type_: str, denies: bool) -> Truth:
    """Whether a type is another one, or a family with it.

    A family that the reference does not know is unknown. So is in a deny every word that it does
    not know, or knows to be wrong, and a type of its service that the list of a family leaves out.
    """
    if resource in (type_, reference.ALL_RESOURCES):
        return True
    found, wanted = reference.resource_type(resource), reference.resource_type(type_)
    if found is None:
        return None if denies or resource.endswith("-family") else False
    if type_ in found.members:
        return True
    if wanted is not None and resource in wanted.members:
        # An operation that is documented for a whole family belongs to one of its types.
        return None
    if not denies:
        return False
    same = wanted is not None and found.service == wanted.service
    return None if found.obsolete_for is not None or (found.family and same) else False
