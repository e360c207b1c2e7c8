"""May this principal do this here? Answered from the policies of a world, with the reasons.

What is asked is a `Request`, what comes back a `Decision`: allowed, denied or unknown, the
statements that made it so, the nearest misses, and for a denied request the smallest statements
that would let it through. Nothing is guessed: what Oracle does not document, or the asker has not
said, is unknown.

`compiled` looks up names (`aliases`, `scope`, `subjects`), `decide` asks of each statement what it
`grants`, to whom (`membership`) and on which `conditions` (`values`), and folds the answers by the
`logic` of three values; `considered`, `reasons` and `missing` explain, `turned` turns it round.

Not modelled (November 2026):
- `associate` between two resources: whether such a statement covers a request is unknown.
- network sources, MFA, time and region of a request, models and tags, unless the asker gives them.
- resources inside compartments: a request is for a compartment, so `target.<resource>.*` variables
  have values only where they are given.
- policies with a versionDate: verbs and types mean what the reference says they mean today.
- the opt-in for deny statements: a deny in the world counts.
- service principals but by their name (a resource of type `service`).
- that both tenancies have to subscribe to the region of a call from one to the other.
- what OCI remembers of a name: a group or compartment that was deleted and made again.
- a permission that is new to a type: policies saved earlier do not have it yet.
"""

from dataclasses import dataclass, field

from ocipolicy.evaluate.compiled import Compiled, Part
from ocipolicy.evaluate.considered import Considered, Weighed, considered
from ocipolicy.evaluate.decide import VERDICTS, Half, Statements, Verdict, may
from ocipolicy.evaluate.missing import Missing, missing
from ocipolicy.evaluate.reasons import Reason, because, undecided
from ocipolicy.evaluate.request import (
    Need,
    PermissionNeed,
    Place,
    Request,
    VerbNeed,
    Who,
    needs_of,
)
from ocipolicy.evaluate.turned import Answer, principals, what_can, who_can
from ocipolicy.world import World

__all__ = [
    "VERDICTS",
    "Answer",
    "Compiled",
    "Considered",
    "Decision",
    "Half",
    "Missing",
    "Need",
    "Part",
    "PermissionNeed",
    "Place",
    "Reason",
    "Request",
    "Statements",
    "VerbNeed",
    "Verdict",
    "Weighed",
    "Who",
    "evaluate",
    "may",
    "needs_of",
    "principals",
    "what_can",
    "who_can",
]


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
