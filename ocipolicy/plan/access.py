"""The access that a plan adds and takes: the same questions before and behind it, folded into rows.

A row is a compartment, or one with everything below it, and what is gained or lost there;
principals with the same rows stand together. So another order comes to no rows, and a wider verb to
what it adds.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ocipolicy.evaluate import VERDICTS, Statements, may
from ocipolicy.evaluate.logic import Truth
from ocipolicy.plan.alike import Area
from ocipolicy.plan.questions import Asked, Asking, askings
from ocipolicy.plan.steps import Change
from ocipolicy.plan.worlds import Worlds
from ocipolicy.world import CompartmentPath, Tenancy

# Whether something is allowed before and behind the plan.
Turn = tuple[Truth, Truth]


@dataclass(frozen=True, slots=True)
class _Row:
    """Where something changes, and how."""

    tenancy: str
    path: CompartmentPath
    below: bool
    turn: Turn


# What changes in which row, for one principal.
_Rows = Mapping[_Row, tuple[Asked, ...]]


def access(worlds: Worlds, instances: Collection[str]) -> tuple[Change, ...]:
    """What every principal gains and loses, those with the same changes together.

    `instances` are OCIDs of principals to tell apart where a statement speaks of everyone.
    """
    together: dict[tuple[tuple[_Row, tuple[Asked, ...]], ...], list[str]] = {}
    for asking in askings(worlds.changed, worlds.after, instances):
        rows = _rows(asking, worlds.before, worlds.after)
        if rows:
            together.setdefault(tuple(rows.items()), []).extend(asking.words)
    return tuple(
        _change(tuple(who), row, asked) for rows, who in together.items() for row, asked in rows
    )


def _change(who: tuple[str, ...], row: _Row, asked: tuple[Asked, ...]) -> Change:
    before, after = row.turn
    return Change(
        who,
        VERDICTS[before],
        VERDICTS[after],
        row.tenancy,
        ":".join(row.path) or "/",
        row.below,
        operations=tuple(each.what for each in asked if each.operation),
        permissions=tuple(each.what for each in asked if each.is_permission),
        verbs=tuple(each.what for each in asked if not each.operation and not each.is_permission),
    )


def _rows(asking: Asking, before: Statements, after: Statements) -> _Rows:
    """What changes for one principal, by where and how."""
    turns: dict[Asked, dict[int, Turn]] = {}
    areas = {id(each): each for each in asking.areas}
    for asked, area, request in asking.questions():
        turn = may(request, before), may(request, after)
        if turn[0] != turn[1]:
            turns.setdefault(asked, {})[id(area)] = turn
    # Most things change alike, and are folded together.
    alike: dict[tuple[tuple[int, Turn], ...], list[Asked]] = {}
    for asked, by_area in turns.items():
        alike.setdefault(tuple(by_area.items()), []).append(asked)
    found: dict[_Row, tuple[Asked, ...]] = {}
    for pattern, several in alike.items():
        for row in _folded([(areas[area], turn) for area, turn in pattern]):
            found[row] = (*found.get(row, ()), *several)
    return dict(sorted(found.items(), key=_order))


def _order(entry: tuple[_Row, tuple[Asked, ...]]) -> tuple[int, str, CompartmentPath]:
    """What is gained for certain or perhaps, then what is lost perhaps or for certain."""
    row, _ = entry
    return _TURNS.index(row.turn), row.tenancy, row.path


_TURNS: tuple[Turn, ...] = (
    (False, True),
    (None, True),
    (False, None),
    (True, None),
    (None, False),
    (True, False),
)


def _folded(pattern: list[tuple[Area, Turn]]) -> Iterator[_Row]:
    """The compartments to name; where all below one change like it, that one alone."""
    tenancies = {area.tenancy.ocid: area.tenancy for area, _ in pattern}
    for tenancy in tenancies.values():
        turns = {
            path: turn
            for area, turn in pattern
            if area.tenancy.ocid == tenancy.ocid
            for path in area.paths
        }
        same = _same_below(tenancy, turns)
        for path, turn in turns.items():
            if not (path and same[path[:-1]]):
                yield _Row(tenancy.ocid, path, same[path], turn)


def _same_below(
    tenancy: Tenancy, turns: Mapping[CompartmentPath, Turn]
) -> Mapping[CompartmentPath, bool]:
    """Of each compartment, whether all below it change in the same way."""
    same = dict.fromkeys(tenancy.compartments, True)
    for path in sorted(tenancy.compartments, key=len, reverse=True):
        above = path[:-1]
        if path and not (same[path] and turns.get(path) == turns.get(above)):
            same[above] = False
    return same
