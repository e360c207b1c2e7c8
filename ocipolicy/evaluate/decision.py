"""A decision with its reasons: the verdict, what made it, and what is missing for another one."""

from dataclasses import dataclass, field

from ocipolicy.evaluate.considered import Considered, considered
from ocipolicy.evaluate.decide import VERDICTS, Statements, Verdict, may
from ocipolicy.evaluate.missing import Missing, missing
from ocipolicy.evaluate.reasons import Reason, because, undecided
from ocipolicy.evaluate.request import Request
from ocipolicy.world import World


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request.

    `because` has the statements that allow it, or the deny that forbids it; `missing` what would
    have to be added, in order, for a denied request; `undecided` the variables (or the forms of
    statements) that decide an unknown one.
    """

    verdict: Verdict
    because: tuple[Reason, ...]
    missing: tuple[Missing, ...]
    undecided: tuple[str, ...]
    _request: Request = field(repr=False)
    _statements: Statements = field(repr=False)

    @property
    def considered(self) -> tuple[Considered, ...]:
        """Every statement that was looked at, the nearest miss first.

        Worked out when it is asked for, since it takes the longer the more statements there are.
        """
        return tuple(considered(self._request, self._statements))


def evaluate(request: Request, world: World | Statements) -> Decision:
    """Decide a request and say why; for many questions about a world, make its Statements once.

    Raises CannotGoOn where `given` contradicts the request itself.
    """
    statements = world if isinstance(world, Statements) else Statements(world)
    truth = may(request, statements)
    return Decision(
        VERDICTS[truth],
        because(request, statements, truth),
        missing(request, statements) if truth is False else (),
        undecided(request, statements) if truth is None else (),
        request,
        statements,
    )
