"""Three values: True, False, and None for "we do not know"; Kleene's strong logic over them."""

from collections.abc import Iterable

Truth = bool | None


def both(truths: Iterable[Truth]) -> Truth:
    """And: false if one is false, else unknown if one is unknown.

    >>> both([True, None]), both([None, False]), both([])
    (None, False, True)
    """
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def either(truths: Iterable[Truth]) -> Truth:
    """Or: true if one is true, else unknown if one is unknown.

    >>> either([False, None]), either([None, True]), either([])
    (None, True, False)
    """
    unknown = False
    for truth in truths:
        if truth is True:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def negated(truth: Truth) -> Truth:
    """Not: unknown stays unknown."""
    return None if truth is None else not truth


def agreed(one: Truth, other: Truth) -> Truth:
    """What two readings of the same words agree on; where they do not, nobody knows."""
    return one if one == other else None
