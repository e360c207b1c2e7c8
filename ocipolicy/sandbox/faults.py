"""Faults on demand: what goes wrong in a cloud now and then, when a test or a lesson wants it to.

A `Fault` is for one operation, or all, and for so many calls; it comes after the call was found to
be signed, so that nothing unsigned uses one up. That policies take effect late, and that the clocks
differ, is not for a number of calls: `propagation` and `skew`.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.sandbox.wire import Refusal, Reply

LONGEST = 600.0

# What OCI says under a status, where a fault does not say it itself.
# Source: https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm, 2026-11.
_SAID: Mapping[int, tuple[str, str]] = {
    400: ("InvalidParameter", "A parameter of the request is invalid."),
    401: ("NotAuthenticated", "The required information to complete authentication was not given."),
    404: ("NotAuthorizedOrNotFound", "Authorization failed or requested resource not found."),
    409: ("IncorrectState", "The requested state conflicts with the present one."),
    412: ("NoEtagMatch", "The etag does not match that of the resource."),
    429: ("TooManyRequests", "Too many requests for the user."),
    500: ("InternalServerError", "Internal error occurred."),
    503: ("ServiceUnavailable", "The service is unavailable."),
}


class Dropped(Exception):
    """The connection ends here, without an answer or in the midst of it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong with the next calls of an operation.

    `operation` is `Chat`, `generative-ai:Chat`, or None for all of them; `times` is how often, None
    for ever. It waits `delay` seconds; then it drops the connection `before` the work is done, or
    answers with `status` (an error's) instead of doing it; `after` it is done it drops the
    connection, or cuts the answer off: of a stream `cut` events are left, of any other body half.
    """

    operation: str | None = None
    times: int | None = 1
    delay: float = 0.0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    drop: Literal["before", "after"] | None = None
    cut: int | None = None

    def __post_init__(self) -> None:
        if self.status is not None and not 400 <= self.status <= 599:
            raise CannotGoOn(f"a fault with the status {self.status} is none", "write 400 to 599")
        if not 0 <= self.delay <= LONGEST:
            raise CannotGoOn(f"a delay of {self.delay} s is not possible", "write 0 to 600")
        if self.times is not None and self.times < 1:
            raise CannotGoOn(f"a fault cannot happen {self.times} times", "write 1 or more")
        if self.cut is not None and self.cut < 0:
            raise CannotGoOn(f"{self.cut} events cannot be left", "write 0 or more")
        if (self.status, self.drop, self.cut) == (None, None, None) and not self.delay:
            raise CannotGoOn(
                "a fault without a delay, a status, a drop or a cut is none", "write one of them"
            )
        if self.drop not in (None, "before", "after"):
            raise CannotGoOn(f"a connection cannot drop `{self.drop}`", "write before or after")

    def hits(self, service: str, name: str) -> bool:
        """Whether it is for an operation."""
        return self.operation in (None, name, f"{service}:{name}")

    def refusal(self) -> Refusal | None:
        """The error that it answers with."""
        if self.status is None:
            return None
        code, message = _SAID.get(self.status, (str(self.status), "The sandbox was told to fail."))
        return Refusal(self.status, self.code or code, self.message or message)


class Faults:
    """The faults that are still to happen, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.skew = timedelta(0)
        self._lock = threading.Lock()
        self._pending: list[Fault] = []
        self._ended = threading.Event()

    def add(self, fault: Fault) -> None:
        """Have it happen, after those that are there already."""
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        """Have nothing go wrong any more; the clocks agree."""
        with self._lock:
            self._pending.clear()
            self.skew = timedelta(0)

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter((*self._pending,))

    def next(self, service: str, name: str) -> Fault | None:
        """The fault that happens to a call of an operation, which uses up one of its times."""
        with self._lock:
            for at, fault in enumerate(self._pending):
                if fault.hits(service, name):
                    if fault.times == 1:
                        del self._pending[at]
                    elif fault.times is not None:
                        self._pending[at] = replace(fault, times=fault.times - 1)
                    return fault
        return None

    def before(self, fault: Fault) -> None:
        """What happens before the work is done. Raises Dropped and Refusal."""
        if fault.delay:
            self._ended.wait(fault.delay)
        if fault.drop == "before":
            raise Dropped
        refusal = fault.refusal()
        if refusal is not None:
            raise refusal

    def end(self) -> None:
        """Let nobody wait any longer: the sandbox is closing."""
        self._ended.set()


def after(fault: Fault, reply: Reply) -> Reply:
    """What happens to an answer. Raises Dropped."""
    if fault.drop == "after":
        raise Dropped
    if fault.cut is None:
        return reply
    if isinstance(reply.body, bytes):
        half = reply.body[: len(reply.body) // 2]
        headers = {**reply.headers, "content-length": str(len(reply.body))}
        return Reply(reply.status, headers, _cut((half,), 1))
    return Reply(reply.status, reply.headers, _cut(reply.body, fault.cut))


def _cut(pieces: Iterable[bytes], left: int) -> Iterator[bytes]:
    for count, piece in enumerate(pieces):
        if count == left:
            break
        yield piece
    raise Dropped
