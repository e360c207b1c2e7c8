"""What the define statements of a policy say that a name stands for.

Source: iam-cross-domain and drg-iam: a define is of the same policy, and all defines come first.
Whether an alias may differ in case, stand below, or be defined twice is not documented.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ocipolicy.evaluate.logic import Truth
from ocipolicy.language.tree import Access, AliasKind, Define, Statement


@dataclass(frozen=True, slots=True)
class Alias:
    """The OCIDs that a name may stand for; it is `certain` where that is one beyond doubt."""

    ocids: frozenset[str]
    certain: bool

    def means(self, ocid: str) -> Truth:
        """Whether the name stands for this."""
        if ocid not in self.ocids:
            return False
        return True if self.certain else None


@dataclass(frozen=True, slots=True)
class Aliases:
    """The aliases that a statement can use: the defines above it, and all of its policy."""

    above: tuple[Define, ...]
    all: tuple[Define, ...]

    def of(self, what: AliasKind, name: str) -> Alias | None:
        """What a name of this kind stands for; None where no define is near it at all."""
        folded = name.casefold()
        near = [each for each in self.all if (each.what, each.alias.casefold()) == (what, folded)]
        if not near:
            return None
        ocids = frozenset(each.ocid for each in near)
        exact = any(each.alias == name and each.what == what for each in self.above)
        return Alias(ocids, exact and len(ocids) == 1)


def with_aliases(statements: Iterable[Statement]) -> Iterator[tuple[Access, Aliases]]:
    """The statements of a policy but its defines, each with the aliases that it can use."""
    listed = tuple(statements)
    every = tuple(each for each in listed if isinstance(each, Define))
    above: tuple[Define, ...] = ()
    for each in listed:
        if isinstance(each, Define):
            above = (*above, each)
        else:
            yield each, Aliases(above, every)
