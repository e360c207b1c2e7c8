"""The decision: statements found by what they grant and to whom, and folded into one answer.

In one tenancy: some allow, and no deny. Across two: an endorse at home and an admit where the
resource is, and no deny of either. Each permission on its own, from whatever statements (union).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ocipolicy.evaluate.compiled import Compiled, compiled, only_for
from ocipolicy.evaluate.conditions import Values, holds
from ocipolicy.evaluate.grants import covers
from ocipolicy.evaluate.logic import Truth, both, either, negated
from ocipolicy.evaluate.membership import Memberships, memberships
from ocipolicy.evaluate.request import Need, Request, Who
from ocipolicy.evaluate.subjects import speaks_of
from ocipolicy.evaluate.values import has_id, refuse_contradictions, value_of
from ocipolicy.language.tree import Kind
from ocipolicy.world import Principal, Resource, User, World

Verdict = Literal["allowed", "denied", "unknown"]
VERDICTS: Mapping[Truth, Verdict] = {True: "allowed", False: "denied", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Half:
    """Statements of one kind, in the policies of one tenancy, that let something through or not."""

    kind: Kind
    tenancy: str
    denies: bool = False


def halves(request: Request) -> tuple[Half, ...]:
    """Where to look: in one tenancy for an allow, in two for an endorse and an admit."""
    return _halves(request.who.tenancy.ocid, request.where.tenancy.ocid)


@cache
def _halves(home: str, there: str) -> tuple[Half, ...]:
    if home == there:
        return (Half("allow", home), Half("deny", home, denies=True))
    return (
        Half("endorse", home),
        Half("admit", there),
        Half("deny-endorse", home, denies=True),
        Half("deny-admit", there, denies=True),
    )


class Question:
    """One need of a request, with what is looked up for it once."""

    __slots__ = ("_above", "_names", "_values", "groups", "need", "request")

    def __init__(self, request: Request, need: Need, groups: Memberships) -> None:
        self.request = request
        self.need = need
        self.groups = groups
        self._above: Sequence[str] = ()
        self._names: Sequence[str | None] = ()
        self._values: dict[str, Values] = {}

    @property
    def above(self) -> Sequence[str]:
        """The OCIDs of the compartment that is asked about and of all above it, the root first."""
        if not self._above:
            where = self.request.where
            path, compartments = where.compartment.path, where.tenancy.compartments
            self._above = [compartments[path[:depth]].ocid for depth in range(len(path) + 1)]
        return self._above

    @property
    def names(self) -> Sequence[str | None]:
        """What a statement can single the principal out by, and None for one that does not."""
        if not self._names:
            names = _names(self.request.who, self.groups)
            self._names = [None, *(each.casefold() for each in names)]
        return self._names

    def value(self, name: str) -> Values:
        """The values of a condition variable."""
        found = self._values.get(name)
        if found is None:
            found = value_of(name, self.request, self.need, self.groups)
            self._values[name] = found
        return found


def _names(who: Who, groups: Memberships) -> Iterator[str]:
    yield who.principal.ocid
    if isinstance(who.principal, Resource):
        yield who.principal.type
        yield who.tenancy.compartments[who.principal.compartment].ocid
    yield from groups.by_ocid


class Statements:
    """The statements of a world, indexed: what a question costs does not grow with their number.

    A statement is found by its kind and tenancy, what it grants, to whom, and where.
    """

    __slots__ = ("_by_kind", "_candidates", "_memberships", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self._by_kind: dict[tuple[Kind, str], list[Compiled]] = {}
        self._candidates: dict[tuple[Half, Need], _Candidates] = {}
        self._memberships: dict[tuple[str, Principal], Memberships] = {}
        for each in compiled(world):
            key = (each.statement.kind, each.tenancy.ocid)
            self._by_kind.setdefault(key, []).append(each)

    def of(self, half: Half) -> Sequence[Compiled]:
        """Every statement of a kind in the policies of a tenancy."""
        return self._by_kind.get((half.kind, half.tenancy), [])

    def question(self, request: Request, need: Need) -> Question:
        """One need of a request, made ready."""
        return Question(request, need, self.memberships(request.who))

    def memberships(self, who: Who) -> Memberships:
        """The groups and dynamic groups of a principal, looked up once."""
        key = (who.tenancy.ocid, who.principal)
        found = self._memberships.get(key)
        if found is None:
            found = self._memberships[key] = memberships(who)
        return found

    def candidates(self, half: Half, question: Question) -> Iterator[Compiled]:
        """The statements of one half that could apply; those that are left out cannot."""
        key = (half, question.need)
        found = self._candidates.get(key)
        if found is None:
            found = self._candidates[key] = _Candidates(self.of(half), question.need)
        return found.of(question)


class _Candidates:
    """The statements that grant a need, by whom they are for and by where they reach."""

    __slots__ = ("_all", "_found")

    def __init__(self, statements: Iterable[Compiled], need: Need) -> None:
        self._all: list[Compiled] = []
        self._found: dict[tuple[str | None, str | None], list[Compiled]] = {}
        for each in statements:
            if covers(each.statement.grant, need, each.denies) is False or each.scope.problem:
                continue
            self._all.append(each)
            named = only_for(each)
            for ocid in (None,) if named is None else named:
                self._found.setdefault((ocid, each.scope.compartment), []).append(each)

    def of(self, question: Question) -> Iterator[Compiled]:
        if not self._all:
            return
        if not has_id(question.request.who):
            yield from self._all
            return
        places = (None, *question.above)
        for name in question.names:
            for compartment in places:
                yield from self._found.get((name, compartment), ())


def may(request: Request, statements: Statements) -> Truth:
    """Whether a request is allowed; None where that is not known."""
    if request.given:
        refuse_contradictions(request, statements.memberships(request.who))
    return may_with(request, statements, ())


def may_with(request: Request, statements: Statements, added: Sequence[Compiled]) -> Truth:
    """Whether a request would be allowed if these statements were there as well."""
    return both(may_need(request, statements, need, added) for need in request.needs)


def may_need(
    request: Request, statements: Statements, need: Need, added: Sequence[Compiled] = ()
) -> Truth:
    """Whether one need of a request is let through."""
    question = statements.question(request, need)
    return both(passes(half, question, statements, added) for half in halves(request))


def passes(
    half: Half, question: Question, statements: Statements, added: Sequence[Compiled] = ()
) -> Truth:
    """Whether one half lets a need through: a statement applies, or, of denies, none does."""
    more = [each for each in added if _is_of(each, half)]
    found = (*statements.candidates(half, question), *more)
    truth = either(applies(each, question) for each in found)
    return negated(truth) if half.denies else truth


def _is_of(statement: Compiled, half: Half) -> bool:
    return (statement.statement.kind, statement.tenancy.ocid) == (half.kind, half.tenancy)


def applies(statement: Compiled, question: Question) -> Truth:
    """Whether a statement applies to a question; the cheaper parts are looked at first."""
    if not statement.is_attached_right:
        return False
    where = statement.scope.reaches(question.above)
    if where is False:
        return False
    what = covers(statement.statement.grant, question.need, statement.denies)
    if what is False:
        return False
    who = speaks_of(statement, question.request.who, question.groups)
    if who is False or (statement.denies and is_exempt(question.request.who, statement)):
        return False
    condition = statement.statement.condition
    when = True if condition is None else holds(condition, question.value)
    if when is False:
        return False
    return True if where and what and who and when else None


def is_exempt(who: Who, deny: Compiled) -> bool:
    """Members of Administrators in the Default domain are exempt from the denies of their tenancy.

    Source: denypolicies.
    """
    if who.tenancy.ocid != deny.tenancy.ocid or not isinstance(who.principal, User):
        return False
    return who.tenancy.is_administrator(who.principal)
