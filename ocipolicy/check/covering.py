"""The rule of covered statements: what gives nothing that another statement does not give.

Every statement is put on a shelf by what it gives, to whom, where and when, so that one which could
cover another is found at once; whether it does is then judged by the evaluator's own functions.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Ready, SeenWorld
from ocipolicy.check.together import texts, together
from ocipolicy.evaluate import Need, PermissionNeed, VerbNeed
from ocipolicy.evaluate.grants import covers
from ocipolicy.language import show, show_condition
from ocipolicy.language.tree import Access, Clause, Grant, PermissionGrant, VerbGrant

# So many statements of one place are looked at, which bounds the time; more are hardly ever there.
_MOST = 50


def covered_statement(world: SeenWorld) -> Iterator[Finding]:
    """A statement that gives nothing which another one does not give already.

    Said by what the statements mean, not by their text: the other one is for the same principals or
    for all, in the same compartment or one above, for the same type or a family with it, with the
    same verb or a higher one, and on no condition that this one does not have. What is not certain
    is not reported. It is a note, since it may well be meant so.

    Wrong, with both in one tenancy:
        allow group analysts to manage generative-ai-family in tenancy
        allow group analysts to read generative-ai-model in compartment ai
    Right:
        allow group analysts to manage generative-ai-family in compartment ai
        allow group analysts to read generative-ai-model in tenancy

    Fix: take it away, or narrow the other one.
    """
    shelf = _Shelf()
    for number, ready in enumerate(world.statements):
        shelf.put(number, ready)
    for number, ready in enumerate(world.statements):
        other = shelf.covering(number, ready)
        if other is not None:
            policy = other.compiled.policy.name
            yield ready.seen.at(
                ready.access,
                f"the policy `{policy}` gives this already: {show(other.access)}",
                "take this away, or narrow the other one",
            )


class _Kind(NamedTuple):
    """What two statements have in common if one covers the other, beside what they give."""

    kind: str
    of: str
    tenancy: str
    source: frozenset[str]


# A kind, a compartment, a type or permission, a principal, and a condition in words.
_Place = tuple[_Kind, str | None, str, str, str]


class _Shelf:
    """The statements of a world by what they give, so that a covering one is found at once."""

    def __init__(self) -> None:
        self._found: dict[_Place, list[tuple[int, Ready]]] = {}

    def put(self, number: int, ready: Ready) -> None:
        """Keep a statement at every place where it would be looked for."""
        if not _is_certain(ready):
            return
        kind, compartment = _kind_of(ready), ready.compiled.scope.compartment
        words = product(_whats(ready.access.grant), _whoms(ready), _kept_under(ready.access))
        for what, whom, when in words:
            place = (kind, compartment, what, whom, when)
            self._found.setdefault(place, []).append((number, ready))

    def covering(self, number: int, ready: Ready) -> Ready | None:
        """A statement that gives everything which this one gives; of two equal ones the first."""
        if not _is_certain(ready):
            return None
        kind, own = _kind_of(ready), ready.compiled.scope.compartment
        whats = (*_whats(ready.access.grant)[:1], *_wider(ready.access.grant))
        whoms = {*_whoms(ready), "any-user"}
        words = product(self._above(ready), whats, whoms, _looked_under(ready.access))
        for compartment, what, whom, when in words:
            for other, candidate in self._found.get((kind, compartment, what, whom, when), ())[
                :_MOST
            ]:
                if other == number or not _covers(candidate, ready):
                    continue
                # Of two that cover each other the second is the one too many.
                if other < number or compartment != own or not _covers(ready, candidate):
                    return candidate
        return None

    def _above(self, ready: Ready) -> list[str | None]:
        """The compartment of a statement and those above it."""
        ocid, tenancy = ready.compiled.scope.compartment, ready.tenancy
        there = tenancy.compartment(ocid) if ocid is not None else None
        if there is None:
            return [ocid]
        path = there.path
        return [tenancy.compartments[path[:depth]].ocid for depth in range(len(path) + 1)]


def _kind_of(ready: Ready) -> _Kind:
    source = ready.compiled.source
    return _Kind(
        ready.access.kind,
        type(ready.access.of).__name__,
        ready.tenancy.ocid,
        source.ocids if source else frozenset(),
    )


def _is_certain(ready: Ready) -> bool:
    """Whether there is no doubt about what a statement gives; a deny gives nothing."""
    compiled = ready.compiled
    scope = compiled.scope
    named = ready.access.subject.type in ("group", "dynamic-group")
    return (
        not compiled.denies
        and scope.problem is None
        and scope.doubt is None
        and compiled.is_attached_right
        and ready.access.location is not None
        and (not named or (bool(compiled.groups) and all(compiled.groups.values())))
        and (compiled.source is None or compiled.source.certain)
        and ready.access.subject.type not in ("any-group", "resource", "service")
    )


def _whats(grant: Grant) -> tuple[str, ...]:
    match grant:
        case VerbGrant(resource=resource):
            return (resource,)
        case PermissionGrant(permissions=permissions):
            return permissions
    return ()


def _wider(grant: Grant) -> tuple[str, ...]:
    """The types and families that include what a grant names."""
    types = _whats(grant)
    if isinstance(grant, PermissionGrant):
        known = reference.permission(grant.permissions[0])
        types = tuple(type_ for type_, _ in known.granted_by) if known else ()
    families = [family for each in types for family in _families(each)]
    return tuple(dict.fromkeys((*types, *families, reference.ALL_RESOURCES)))


@cache
def _families(type_: str) -> tuple[str, ...]:
    every = reference.resource_types().values()
    return tuple(family.name for family in every if type_ in family.members)


def _whoms(ready: Ready) -> tuple[str, ...]:
    if ready.access.subject.type == "any-user":
        return ("any-user",)
    return tuple(each.casefold() for each in ready.compiled.groups)


def _kept_under(access: Access) -> tuple[str, ...]:
    """The words for a condition: each value of a single comparison, else the whole text."""
    match access.condition:
        case None:
            return ("",)
        case Clause(operator="=" | "in") as clause if texts(clause):
            return _values(clause)
    return (show_condition(access.condition).casefold(),)


def _looked_under(access: Access) -> tuple[str, ...]:
    """The words of the conditions that must hold when this one does."""
    if access.condition is None:
        return ("",)
    must = [clause for group in together(access.condition) if group.always for clause in group.own]
    values = [word for each in must if each.operator in ("=", "in") for word in _values(each)]
    return ("", show_condition(access.condition).casefold(), *values)


def _values(clause: Clause) -> tuple[str, ...]:
    return tuple(f"{clause.variable.casefold()} {each}" for each in sorted(texts(clause) or ()))


def _covers(wide: Ready, narrow: Ready) -> bool:
    """Whether a statement gives all that another one gives; the evaluator judges the grants."""
    needs: tuple[Need, ...]
    match narrow.access.grant:
        case PermissionGrant(permissions=permissions):
            needs = tuple(map(PermissionNeed, permissions))
        case VerbGrant(verb=verb, resource=resource):
            needs = (VerbNeed(verb, resource),)
        case _:
            return False
    if any(covers(wide.access.grant, need, denies=False) is not True for need in needs):
        return False
    if wide.access.subject.type != "any-user":
        if narrow.access.subject.type != wide.access.subject.type:
            return False
        if not set(narrow.compiled.groups) <= set(wide.compiled.groups):
            return False
    return _implies(narrow.access, wide.access)


def _implies(narrow: Access, wide: Access) -> bool:
    """Whether the condition of one statement holds whenever that of the other does."""
    if wide.condition is None or wide.condition == narrow.condition:
        return True
    if narrow.condition is None:
        return False
    must = [each for group in together(narrow.condition) if group.always for each in group.own]
    groups = [*together(wide.condition)]
    if len(groups) > 1:
        return False
    for clause in groups[0].own:
        listed = texts(clause)
        met = any(
            clause == each
            or (
                listed is not None
                and clause.operator in ("=", "in")
                and each.operator in ("=", "in")
                and each.variable.casefold() == clause.variable.casefold()
                and (texts(each) or frozenset("\0")) <= listed
            )
            for each in must
        )
        if not met:
            return False
    return True
