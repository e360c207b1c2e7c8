"""The sandbox under control: what it tells everybody here, and what it does for its owner alone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest

from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.control import TOKEN_HEADER
from ocipolicy.sandbox.faults import Fault
from ocipolicy.world import load_world
from tests.sandbox.signing import CREATE, LIST, policy, shared_keys, signer, world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


def ask(
    sandbox: Sandbox,
    method: str,
    what: str,
    said: object = None,
    *,
    token: str | None = None,
    **headers: str,
) -> tuple[int, Any]:
    """An order comes with the token of the sandbox's folder, unless another is given."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode() if said else b""
    sent = {"host": "127.0.0.1", **headers}
    if method != "GET" or token:
        sent[TOKEN_HEADER] = token or sandbox.control_token_file.read_text()
    reply = sandbox.desk.handle(method, f"/_sandbox/{what}", sent, body)
    assert isinstance(reply.body, bytes)
    is_json = reply.headers.get("content-type") == "application/json"
    return reply.status, json.loads(reply.body) if is_json else reply.body.decode()


def create(sandbox: Sandbox, name: str = "new") -> int:
    body = policy(name)
    return sandbox.desk.handle(
        "POST", CREATE, signer("alice").signed("POST", CREATE, body), body
    ).status


def test_health(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET", "health") == (
        200,
        {"schema": 1, "status": "ready", "tenancies": ["caller", "service"]},
    )


def test_the_log(sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.desk.handle("GET", LIST, {"host": "127.0.0.1"})
    status, data = ask(sandbox, "GET", "log")

    assert (status, data["schema"]) == (200, 1)
    assert data["entries"] == [each.data() for each in [*sandbox.log][:2]]
    assert [each["status"] for each in data["entries"]] == [200, 401]
    # That somebody looked is not worth an entry.
    assert ask(sandbox, "GET", "log?after=2")[1]["entries"] == []
    assert [each["number"] for each in ask(sandbox, "GET", "log?after=1")[1]["entries"]] == [2]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "%C2%B2", "9" * 5000])
def test_a_log_after_nothing_that_is_a_number(sandbox: Sandbox, after: str) -> None:
    assert ask(sandbox, "GET", f"log?after={after}")[0] == 400


def test_the_world_loads_back(sandbox: Sandbox) -> None:
    create(sandbox)
    status, text = ask(sandbox, "GET", "world")
    loaded = load_world(text)

    assert (status, loaded.diagnostics) == (200, ())
    assert loaded.world == sandbox.state.world
    assert [each.name for each in sandbox.state.world.tenancies["caller"].policies][-1] == "new"


def test_faults(sandbox: Sandbox) -> None:
    nothing = {"schema": 1, "faults": [], "propagation": 0.0, "skew": 0.0}
    fault = {
        "operation": "Chat",
        "times": 3,
        "delay": 0.5,
        "status": 429,
        "code": None,
        "message": "Later.",
        "drop": None,
        "cut": None,
    }
    assert ask(sandbox, "GET", "faults") == (200, nothing)

    assert ask(sandbox, "POST", "faults", {each: fault[each] for each in fault if fault[each]}) == (
        200,
        {**nothing, "faults": [fault]},
    )
    assert ask(sandbox, "POST", "faults", {"propagation": 10, "skew": -360.5})[1] == {
        "schema": 1,
        "faults": [fault],
        "propagation": 10.0,
        "skew": -360.5,
    }
    assert [*sandbox.faults] == [Fault("Chat", 3, 0.5, 429, None, "Later.")]
    assert sandbox.state.propagation == timedelta(seconds=10)
    assert ask(sandbox, "DELETE", "faults") == (204, "")
    assert ask(sandbox, "GET", "faults") == (200, nothing)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"statuss": 429}, "A fault has no `statuss`; it has operation, times, delay, status"),
        ({"status": "429"}, "`status` is int."),
        ({"status": True}, "`status` is int."),
        ({"status": 200}, "a fault with the status 200 is none: write 400 to 599."),
        ({"delay": "1"}, "`delay` is int or float."),
        ({"drop": "never"}, "a connection cannot drop `never`: write before or after."),
        ({"operation": ["Chat"]}, "`operation` is str."),
        ({"times": 0, "status": 500}, "a fault cannot happen 0 times: write 1 or more."),
        ({"propagation": -1}, "`propagation` cannot be negative."),
        ({"propagation": "1"}, "`propagation` is a number of seconds, at most a year."),
        ({"skew": 1e300}, "`skew` is a number of seconds, at most a year."),
        ({"skew": 1, "status": 200}, "a fault with the status 200 is none: write 400 to 599."),
        ({"operation": "Chat"}, "a fault without a delay, a status, a drop or a cut is none"),
    ],
    ids=str,
)
def test_what_is_no_fault(sandbox: Sandbox, said: dict[str, object], message: str) -> None:
    status, data = ask(sandbox, "POST", "faults", said)

    assert (status, data["code"]) == (400, "InvalidParameter")
    assert data["message"].startswith(message)
    assert [*sandbox.faults] == []
    assert sandbox.faults.skew == timedelta(0)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"skew": NaN}', b"\xff", b"[" * 99_999]
)
def test_what_is_no_order(sandbox: Sandbox, body: bytes) -> None:
    status, data = ask(sandbox, "POST", "faults", body)

    assert (status, data["code"]) == (400, "CannotParseRequest")


