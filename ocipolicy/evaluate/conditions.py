"""Conditions: each comparison true, false or unknown, joined by Kleene's logic."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import assert_never

from ocipolicy import reference
from ocipolicy.evaluate.logic import Truth, both, either, negated
from ocipolicy.language.printer import show_condition
from ocipolicy.language.tree import All, Any, Clause, Condition, Pattern, String, Value, Variable


@dataclass(frozen=True, slots=True)
class Known:
    """The values of a variable; one with several (the groups of a user) has them all at once.

    Where `complete` is false there may be more of them than are known, but none of `never`, which
    are folded in case. `folded` has the values as they are compared: without regard to case.
    """

    values: tuple[str, ...]
    complete: bool = True
    never: frozenset[str] = frozenset()
    folded: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", frozenset(map(str.casefold, self.values)))


class Lacking(Enum):
    """Why a variable has no values: it does not apply to the request, or nobody said what it is."""

    INAPPLICABLE = "does not apply"
    UNKNOWN = "is not known"


Values = Known | Lacking
# The values of a variable by its name.
Lookup = Callable[[str], Values]

_TAG = re.compile(r"(?:^|\.)tag\.", re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?Z?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison of a condition with its outcome: what was expected, and what was got."""

    clause: Clause
    truth: Truth
    got: str

    @property
    def expected(self) -> str:
        """The comparison as it is written."""
        return show_condition(self.clause)


def holds(condition: Condition, lookup: Lookup) -> Truth:
    """Whether a condition holds."""
    match condition:
        case Clause():
            return _clause(condition, lookup)
        case All(conditions=conditions):
            return both(holds(each, lookup) for each in conditions)
        case Any(conditions=conditions):
            return either(holds(each, lookup) for each in conditions)
    assert_never(condition)


def atoms(condition: Condition, lookup: Lookup) -> Iterator[Atom]:
    """Every comparison of a condition with its outcome, in the order of the text."""
    match condition:
        case Clause():
            yield Atom(condition, _clause(condition, lookup), _got(condition, lookup))
        case All(conditions=conditions) | Any(conditions=conditions):
            for each in conditions:
                yield from atoms(each, lookup)
        case _:
            assert_never(condition)


def undecided(condition: Condition, lookup: Lookup) -> Iterator[str]:
    """The variables that decide a condition which is unknown."""
    match condition:
        case Clause():
            names = [*_variables(condition)]
            unknown = [name for name in names if lookup(name) is Lacking.UNKNOWN]
            yield from unknown or names[:1]
        case All(conditions=conditions) | Any(conditions=conditions):
            for each in conditions:
                if holds(each, lookup) is None:
                    yield from undecided(each, lookup)
        case _:
            assert_never(condition)


def _variables(clause: Clause) -> Iterator[str]:
    yield clause.variable
    yield from (each.name for each in clause.values if isinstance(each, Variable))


def _got(clause: Clause, lookup: Lookup) -> str:
    """The values of the variables of a comparison, as they are in the request."""
    return ", ".join(_shown(name, lookup(name)) for name in _variables(clause))


def _shown(name: str, values: Values) -> str:
    if isinstance(values, Lacking):
        return f"{name} {values.value}"
    if not values.values and not values.complete:
        return f"{name} {Lacking.UNKNOWN.value}"
    texts = [f"'{each}'" for each in values.values] + ["perhaps others"] * (not values.complete)
    return f"{name} = {' and '.join(texts) or 'nothing'}"


def _clause(clause: Clause, lookup: Lookup) -> Truth:
    """One comparison.

    A variable that does not apply makes it false, `!=` included (policyadvancedfeatures). Of a test
    for its absence no page says so.
    """
    found = lookup(clause.variable)
    if found is Lacking.UNKNOWN:
        return None
    if isinstance(found, Lacking):
        return None if clause.operator == "absent" else False
    match clause.operator:
        case "=" | "in" | "sets-intersect":
            return _one_matches(clause, found, lookup)
        case "!=" | "not in":
            if any(_inapplicable(each, lookup) for each in clause.values):
                return False
            if not found.values or _names_region(clause, found):
                return None
            return negated(_one_matches(clause, found, lookup))
        case "before" | "after":
            return either(_before_or_after(clause, each) for each in found.values)
        case "between":
            return either(_between(clause, each) for each in found.values)
        case "present":
            return _present(found)
        case "absent":
            return negated(_present(found))
    assert_never(clause.operator)


