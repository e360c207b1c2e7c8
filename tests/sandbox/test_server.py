"""The desk behind real sockets: what a client may send, and what it gets."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.desk import LARGEST, MARK
from ocipolicy.sandbox.faults import Fault
from ocipolicy.sandbox.server import Server
from tests.sandbox.signing import CREATE, LIST, Signer, policy, shared_keys, signer, world

CHAT = "/20231130/actions/chat"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[HTTPConnection]:
    made = HTTPConnection(address(sandbox), timeout=10)
    yield made
    made.close()


def address(sandbox: Sandbox) -> str:
    return sandbox.endpoint.removeprefix("http://")


def alice(sandbox: Sandbox, name: str = "alice") -> Signer:
    return signer(name).but(host=address(sandbox))


def chat(*, stream: bool = True) -> bytes:
    words = [{"type": "TEXT", "text": "one two three four five six seven"}]
    return json.dumps(
        {
            "compartmentId": "ocid1.tenancy.oc1..caller",
            "servingMode": {
                "servingType": "ON_DEMAND",
                "modelId": "meta.llama-3.3-70b-instruct",
            },
            "chatRequest": {
                "apiFormat": "GENERIC",
                "isStream": stream,
                "messages": [{"role": "USER", "content": words}],
            },
        }
    ).encode()


def raw(sandbox: Sandbox, *pieces: bytes) -> bytes:
    """All that comes back for bytes, until the sandbox closes the connection."""
    with socket.create_connection(("127.0.0.1", int(sandbox.endpoint.rpartition(":")[2]))) as made:
        made.settimeout(10)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                made.sendall(piece)
            made.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(ConnectionError):
            while piece := made.recv(65536):
                found += piece
        return found


def status_of(answer: bytes) -> int:
    """The status of the only answer that came back; 0 where there is none."""
    if not answer:
        return 0
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert MARK.encode() in answer
    return int(answer.split()[1])


def ask(
    connection: HTTPConnection, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> HTTPResponse:
    connection.request(method, target, body or None, headers)
    return connection.getresponse()


def test_a_connection_is_kept(sandbox: Sandbox, connection: HTTPConnection) -> None:
    first = None
    for number in range(3):
        body = policy(f"p{number}")
        response = ask(
            connection, "POST", CREATE, alice(sandbox).signed("POST", CREATE, body), body
        )
        assert response.status == 200
        assert json.loads(response.read())["name"] == f"p{number}"
        assert response.getheader("connection") is None
        assert response.getheader("content-type") == "application/json"
        assert response.getheader(MARK) == "1"
        first = first or connection.sock
        assert connection.sock is first


def test_refusals_keep_the_connection(sandbox: Sandbox, connection: HTTPConnection) -> None:
    for target, status in (("/nothing", 404), (LIST, 401)):
        response = ask(connection, "GET", target, {})
        assert response.status == status
        assert json.loads(response.read())["code"]
    assert ask(connection, "GET", LIST, alice(sandbox).signed("GET", LIST)).status == 200


def test_what_is_gone_has_no_body(sandbox: Sandbox, connection: HTTPConnection) -> None:
    target = "/20160918/policies/ocid1.policy.oc1..own"
    response = ask(connection, "DELETE", target, alice(sandbox).signed("DELETE", target))

    assert (response.status, response.read()) == (204, b"")
    assert response.getheader("content-type") is None
    assert response.getheader("content-length") is None
    assert ask(connection, "GET", "/nothing", {}).status == 404


def test_a_head_has_no_body(sandbox: Sandbox, connection: HTTPConnection) -> None:
    response = ask(connection, "HEAD", LIST, alice(sandbox).signed("HEAD", LIST))

    assert (response.status, response.read()) == (200, b"")
    assert int(response.getheader("content-length") or 0) > 2
    assert ask(connection, "GET", "/nothing", {}).status == 404


def test_a_stream_comes_event_by_event(sandbox: Sandbox, connection: HTTPConnection) -> None:
    body = chat()
    admin = alice(sandbox, "caller/admin")
    response = ask(connection, "POST", CHAT, admin.signed("POST", CHAT, body), body)

    assert response.status == 200
    assert response.getheader("content-type") == "text/event-stream"
    assert response.getheader("transfer-encoding") == "chunked"
    events = response.read().split(b"\n\n")
    assert len(events) > 4
    assert events[-1] == b""
    assert all(each.startswith(b"data: ") for each in events[:-1])
    # The connection is as good as before.
    assert ask(connection, "GET", "/nothing", {}).status == 404


def test_each_event_is_sent_at_once(sandbox: Sandbox) -> None:
    body = chat()
    headers = alice(sandbox, "caller/admin").signed("POST", CHAT, body)
    head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    answer = raw(sandbox, f"POST {CHAT} HTTP/1.1\r\n{head}\r\n".encode() + body)

    chunks = answer.partition(b"\r\n\r\n")[2].split(b"\r\n")
    events = [each for each in chunks if each.startswith(b"data: ")]
    assert len(events) > 4
    assert all(each.count(b"data: ") == 1 and each.endswith(b"\n\n") for each in events)
    assert answer.endswith(b"\r\n0\r\n\r\n")


def test_an_old_client_gets_a_stream_that_ends_with_the_connection(sandbox: Sandbox) -> None:
    body = chat()
    headers = alice(sandbox, "caller/admin").signed("POST", CHAT, body)
    head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    answer = raw(sandbox, f"POST {CHAT} HTTP/1.0\r\n{head}\r\n".encode() + body)

    assert b"transfer-encoding" not in answer
    assert b"connection: close" in answer
    assert answer.partition(b"\r\n\r\n")[2].startswith(b"data: ")


def test_a_client_that_goes_away_is_nothing_to_tell_of(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    body = chat()
    admin = alice(sandbox, "caller/admin")
    for _ in range(5):
        headers = admin.signed("POST", CHAT, body)
        head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        with socket.create_connection(("127.0.0.1", int(admin.host.partition(":")[2]))) as made:
            # Closed with a reset, as soon as there is something to read.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.sendall(f"POST {CHAT} HTTP/1.1\r\n{head}\r\n".encode() + body)
            made.recv(1)
    with socket.create_connection(("127.0.0.1", int(admin.host.partition(":")[2]))) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc")

    sandbox.__exit__(None, None, None)
    assert capfd.readouterr() == ("", "")
    assert all(each.failure is None for each in sandbox.log)


def test_a_body_in_chunks(sandbox: Sandbox) -> None:
    # No client of OCI signs one, since it has to say the length; it is read all the same.
    start = b"POST /20160918/policies HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    start += b"Transfer-Encoding: chunked\r\n\r\n"
    for sent in (b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n"):
        assert status_of(raw(sandbox, start, sent)) == 401


@pytest.mark.parametrize(
    "sent",
    [
        b"x\r\n",
        b"-1\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3" * 2000,
        b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_a_body_in_chunks_that_are_wrong(sandbox: Sandbox, sent: bytes) -> None:
    start = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert status_of(raw(sandbox, start, sent)) == 400


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: x", 400),
        (b"Content-Length: -1", 400),
        (b"Content-Length: +1", 400),
        (b"Content-Length: 1_0", 400),
        (b"Content-Length: \xb2", 400),
        (b"Content-Length: 1, 1", 400),
        (b"Content-Length: 1\r\nContent-Length: 1", 400),
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked", 400),
        (b"Transfer-Encoding: gzip", 400),
        (b"Transfer-Encoding: gzip, chunked", 400),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        (b"Host: 127.0.0.1", 400),
        (b"Date: a\r\nDate: b", 400),
        (b"Authorization: a\r\nauthorization: b", 400),
        (b"no colon", 400),
        (b"X: a\r\n b", 400),
        (b" X: a", 400),
        (b"X : a", 400),
        (b"X: " + b"a" * 70_000, 431),
        (b"\r\n".join(b"X-%d: a" % number for number in range(200)), 431),
        (f"Content-Length: {LARGEST + 1}".encode(), 413),
        (b"Content-Length: 999999999999999999999", 400),
        (b"Content-Length: 5", 0),
        (b"Content-Type: multipart/form-data; boundary=x\r\nConnection: close", 404),
        (b"Content-Type: message/rfc822\r\nConnection: close", 404),
    ],
)
def test_headers_that_are_wrong(sandbox: Sandbox, head: bytes, status: int) -> None:
    answer = raw(sandbox, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n\r\nabc")

    assert status_of(answer) == status
    if status:
        assert b"connection: close" in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"]
        assert sandbox.log[-1].status == status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", 414),
        (b"GET", 400),
        (b"GET / HTTP/1.1 x", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/x", 400),
        (b"BREW / HTTP/1.1", 501),
        (b"get / HTTP/1.1", 501),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET http://example.com/ HTTP/1.1", 403),
        (b"GET http://127.0.0.1:1/ HTTP/1.1", 400),
        (b"GET https://127.0.0.1/ HTTP/1.1", 404),
        (b"GET ftp://127.0.0.1/ HTTP/1.1", 404),
        (b"GET http:// HTTP/1.1", 404),
        (b"GET http:///x HTTP/1.1", 404),
        (b"GET http://127.0.0.1 HTTP/1.1", 404),
        (b"GET //20160918/policies HTTP/1.1", 401),
        (b"GET \xff\xfe HTTP/1.1", 404),
        (b"GET /%ff%00%0a HTTP/1.1", 404),
        (b"OPTIONS * HTTP/1.1", 404),
        (b"CONNECT example.com:443 HTTP/1.1", 403),
        (b"CONNECT / HTTP/1.1", 403),
    ],
)
def test_request_lines_that_are_strange(sandbox: Sandbox, line: bytes, status: int) -> None:
    answer = raw(sandbox, line + b"\r\nHost: 127.0.0.1\r\n\r\n")

    assert status_of(answer) == status


def test_nothing_at_all(sandbox: Sandbox) -> None:
    assert raw(sandbox, b"") == b""
    assert raw(sandbox, b"\r\n") == b""


def test_a_request_without_a_host(sandbox: Sandbox) -> None:
    assert status_of(raw(sandbox, b"GET /_sandbox/health HTTP/1.1\r\n\r\n")) == 403


def test_what_follows_a_refused_body_is_no_request(sandbox: Sandbox) -> None:
    # Its length being unclear, the rest could be taken for a second request.
    second = b"GET /_sandbox/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    first = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n"
    first += b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"

    assert status_of(raw(sandbox, first + second)) == 400


def test_two_requests_at_once_get_two_answers(sandbox: Sandbox) -> None:
    request = b"GET /_sandbox/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    assert raw(sandbox, request + request).count(b'"status": "ready"') == 2


def test_the_target_is_the_raw_one(sandbox: Sandbox, connection: HTTPConnection) -> None:
    for target in (
        LIST.replace(":", "%3a"),
        f"{LIST}&name=%C3%A4+b%20c",
        f"/{LIST}",
    ):
        connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
        for name, text in alice(sandbox).signed("GET", target).items():
            connection.putheader(name, text)
        connection.endheaders()
        response = connection.getresponse()
        response.read()
        assert response.status == 200


def test_a_proxy_puts_the_host_before_the_target(sandbox: Sandbox) -> None:
    host = "identity.us-chicago-1.oci.oraclecloud.com"
    signed = signer("alice").but(host=host).signed("GET", LIST)
    head = "".join(f"{name}: {text}\r\n" for name, text in signed.items())
    answer = raw(sandbox, f"GET http://{host}{LIST} HTTP/1.1\r\n{head}\r\n".encode())

    assert status_of(answer) == 200
    assert sandbox.log[-1].region == "us-chicago-1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "127.0.0.2", "localhost", "", "10.0.0.1"])  # noqa: S104
def test_it_listens_for_this_computer_alone(host: str) -> None:
    with pytest.raises(CannotGoOn, match="the sandbox does not listen on") as caught:
        Sandbox(world(), keys=shared_keys(), host=host)

    assert "127.0.0.1" in str(caught.value.help)


def test_it_is_bound_to_127_0_0_1(sandbox: Sandbox) -> None:
    assert sandbox.endpoint.startswith("http://127.0.0.1:")
    port = int(sandbox.endpoint.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=2).close()


def test_a_port_that_is_taken(sandbox: Sandbox) -> None:
    port = int(sandbox.endpoint.rpartition(":")[2])

    with pytest.raises(CannotGoOn, match=f"cannot listen on 127.0.0.1:{port}") as caught:
        Sandbox(world(), port, keys=shared_keys())
    assert caught.value.help == "choose another port, or 0 for any"
    with pytest.raises(CannotGoOn, match=r"cannot listen on 127.0.0.1:99999"):
        Sandbox(world(), 99999, keys=shared_keys())


def test_the_port_is_free_again_at_once() -> None:
    with Sandbox(world(), keys=shared_keys()) as first:
        port = int(first.endpoint.rpartition(":")[2])
        connection = HTTPConnection(address(first))
        assert ask(connection, "GET", "/_sandbox/health", {}).status == 200
    connection.close()
    with Sandbox(world(), port, keys=shared_keys()) as second:
        assert second.endpoint == first.endpoint


def test_the_end_waits_for_nobody() -> None:
    before = {*threads()}  # other tests may keep a sandbox of their own
    with Sandbox(world(), keys=shared_keys()) as sandbox:
        idle = socket.create_connection(("127.0.0.1", int(sandbox.endpoint.rpartition(":")[2])))
        sandbox.faults.add(Fault(delay=500))
        slow = HTTPConnection(address(sandbox))
        slow.request("GET", LIST, headers=alice(sandbox).signed("GET", LIST))
        while not any("Thread-" in each.name for each in {*threads()} - before):
            time.sleep(0.01)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    idle.close()
    slow.close()
    assert [each.name for each in {*threads()} - before] == []


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if not each.name.startswith("pytest")]


def test_many_clients_at_once(sandbox: Sandbox) -> None:
    body = chat()
    statuses: list[int] = []

    def stream() -> None:
        connection = HTTPConnection(address(sandbox), timeout=30)
        signed = alice(sandbox, "caller/admin").signed("POST", CHAT, body)
        response = ask(connection, "POST", CHAT, signed, body)
        if response.read().endswith(b"\n\n"):
            statuses.append(response.status)
        connection.close()

    clients = [threading.Thread(target=stream) for _ in range(40)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    assert statuses == [200] * 40


def test_what_breaks_in_the_server_is_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    def context(host: str) -> ssl.SSLContext:
        raise KeyError(host)

    with Sandbox(world(), keys=shared_keys()) as sandbox:
        server = Server(sandbox.desk, context)
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as made:
            made.sendall(b"CONNECT identity.us-ashburn-1.oraclecloud.com:443 HTTP/1.1\r\n\r\n")
            assert made.recv(100) == b""
        server.close()

    assert "KeyError: 'identity.us-ashburn-1.oraclecloud.com'" in str(sandbox.log[-1].failure)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\na",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3",
        b"CONNECT identity.us-ashburn-1.oraclecloud.com:443 HTTP/1.1\r\n\r\n",
    ],
)
def test_a_client_that_says_no_more_is_not_waited_for(sandbox: Sandbox, sent: bytes) -> None:
    server = Server(sandbox.desk, sandbox.certificates.context, patience=0.2)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as made:
        made.sendall(sent)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := made.recv(65536):
                answer += piece
    server.close()

    assert answer in (b"", f"HTTP/1.1 200 Connection established\r\n{MARK}: 1\r\n\r\n".encode())
    assert len(sandbox.log) == 0
