"""Everything that goes wrong on purpose: what, in which run, and how it is set up.

A run is `create` (nothing of ours is there), `update` (the config wants more than is there) or
`destroy`. It begins at the service in the first two, at the caller in the last.
"""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.apply.children import started
from tests.apply.place import MORE, SIDES, Place, Side
from tests.commands import call

Run = Literal["create", "update", "destroy"]
Seen = tuple[int, str, str]  # exit code, standard output, standard error
_WRITES = {"create": "CreatePolicy", "update": "UpdatePolicy", "destroy": "DeletePolicy"}
_ALWAYS: dict[str, Any] = {"times": None}
_LATE = 1.6  # seconds; a client with a patience of 1 is gone by then


@dataclass(frozen=True)
class Row:
    """A fault: what it is, in which run it happens, what brings it about, and how it is run."""

    what: str
    run: Run
    cause: Callable[[Place, Run], None]
    go: Callable[[Place, Run], Seen]

    @property
    def name(self) -> str:
        return f"{self.run}: {self.what}"


def command(run: Run) -> tuple[str, ...]:
    """A run as it is typed; the calls behind an apply are no part of what goes wrong here."""
    return ("destroy", "--yes") if run == "destroy" else ("apply", "--yes", "--no-smoke")


def begin(place: Place, run: Run) -> None:
    """Have what a run begins with: nothing, or what an earlier apply has made."""
    place.config()
    if run != "create":
        place.apply()
    if run == "update":
        place.config(change=MORE)


def mend(place: Place, run: Run) -> None:
    """Have nothing wrong any more."""
    place.heal()
    for sandbox in place.sandboxes.values():
        sandbox.faults.skew = timedelta(0)
    place.config(change=MORE if run == "update" else {})


def here(place: Place, run: Run) -> Seen:  # noqa: ARG001 - all ways to run one are alike
    """The run in this process."""
    result = call(*command(run))
    return result.exit_code, result.stdout, result.stderr


# Ways in which the config is wrong.


def _profile(place: Place, run: Run, **changes: str) -> None:
    wanted = {f"caller.profile.{key}": value for key, value in changes.items()}
    place.config(change={**(MORE if run == "update" else {}), **wanted})


def no_such_profile(place: Place, run: Run) -> None:
    _profile(place, run, name="NOBODY")


def nobody_listens(place: Place, run: Run) -> None:
    _profile(place, run, endpoint="http://127.0.0.1:9/r/{region}")


def _own_config_file(place: Place, run: Run, auth: str, **lines: str) -> None:
    of_admin = place.sandboxes["caller"].principal("caller/admin").config
    config = {**{key: str(value) for key, value in of_admin.items()}, **lines}
    text = "\n".join(["[ADMIN]", *(f"{key}={value}" for key, value in config.items()), ""])
    Path("oci.config").write_text(text, "utf-8")
    _profile(place, run, name="ADMIN", auth=auth, config_file="oci.config")


def no_key_file(place: Place, run: Run) -> None:
    _own_config_file(place, run, "api_key", key_file="gone.pem")


def expired_token(place: Place, run: Run) -> None:
    part = {"exp": 1_700_000_000, "sub": "ocid1.user.oc1..x", "tenant": "ocid1.tenancy.oc1..caller"}
    claims, head = (_base64(json.dumps(each)) for each in (part, {"alg": "RS256"}))
    Path("token").write_text(f"{head}.{claims}.c2lnbmVk", "utf-8")
    _own_config_file(place, run, "security_token", security_token_file="token")  # noqa: S106


def _base64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_only(side: Side) -> Callable[[Place, Run], None]:
    def cause(place: Place, run: Run) -> None:
        place.config(change=MORE if run == "update" else {}, users={side: "reader"})

    return cause


# Ways in which the service fails.


def fault(side: Side, operation: str | None = None, **what: Any) -> Callable[[Place, Run], None]:
    """A fault of a write of the run, or of another operation of a side."""

    def cause(place: Place, run: Run) -> None:
        place.fault(side, operation or _WRITES[run], **what)

    return cause


def clock(place: Place, run: Run) -> None:  # noqa: ARG001
    place.sandboxes["caller"].faults.skew = timedelta(minutes=10)


def no_way_back(place: Place, run: Run) -> None:  # noqa: ARG001
    place.fault("caller", "CreatePolicy", status=404, **_ALWAYS)
    place.fault("service", "DeletePolicy", status=503, **_ALWAYS)


def nothing(place: Place, run: Run) -> None:
    """No fault of the service, or of the config."""


# Ways to run that are not here and now.


def killed(place: Place, run: Run) -> Seen:
    """Killed while the second step waits for its answer."""
    place.fault("caller", _WRITES[run], delay=60.0, drop="before", **_ALWAYS)
    there = place.count()
    with started(*command(run)) as child:
        child.kill_when(lambda: any(line.get("step") == 1 for line in place.lines(there)))
    return -9, "(killed)", ""


