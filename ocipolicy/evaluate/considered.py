"""A statement weighed part by part against a request: ticks, crosses and question marks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from ocipolicy.evaluate.compiled import Compiled
from ocipolicy.evaluate.conditions import atoms, holds, undecided
from ocipolicy.evaluate.decide import (
    Question,
    Statements,
    halves,
    is_exempt,
    may_need,
)
from ocipolicy.evaluate.grants import covers, type_covers, verb_is_enough
from ocipolicy.evaluate.logic import Truth, both
from ocipolicy.evaluate.request import Need, PermissionNeed, Request
from ocipolicy.evaluate.subjects import speaks_of
from ocipolicy.language.printer import (
    show_condition,
    show_grant,
    show_location,
    show_subject,
)
from ocipolicy.language.tree import (
    AssociateGrant,
    Condition,
    OfAnyTenancy,
    OfTenancy,
    PermissionGrant,
    VerbGrant,
)

_ASIDE = ("subject", "resource", "permissions", "associate")


@dataclass(frozen=True, slots=True)
class Weighed:
    """One part of a statement against a request: `ok` is None where it is not known.

    `part` is subject, verb, resource, permissions, associate, location, attachment, exemption,
    condition, or clause. Of a condition with several comparisons the part `condition` is the whole,
    and each `clause` behind it one of them.
    """

    part: str
    ok: Truth
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Considered:
    """A statement with all its parts, for one need of a request."""

    statement: Compiled
    need: Need
    parts: tuple[Weighed, ...]

    @property
    def truth(self) -> Truth:
        """Whether the statement applies."""
        return both(each.ok for each in self.parts if each.part != "clause")

    @property
    def misses(self) -> int:
        """How many of its parts do not fit; the statement with the fewest is the nearest miss."""
        return sum(each.ok is False for each in self.parts if each.part != "clause")


def considered(request: Request, statements: Statements) -> Iterator[Considered]:
    """Each statement of the kinds that could decide, the nearest first.

    Each is weighed for the need that it fits best, of those not granted where there are any.
    """
    lacking = [each for each in request.needs if may_need(request, statements, each) is not True]
    questions = [statements.question(request, need) for need in lacking or request.needs]
    found = [
        min((consider(each, question) for question in questions), key=_nearness)
        for half in halves(request)
        for each in statements.of(half)
    ]
    yield from sorted(found, key=_nearness)


def _nearness(each: Considered) -> tuple[bool, int, int, int, int]:
    # A deny that does not apply is no near miss of anything that was wanted.
    idle = each.statement.denies and each.truth is False
    # Of two that miss as much, the one about the right thing for the right principal is nearer.
    aside = sum(part.ok is False and part.part in _ASIDE for part in each.parts)
    unknown = sum(part.ok is None for part in each.parts)
    return idle, each.misses, aside, unknown, sum(part.ok is False for part in each.parts)


def consider(statement: Compiled, question: Question) -> Considered:
    """What each part of a statement expects, and what the request has."""
    return Considered(statement, question.need, tuple(_weighed(statement, question)))


def _weighed(statement: Compiled, question: Question) -> Iterator[Weighed]:
    tree, request = statement.statement, question.request
    spoken_of = speaks_of(statement, request.who, question.groups)
    yield Weighed("subject", spoken_of, _subject(statement), request.who.label)
    yield from _grant(statement, question.need)
    yield Weighed(
        "location",
        statement.scope.reaches(question.above),
        "no location" if tree.location is None else show_location(tree.location),
        statement.scope.problem or request.where.label,
    )
    if not statement.is_attached_right:
        yield Weighed(
            "attachment", False, "the root compartment", ":".join(statement.policy.compartment)
        )
    if statement.denies and is_exempt(request.who, statement):
        yield Weighed("exemption", False, "anybody but Administrators", "one of Administrators")
    if tree.condition is not None:
        yield from _condition(tree.condition, question)


def _subject(statement: Compiled) -> str:
    tree = statement.statement
    shown = show_subject(tree.subject)
    match tree.of:
        case OfTenancy(alias=alias):
            return f"{shown} of tenancy {alias}"
        case OfAnyTenancy():
            return f"{shown} of any-tenancy"
        case None:
            return shown
    assert_never(tree.of)


def _grant(statement: Compiled, need: Need) -> Iterator[Weighed]:
    grant, denies = statement.statement.grant, statement.denies
    what = _needed(need)
    match grant:
        case VerbGrant(verb=verb, resource=resource):
            yield Weighed("verb", verb_is_enough(verb, resource, need, denies), verb, what)
            yield Weighed("resource", type_covers(resource, need, denies), resource, what)
        case PermissionGrant():
            yield Weighed("permissions", covers(grant, need, denies), show_grant(grant), what)
        case AssociateGrant():
            yield Weighed("associate", covers(grant, need, denies), show_grant(grant), what)
        case _:
            assert_never(grant)


def _needed(need: Need) -> str:
    if isinstance(need, PermissionNeed):
        return need.permission
    return f"{need.verb} {need.resource}"


def _condition(condition: Condition, question: Question) -> Iterator[Weighed]:
    found = [*atoms(condition, question.value)]
    truth, shown = holds(condition, question.value), show_condition(condition)
    if len(found) == 1:
        yield Weighed("condition", truth, shown, found[0].got)
        return
    count = sum(each.truth is True for each in found)
    yield Weighed("condition", truth, shown, f"{count} of {len(found)} clauses hold")
    for each in found:
        yield Weighed("clause", each.truth, each.expected, each.got)


def what_decides(statement: Compiled, question: Question) -> Iterator[str]:
    """What would decide a statement that is unknown: condition variables, or the form it has."""
    tree = statement.statement
    for part in consider(statement, question).parts:
        if part.ok is not None or part.part in ("condition", "clause"):
            continue
        yield part.expected if part.part in ("subject", "location") else show_grant(tree.grant)
    if tree.condition is not None and holds(tree.condition, question.value) is None:
        yield from undecided(tree.condition, question.value)
