"""The questions whose answers changed statements can change, and no others.

Who: those that a statement can speak of. What: what it grants or denies. Where: the places that it
reaches; compartments in which every statement of the world says the same are asked about once.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from ocipolicy import reference
from ocipolicy.evaluate import (
    Compiled,
    Need,
    PermissionNeed,
    Request,
    Statements,
    VerbNeed,
    Who,
    needs_of,
)
from ocipolicy.evaluate.grants import covers
from ocipolicy.language.tree import AssociateGrant, Grant, PermissionGrant, VerbGrant
from ocipolicy.plan.alike import Alike, Area, above_and_here
from ocipolicy.plan.audience import Audience, audience


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about: an operation, a permission, or a verb on a type."""

    what: str
    needs: tuple[Need, ...]
    operation: reference.Operation | None = None

    @property
    def is_permission(self) -> bool:
        """Whether it is a permission by itself."""
        return self.operation is None and isinstance(self.needs[0], PermissionNeed)


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything to ask about principals that nothing tells apart; `words` is what they are called.

    One of them, or a stand-in, is `who`.
    """

    words: tuple[str, ...]
    who: Who
    things: tuple[Asked, ...]
    areas: tuple[Area, ...]

    def questions(self) -> Iterator[tuple[Asked, Area, Request]]:
        """Each thing in each place."""
        for area in self.areas:
            for thing in self.things:
                request = Request(self.who, area.place, thing.needs, thing.operation)
                yield thing, area, request


def askings(
    changed: Sequence[Compiled], statements: Statements, instances: Collection[str]
) -> Iterator[Asking]:
    """What to ask where some statements have changed, in a world with or without them.

    `instances` (OCIDs) are told apart where a statement speaks of everyone.
    """
    everybody: dict[str, Audience] = {}
    about: dict[str, list[Compiled]] = {}
    for statement in changed:
        if asked(statement.statement.grant, denies=statement.denies):
            for each in audience(statement, statements, instances):
                everybody.setdefault(each.words, each)
                about.setdefault(each.words, []).append(statement)
    alike = Alike(statements, changed)
    together: dict[Hashable, list[Audience]] = {}
    for each in everybody.values():
        key = (alike.key(each.who), tuple(map(id, about[each.words])))
        together.setdefault(key, []).append(each)
    for first, *others in together.values():
        words = (first.words, *(each.words for each in others))
        yield _asking(words, first.who, about[first.words], alike)


def _asking(
    words: tuple[str, ...], who: Who, statements: Sequence[Compiled], alike: Alike
) -> Asking:
    areas = alike.areas(who)
    things: dict[Asked, None] = {}
    places: dict[Area, None] = {}
    for statement in statements:
        things.update(dict.fromkeys(asked(statement.statement.grant, denies=statement.denies)))
        places.update(dict.fromkeys(_reached(statement, who, areas)))
    return Asking(words, who, tuple(things), tuple(places))


def _reached(statement: Compiled, who: Who, areas: Mapping[str, Sequence[Area]]) -> Iterator[Area]:
    """The areas in which a statement can decide about a principal."""
    endorses = statement.statement.kind in ("endorse", "deny-endorse")
    there = who.tenancy.ocid if endorses else statement.tenancy.ocid
    for ocid, several in areas.items():
        for area in several if (ocid == there) is not endorses else ():
            above = [each.ocid for each in above_and_here(area.tenancy, area.paths[0])]
            if statement.scope.reaches(above) is not False:
                yield area


@cache
def asked(grant: Grant, *, denies: bool) -> tuple[Asked, ...]:
    """Everything that a grant can let through, or as a deny take away, for certain or perhaps."""
    match grant:
        case AssociateGrant():
            return ()
        case PermissionGrant(permissions=names):
            verbs: tuple[Asked, ...] = ()
        case VerbGrant(verb=verb, resource=resource):
            verbs = tuple(_verbs(verb, resource))
            if reference.resource_type(resource) is None:
                return verbs
            names = tuple(reference.permissions())
    # An unknown permission could be behind any operation that is not documented; it says itself.
    least = (True,) if isinstance(grant, PermissionGrant) else (True, None)
    permissions = (Asked(each, (PermissionNeed(each),)) for each in names)
    operations = (
        Asked(f"{each.service}:{each.name}", needs_of(each), each)
        for each in chain.from_iterable(reference.operations().values())
    )
    found = [
        each
        for each in chain(operations, permissions)
        if any(covers(grant, need, denies) in least for need in each.needs)
    ]
    return (*found, *verbs)


def _verbs(verb: str, resource: str) -> Iterator[Asked]:
    """The verb on each type of which the dictionary knows neither permissions nor operations."""
    known = reference.resource_type(resource)
    everything = resource == reference.ALL_RESOURCES
    members = known.members if known is not None and not everything else ()
    for name in members or (resource,):
        type_ = reference.resource_type(name)
        is_known = type_ is not None and (type_.documented or name in _types_with_operations())
        if verb in reference.VERBS and (everything or not is_known):
            yield Asked(f"{verb} {name}", (VerbNeed(verb, name),))


@cache
def _types_with_operations() -> frozenset[str | None]:
    every = chain.from_iterable(reference.operations().values())
    return frozenset(each.resource_type for each in every)