def test_reset(sandbox: Sandbox) -> None:
    first = sandbox.state.world
    sandbox.state.stream_done = False
    sandbox.faults.add(Fault(status=500, times=None, operation="Chat"))
    assert create(sandbox) == 200
    config = sandbox.principal("alice").config
    assert ask(sandbox, "POST", "reset") == (204, "")

    assert sandbox.state.world.tenancies["caller"].policies == first.tenancies["caller"].policies
    assert [*sandbox.faults] == []
    assert not sandbox.state.stream_done
    assert [each.operation for each in sandbox.log] == ["sandbox:reset"]
    assert sandbox.principal("alice").config == config
    assert create(sandbox) == 200


ORDERS = [
    ("POST", "faults"),
    ("DELETE", "faults"),
    ("POST", "reset"),
    ("POST", "environ"),
    ("POST", "stop"),
]


@pytest.mark.parametrize(("method", "what"), ORDERS)
@pytest.mark.parametrize("token", ["wrong", "ä", " "])
def test_orders_need_the_token(sandbox: Sandbox, method: str, what: str, token: str) -> None:
    sandbox.faults.add(Fault(status=500))
    status, data = ask(sandbox, method, what, {"status": 429}, token=token)

    assert (status, data["code"]) == (403, "NotAllowed")
    assert [*sandbox.faults] == [Fault(status=500)]
    assert not sandbox.wait(0)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example.com",
        "identity.us-chicago-1.oci.oraclecloud.com",
        "169.254.169.254",
        "",
    ],
)
def test_it_is_controlled_at_its_own_address(sandbox: Sandbox, host: str) -> None:
    # A web page that has its name point here would come with that name.
    for method, what in (("GET", "health"), ("GET", "log"), *ORDERS):
        assert ask(sandbox, method, what, {"status": 429}, host=host)[0] == 403


def test_the_token_is_the_owners(sandbox: Sandbox) -> None:
    assert sandbox.control_token_file.stat().st_mode & 0o777 == 0o600
    assert len(sandbox.control_token_file.read_text()) > 40
    with Sandbox(world(), keys=shared_keys()) as other:
        assert other.control_token_file.read_text() != sandbox.control_token_file.read_text()


@pytest.mark.parametrize(
    ("method", "what"),
    [("GET", ""), ("GET", "nothing"), ("PUT", "faults"), ("GET", "reset"), ("GET", "log/x")],
)
def test_there_is_no_such_order(sandbox: Sandbox, method: str, what: str) -> None:
    assert ask(sandbox, method, what)[0] == 404


def test_environ(sandbox: Sandbox) -> None:
    status, data = ask(sandbox, "POST", "environ", {"as": "sales", "proxy": False})

    assert (status, data["schema"]) == (200, 1)
    assert data["environ"].items() >= sandbox.principal("sales").environ.items()
    for said in ({"as": 1}, {"as": "sales", "proxy": "yes"}, {"as": "nobody"}):
        status, data = ask(sandbox, "POST", "environ", said)
        assert (status, data["code"]) == (400, "InvalidParameter")


def test_stop(sandbox: Sandbox) -> None:
    assert not sandbox.wait(0)
    connection = HTTPConnection(sandbox.endpoint.removeprefix("http://"))
    token = sandbox.control_token_file.read_text()
    connection.request("POST", "/_sandbox/stop", headers={TOKEN_HEADER: token})
    assert connection.getresponse().status == 204
    connection.close()

    assert sandbox.wait(5)
