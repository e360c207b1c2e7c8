"""What happened: an entry for every request, with the decision and the statements behind it.

On the wire a refusal is a bare 404; here it says what was missing. Reasons cost more than the
decision, so they are worked out when an entry is read.
"""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocipolicy.evaluate import Considered, Decision, Request, Statements, Verdict, evaluate
from ocipolicy.language import show
from ocipolicy.world import World

REMEMBERED = 1000
_LONGEST = 2000  # characters of a target


@dataclass
class Entry:
    """A request and what came of it.

    `status` is None where the connection was dropped. `failure` says why a request was not taken
    for what it said, or where the sandbox itself went wrong. `verdict` is None where nobody was
    asked: there was no caller, or no permission was needed.
    """

    number: int
    time: datetime
    method: str
    target: str
    request_id: str = ""
    status: int | None = None
    code: str | None = None
    principal: str | None = None
    authentication: str | None = None
    operation: str | None = None
    region: str | None = None
    compartment: str | None = None
    verdict: Verdict | None = None
    exempt: bool = False
    fault: bool = False
    failure: str | None = None
    _question: tuple[Request, World] | None = field(default=None, repr=False)
    _compiled: "_Compiled | None" = field(default=None, repr=False)

    def asked(self, request: Request, statements: Statements) -> None:
        """Keep the question, so that it can be explained later."""
        self._question = (request, statements.world)

    @property
    def decision(self) -> Decision | None:
        """The decision with its reasons; None where the evaluator was not asked.

        Worked out anew each time, since a thousand of them are large.
        """
        if self._question is None or self._compiled is None:
            return None
        request, world = self._question
        return evaluate(request, self._compiled.of(world))

    @property
    def own(self) -> bool:
        """Whether it was for the sandbox itself, and for no service of OCI."""
        return self.operation is not None and self.operation.startswith("sandbox:")

    @property
    def nearest(self) -> Considered | None:
        """Of a request that was not allowed, the statement that came nearest to allowing it."""
        return _nearest(self.decision)

    def data(self) -> dict[str, Any]:
        """The entry as JSON has it; `because`, `missing` and `undecided` are those of `explain`."""
        decision = self.decision
        nearest = _nearest(decision)
        return {
            "number": self.number,
            "time": self.time.isoformat(timespec="milliseconds"),
            "method": self.method,
            "target": self.target,
            "request_id": self.request_id,
            "status": self.status,
            "code": self.code,
            "principal": self.principal,
            "authentication": self.authentication,
            "operation": self.operation,
            "region": self.region,
            "compartment": self.compartment,
            "verdict": self.verdict,
            "exempt": self.exempt,
            "fault": self.fault,
            "failure": self.failure,
            "because": [
                {
                    "tenancy": each.statement.tenancy.name,
                    "policy": each.statement.policy.name,
                    "statement": each.statement.text,
                    "part": each.part,
                }
                for each in (decision.because if decision else ())
            ],
            "missing": [
                {"tenancy": each.tenancy, "compartment": "/", "statement": show(each.statement)}
                for each in (decision.missing if decision else ())
            ],
            "undecided": [*(decision.undecided if decision else ())],
            "nearest": _near(nearest) if nearest else None,
        }


class Log:
    """The newest entries; a sandbox that runs for long forgets the oldest."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=size)
        self._number = 0
        self._compiled = _Compiled()

    def begin(self, time: datetime, method: str, target: str) -> Entry:
        """An entry to fill in; it is in the log from `add` on."""
        return Entry(0, time, method, target[:_LONGEST], _compiled=self._compiled)

    def add(self, entry: Entry) -> None:
        """Put an entry behind the others, and number it."""
        with self._lock:
            self._number += 1
            entry.number = self._number
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget all entries; the numbers go on."""
        with self._lock:
            self._entries.clear()

    def after(self, number: int) -> tuple[Entry, ...]:
        """The entries behind the one of a number, the oldest first."""
        return tuple(each for each in self if each.number > number)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter((*self._entries,))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, at: int) -> Entry:
        with self._lock:
            return self._entries[at]


class _Compiled:
    """The statements of the world that was asked about last: entries are read in their order."""

    def __init__(self) -> None:
        self._last: Statements | None = None

    def of(self, world: World) -> Statements:
        last = self._last
        if last is None or last.world is not world:
            last = self._last = Statements(world)
        return last


def _nearest(decision: Decision | None) -> Considered | None:
    if decision is None or decision.verdict == "allowed":
        return None
    return next((each for each in decision.considered if each.truth is not True), None)


def _near(considered: Considered) -> dict[str, Any]:
    return {
        "tenancy": considered.statement.tenancy.name,
        "policy": considered.statement.policy.name,
        "statement": considered.statement.text,
        "parts": [
            {"part": each.part, "ok": each.ok, "expected": each.expected, "got": each.got}
            for each in considered.parts
            if each.ok is not True
        ],
    }
