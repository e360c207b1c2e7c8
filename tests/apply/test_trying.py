"""What apply says of the calls that it makes when all steps are done."""

import re

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.apply.place import CHAT, Place
from tests.commands import call

TIMES = re.compile(r"\d+\.\d+ s\b")
REQUEST = re.compile(r"[0-9A-F]{32}(?:/[0-9A-F]{32})*")
SMOKE = {**CHAT, "smoke.calls": ["chat"]}


def applied(*arguments: str) -> tuple[int, str]:
    """The exit code of an apply, and what it says behind its steps."""
    result = call("apply", "--yes", *arguments)
    said = REQUEST.sub("REQUEST", TIMES.sub("TIME", result.stdout + result.stderr))
    return result.exit_code, said.partition("\ndone: ")[2]


def test_the_calls_are_made_once_all_is_there(place: Place, snapshot: SnapshotAssertion) -> None:
    place.config(change=SMOKE)

    code, said = applied()

    assert code == 0
    assert said == snapshot


def test_a_call_that_fails_is_told_and_the_policies_stay(place: Place) -> None:
    place.config(change={**SMOKE, "smoke.model": "cohere.command-a-03-2026"})

    code, said = applied()

    assert code == 1
    assert said.endswith(
        "\nThe policies stay; `ocipolicy rollback ocipolicy.yaml` takes them back.\n"
    )
    assert place.verdicts() == {"allowed"}


def test_a_minute_is_given_to_policies_that_take_hold_late(place: Place) -> None:
    place.config(change=SMOKE)
    place.fault("service", "Chat", status=404, code="NotAuthorizedOrNotFound", times=2)

    code, _ = applied()

    assert code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            {"service.profile": None},
            "the calls were not made: the service side, which is called, has no profile\n",
            id="nobody to call",
        ),
        pytest.param(
            {"region": None},
            "the calls were not made: smoke needs `region`, where Generative AI is called\n",
            id="no region",
        ),
    ],
)
def test_where_no_call_can_be_made_nothing_has_failed(
    place: Place, change: dict[str, None], said: str
) -> None:
    place.config(change={**SMOKE, **change})

    code, told = applied()

    assert (code, told.partition("\n\n")[2]) == (0, said)


def test_no_calls_unless_something_changed(place: Place) -> None:
    place.config(change=SMOKE)
    assert applied("--no-smoke") == (0, "2 created\n")

    result = call("apply", "--yes")

    assert (result.exit_code, "your own calls" in result.stdout) == (0, False)


def test_of_a_saved_plan_the_calls_are_left_to_smoke(place: Place) -> None:
    place.config(change=SMOKE)
    assert call("plan", "-o", "plan.json").exit_code == 0

    assert applied("plan.json") == (
        0,
        "2 created\n\n`ocipolicy smoke ocipolicy.yaml` makes the calls that prove it\n",
    )
