"""One call made, and made again while its policies are on their way."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ocipolicy.cloud import CloudError, Refused
from ocipolicy.cloud.inference import Answer, Inference
from ocipolicy.smoke.asks import Ask
from ocipolicy.smoke.prediction import Prediction

# What came of a call: an answer, the no of those who may not, another no, nothing, or not a call.
Observed = Literal["allowed", "denied", "failed", "no answer", "not sent"]

# A call that is tried again, what it met, and the seconds that are left for it.
OnWait = Callable[[Ask, CloudError, float], None]

_FIRST, _LONGEST = 1.0, 10.0  # seconds between two tries
_TICK = 1.0  # how often the seconds that are left are told


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made: its answer or its error, and how long it was waited for."""

    answer: Answer | None
    error: CloudError | None
    pieces: int = 0
    waited: float = 0.0

    @property
    def observed(self) -> Observed:
        """What came of it."""
        if self.answer is not None:
            return "allowed"
        if not isinstance(self.error, Refused):
            return "no answer"
        return "denied" if self.error.is_denied else "failed"


def made(
    inference: Inference,
    ask: Ask,
    compartment: str,
    prediction: Prediction,
    wait: float,
    on_wait: OnWait,
) -> Made:
    """Make a call; where it should be allowed and is denied, again for `wait` seconds at most."""
    started = time.monotonic()
    pause = _FIRST
    while True:
        found = _made(inference, ask, compartment)
        waited = time.monotonic() - started
        late = found.observed == "denied" and prediction.verdict == "allowed"
        if not late or found.error is None or waited >= wait:
            return Made(found.answer, found.error, found.pieces, waited if pause > _FIRST else 0.0)
        _sleep(min(pause, wait - waited), wait - waited, ask, found.error, on_wait)
        pause = min(pause * 1.5, _LONGEST)


def _sleep(seconds: float, left: float, ask: Ask, error: CloudError, on_wait: OnWait) -> None:
    """Let time pass, and tell how much of it is left."""
    until = time.monotonic() + seconds
    end = time.monotonic() + left
    while (rest := until - time.monotonic()) > 0:
        on_wait(ask, error, max(0.0, end - time.monotonic()))
        time.sleep(min(rest, _TICK))


def _made(inference: Inference, ask: Ask, compartment: str) -> Made:
    """One try."""
    question = ask.question(compartment)
    pieces: list[str] = []
    try:
        if ask.call not in ("chat-stream", "generate-text-stream"):
            return Made(inference.call(ask.call, question), None)
        started = time.monotonic()
        stream = inference.stream(ask.call, question)
        pieces.extend(stream)
        seconds = time.monotonic() - started
        answer = Answer("".join(pieces), seconds, stream.first, stream.request_id)
        return Made(answer, None, len(pieces))
    except CloudError as error:
        return Made(None, error, len(pieces))
