"""What an error of the service means: a table of causes and fixes, and the clock."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ocipolicy.cloud.errors import Refused, refused
from tests.examples import cases


def ident(case: dict[str, Any]) -> str:
    return f"{case['operation']} {case['status']} {case['code']}"


@pytest.mark.parametrize("case", cases("cloud/refusals.yaml"), ids=ident)
def test_cause_and_fix(case: dict[str, Any]) -> None:
    error = Refused(
        case["operation"], case["status"], case["code"], case["said"], request_id="A/B/C"
    )
    code = "" if case["code"] == str(case["status"]) else f" {case['code']}"

    assert error.message == (
        f"{case['operation']}: {case['status']}{code}: {case['said'].rstrip('.')}; {case['cause']}"
    )
    assert error.help == f"{case['fix']} (request id A/B/C)"
    assert (error.is_passing, error.is_denied) == (case["passes"], case["denied"])
    assert error.maybe_done == (case["status"] >= 500)


def answered(**headers: str) -> Any:
    """An error as the SDK gives it."""
    return SimpleNamespace(
        status=401, code="NotAuthenticated", message="No.", request_id="A", headers=headers
    )


@pytest.mark.parametrize(
    ("minute", "words"),
    [
        (11, "the clock of this computer is 11 minutes ahead of the service's; 5 are too many"),
        (4, "the signature of the request was not accepted"),
    ],
)
def test_a_clock_that_is_off_is_told_by_the_date_of_the_answer(minute: int, words: str) -> None:
    sent = datetime(2026, 11, 21, 12, minute, tzinfo=UTC)

    error = refused("ListUsers", answered(date="Sat, 21 Nov 2026 12:00:00 GMT"), sent)

    assert error.cause == words


def test_a_clock_that_is_behind() -> None:
    sent = datetime(2026, 11, 21, 11, 50, tzinfo=UTC)

    error = refused("ListUsers", answered(date="Sat, 21 Nov 2026 12:00:00 GMT"), sent)

    assert error.message == (
        "ListUsers: 401 NotAuthenticated: No; the clock of this computer is 10 minutes behind "
        "the service's; 5 are too many"
    )
    assert error.help == "set the clock, and try again (request id A)"


def test_an_answer_without_a_date_or_with_nonsense_for_one() -> None:
    sent = datetime(2026, 11, 21, tzinfo=UTC)
    for headers in ({}, {"date": "yesterday"}):
        error = refused("ListUsers", answered(**headers), sent)
        assert error.cause == "the signature of the request was not accepted"


def test_what_looks_like_a_secret_in_the_words_of_the_service_is_not_repeated() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abcdefghijk"  # noqa: S105 - it is nobody's
    error = Refused("ListUsers", 400, "InvalidParameter", f"bad token {token}")

    assert token not in f"{error!r}{error.message}{error.help}{error.said}"
