"""A list of causes that are known, and the first of them that fits what was seen of a call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ocipolicy.smoke.diagnosis.seen import Cause

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True)
class Known(Generic[_Seen]):
    """A cause that is known: its stable name, how it is found, where it was read, and the doubt."""

    name: str
    find: Callable[[_Seen], Cause | None]
    source: str
    doubt: str | None = None


def first(causes: Iterable[Known[_Seen]], seen: _Seen) -> Cause:
    """The first cause that fits; the last one of them must fit whatever it is."""
    for known in causes:
        cause = known.find(seen)
        if cause is not None:
            doubt = cause.doubt or known.doubt
            return replace(cause, name=known.name, source=known.source, doubt=doubt)
    raise AssertionError("the last cause fits whatever it is")
