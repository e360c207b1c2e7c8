"""Why a decision is what it is: the statements that made it, or the variables that would."""

from dataclasses import dataclass

from ocipolicy.evaluate.compiled import Compiled, Part
from ocipolicy.evaluate.considered import what_decides
from ocipolicy.evaluate.decide import Statements, applies, halves, passes
from ocipolicy.evaluate.logic import Truth
from ocipolicy.evaluate.request import Request


@dataclass(frozen=True, slots=True)
class Reason:
    """A statement that made the decision what it is, and what it contributed."""

    statement: Compiled

    @property
    def part(self) -> Part:
        """What it contributed: allow, endorse, admit or deny."""
        return self.statement.part


def because(request: Request, statements: Statements, truth: Truth) -> tuple[Reason, ...]:
    """The statements that an allowed request owes its answer to, or the denies of a denied one."""
    if truth is None:
        return ()
    found: list[Reason] = []
    for need in request.needs:
        question = statements.question(request, need)
        for half in halves(request):
            if half.denies != truth:
                candidates = statements.candidates(half, question)
                applying = (each for each in candidates if applies(each, question))
                found += (Reason(each) for each in (next(applying, None),) if each)
    return _once(found)


def _once(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Without repetitions; a statement is the same only where it is in the same place."""
    return tuple({id(each.statement): each for each in reasons}.values())


def undecided(request: Request, statements: Statements) -> tuple[str, ...]:
    """The variables, or the forms of statements, that decide a request which is unknown."""
    found: dict[str, None] = {}
    for need in request.needs:
        question = statements.question(request, need)
        for half in halves(request):
            if passes(half, question, statements) is None:
                for each in statements.candidates(half, question):
                    if applies(each, question) is None:
                        found.update(dict.fromkeys(what_decides(each, question)))
    return tuple(found)
