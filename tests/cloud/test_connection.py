"""On the way to a cloud and back: closed ports, proxies, TLS, faults of the service, retries."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ocipolicy.cloud import Attempt, Cloud, Refused, Retries, Unreachable
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from tests.cloud.sides import QUICK, cloud, profile


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose faults end with the test."""
    yield sandbox
    sandbox.faults.clear()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_closed_port_is_told_at_once(sandbox: Sandbox) -> None:
    port = closed_port()
    side = Cloud(profile(sandbox, "acme/admin", endpoint=f"http://127.0.0.1:{port}"))
    side.whoami()
    started = time.monotonic()

    with pytest.raises(Unreachable) as raised:
        side.policies()

    assert time.monotonic() - started < 2
    assert (raised.value.message, raised.value.help) == (
        f"ListRegionSubscriptions: 127.0.0.1:{port} cannot be reached: Connection refused",
        "start the sandbox, `ocipolicy sandbox start`, or look at the port in the endpoint",
    )
    assert (raised.value.attempts, raised.value.maybe_done) == (1, False)


def test_a_port_that_takes_nobody_in_is_given_up_after_two_seconds(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(6)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        port = server.getsockname()[1]
        side = Cloud(profile(sandbox, "acme/admin", endpoint=f"http://127.0.0.1:{port}"))
        side.whoami()
        started = time.monotonic()
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port} does not answer within 2 sec"):
            side.policies()
        assert time.monotonic() - started < 3
        for each in waiting:
            each.close()


def test_a_host_that_nobody_knows(sandbox: Sandbox) -> None:
    side = Cloud(profile(sandbox, "acme/admin", endpoint="http://nowhere.invalid"))
    with pytest.raises(Unreachable) as raised:
        side.policies()

    assert (raised.value.message, raised.value.help) == (
        "ListRegionSubscriptions: no address is known for nowhere.invalid",
        "look at the name of the host, and at the network",
    )


