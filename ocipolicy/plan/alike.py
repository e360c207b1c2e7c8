"""Principals and compartments that no statement tells apart: one question answers for all of them.

A statement tells principals apart by their groups, their type and where they are, and by the words
of its condition; compartments by where it reaches, and by words and tags again. Where a condition
has a pattern, or compares two variables, everybody stands alone.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ocipolicy.evaluate import Compiled, Half, Place, Statements, Who
from ocipolicy.evaluate.compiled import only_for
from ocipolicy.evaluate.subjects import speaks_of
from ocipolicy.evaluate.values import has_id
from ocipolicy.language.tree import All, Any, Clause, Condition, Kind, String, Variable
from ocipolicy.world import Compartment, CompartmentPath, Resource, Tenancy, User

_KINDS: tuple[Kind, ...] = ("allow", "deny", "endorse", "admit", "deny-endorse", "deny-admit")
_PRINCIPALS = ("request.principal.", "request.user.", "request.instance.", "request.resource.")
_COMPARTMENTS = ("target.compartment.id", "target.compartment.name")
_TAGS = "target.resource.compartment.tag."


class _Words:
    """The words that conditions compare some variables with.

    `used` says whether any of the variables is looked at, `open` whether not by words alone.
    """

    def __init__(self, *variables: str) -> None:
        self._variables = variables
        self._known: set[str] = set()
        self.used = self.open = False

    def read(self, condition: Condition | None) -> None:
        """Take in the words of a condition."""
        match condition:
            case All(conditions=several) | Any(conditions=several):
                for each in several:
                    self.read(each)
            case Clause(variable=variable, values=values):
                others = [each.name for each in values if isinstance(each, Variable)]
                if any(each.casefold().startswith(self._variables) for each in (variable, *others)):
                    texts = [each.text.casefold() for each in values if isinstance(each, String)]
                    self._known.update(texts)
                    self.used = True
                    exact = len(texts) == len(values) and not any("*" in each for each in texts)
                    self.open = self.open or not exact

    def of(self, *names: str) -> Hashable:
        """What the names of one thing are told apart by."""
        folded = frozenset(map(str.casefold, names))
        return folded if self.open else folded & self._known


@dataclass(frozen=True, slots=True)
class Area:
    """Compartments of a tenancy in which every statement says the same; one is asked about."""

    tenancy: Tenancy
    paths: tuple[CompartmentPath, ...]

    @property
    def place(self) -> Place:
        """The compartment to ask about."""
        return Place(self.tenancy, self.tenancy.compartments[self.paths[0]])


class Alike:
    """What the statements of a world, and some more, tell apart."""

    def __init__(self, statements: Statements, more: Iterable[Compiled]) -> None:
        self._statements = statements
        tenancies = statements.world.tenancies.values()
        halves = [
            Half(kind, each.ocid, kind.startswith("deny")) for each in tenancies for kind in _KINDS
        ]
        every = [*(each for half in halves for each in statements.of(half)), *more]
        self._every = [(each, only_for(each)) for each in every]
        self._words = _Words(*_PRINCIPALS)
        for each in every:
            self._words.read(each.statement.condition)

    def key(self, who: Who) -> Hashable:
        """Two principals with the same key get the same answers to everything."""
        principal = who.principal
        groups = frozenset(self._statements.memberships(who).by_ocid.items())
        told = self._words.of(principal.ocid, principal.name)
        if isinstance(principal, User):
            return who.tenancy.ocid, groups, told, principal.domain
        kind = (principal.type, principal.name if who.kind == "service" else None)
        return who.tenancy.ocid, groups, told, kind, principal.compartment

    def areas(self, who: Who) -> Mapping[str, Sequence[Area]]:
        """The compartments of each tenancy (its OCID), as far as they differ for somebody."""
        groups = self._statements.memberships(who)
        scopes: set[str | None] = set()
        words, tags = _Words(*_COMPARTMENTS), _Words(_TAGS)
        names = {*_names(who), *map(str.casefold, groups.by_ocid)}
        for each, limit in self._every:
            near = limit is None or not has_id(who) or not limit.isdisjoint(names)
            if near and speaks_of(each, who, groups) is not False:
                scopes.add(each.scope.compartment)
                words.read(each.statement.condition)
                tags.read(each.statement.condition)
        found: dict[str, Sequence[Area]] = {}
        for tenancy in self._statements.world.tenancies.values():
            together: dict[Hashable, list[CompartmentPath]] = {}
            for path, here in tenancy.compartments.items():
                above = above_and_here(tenancy, path)
                tagged = tags.used and any(each.tags for each in above)
                told = (
                    tuple(each.ocid for each in above if each.ocid in scopes),
                    words.of(here.ocid, here.name),
                    here.ocid if tagged else None,
                )
                together.setdefault(told, []).append(path)
            found[tenancy.ocid] = [Area(tenancy, tuple(each)) for each in together.values()]
        return found


def _names(who: Who) -> Iterator[str]:
    """The words that single somebody out beside groups."""
    yield who.principal.ocid.casefold()
    if isinstance(who.principal, Resource):
        yield who.principal.type.casefold()
        yield who.tenancy.compartments[who.principal.compartment].ocid.casefold()


def above_and_here(tenancy: Tenancy, path: CompartmentPath) -> Sequence[Compartment]:
    """A compartment behind all those that it lies in, the root first."""
    return [tenancy.compartments[path[:depth]] for depth in range(len(path) + 1)]