def _one_matches(clause: Clause, found: Known, lookup: Lookup) -> Truth:
    """Whether one of the values that a variable has is one of those that the clause lists."""
    truth = either(_matches(clause.variable, found, each, lookup) for each in clause.values)
    if truth is not False or found.complete:
        return truth
    return False if all(_never_matches(found, each, lookup) for each in clause.values) else None


def _never_matches(found: Known, wanted: Value, lookup: Lookup) -> bool:
    """Whether no value that is not known either can be the wanted one."""
    if isinstance(wanted, String):
        return wanted.text.casefold() in found.never
    return _inapplicable(wanted, lookup)


def _present(found: Known) -> Truth:
    if found.values:
        return True
    return False if found.complete else None


def _inapplicable(value: Value, lookup: Lookup) -> bool:
    return isinstance(value, Variable) and lookup(value.name) is Lacking.INAPPLICABLE


def _names_region(clause: Clause, found: Known) -> bool:
    """Whether `!=` leaves out the region of the request by its name, where a key is documented.

    A name never equals a key; but that it is therefore another region is not what anybody meant.
    """
    variable = reference.variable(clause.variable)
    if variable is None or variable.kind != "region":
        return False
    texts = (each.text.lower() for each in clause.values if isinstance(each, String))
    regions = [region for text in texts if (region := reference.region(text))]
    return any(region.key.casefold() in found.folded for region in regions)


def _matches(variable: str, found: Known, wanted: Value, lookup: Lookup) -> Truth:
    """Whether one of the values is the wanted one."""
    match wanted:
        case String(text=text):
            if text.casefold() in found.folded:
                return True
            return "*" in text and either(_star(variable, each, text) for each in found.values)
        case Pattern(text=text):
            return any(_like(each, text) for each in found.values)
        case Variable(name=name):
            others = lookup(name)
            if isinstance(others, Lacking):
                return None if others is Lacking.UNKNOWN else False
            if not found.folded.isdisjoint(others.folded):
                return True
            return False if others.complete else None
    assert_never(wanted)


def _star(variable: str, value: str, text: str) -> Truth:
    """Whether a value is what a text in quotes with a star in it means."""
    if text == "*" and _TAG.search(variable):
        return True
    if variable.casefold() == "target.object.name":
        return _like(value, text)
    # A star in quotes is documented for these two only.
    return None if _like(value, text) else False


def _like(value: str, pattern: str) -> bool:
    """Whether a value fits a pattern, in which a star stands for any characters, or none."""
    first, *rest = pattern.casefold().split("*")
    value = value.casefold()
    if not rest:
        return value == first
    *middle, last = rest
    if not value.startswith(first):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and value.endswith(last)


def _before_or_after(clause: Clause, value: str) -> Truth:
    moment, limit = _moment(value), _moment(_text(clause.values[0]))
    if moment is None or limit is None or moment == limit:
        # Whether the limit itself belongs to it is not documented.
        return None
    return moment < limit if clause.operator == "before" else moment > limit


def _between(clause: Clause, value: str) -> Truth:
    low, high = (_text(each) for each in clause.values)
    read = _moment if _seconds(low) is None else _seconds
    at, first, last = read(value), read(low), read(high)
    if at is None or first is None or last is None or at in (first, last):
        return None
    if first <= last:
        return first < at < last
    # A span of the day may run over midnight; one between two dates that goes backwards is empty.
    return (at > first or at < last) if read is _seconds else False


def _text(value: Value) -> str:
    return value.text if isinstance(value, String) else ""


def _moment(text: str) -> float | None:
    """A time in ISO 8601 as seconds since 1970; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(text: str) -> float | None:
    """A time of day as seconds since midnight."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3] or 0)
