"""Each fault, seen from a client."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected

import pytest

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Dropped, Fault, Faults
from tests.sandbox.signing import CREATE, LIST, policy, shared_keys, signer, world
from tests.sandbox.test_server import CHAT, address, alice, chat


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[HTTPConnection]:
    made = HTTPConnection(address(sandbox), timeout=10)
    yield made
    made.close()


def listed(sandbox: Sandbox, connection: HTTPConnection) -> int:
    connection.request("GET", LIST, headers=alice(sandbox).signed("GET", LIST))
    response = connection.getresponse()
    response.read()
    return response.status


def create(sandbox: Sandbox, connection: HTTPConnection, name: str = "new") -> int:
    body = policy(name)
    connection.request("POST", CREATE, body, alice(sandbox).signed("POST", CREATE, body))
    response = connection.getresponse()
    response.read()
    return response.status


def policies(sandbox: Sandbox) -> list[str]:
    """Those of the world, and those made since; not that of the administrators."""
    found = [each.name for each in sandbox.state.world.tenancies["caller"].policies]
    return [each for each in found if each != "Tenant Admin Policy"]


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (Fault(status=429), "TooManyRequests", "Too many requests for the user."),
        (Fault(status=500), "InternalServerError", "Internal error occurred."),
        (Fault(status=503), "ServiceUnavailable", "The service is unavailable."),
        (Fault(status=418), "418", "The sandbox was told to fail."),
        (Fault(status=409, code="LockConflict", message="Later."), "LockConflict", "Later."),
    ],
)
def test_a_status(
    sandbox: Sandbox, connection: HTTPConnection, fault: Fault, code: str, message: str
) -> None:
    sandbox.faults.add(fault)
    body = policy()
    connection.request("POST", CREATE, body, alice(sandbox).signed("POST", CREATE, body))
    response = connection.getresponse()

    assert response.status == fault.status
    assert json.loads(response.read()) == {"code": code, "message": message}
    assert policies(sandbox) == ["own", "across"]
    assert (sandbox.log[-1].fault, sandbox.log[-1].code) == (True, code)
    assert create(sandbox, connection) == 200
    assert not sandbox.log[-1].fault


def test_a_fault_is_for_an_operation_and_a_number_of_calls(
    sandbox: Sandbox, connection: HTTPConnection
) -> None:
    sandbox.faults.add(Fault("CreatePolicy", times=2, status=503))
    sandbox.faults.add(Fault("identity:ListPolicies", times=1, status=429))
    sandbox.faults.add(Fault("other:ListPolicies", status=500))

    assert [listed(sandbox, connection) for _ in range(3)] == [429, 200, 200]
    assert [create(sandbox, connection) for _ in range(3)] == [503, 503, 200]
    assert [*sandbox.faults] == [Fault("other:ListPolicies", status=500)]


def test_a_fault_for_ever(sandbox: Sandbox, connection: HTTPConnection) -> None:
    sandbox.faults.add(Fault(times=None, status=503))

    assert [listed(sandbox, connection) for _ in range(5)] == [503] * 5
    sandbox.faults.clear()
    assert listed(sandbox, connection) == 200


def test_faults_come_one_after_the_other(sandbox: Sandbox, connection: HTTPConnection) -> None:
    for status in (429, 503, 500):
        sandbox.faults.add(Fault(status=status))

    assert [listed(sandbox, connection) for _ in range(4)] == [429, 503, 500, 200]


def test_what_is_not_signed_uses_up_no_fault(sandbox: Sandbox, connection: HTTPConnection) -> None:
    sandbox.faults.add(Fault(status=429))
    connection.request("GET", LIST)
    response = connection.getresponse()
    response.read()

    assert response.status == 401
    assert listed(sandbox, connection) == 429


def test_a_delay(sandbox: Sandbox, connection: HTTPConnection) -> None:
    sandbox.faults.add(Fault(delay=0.3))
    begun = time.monotonic()

    assert create(sandbox, connection) == 200
    assert time.monotonic() - begun > 0.3


def test_a_connection_that_drops_before_the_work(
    sandbox: Sandbox, connection: HTTPConnection
) -> None:
    sandbox.faults.add(Fault(drop="before"))

    with pytest.raises(RemoteDisconnected):
        create(sandbox, connection)
    assert policies(sandbox) == ["own", "across"]
    assert (sandbox.log[-1].fault, sandbox.log[-1].status) == (True, None)
    assert create(sandbox, connection) == 200


def test_a_connection_that_drops_behind_the_work(
    sandbox: Sandbox, connection: HTTPConnection
) -> None:
    sandbox.faults.add(Fault(drop="after"))

    with pytest.raises(RemoteDisconnected):
        create(sandbox, connection)
    assert policies(sandbox) == ["own", "across", "new"]
    # Whoever tries again without a retry token is told that it is there.
    assert create(sandbox, connection) == 409


@pytest.mark.parametrize("left", [0, 2])
def test_half_a_stream(sandbox: Sandbox, connection: HTTPConnection, left: int) -> None:
    sandbox.faults.add(Fault("Chat", cut=left))
    body = chat()
    admin = alice(sandbox, "caller/admin")
    connection.request("POST", CHAT, body, admin.signed("POST", CHAT, body))
    response = connection.getresponse()

    assert response.status == 200
    with pytest.raises(IncompleteRead) as caught:
        response.read()
    assert caught.value.partial.count(b"data: ") == left


def test_half_an_answer(sandbox: Sandbox, connection: HTTPConnection) -> None:
    sandbox.faults.add(Fault(cut=0))
    connection.request("GET", LIST, headers=alice(sandbox).signed("GET", LIST))
    response = connection.getresponse()

    with pytest.raises(IncompleteRead) as caught:
        response.read()
    assert abs(len(caught.value.partial) - (caught.value.expected or 0)) <= 1


def test_policies_that_take_effect_late() -> None:
    time = datetime.now(UTC)
    with Sandbox(world(), keys=shared_keys(), clock=lambda: time) as sandbox:
        sandbox.state.propagation = timedelta(seconds=10)
        bob = signer("bob")
        body = policy().replace(
            b"allow group writers to inspect groups in tenancy",
            b"allow any-user to inspect policies in tenancy",
        )

        def status() -> int:
            return sandbox.desk.handle("GET", LIST, bob.signed("GET", LIST, date=time)).status

        signed = signer("alice").signed("POST", CREATE, body, date=time)
        assert sandbox.desk.handle("POST", CREATE, signed, body).status == 200
        assert status() == 404
        time += timedelta(seconds=9)
        assert status() == 404
        time += timedelta(seconds=1)
        assert status() == 200


@pytest.mark.parametrize("minutes", [6, -6])
def test_clocks_that_differ(sandbox: Sandbox, connection: HTTPConnection, minutes: int) -> None:
    sandbox.faults.skew = timedelta(minutes=minutes)
    assert listed(sandbox, connection) == 401
    assert re.fullmatch(
        r"the date is 3[56]\d s (behind|ahead of) the sandbox's", str(sandbox.log[-1].failure)
    )
    sandbox.faults.clear()
    assert listed(sandbox, connection) == 200


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"status": 200}, "a fault with the status 200 is none"),
        ({"status": 600}, "a fault with the status 600 is none"),
        ({"delay": -1}, "a delay of -1 s is not possible"),
        ({"delay": 601}, "a delay of 601 s is not possible"),
        ({"delay": float("nan")}, "a delay of nan s is not possible"),
        ({"times": 0}, "a fault cannot happen 0 times"),
        ({"cut": -1}, "-1 events cannot be left"),
        ({"drop": "later"}, "a connection cannot drop `later`"),
        ({}, "a fault without a delay, a status, a drop or a cut is none"),
    ],
    ids=str,
)
def test_what_is_no_fault(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(CannotGoOn) as caught:
        Fault(**wrong)  # type: ignore[arg-type]

    assert caught.value.message == message
    assert caught.value.help


def test_a_delay_ends_with_the_sandbox() -> None:
    faults = Faults()
    faults.end()
    begun = time.monotonic()

    with pytest.raises(Dropped):
        faults.before(Fault(delay=500, drop="before"))
    assert time.monotonic() - begun < 1
