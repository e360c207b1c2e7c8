"""What must hold together: the clauses of a condition, alternative by alternative."""

from collections.abc import Iterator
from dataclasses import dataclass

from ocipolicy.language.tree import All, Any, Clause, Condition, String


@dataclass(frozen=True, slots=True)
class Together:
    """Clauses that hold at once or not at all: those of all braces around, then `own` ones.

    `always` is true for those that every request has to satisfy; an alternative inside `any {}` has
    others beside it.
    """

    around: tuple[Clause, ...]
    own: tuple[Clause, ...]
    always: bool

    @property
    def every(self) -> tuple[Clause, ...]:
        """All of them, from the outermost in."""
        return self.around + self.own


def together(condition: Condition | None) -> Iterator[Together]:
    """The clauses that must hold together, first those of the whole, then of each alternative."""
    if condition is not None:
        yield from _walk(condition, (), True)


def clauses(condition: Condition | None) -> Iterator[Clause]:
    """Every clause of a condition, in the order of the text."""
    match condition:
        case Clause():
            yield condition
        case All(conditions=conditions) | Any(conditions=conditions):
            for each in conditions:
                yield from clauses(each)


def texts(clause: Clause) -> frozenset[str] | None:
    """What a clause lists, folded in case; None where that is more than texts without a star."""
    listed = [each.text for each in clause.values if isinstance(each, String)]
    if len(listed) < len(clause.values) or any("*" in each for each in listed):
        return None
    return frozenset(map(str.casefold, listed))


def _walk(condition: Condition, around: tuple[Clause, ...], always: bool) -> Iterator[Together]:
    own, choices = _flat(condition)
    yield Together(around, own, always)
    inner = around + own
    for choice in choices:
        only = len(choice.conditions) == 1
        for each in choice.conditions:
            yield from _walk(each, inner, always and only)


def _flat(condition: Condition) -> tuple[tuple[Clause, ...], tuple[Any, ...]]:
    """The clauses of nested `all {}` as one list, and the `any {}` among them."""
    match condition:
        case Clause():
            return (condition,), ()
        case Any():
            return (), (condition,)
        case All(conditions=conditions):
            found = [_flat(each) for each in conditions]
            return (
                tuple(clause for own, _ in found for clause in own),
                tuple(choice for _, choices in found for choice in choices),
            )