def full_disk(largest: int) -> Callable[[Place, Run], Seen]:
    def go(place: Place, run: Run) -> Seen:  # noqa: ARG001
        with started(*command(run), largest=largest) as child:
            return child.ended()

    return go


def at_the_same_time(place: Place, run: Run) -> Seen:
    """Another run goes on meanwhile, on the same computer."""
    place.fault("service", _WRITES[run], delay=60.0, drop="before")
    with started(*command(run)) as child:
        child.wait_for(place.lines)
        return here(place, run)


def elsewhere(place: Place, run: Run) -> Seen:
    """Another run has been quicker, on another computer, since ours made its plan."""
    call("plan", "-o", "plan.json")
    with pytest.MonkeyPatch.context() as other:
        other.setenv("XDG_STATE_HOME", str(place.folder / "elsewhere"))
        here(place, run)
    result = place.apply("plan.json")
    return result.exit_code, result.stdout, result.stderr


def late(place: Place, run: Run) -> Seen:
    """The service has the time to do what it did not answer."""
    seen = here(place, run)
    time.sleep(_LATE)
    return seen


# A write that is refused, and one that gets no answer.
_REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("401", {"status": 401}),
    ("403", {"status": 403, "code": "NotAllowed", "message": "You are not allowed to do that."}),
    ("404", {"status": 404}),
    ("409, another change goes on", {"status": 409}),
    ("409, the name is taken", {"status": 409, "code": "PolicyAlreadyExists"}),
    ("412", {"status": 412}),
    ("429", {"status": 429}),
    ("500", {"status": 500}),
    ("503", {"status": 503}),
)
_LOST: tuple[tuple[str, dict[str, Any]], ...] = (
    ("connection lost before the work", {"drop": "before"}),
    ("connection lost behind the work", {"drop": "after"}),
)
_PASSING = (*_REFUSED[3:4], *_REFUSED[6:], *_LOST, ("half an answer", {"cut": 0}))
_ORDER: dict[Run, tuple[Side, Side]] = {
    "create": SIDES,
    "update": SIDES,
    "destroy": ("caller", "service"),
}


def _writing(run: Run, which: int, faults: tuple[tuple[str, dict[str, Any]], ...]) -> Iterator[Row]:
    side = _ORDER[run][which]
    at = ("first", "second")[which]
    for what, kind in faults:
        yield Row(f"{what}, at the {at} step, for good", run, fault(side, **kind, **_ALWAYS), here)


def rows() -> Iterator[Row]:
    """All of them, in the order of the page."""
    yield Row("a profile that is not there", "create", no_such_profile, here)
    yield Row("a key file that is gone", "create", no_key_file, here)
    yield Row("a session token that has expired", "create", expired_token, here)
    yield Row("a clock that is ten minutes off", "create", clock, here)
    yield Row("nothing listens at one side", "update", nobody_listens, here)
    for status in (401, 404, 503):
        at_reading = fault("caller", "ListPolicies", status=status, **_ALWAYS)
        yield Row(f"{status} while the plan is made", "update", at_reading, here)
    yield Row("may only read at the first side", "create", read_only("service"), here)
    yield Row("may only read at the second side", "create", read_only("caller"), here)
    for what, kind in _PASSING:
        yield Row(f"{what}, once", "create", fault("caller", **kind), here)
    yield from _writing("create", 0, (*_REFUSED[2:5], _REFUSED[7], *_LOST))
    yield from _writing("create", 1, (*_REFUSED, *_LOST))
    yield from _writing("update", 0, (_REFUSED[5], *_LOST))
    yield from _writing("update", 1, (_REFUSED[2], _REFUSED[5], *_LOST))
    yield from _writing("destroy", 1, (_REFUSED[2], _REFUSED[5], *_LOST))
    for which, at in enumerate(("first", "second")):
        slow = fault(_ORDER["create"][which], delay=_LATE)
        yield Row(f"no answer in time at the {at} step, but done later", "create", slow, late)
    yield Row(
        "404 at the second step, and 503 at taking back the first", "create", no_way_back, here
    )
    yield Row("killed (`kill -9`) between the two steps", "create", nothing, killed)
    yield Row("killed (`kill -9`) between the two steps", "update", nothing, killed)
    yield Row("the disk is full when the journal begins", "create", nothing, full_disk(60))
    yield Row("the disk is full before the first step", "create", nothing, full_disk(300))
    yield Row("the disk is full before the second step", "create", nothing, full_disk(1400))
    yield Row("another run at the same time", "create", nothing, at_the_same_time)
    yield Row("another run elsewhere since the plan", "create", nothing, elsewhere)
