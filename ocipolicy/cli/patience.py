"""How long calls are tried again, and that it is seen; the same for all commands."""

import os

from ocipolicy.cli.terminal import say
from ocipolicy.cloud import Attempt, Retries
from ocipolicy.diagnostics import CannotGoOn

_VARIABLE = "OCIPOLICY_PATIENCE"
_LEAST, _MOST = 1, 3600


def retries() -> Retries:
    """Retries over the seconds that OCIPOLICY_PATIENCE says; raises CannotGoOn for no number.

    The pauses in between, and how long an answer is waited for, get shorter and longer with it.
    """
    usual = Retries()
    said = os.environ.get(_VARIABLE)
    if not said:
        return usual
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not _LEAST <= seconds <= _MOST:
        raise CannotGoOn(
            f"{_VARIABLE} is {said!r}, which is no number of seconds from {_LEAST} to {_MOST}",
            f"leave it out for {usual.total:.0f} seconds",
        )
    share = seconds / usual.total
    return Retries(usual.attempts, usual.pause * share, usual.longest * share, seconds)


def show_attempt(attempt: Attempt) -> None:
    """That a call failed and is tried again, to standard error."""
    say(
        f"{attempt.operation}: {attempt.error.brief}; again in {attempt.pause:.0f} s "
        f"(attempt {attempt.number + 1} of {attempt.of})",
        err=True,
    )
