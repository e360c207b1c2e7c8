"""May this principal do this here? Answered from the policies of a world, with the reasons.

What is asked is a `Request`, what comes back a `Decision`: allowed, denied or unknown, the
statements that made it so, the nearest misses, and for a denied request the smallest statements
that would let it through. Nothing is guessed: what Oracle does not document, or the asker has not
said, is unknown.

`compiled` looks up names (`aliases`, `scope`, `subjects`), `decide` asks of each statement what it
`grants`, to whom (`membership`) and on which `conditions` (`values`), and folds the answers by the
`logic` of three values; `considered`, `reasons` and `missing` explain, `decision` puts it together,
`turned` turns it round.

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

from typing import TYPE_CHECKING

from ocipolicy.evaluate.compiled import Compiled, Part
from ocipolicy.evaluate.decide import VERDICTS, Half, Statements, Verdict, may
from ocipolicy.evaluate.request import (
    Need,
    PermissionNeed,
    Place,
    Request,
    VerbNeed,
    Who,
    needs_of,
)

if TYPE_CHECKING:
    from ocipolicy.evaluate.considered import Considered, Weighed
    from ocipolicy.evaluate.decision import Decision, evaluate
    from ocipolicy.evaluate.missing import Missing
    from ocipolicy.evaluate.reasons import Reason
    from ocipolicy.evaluate.turned import Answer, principals, what_can, who_can

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

_LATE = {
    "Answer": "turned",
    "Considered": "considered",
    "Decision": "decision",
    "Missing": "missing",
    "Reason": "reasons",
    "Weighed": "considered",
    "evaluate": "decision",
    "principals": "turned",
    "what_can": "turned",
    "who_can": "turned",
}


def __getattr__(name: str) -> object:
    # A proof asks many times yes or no, and pays for no explanation.
    if name in _LATE:
        import importlib

        return getattr(importlib.import_module(f"ocipolicy.evaluate.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
