"""What the desk does before and after a service answers."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.desk import LARGEST, MARK, Desk
from ocipolicy.sandbox.faults import Dropped
from ocipolicy.sandbox.founding import administrators, founded
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.services import ROUTES
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.sandbox.wire import Reply, answer, events
from tests.sandbox.clouds import keys, world_of
from tests.sandbox.signing import CREATE, HOST, LIST, SERVICE, TENANCY, policy, signer, world

CHICAGO = "inference.generativeai.us-chicago-1.oci.oraclecloud.com"


def told(asked: Asked) -> Reply:
    """What a handler gets."""
    return answer(
        {
            "who": asked.who.label,
            "region": asked.region,
            "path": asked.call.path,
            "arguments": dict(asked.arguments),
            "query": dict(asked.call.query),
            "body": asked.call.body.decode(),
        }
    )


def broken(asked: Asked) -> Reply:
    raise KeyError(f"the secret of {asked.who.label}")


def deep(asked: Asked) -> Reply:
    return deep(asked)


def halting(asked: Asked) -> Reply:
    return events(iter([{"n": 1}, {"n": asked.who.principal.ocid}, object()]))


def asking(asked: Asked) -> Reply:
    return answer({"where": asked.allow(asked.arguments["where"]).label})


OWN = (
    Route("GET", "/20160918/told/<thing>", "identity", "GetPolicy", told),
    Route("PUT", "/20160918/told/<thing>", "identity", "UpdatePolicy", told, writes=True),
    Route("POST", "/20231130/actions/told", "generative-ai", "Chat", told),
    Route("GET", "/broken", "identity", "ListPolicies", broken),
    Route("GET", "/deep", "identity", "ListPolicies", deep),
    Route("GET", "/unknown/<where>", "identity", "BrewCoffee", asking),
    Route("GET", "/halting", "identity", "ListPolicies", halting),
)


def made(routes: tuple[Route, ...] = OWN, *, within: str | None = None) -> Desk:
    there = founded(world_of(within)) if within else world()
    authentication = Authentication(keys(), Tokens(keys()))
    return Desk(State(there), authentication, routes, administrators=administrators(there))


@pytest.fixture
def desk() -> Desk:
    return made()


def ask(
    desk: Desk,
    method: str,
    target: str,
    body: bytes = b"",
    *,
    who: str = "alice",
    host: str = HOST,
) -> tuple[int, Any, Mapping[str, str]]:
    signed = signer(who, desk.state.world).but(host=host).signed(method, target, body)
    reply = desk.handle(method, target, signed, body)
    assert isinstance(reply.body, bytes)
    return reply.status, json.loads(reply.body), reply.headers


def test_a_handler_gets_what_was_asked(desk: Desk) -> None:
    status, data, headers = ask(desk, "PUT", "/20160918/told/a%20b?limit=5&name=x+y&name=z", b"{}")

    assert status == 200
    assert data == {
        "who": "caller/alice",
        "region": "us-ashburn-1",
        "path": "/20160918/told/a b",
        "arguments": {"thing": "a b"},
        "query": {"limit": "5", "name": "z"},
        "body": "{}",
    }
    assert headers["content-type"] == "application/json"


def test_a_body_that_no_signature_covers_is_none(desk: Desk) -> None:
    signed = signer("alice").signed("GET", "/20160918/told/x")
    reply = desk.handle("GET", "/20160918/told/x", signed, b"secret")

    assert isinstance(reply.body, bytes)
    assert json.loads(reply.body)["body"] == ""


@pytest.mark.parametrize(
    ("host", "target", "region"),
    [
        (HOST, "/20160918/told/x", "us-ashburn-1"),
        ("localhost:18080", "/20160918/told/x", "us-ashburn-1"),
        (HOST, "/r/us-chicago-1/20160918/told/x", "us-chicago-1"),
        ("identity.us-chicago-1.oci.oraclecloud.com", "/20160918/told/x", "us-chicago-1"),
        ("IDENTITY.us-chicago-1.oci.oraclecloud.com:443", "/20160918/told/x", "us-chicago-1"),
        ("identity.us-ashburn-1.oraclecloud.com", "/20160918/told/x", "us-ashburn-1"),
        ("identity.us-ashburn-1.ds.oci.oraclecloud.com", "/20160918/told/x", "us-ashburn-1"),
    ],
)
def test_the_region_of_a_call(desk: Desk, host: str, target: str, region: str) -> None:
    status, data, _ = ask(desk, "GET", target, host=host)

    assert (status, data["region"], data["path"]) == (200, region, "/20160918/told/x")
    assert desk.log[-1].region == region


@pytest.mark.parametrize(
    "target",
    ["/r/eu-frankfurt-1/20160918/told/x", "/r/nowhere/20160918/told/x", "/r/%2e/20160918/told/x"],
)
def test_a_region_that_the_tenancy_is_not_in(desk: Desk, target: str) -> None:
    status, data, _ = ask(desk, "GET", target)

    assert (status, data["code"]) == (401, "NotAuthenticated")
    assert str(desk.log[-1].failure).startswith("the tenancy caller is not subscribed to")


def test_writes_go_to_the_home_region() -> None:
    desk = made(ROUTES)
    before = desk.state.world

    assert ask(desk, "POST", f"/r/us-chicago-1{CREATE}", policy())[:2] == (
        403,
        {
            "code": "NotAllowed",
            "message": "Please go to your home region IAD to execute CREATE, UPDATE and DELETE "
            "operations.",
        },
    )
    assert desk.state.world is before
    assert ask(desk, "GET", f"/r/us-chicago-1{LIST}")[0] == 200
    assert ask(desk, "POST", f"/r/us-ashburn-1{CREATE}", policy("one"))[0] == 200
    assert ask(desk, "POST", CREATE, policy("two"))[0] == 200


def test_the_home_region_is_that_of_the_callers_tenancy(desk: Desk) -> None:
    assert ask(desk, "PUT", "/20160918/told/x", b"{}", who="zoe")[1]["region"] == "us-chicago-1"
    status, data, _ = ask(
        desk,
        "PUT",
        "/20160918/told/x",
        b"{}",
        who="zoe",
        host="identity.us-ashburn-1.oraclecloud.com",
    )
    assert (status, data["code"]) == (401, "NotAuthenticated")


def test_both_tenancies_are_in_the_region() -> None:
    desk = made(ROUTES)
    target = f"/20160918/policies?compartmentId={SERVICE}"

    assert ask(desk, "GET", f"/r/us-chicago-1{target}")[0] == 200
    assert desk.log[-1].verdict == "allowed"
    assert ask(desk, "GET", target)[:2] == (
        404,
        {
            "code": "NotAuthorizedOrNotFound",
            "message": "Authorization failed or requested resource not found.",
        },
    )
    assert desk.log[-1].failure == "the tenancy service is not subscribed to us-ashburn-1"


@pytest.mark.parametrize(
    ("method", "target", "host", "status", "code"),
    [
        ("GET", "/", HOST, 404, "NotFound"),
        ("GET", "/20160918/nothing", HOST, 404, "NotFound"),
        ("GET", "/20160918/told/x/y", HOST, 404, "NotFound"),
        ("GET", "/20160918/told/x/", HOST, 404, "NotFound"),
        ("GET", "*", HOST, 404, "NotFound"),
        ("GET", "/r/us-chicago-1", HOST, 404, "NotFound"),
        ("DELETE", "/20160918/told/x", HOST, 405, "MethodNotAllowed"),
        ("OPTIONS", "/20160918/told/x", HOST, 405, "MethodNotAllowed"),
        ("GET", "/20160918/told/x", CHICAGO, 404, "NotFound"),
        ("GET", "/20160918/told/x", "objectstorage.us-chicago-1.oraclecloud.com", 404, "NotFound"),
        ("GET", "/20160918/told/x", "www.oraclecloud.com", 404, "NotFound"),
    ],
)
def test_there_is_no_such_operation(
    desk: Desk, method: str, target: str, host: str, status: int, code: str
) -> None:
    for headers in ({"host": host}, signer("alice").but(host=host).signed(method, target)):
        reply = desk.handle(method, target, headers)
        assert isinstance(reply.body, bytes)
        assert (reply.status, json.loads(reply.body)["code"]) == (status, code)


def test_a_service_answers_at_its_own_host(desk: Desk) -> None:
    status, data, _ = ask(desk, "POST", "/20231130/actions/told", b"{}", host=CHICAGO)

    assert (status, data["region"]) == (200, "us-chicago-1")
    assert ask(desk, "POST", "/20231130/actions/told", b"{}", host=CHICAGO[10:])[0] == 200
    assert (
        ask(desk, "POST", "/20231130/actions/told", b"{}", host="identity" + CHICAGO[22:])[0] == 404
    )


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "127.0.0.1.example.com",
        "oraclecloud.com",
        "oraclecloud.com.example.com",
        "xoraclecloud.com",
        "identity.us-chicago-1.oci.oraclecloud.com.",
        "user@127.0.0.1",
        "127.0.0.1:80:80",
        "[::1]",
        "10.0.0.1",
        "127.0.0.1/x",
        "identity.us-chicago-1.oci.oraclecloud.com/x",
    ],
)
def test_other_hosts_are_not_answered_for(desk: Desk, host: str) -> None:
    status, data, headers = ask(desk, "GET", "/20160918/told/x", host=host)

    assert (status, data["code"]) == (403, "NotAllowed")
    assert headers[MARK] == "1"


def test_every_answer_is_marked(desk: Desk) -> None:
    for method, target, more in (
        ("GET", "/20160918/told/x", {}),
        ("GET", "/broken", {}),
        ("GET", "/nothing", {}),
        ("GET", "/20160918/told/x", {"authorization": ""}),
    ):
        signed = signer("alice").signed(method, target, opc_request_id="ABC123")
        reply = desk.handle(method, target, {**signed, **more})
        assert reply.headers[MARK] == "1"
        assert re.fullmatch(r"ABC123/[0-9A-F]{32}/[0-9A-F]{32}", reply.headers["opc-request-id"])


@pytest.mark.parametrize("said", ["", "a/b", "x" * 65, "ä", "a\r\nb: c"])
def test_a_request_id_that_is_none_is_not_taken_over(desk: Desk, said: str) -> None:
    reply = desk.handle("GET", "/", {"host": HOST, "opc-request-id": said})

    assert re.fullmatch(r"[0-9A-F]{32}(/[0-9A-F]{32}){2}", reply.headers["opc-request-id"])


def test_a_body_may_not_be_too_large(desk: Desk) -> None:
    body = b"x" * (LARGEST + 1)
    target = "/20160918/told/x"

    status, data, _ = ask(desk, "PUT", target, body)
    assert (status, data["code"]) == (413, "RequestEntityTooLarge")
    assert ask(desk, "PUT", target, body[1:])[0] == 200


def test_what_breaks_says_nothing_on_the_wire(desk: Desk) -> None:
    status, data, _ = ask(desk, "GET", "/broken")

    assert (status, data) == (
        500,
        {
            "code": "InternalServerError",
            "message": "Internal error occurred in the sandbox; its log has the reason.",
        },
    )
    assert "KeyError: 'the secret of caller/alice'" in str(desk.log[-1].failure)


def test_what_is_nested_too_deeply_is_refused(desk: Desk) -> None:
    status, data, _ = ask(desk, "GET", "/deep")

    assert (status, data["code"]) == (400, "CannotParseRequest")


def test_a_stream_that_breaks_ends_as_if_the_connection_did(desk: Desk) -> None:
    reply = desk.handle("GET", "/halting", signer("alice").signed("GET", "/halting"))
    assert not isinstance(reply.body, bytes)

    with pytest.raises(Dropped):
        list(reply.body)

    assert "TypeError: Object of type object is not JSON serializable" in str(desk.log[-1].failure)


def test_an_operation_that_the_reference_does_not_know_is_for_the_administrator(desk: Desk) -> None:
    assert ask(desk, "GET", f"/unknown/{TENANCY}")[0] == 404
    assert (desk.log[-1].verdict, desk.log[-1].decision) == ("unknown", None)
    assert ask(desk, "GET", f"/unknown/{TENANCY}", who="caller/admin")[0] == 200


def test_the_administrator_is_outside_enforcement_at_home_only() -> None:
    desk = made(ROUTES)

    assert ask(desk, "GET", f"/r/us-chicago-1{LIST}", who="caller/admin")[0] == 200
    assert desk.log[-1].exempt
    there = f"/r/us-chicago-1/20160918/policies?compartmentId={SERVICE}"
    assert ask(desk, "GET", there, who="caller/admin")[0] == 404
    assert (desk.log[-1].exempt, desk.log[-1].verdict) == (False, "denied")
    assert ask(desk, "GET", there, who="service/admin")[0] == 200


def test_nobody_becomes_administrator_by_his_name() -> None:
    # Who may manage users deletes the administrator, and makes one who is called like him.
    desk = made(ROUTES)
    admin = desk.state.world.principal("caller/admin")[1].ocid
    target = f"/20160918/users/{admin}"
    assert desk.handle("DELETE", target, signer("alice").signed("DELETE", target)).status == 204
    body = json.dumps({"compartmentId": TENANCY, "name": "admin", "description": "d"}).encode()
    assert ask(desk, "POST", "/20160918/users", body)[0] == 200

    assert ask(desk, "GET", LIST, who="caller/admin")[0] == 404
    assert (desk.log[-1].principal, desk.log[-1].exempt) == ("caller/admin", False)


def test_a_world_may_have_its_own_administrator() -> None:
    desk = made(
        ROUTES,
        within="tenancies: {caller: {ocid: ocid1.tenancy.oc1..caller, users: {admin: "
        "{ocid: ocid1.user.oc1..own}}}}",
    )

    assert ask(desk, "GET", LIST, who="admin")[:2] == (200, [])
    assert desk.log[-1].exempt


def test_groups_take_effect_with_the_policies() -> None:
    desk = made(ROUTES)
    time = datetime.now(UTC)
    desk.state.now = lambda: time
    desk.state.propagation = timedelta(minutes=1)
    body = json.dumps(
        {"groupId": "ocid1.group.oc1..writers", "userId": "ocid1.user.oc1..bob"}
    ).encode()

    assert ask(desk, "POST", "/20160918/userGroupMemberships", body, who="caller/admin")[0] == 200
    assert ask(desk, "GET", LIST, who="bob")[0] == 404
    time += timedelta(minutes=1)
    assert ask(desk, "GET", LIST, who="bob")[0] == 200


def test_a_world_that_says_little() -> None:
    desk = made(
        within="tenancies: {caller: {ocid: ocid1.tenancy.oc1..caller, "
        "users: {alice: {ocid: ocid1.user.oc1..alice}}}}"
    )

    assert ask(desk, "GET", "/20160918/told/x")[1]["region"] == "us-ashburn-1"
    assert ask(desk, "GET", "/r/us-chicago-1/20160918/told/x")[1]["region"] == "us-chicago-1"
    assert ask(desk, "GET", "/r/eu-zurich-1/20160918/told/x")[0] == 401