def test_behind_a_proxy_it_is_the_proxy_that_has_to_be_there(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = closed_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
    side = Cloud(profile(sandbox, "acme/admin", endpoint=None))
    with pytest.raises(Unreachable) as raised:
        side.policies()

    assert raised.value.message == (
        f"ListRegionSubscriptions: the proxy 127.0.0.1:{port} for "
        "identity.us-ashburn-1.oci.oraclecloud.com cannot be reached: Connection refused"
    )
    assert raised.value.help == (
        "look at HTTPS_PROXY and HTTP_PROXY, and at NO_PROXY for hosts that need none"
    )


def test_a_host_that_needs_no_proxy_is_reached_without_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert cloud(sandbox).tenancy().name == "acme"


def test_a_sandbox_is_reached_without_the_proxy_for_the_internet(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")

    assert cloud(sandbox).tenancy().name == "acme"


def test_oracles_own_hosts_are_reached_through_a_proxy_that_opens_tls(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.proxy_environ.items():
        monkeypatch.setenv(name, value)

    side = cloud(sandbox, endpoint=None)

    assert side.tenancy().name == "acme"
    assert sandbox.log[-1].region == "us-ashburn-1"


def test_a_certificate_that_nobody_here_trusts_is_not_tried_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", sandbox.endpoint)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with pytest.raises(Unreachable) as raised:
        cloud(sandbox, endpoint=None).tenancy()

    assert raised.value.message == (
        "ListRegionSubscriptions: identity.us-ashburn-1.oci.oraclecloud.com has a certificate that "
        "this computer does not trust, or speaks no TLS"
    )
    assert "REQUESTS_CA_BUNDLE" in (raised.value.help or "")
    assert raised.value.attempts == 1


def test_a_proxy_that_lets_nobody_through(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sandbox as a proxy refuses every host but Oracle's.
    monkeypatch.setenv("HTTPS_PROXY", sandbox.endpoint)
    with pytest.raises(Unreachable) as raised:
        cloud(sandbox, endpoint="https://example.com").tenancy()

    assert raised.value.message == (
        "ListRegionSubscriptions: example.com cannot be reached through the proxy"
    )


class _Portal(BaseHTTPRequestHandler):
    """What answers in a hotel before one has paid."""

    def do_GET(self) -> None:
        page = b"<html>Welcome!</html>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_a_page_that_is_no_answer_of_ocis(sandbox: Sandbox) -> None:
    with HTTPServer(("127.0.0.1", 0), _Portal) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        side = cloud(sandbox, endpoint=endpoint)
        try:
            with pytest.raises(Unreachable) as raised:
                side.policies()
        finally:
            server.shutdown()
            thread.join()

    assert raised.value.message == (
        f"ListRegionSubscriptions: what answers at {endpoint} is not OCI: it sends text/html"
    )
    assert raised.value.help == "look at the endpoint, and at proxies and portals on the way"


PASSING = {
    "429": Fault("ListUsers", times=2, status=429),
    "500": Fault("ListUsers", times=2, status=500),
    "503": Fault("ListUsers", times=2, status=503),
    "409 IncorrectState": Fault("ListUsers", times=2, status=409, code="IncorrectState"),
    "dropped before": Fault("ListUsers", times=2, drop="before"),
    "dropped behind": Fault("ListUsers", times=2, drop="after"),
    "cut off": Fault("ListUsers", times=2, cut=0),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again_and_every_attempt_is_told(
    faulty: Sandbox, fault: Fault
) -> None:
    seen: list[Attempt] = []
    side = cloud(faulty, on_attempt=seen.append)
    faulty.faults.add(fault)

    assert len(side.users()) == 7

    assert [(each.operation, each.number, each.of) for each in seen] == [
        ("ListUsers", 1, 4),
        ("ListUsers", 2, 4),
    ]
    assert all(0 < each.pause < 0.1 for each in seen)


LASTING = {
    "400": Fault("ListUsers", times=None, status=400),
    "401": Fault("ListUsers", times=None, status=401),
    "403": Fault("ListUsers", times=None, status=403),
    "404": Fault("ListUsers", times=None, status=404),
    "409 of another kind": Fault("ListUsers", times=None, status=409, code="Conflict"),
    "412": Fault("ListUsers", times=None, status=412),
    "501": Fault("ListUsers", times=None, status=501),
}


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING)
def test_what_lasts_is_not_tried_again(faulty: Sandbox, fault: Fault) -> None:
    seen: list[Attempt] = []
    side = cloud(faulty, on_attempt=seen.append)
    faulty.faults.add(fault)

    with pytest.raises(Refused) as raised:
        side.users()

    assert (raised.value.status, raised.value.attempts, seen) == (fault.status, 1, [])
    assert raised.value.request_id.count("/") == 2


def test_after_the_last_attempt_the_error_says_how_often_it_was_tried(faulty: Sandbox) -> None:
    faulty.faults.add(Fault("ListUsers", times=None, status=503))
    with pytest.raises(Refused) as raised:
        cloud(faulty).users()

    assert (raised.value.status, raised.value.attempts, raised.value.maybe_done) == (503, 4, True)


def test_the_time_for_all_attempts_is_bounded(faulty: Sandbox) -> None:
    faulty.faults.add(Fault("ListUsers", times=None, status=503))
    retries = Retries(attempts=100, pause=0.2, longest=0.2, total=0.7)
    side = Cloud(profile(faulty, "acme/admin"), retries=retries)
    side.tenancy()
    started = time.monotonic()
    with pytest.raises(Refused) as raised:
        side.users()

    assert time.monotonic() - started < 1.2
    assert raised.value.attempts < 5


def test_the_service_may_ask_to_be_left_alone_for_longer() -> None:
    error = Refused("ListUsers", 429, "TooManyRequests", "No.", wait=7)

    assert QUICK.next(1, 0, error) == 7
    assert QUICK.next(1, 15, error) is None


def test_an_answer_that_was_lost_behind_the_work_may_mean_that_it_is_done(
    faulty: Sandbox,
) -> None:
    side = cloud(faulty)
    made = side.create_policy(
        side.whoami().tenancy, "lost", ["allow any-user to use x in tenancy"], "d", {}, "t-lost"
    )
    faulty.faults.add(Fault("DeletePolicy", drop="after"))

    with pytest.raises(Refused) as raised:
        side.delete_policy(made.ocid, made.etag)

    # The first attempt took it away, so the second found nothing.
    assert (raised.value.status, raised.value.attempts, raised.value.maybe_done) == (404, 2, True)
    assert side.policy(made.ocid) is None
