"""What a rollback brings back: the policies as they were before the last run that left something.

Runs that did not come to their end belong to the run after them, which began with what they had
left: all of these are undone together. A rollback that did not come to its end is gone on with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ocipolicy.apply.journal import Run, Stored
from ocipolicy.apply.undoing import find, inverse, says
from ocipolicy.cloud import Cloud
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.plan import Step, Target


def last(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs that a rollback undoes, the newest first; `runs` has all, the newest first.

    Empty where everything on record has been undone.
    """
    found: list[Run] = []
    named: set[str] = set()
    for run in runs:
        if run.end == "undone" or not run.standing:
            continue
        if found and run.end == "applied" and run.path.name not in named:
            break
        found.append(run)
        named.update(run.undoes)
    return tuple(found)


def unfinished(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs behind the last one that came to its end, the newest first; `runs` as for `last`."""
    found: list[Run] = []
    for run in runs:
        if run.is_open:
            found.append(run)
        elif run.end == "applied":
            break
    return tuple(found)


def steps(runs: Iterable[Run], clouds: Mapping[str, Cloud]) -> tuple[Step, ...]:
    """The steps that bring everything back, the last change first.

    Raises CannotGoOn: Blocked where a policy has been changed by somebody else since.
    """
    found: list[Step] = []
    for each in _merged(runs):
        cloud = clouds.get(each.target.tenancy)
        if cloud is None:
            raise CannotGoOn(
                f"there is no profile for the tenancy {each.target.tenancy}",
                "add `profile:` to that side of the config",
            )
        back = inverse(each.target, find(cloud, each.target, None), each.before, each.since)
        if back is not None:
            found.append(back)
    return tuple(found)


@dataclass(slots=True)
class _Changed:
    """A policy: what it said before the first run, and all that it may say since by us."""

    target: Target
    before: Stored | None
    since: list[Stored | None]


def _merged(runs: Iterable[Run]) -> Iterator[_Changed]:
    """The policies that runs changed, the newest first; what was not ours in between stays."""
    found: dict[Target, _Changed] = {}
    for run in runs:
        for entry in reversed(run.standing):
            changed = found.get(entry.target)
            if changed is None:
                found[entry.target] = _Changed(entry.target, entry.before, [entry.after])
            elif says(entry.after, changed.before):
                changed.before = entry.before
                changed.since.append(entry.after)
    yield from found.values()
