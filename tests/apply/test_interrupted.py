"""Runs that were killed: another run finishes what they began, a rollback takes it back."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.apply.children import started
from tests.apply.place import MORE, Place, Side
from tests.commands import call

LONG = {"delay": 60.0, "drop": "before"}
WRITES = {"create": "CreatePolicy", "update": "UpdatePolicy", "delete": "DeletePolicy"}


@dataclass(frozen=True)
class Point:
    """Where a run is killed: what hinders it there, and how one sees that it came so far."""

    name: str
    side: Side
    hinder: Callable[[Place, "Point", str], None]
    reached: Callable[[Place, "Point"], bool]
    step: int


def before_the_write(place: Place, point: Point, action: str) -> None:
    place.fault(point.side, WRITES[action], times=None, **LONG)


def behind_the_write(place: Place, point: Point, action: str) -> None:
    place.fault(point.side, WRITES[action], times=None, drop="after")


def at_the_reading_back(place: Place, point: Point, action: str) -> None:
    place.forget()
    call("plan" if action != "delete" else "destroy")
    log = place.sandboxes[point.side].log
    before = 1 + [entry.operation for entry in log].count("identity:ListPolicies")
    place.fault(point.side, "ListPolicies", times=before, delay=0.001)
    place.fault(point.side, "ListPolicies", times=None, **LONG)


def intended(place: Place, point: Point) -> bool:
    return any(line.get("step") == point.step for line in place.lines())


def written(place: Place, point: Point) -> bool:
    now = place.exactly(point.side)
    return intended(place, point) and now != place.start[point.side]


def taken(place: Place, point: Point) -> bool:
    return any(line.get("took") == point.step for line in place.lines())


POINTS = (
    Point("before the first write", "service", before_the_write, intended, 0),
    Point("behind the first write", "service", behind_the_write, written, 0),
    Point("reading back the first", "service", at_the_reading_back, taken, 0),
    Point("before the second write", "caller", before_the_write, intended, 1),
    Point("behind the second write", "caller", behind_the_write, written, 1),
    Point("reading back the second", "caller", at_the_reading_back, taken, 1),
)


def killed(place: Place, point: Point, action: str, command: str) -> None:
    """Run a command, and kill it at a point."""
    point.hinder(place, point, action)
    before = place.count()
    place.start = {side: place.exactly(side) for side in place.sandboxes}

    def there() -> bool:
        return place.count() > before and point.reached(place, point)

    with started(command, "--yes", OCIPOLICY_PATIENCE="90") as child:
        child.kill_when(there)
    place.heal()


def check(place: Place, command: str, before: object, verdict: str) -> None:
    """Finished by the same command, and then undone as one; and undone where it stands."""
    with place.kept():
        again = call(command, "--yes")
        assert again.exit_code == 0, again.output
        assert ("has not come to its end" in again.stdout) == ("✓" in again.stdout)
        assert place.verdicts() == {verdict}
        assert call("rollback", "--yes").exit_code == 0
        assert place.said() == before
        assert place.lost() == 0
    assert call("rollback", "--yes").exit_code == 0
    assert place.said() == before
    assert place.lost() == 0


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_first_apply(place: Place, point: Point) -> None:
    place.config()
    before = place.said()

    killed(place, point, "create", "apply")

    check(place, "apply", before, "allowed")


@pytest.mark.parametrize("point", POINTS[1:4:2], ids=lambda point: point.name)
def test_an_apply_that_changes_something(place: Place, point: Point) -> None:
    place.config()
    place.apply()
    before = place.said()
    place.config(change=MORE)

    killed(place, point, "update", "apply")

    check(place, "apply", before, "allowed")


def test_a_destroy(place: Place) -> None:
    place.config()
    place.apply()
    before = place.said()
    point = Point("behind the first delete", "caller", behind_the_write, written, 0)

    killed(place, point, "delete", "destroy")

    check(place, "destroy", before, "denied")


def test_a_rollback(place: Place) -> None:
    """What a rollback left undone, the next one does: it does not undo the rollback."""
    place.config()
    before = place.said()
    place.apply()
    point = Point("behind the first delete", "caller", behind_the_write, written, 0)
    killed(place, point, "delete", "rollback")

    with place.kept():
        again = place.apply()
        assert "has not come to its end" in again.stdout
        assert again.stdout.endswith("done: 1 created\n")
        assert place.verdicts() == {"allowed"}

    assert call("rollback", "--yes").stdout.endswith("done: 1 deleted\n")
    assert place.said() == before
    assert call("rollback", "--yes").stderr.startswith("there is nothing to undo")
    assert place.lost() == 0


def test_twice_killed(place: Place) -> None:
    """A second run that is killed before it did anything is no reason to block a rollback."""
    place.config()
    before = place.said()
    killed(place, POINTS[1], "create", "apply")
    place.config(change=MORE)
    killed(place, Point("before", "service", before_the_write, intended, 0), "update", "apply")

    check(place, "apply", before, "allowed")


def test_what_somebody_adds_after_a_kill(place: Place) -> None:
    """A run that goes on from there takes it away, and its rollback brings it back."""
    place.config()
    killed(place, POINTS[4], "create", "apply")
    place.say("caller", *place.ours("caller"), "endorse any-user to read objects in any-tenancy")
    before = place.said()
    assert place.apply().stdout.endswith("done: 1 updated\n")

    assert call("rollback", "--yes").exit_code == 0
    assert place.said()["caller"] == before["caller"]
    assert place.lost() == 0


def test_a_second_run_at_the_same_time(place: Place) -> None:
    place.config()
    place.fault("service", "CreatePolicy", **LONG)

    with started("apply", "--yes", "--no-smoke") as child:
        child.wait_for(place.lines)
        result = place.apply()
        assert result.exit_code == 2
        assert result.stderr == (
            "error: another run for sales-assistant is going on\n"
            "help: wait for it, then run this again\n"
        )
        assert place.ours("service") == []
    assert place.apply().exit_code == 0
    assert place.verdicts() == {"allowed"}
    assert place.lost() == 0
