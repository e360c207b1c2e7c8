"""Whatever comes in: no 500, no crash, and nothing unsigned changes a thing."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.control import TOKEN_HEADER
from ocipolicy.sandbox.desk import MARK
from ocipolicy.sandbox.services import ROUTES
from tests.sandbox.signing import (
    CREATE,
    LIST,
    SERVICE,
    TENANCY,
    policy,
    shared_keys,
    signer,
    world,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOSTS = (
    "127.0.0.1",
    "localhost:1",
    "identity.us-chicago-1.oci.oraclecloud.com",
    "inference.generativeai.us-chicago-1.oci.oraclecloud.com",
)
OCIDS = (
    TENANCY,
    SERVICE,
    "ocid1.compartment.oc1..bots",
    "ocid1.policy.oc1..own",
    "ocid1.user.oc1..alice",
    "ocid1.group.oc1..writers",
    "ocid1.nothing.oc1..x",
)
# Words that the services know, so that more than the first check of a handler is reached.
WORDS = (
    *OCIDS,
    "",
    "name",
    "ASC",
    "TIMECREATED",
    "ACTIVE",
    "ON_DEMAND",
    "DEDICATED",
    "COHERE",
    "GENERIC",
    "COHEREV2",
    "LLAMA",
    "USER",
    "TEXT",
    "meta.llama-3.3-70b-instruct",
    "cohere.command-a-03-2025",
    "cohere.embed-v4.0",
    "allow group writers to inspect groups in tenancy",
    "2026-11-21",
    "\ud800",
)
KEYS = (
    *("compartmentId", "name", "description", "statements", "versionDate", "freeformTags"),
    *("definedTags", "userId", "groupId", "matchingRule", "servingMode", "servingType", "modelId"),
    *("chatRequest", "inferenceRequest", "runtimeType", "apiFormat", "messages", "message", "role"),
    *("content", "type", "text", "prompt", "isStream", "maxTokens", "inputs", "input", "documents"),
    *(
        "key",
        "topN",
        "model",
        "stream",
        "temperature",
        "topP",
        "stop",
        "tools",
        "targetLanguageCode",
    ),
)

text = st.one_of(st.sampled_from(WORDS), st.text(max_size=30))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=8)), inner, max_size=5),
    ),
    max_leaves=20,
)
objects = st.dictionaries(st.sampled_from(KEYS), values, max_size=9)
bodies = st.one_of(
    objects.map(lambda each: json.dumps(each).encode()),
    st.binary(max_size=60),
    st.just(b""),
    st.just(policy()),
)
header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
queries = st.lists(
    st.tuples(
        st.sampled_from(
            ["compartmentId", "limit", "page", "sortBy", "sortOrder", "name", "userId", "groupId"]
        ),
        text,
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys()) as running:
        yield running


def quoted(part: str) -> str:
    return "".join(f"%{byte:02X}" for byte in part.encode("utf-8", "surrogatepass"))


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A target that some route knows, or nearly so."""
    route = draw(st.sampled_from(ROUTES))
    path = re.sub("<[^>]*>", lambda _: quoted(draw(text)), route.path)
    query = "&".join(f"{name}={quoted(value)}" for name, value in draw(queries))
    prefix = draw(st.sampled_from(["", "", "/r/us-chicago-1", "/r/us-ashburn-1", "/r/x"]))
    return f"{prefix}{path}?{query}"


@given(
    method=st.sampled_from(METHODS),
    target=st.one_of(targets(), st.text(max_size=40)),
    headers=st.dictionaries(
        st.sampled_from(
            ["authorization", "date", "host", "opc-request-id", "content-length", TOKEN_HEADER]
        ),
        header_text,
    ),
    host=st.sampled_from(HOSTS),
    body=bodies,
)
def test_nothing_unsigned_changes_a_thing(
    sandbox: Sandbox, method: str, target: str, headers: dict[str, str], host: str, body: bytes
) -> None:
    before = sandbox.state.world
    reply = sandbox.desk.handle(method, target, {"host": host, **headers}, body)

    assert reply.status in (400, 401, 403, 404, 405), sandbox.log[-1].failure
    assert sandbox.state.world is before
    assert reply.headers[MARK] == "1"


