"""The log says what the wire does not: who asked, what was decided, and by which statement."""

import json
from datetime import UTC, datetime

import pytest

from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.founding import administrators
from ocipolicy.sandbox.log import Log
from ocipolicy.sandbox.services import ROUTES
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.tokens import Tokens
from tests.sandbox.clouds import keys
from tests.sandbox.signing import CREATE, LIST, SERVICE, TENANCY, policy, signer, world

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def desk() -> Desk:
    return made(Log())


def made(log: Log) -> Desk:
    authentication = Authentication(keys(), Tokens(keys()))
    return Desk(
        State(world(), lambda: NOW),
        authentication,
        ROUTES,
        administrators=administrators(world()),
        log=log,
    )


def ask(desk: Desk, who: str, method: str, target: str, body: bytes = b"") -> int:
    signed = signer(who, desk.state.world).signed(method, target, body, date=NOW)
    return desk.handle(method, target, {**signed, "opc-request-id": "ABC"}, body).status


def told(desk: Desk) -> dict[str, object]:
    """The last entry, without the parts of its request id that differ from run to run."""
    data = desk.log[-1].data()
    assert str(data.pop("request_id")).startswith("ABC/")
    json.dumps(data)
    return data


def test_an_allowed_request(desk: Desk) -> None:
    assert ask(desk, "alice", "GET", LIST) == 200

    assert told(desk) == {
        "number": 1,
        "time": "2026-11-21T12:00:00.000+00:00",
        "method": "GET",
        "target": LIST,
        "status": 200,
        "code": None,
        "principal": "caller/alice",
        "authentication": "API key",
        "operation": "identity:ListPolicies",
        "region": "us-ashburn-1",
        "compartment": "caller",
        "verdict": "allowed",
        "exempt": False,
        "fault": False,
        "failure": None,
        "because": [
            {
                "tenancy": "caller",
                "policy": "own",
                "statement": "allow group writers to manage policies in tenancy",
                "part": "allow",
            }
        ],
        "missing": [],
        "undecided": [],
        "nearest": None,
    }


def test_a_denied_request_has_what_is_missing_and_the_nearest_miss(desk: Desk) -> None:
    assert ask(desk, "bob", "POST", CREATE, policy()) == 404

    data = told(desk)
    assert (data["status"], data["code"], data["verdict"], data["failure"]) == (
        404,
        "NotAuthorizedOrNotFound",
        "denied",
        None,
    )
    assert data["because"] == []
    assert data["missing"] == [
        {
            "tenancy": "caller",
            "compartment": "/",
            "statement": "allow any-user to manage policies in tenancy where "
            "request.user.id = 'ocid1.user.oc1..bob'",
        }
    ]
    assert data["nearest"] == {
        "tenancy": "caller",
        "policy": "own",
        "statement": "allow group writers to manage policies in tenancy",
        "parts": [
            {"part": "subject", "ok": False, "expected": "group writers", "got": "caller/bob"}
        ],
    }


def test_both_halves_of_a_pair(desk: Desk) -> None:
    target = f"/r/us-chicago-1/20160918/policies?compartmentId={SERVICE}"
    assert ask(desk, "alice", "GET", target) == 200

    assert [(each["tenancy"], each["part"]) for each in desk.log[-1].data()["because"]] == [
        ("caller", "endorse"),
        ("service", "admit"),
    ]


def test_the_administrator_is_allowed_without_a_statement(desk: Desk) -> None:
    assert ask(desk, "caller/admin", "GET", LIST) == 200

    data = told(desk)
    assert (data["verdict"], data["exempt"], data["because"]) == ("allowed", True, [])


def test_a_stranger(desk: Desk) -> None:
    desk.handle("GET", LIST, {"host": "127.0.0.1", "opc-request-id": "ABC"})

    data = told(desk)
    assert (data["status"], data["code"], data["failure"]) == (
        401,
        "NotAuthenticated",
        "no Authorization header",
    )
    assert (data["principal"], data["verdict"], data["operation"]) == (
        None,
        None,
        "identity:ListPolicies",
    )


def test_what_is_refused_before_anybody_was_asked(desk: Desk) -> None:
    assert ask(desk, "alice", "POST", f"/r/us-chicago-1{CREATE}", policy()) == 403

    data = told(desk)
    assert (data["principal"], data["region"], data["code"], data["verdict"]) == (
        "caller/alice",
        "us-chicago-1",
        "NotAllowed",
        None,
    )


def test_reasons_are_those_of_the_statements_then(desk: Desk) -> None:
    assert ask(desk, "bob", "GET", LIST) == 404
    target = "/20160918/policies/ocid1.policy.oc1..own"
    assert ask(desk, "caller/admin", "DELETE", target) == 204
    assert ask(desk, "alice", "GET", LIST) == 404

    assert [each.nearest is not None for each in desk.log] == [True, False, False]
    assert [each.decision.verdict if each.decision else None for each in desk.log] == [
        "denied",
        None,
        "denied",
    ]


def test_no_secret_is_in_it(desk: Desk) -> None:
    secret = b'{"compartmentId": "x", "name": "hush-hush"}'
    signed = signer("alice").signed("POST", CREATE, secret, date=NOW)
    desk.handle("POST", CREATE, {**signed, "x-api-key": "hush-hush"}, secret)
    text = json.dumps([each.data() for each in desk.log]) + repr([*desk.log])

    assert "hush-hush" not in text
    assert signed["authorization"].partition('signature="')[2][:20] not in text
    assert "PRIVATE" not in text


def test_it_is_bounded() -> None:
    desk = made(Log(size=3))
    for number in range(5):
        desk.handle("GET", f"/{number}", {"host": "127.0.0.1"})

    assert [each.target for each in desk.log] == ["/2", "/3", "/4"]
    assert [each.number for each in desk.log.after(4)] == [5]
    assert len(desk.log) == 3
    desk.log.clear()
    assert [*desk.log] == []
    desk.handle("GET", "/", {"host": "127.0.0.1"})
    assert desk.log[0].number == 6


def test_what_is_unknown_is_not_let_through(desk: Desk) -> None:
    statement = "allow group writers to inspect groups in tenancy where target.tag.a.b = 'c'"
    body = policy().replace(b"allow group writers to inspect groups in tenancy", statement.encode())
    assert ask(desk, "alice", "POST", CREATE, body) == 200
    assert ask(desk, "alice", "GET", f"/20160918/groups?compartmentId={TENANCY}") == 404

    data = told(desk)
    assert (data["verdict"], data["undecided"]) == ("unknown", ["target.tag.a.b"])
    assert data["because"] == data["missing"] == []
