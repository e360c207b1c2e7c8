"""The sandbox as a proxy: it stands in for Oracle's hosts, and forwards nothing to any."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.desk import MARK
from ocipolicy.sandbox.routes import Route
from ocipolicy.sandbox.server import Server
from ocipolicy.sandbox.wire import answer
from tests.sandbox.signing import LIST, shared_keys, signer, world
from tests.sandbox.test_desk import made

ASHBURN = "identity.us-ashburn-1.oci.oraclecloud.com"
CHICAGO = "identity.us-chicago-1.oci.oraclecloud.com"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


def port(sandbox: Sandbox) -> int:
    return int(sandbox.endpoint.rpartition(":")[2])


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    """What trusts the sandbox's authority and nobody else, as strictly as there is."""
    context = ssl.create_default_context(cafile=str(sandbox.certificates.bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@contextlib.contextmanager
def tunnel(sandbox: Sandbox, host: str) -> Iterator[HTTPSConnection]:
    made = HTTPSConnection("127.0.0.1", port(sandbox), context=trusting(sandbox), timeout=10)
    made.set_tunnel(host, 443)
    yield made
    made.close()


@pytest.mark.parametrize(("host", "region"), [(ASHBURN, "us-ashburn-1"), (CHICAGO, "us-chicago-1")])
def test_it_speaks_tls_as_oracles_host(sandbox: Sandbox, host: str, region: str) -> None:
    with tunnel(sandbox, host) as connection:
        for _ in range(2):
            signed = signer("alice").but(host=host).signed("GET", LIST)
            connection.request("GET", LIST, headers=signed)
            response = connection.getresponse()
            assert response.status == 200
            assert response.getheader(MARK) == "1"
            assert "own" in [each["name"] for each in json.loads(response.read())]
            assert sandbox.log[-1].region == region


def test_a_large_answer_comes_whole(sandbox: Sandbox) -> None:
    large = Route(
        "GET", "/20160918/large", "identity", "ListPolicies", lambda _: answer("x" * 8_000_000)
    )
    server = Server(made((large,)), sandbox.certificates.context)
    server.start()
    connection = HTTPSConnection("127.0.0.1", server.port, context=trusting(sandbox), timeout=10)
    connection.set_tunnel(ASHBURN, 443)
    signed = signer("alice").but(host=ASHBURN).signed("GET", "/20160918/large")
    connection.request("GET", "/20160918/large", headers=signed)
    response = connection.getresponse()
    time.sleep(0.2)  # for what is sent to be more than fits between the two

    assert len(response.read()) == 8_000_002
    connection.close()
    server.close()


def test_every_host_has_its_certificate(sandbox: Sandbox) -> None:
    for host in (ASHBURN, "inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com"):
        with tunnel(sandbox, host) as connection:
            connection.connect()
            assert isinstance(connection.sock, ssl.SSLSocket)
            found = connection.sock.getpeercert() or {}
            assert found["subjectAltName"] == (("DNS", host),)


def test_the_authority_is_good_for_oracles_hosts_alone(sandbox: Sandbox) -> None:
    authority = sandbox.certificates.authority
    allowed = authority.extensions.get_extension_for_oid(ExtensionOID.NAME_CONSTRAINTS)

    assert allowed.critical
    assert isinstance(allowed.value, x509.NameConstraints)
    names = [each.value for each in allowed.value.permitted_subtrees or ()]
    assert "oraclecloud.com" in names
    assert all("oracle" in name for name in names)


def test_what_it_signs_for_other_hosts_nobody_takes(sandbox: Sandbox) -> None:
    # Were its key stolen, it could not be used against anything else.
    server = sandbox.certificates.context("www.example.com")
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(sandbox).wrap_bio(to_client, to_server, server_hostname="www.example.com")
    serving = server.wrap_bio(to_server, to_client, server_side=True)

    def shake() -> None:
        for side in (client, serving) * 4:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake()


@pytest.mark.parametrize(
    "authority",
    [
        "example.com:443",
        "127.0.0.1:443",
        "localhost:443",
        "169.254.169.254:443",
        "oraclecloud.com:443",
        f"{ASHBURN}:80",
        f"{ASHBURN}:22",
        ASHBURN,
        f"{ASHBURN}.:443",
        f"{ASHBURN}.example.com:443",
        "example.com/.oraclecloud.com:443",
        "exampleoraclecloud.com:443",
        "www.oracle.com:443",
        "[::1]:443",
        ":443",
        f"{'a' * 250}.oraclecloud.com:443",
    ],
)
def test_other_hosts_are_refused(sandbox: Sandbox, authority: str) -> None:
    with socket.create_connection(("127.0.0.1", port(sandbox)), timeout=10) as made:
        made.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        answer = b""
        while piece := made.recv(65536):
            answer += piece

    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert MARK.encode() in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "code": "NotAllowed",
        "message": "The sandbox stands in for hosts of Oracle's cloud alone, and forwards nothing.",
    }
    assert (sandbox.log[-1].method, sandbox.log[-1].target) == ("CONNECT", authority)


def test_plain_requests_for_other_hosts_are_refused(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", port(sandbox), timeout=10)
    connection.request("GET", "http://example.com/", headers={"Host": "example.com"})
    response = connection.getresponse()
    assert response.status == 403
    assert b"forwards nothing" in response.read()
    connection.close()


@pytest.mark.parametrize("host", [CHICAGO, "127.0.0.1", "example.com", f"{ASHBURN}:8443", ""])
def test_a_tunnel_is_for_one_host(sandbox: Sandbox, host: str) -> None:
    with tunnel(sandbox, ASHBURN) as connection:
        signed = signer("alice").but(host=host).signed("GET", LIST)
        connection.request("GET", LIST, headers=signed)
        assert connection.getresponse().status == 400


def test_there_is_no_tunnel_in_a_tunnel(sandbox: Sandbox) -> None:
    with tunnel(sandbox, ASHBURN) as connection:
        connection.request("CONNECT", f"{CHICAGO}:443", headers={"Host": f"{CHICAGO}:443"})
        response = connection.getresponse()
        assert response.status == 403
        assert b"This is a tunnel already." in response.read()


def test_the_sandbox_is_not_controlled_through_a_tunnel(sandbox: Sandbox) -> None:
    with tunnel(sandbox, ASHBURN) as connection:
        connection.request("GET", "/_sandbox/log")
        assert connection.getresponse().status == 403


def test_what_is_no_tls_ends_the_tunnel(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", port(sandbox)), timeout=10) as made:
        made.sendall(f"CONNECT {ASHBURN}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        established = f"HTTP/1.1 200 Connection established\r\n{MARK}: 1\r\n\r\n"
        assert made.recv(100) == established.encode()
        made.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while made.recv(65536):
                pass
    # A client that trusts somebody else ends it as well.
    connection = HTTPSConnection("127.0.0.1", port(sandbox), timeout=10)
    connection.set_tunnel(ASHBURN, 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()

    sandbox.__exit__(None, None, None)
    assert capfd.readouterr() == ("", "")


def test_tunnels_end_with_the_sandbox() -> None:
    with Sandbox(world(), keys=shared_keys()) as sandbox:
        connection = HTTPSConnection(
            "127.0.0.1", port(sandbox), context=trusting(sandbox), timeout=10
        )
        connection.set_tunnel(ASHBURN, 443)
        connection.request("GET", "/nothing")
        assert connection.getresponse().read()
        kept = connection.sock
    assert kept.recv(1) == b""
    connection.close()


def test_the_metadata_service_is_there_for_a_proxy(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", port(sandbox), timeout=10)
    connection.request(
        "GET",
        "http://169.254.169.254/opc/v2/instance/region",
        headers={"Host": "169.254.169.254", "Authorization": "Bearer Oracle"},
    )
    assert connection.getresponse().read() == b"us-chicago-1"
    connection.close()