@given(
    name=st.sampled_from(["authorization", "date", "host", "x-content-sha256", "content-length"]),
    at=st.floats(0, 1, exclude_max=True),
    new=st.characters(min_codepoint=33, max_codepoint=126),
)
def test_a_signature_with_one_character_changed(
    sandbox: Sandbox, name: str, at: float, new: str
) -> None:
    body = policy()
    said = signer("alice").signed("POST", CREATE, body)
    place = int(at * len(said[name]))
    changed = said[name][:place] + new + said[name][place + 1 :]
    before = sandbox.state.world
    reply = sandbox.desk.handle("POST", CREATE, {**said, name: changed}, body)

    # Some changes mean nothing: capitals in names, the last bits of base64.
    assert reply.status in ((200, 401, 403) if name == "authorization" else (401, 403)) or (
        changed == said[name]
    )
    if reply.status == 200:
        sandbox.reset()
    assert sandbox.state.world.tenancies["caller"].policies == before.tenancies["caller"].policies


@given(who=st.sampled_from(["caller/admin", "alice", "zoe"]), target=targets(), body=bodies)
def test_what_is_signed_may_say_anything(
    sandbox: Sandbox, who: str, target: str, body: bytes
) -> None:
    before = sandbox.state.world
    routes = [each for each in ROUTES if fits(each.path, target)]
    for method in {each.method for each in routes}:
        signed = signer(who).signed(method, target, body)
        reply = sandbox.desk.handle(method, target, signed, body)
        sent = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        assert reply.status < 500, sandbox.log[-1].failure
        assert sandbox.log[-1].failure is None or reply.status in (401, 404)
        if reply.headers.get("content-type") == "application/json":
            json.loads(sent)
        json.dumps(sandbox.log[-1].data())
    if sandbox.state.world is not before:
        sandbox.reset()


def fits(path: str, target: str) -> bool:
    pattern = re.sub("<[^>]*>", "[^/]*", path)
    return re.fullmatch(f"(/r/[^/]*)?{pattern}", target.partition("?")[0]) is not None


pieces = st.one_of(
    st.sampled_from(
        [
            b"GET ",
            b"POST ",
            b"CONNECT ",
            b"HEAD ",
            LIST.encode(),
            b"/_sandbox/reset",
            b"http://example.com/",
            b"identity.us-chicago-1.oci.oraclecloud.com:443",
            b" HTTP/1.1\r\n",
            b" HTTP/1.0\r\n",
            b"Host: 127.0.0.1\r\n",
            b"Content-Length: 3\r\n",
            b"Content-Length: ",
            b"Transfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Connection: keep-alive\r\n",
            b"\r\n",
            b"\r\n\r\n",
            b"3\r\nabc\r\n",
            b"0\r\n\r\n",
            b"\n",
            b"\x00",
        ]
    ),
    st.binary(max_size=20),
)
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


@given(sent=st.lists(pieces, max_size=12).map(b"".join))
def test_any_bytes_on_a_socket(sandbox: Sandbox, sent: bytes) -> None:
    before = sandbox.state.world
    answer = b""
    port = int(sandbox.endpoint.rpartition(":")[2])
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    with made, contextlib.suppress(ConnectionError):
        made.sendall(sent)
        made.shutdown(socket.SHUT_WR)
        while piece := made.recv(65536):
            answer += piece

    statuses = {int(each) for each in STATUS.findall(answer)}
    assert statuses <= {100, 200, 400, 401, 403, 404, 405, 413, 414, 431, 501, 505}
    assert sandbox.state.world is before
    assert not any("Traceback" in str(each.failure) for each in sandbox.log)


@given(said=values)
def test_orders_may_say_anything(sandbox: Sandbox, said: Any) -> None:
    body = json.dumps(said).encode()
    headers = {"host": "127.0.0.1", TOKEN_HEADER: sandbox.control_token_file.read_text()}
    for what in ("faults", "environ"):
        reply = sandbox.desk.handle("POST", f"/_sandbox/{what}", headers, body)
        assert reply.status in (200, 400), sandbox.log[-1].failure
    sandbox.faults.clear()


@given(said=objects | st.dictionaries(st.sampled_from(["certificate", "publicKey"]), text))
def test_federation_takes_no_nonsense(sandbox: Sandbox, said: Any) -> None:
    body = json.dumps(said).encode()
    signed = signer("alice").signed("POST", "/v1/x509", body)

    assert sandbox.desk.handle("POST", "/v1/x509", signed, body).status in (400, 401)
