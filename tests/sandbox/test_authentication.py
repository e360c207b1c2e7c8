"""Whoever does not sign exactly what he sends is a stranger: 401, and the log alone says why."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.founding import administrators
from ocipolicy.sandbox.services import ROUTES
from ocipolicy.sandbox.signatures import Unsigned, read_signature
from ocipolicy.sandbox.state import State, without_named
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.world import User
from tests.sandbox.clouds import keys
from tests.sandbox.signing import (
    CREATE,
    GENERIC,
    LIST,
    OF_BODY,
    SERVICE,
    TENANCY,
    Signer,
    policy,
    signer,
    world,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
SAID = {
    "code": "NotAuthenticated",
    "message": "The required information to complete authentication was not provided or was "
    "incorrect.",
}


@pytest.fixture
def desk() -> Desk:
    state = State(world(), lambda: NOW)
    authentication = Authentication(keys(), Tokens(keys()))
    return Desk(state, authentication, ROUTES, administrators=administrators(world()))


def ask(
    desk: Desk, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, Any]:
    reply = desk.handle(method, target, headers, body)
    assert isinstance(reply.body, bytes)
    return reply.status, json.loads(reply.body) if reply.body else None


def refused(
    desk: Desk, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> str | None:
    """Why a request is refused, by the log; on the wire there is nothing but the 401."""
    before = desk.state.world
    assert ask(desk, method, target, headers, body) == (401, SAID)
    assert desk.state.world is before
    assert desk.log[-1].status == 401
    assert desk.log[-1].code == "NotAuthenticated"
    return desk.log[-1].failure


def test_a_signed_read(desk: Desk) -> None:
    status, listed = ask(desk, "GET", LIST, signer("alice").signed("GET", LIST, date=NOW))

    assert (status, sorted(each["name"] for each in listed)) == (200, ["across", "own"])
    assert (desk.log[-1].principal, desk.log[-1].authentication) == ("caller/alice", "API key")


def test_a_signed_write(desk: Desk) -> None:
    body = policy()
    status, made = ask(
        desk, "POST", CREATE, signer("alice").signed("POST", CREATE, body, date=NOW), body
    )

    assert (status, made["name"]) == (200, "new")


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(lambda a: a.signed("GET", LIST, date=NOW), id="as the SDK for Python"),
        pytest.param(
            lambda a: a.but(names=("(request-target)", "host", "date")).signed(
                "GET", LIST, date=NOW
            ),
            id="in another order",
        ),
        pytest.param(
            lambda a: a.but(names=("x-date", "(request-target)", "host")).signed(
                "GET",
                LIST,
                date=NOW - timedelta(days=1),
                x_date="Sat, 21 Nov 2026 12:00:00 GMT",
            ),
            id="with x-date, as a browser",
        ),
        pytest.param(
            lambda a: a.but(names=(*GENERIC, "content-type")).signed(
                "GET", LIST, date=NOW, content_type="application/json"
            ),
            id="with one header more",
        ),
        pytest.param(
            lambda a: a.signed("GET", LIST, date=NOW - timedelta(minutes=5)), id="5 minutes old"
        ),
        pytest.param(
            lambda a: a.signed("GET", LIST, date=NOW + timedelta(minutes=5)), id="5 minutes early"
        ),
        pytest.param(
            lambda a: {
                name.upper(): text for name, text in a.signed("GET", LIST, date=NOW).items()
            },
            id="names of headers in capitals",
        ),
        pytest.param(
            lambda a: {
                **(said := a.signed("GET", LIST, date=NOW)),
                "authorization": said["authorization"].replace('",', '" , '),
            },
            id="with spaces between the parameters",
        ),
        pytest.param(
            lambda a: {
                **(said := a.signed("GET", LIST, date=NOW)),
                "authorization": "Signature "
                + ",".join(reversed(said["authorization"].removeprefix("Signature ").split(","))),
            },
            id="version first, as the SDK for Java",
        ),
    ],
)
def test_every_right_way_to_sign(desk: Desk, signed: Callable[[Signer], dict[str, str]]) -> None:
    assert ask(desk, "GET", LIST, signed(signer("alice")))[0] == 200


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {each: text for each, text in headers.items() if each != name}


def changed(name: str, old: str, new: str) -> Callable[[Signer], dict[str, str]]:
    """A right signature where a text in a header was changed afterwards."""

    def make(alice: Signer) -> dict[str, str]:
        said = alice.signed("GET", LIST, date=NOW)
        assert old in said[name]
        return {**said, name: said[name].replace(old, new, 1)}

    return make


READS: list[tuple[str, Callable[[Signer], dict[str, str]], str]] = [
    (
        "nothing at all",
        lambda a: without(a.signed("GET", LIST, date=NOW), "authorization"),
        "no Authorization header",
    ),
    (
        "a bearer token",
        lambda a: {**a.signed("GET", LIST, date=NOW), "authorization": "Bearer abc"},
        "the Authorization header is no Signature",
    ),
    (
        "an empty signature header",
        lambda a: {**a.signed("GET", LIST, date=NOW), "authorization": "Signature "},
        "the Authorization header is no Signature",
    ),
    (
        "no parameters",
        lambda a: {**a.signed("GET", LIST, date=NOW), "authorization": "Signature abc"},
        "the Authorization header is malformed",
    ),
    (
        "text behind the parameters",
        changed("authorization", 'version="1"', 'version="1" x'),
        "the Authorization header is malformed",
    ),
    (
        "a comma at the end",
        changed("authorization", 'version="1"', 'version="1",'),
        "the Authorization header is malformed",
    ),
    (
        "a parameter twice",
        changed("authorization", 'version="1"', 'version="1",keyId="x/y/z"'),
        "the Authorization header has keyId twice",
    ),
    (
        "no version",
        changed("authorization", ',version="1"', ""),
        "the Authorization header lacks version",
    ),
    (
        "another version",
        changed("authorization", 'version="1"', 'version="2"'),
        "the version of the signature is not 1",
    ),
    (
        "another algorithm",
        changed("authorization", "rsa-sha256", "hmac-sha256"),
        "the algorithm is not rsa-sha256",
    ),
    (
        "a header signed twice",
        lambda a: a.but(names=("date", *GENERIC)).signed("GET", LIST, date=NOW),
        "a header is signed twice",
    ),
    (
        "no date signed",
        lambda a: a.but(names=("(request-target)", "host")).signed("GET", LIST, date=NOW),
        "not signed: date",
    ),
    (
        "no target signed",
        lambda a: a.but(names=("date", "host")).signed("GET", LIST, date=NOW),
        "not signed: (request-target)",
    ),
    (
        "no host signed",
        lambda a: a.but(names=("date", "(request-target)")).signed("GET", LIST, date=NOW),
        "not signed: host",
    ),
    (
        "a date that is too old",
        lambda a: a.signed("GET", LIST, date=NOW - timedelta(minutes=5, seconds=1)),
        "the date is 301 s behind the sandbox's",
    ),
    (
        "a date that is to come",
        lambda a: a.signed("GET", LIST, date=NOW + timedelta(minutes=5, seconds=1)),
        "the date is 301 s ahead of the sandbox's",
    ),
    (
        "an old x-date beside a good date",
        lambda a: a.but(names=("x-date", "date", "(request-target)", "host")).signed(
            "GET", LIST, date=NOW, x_date="Sat, 21 Nov 2026 11:00:00 GMT"
        ),
        "the date is 3600 s behind the sandbox's",
    ),
    (
        "no date",
        lambda a: without(a.signed("GET", LIST, date=NOW), "date"),
        "the date is none, or not written as in HTTP",
    ),
    (
        "a date as in an ISO",
        lambda a: {**a.signed("GET", LIST, date=NOW), "date": "2026-11-21T12:00:00Z"},
        "the date is none, or not written as in HTTP",
    ),
    (
        "a date in another zone",
        lambda a: {**a.signed("GET", LIST, date=NOW), "date": "Sat, 21 Nov 2026 12:00:00 +0000"},
        "the date is none, or not written as in HTTP",
    ),
    (
        "a date that cannot be",
        lambda a: {**a.signed("GET", LIST, date=NOW), "date": "Sat, 31 Nov 2026 12:00:00 GMT"},
        "the date is none, or not written as in HTTP",
    ),
    (
        "the date changed",
        changed("date", "12:00:00", "12:00:01"),
        "the signature does not fit the request and the key",
    ),
    (
        "a signed header that is not there",
        lambda a: without(
            a.but(names=(*GENERIC, "x-more")).signed("GET", LIST, date=NOW, x_more="1"), "x-more"
        ),
        "x-more is signed, and not there",
    ),
    (
        "the host changed",
        changed("host", "127.0.0.1", "localhost"),
        "the signature does not fit the request and the key",
    ),
    (
        "a signature over another target",
        lambda a: a.signed("GET", f"{LIST}&limit=1", date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "a signature over the target as it is meant, not as it was sent",
        lambda a: a.signed("GET", LIST.replace(":", "%3A").replace(".", "%2E"), date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "a signature over another method",
        lambda a: a.signed("DELETE", LIST, date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "another signature",
        lambda a: a.but(parameters={"signature": base64.b64encode(b"x" * 256).decode()}).signed(
            "GET", LIST, date=NOW
        ),
        "the signature does not fit the request and the key",
    ),
    (
        "a short signature",
        lambda a: a.but(parameters={"signature": "AAAA"}).signed("GET", LIST, date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "no base64",
        lambda a: a.but(parameters={"signature": "§"}).signed("GET", LIST, date=NOW),
        "the signature is no base64",
    ),
    (
        "an empty keyId",
        lambda a: a.but(key_id="").signed("GET", LIST, date=NOW),
        "the Authorization header lacks keyId",
    ),
    (
        "a keyId of two parts",
        lambda a: a.but(key_id=a.key_id.rpartition("/")[0]).signed("GET", LIST, date=NOW),
        "the keyId is neither TENANCY/USER/FINGERPRINT nor a token",
    ),
    (
        "a user who is not there",
        lambda a: a.but(key_id=a.key_id.replace("..alice", "..mallory")).signed(
            "GET", LIST, date=NOW
        ),
        "the keyId names nobody of its tenancy",
    ),
    (
        "a user of another tenancy",
        lambda a: a.but(key_id=a.key_id.replace(TENANCY, SERVICE)).signed("GET", LIST, date=NOW),
        "the keyId names nobody of its tenancy",
    ),
    (
        "a group as the user",
        lambda a: a.but(key_id=a.key_id.replace("ocid1.user.oc1..alice", TENANCY)).signed(
            "GET", LIST, date=NOW
        ),
        "the keyId names no principal",
    ),
    (
        "an instance as the user",
        lambda a: a.but(
            key_id=a.key_id.replace("ocid1.user.oc1..alice", "ocid1.odainstance.oc1.iad.sales")
        ).signed("GET", LIST, date=NOW),
        "the keyId names no user",
    ),
    (
        "another fingerprint",
        lambda a: a.but(key_id=f"{a.key_id[:-2]}{'00' if a.key_id[-2:] != '00' else '11'}").signed(
            "GET", LIST, date=NOW
        ),
        "the user has no key with this fingerprint",
    ),
    (
        "the key of somebody else",
        lambda a: a.but(key=signer("bob").key).signed("GET", LIST, date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "the administrator's name with another key",
        lambda a: a.but(key_id=signer("caller/admin").key_id).signed("GET", LIST, date=NOW),
        "the signature does not fit the request and the key",
    ),
    (
        "a user without a key",
        lambda a: a.but(
            key_id=a.key_id.replace("ocid1.user.oc1..alice", "ocid1.user.oc1..kim")
        ).signed("GET", LIST, date=NOW),
        "the user has no key with this fingerprint",
    ),
]


@pytest.mark.parametrize(("signed", "why"), [pytest.param(*row, id=name) for name, *row in READS])
def test_a_read_that_is_not_signed_right(
    desk: Desk, signed: Callable[[Signer], dict[str, str]], why: str
) -> None:
    assert refused(desk, "GET", LIST, signed(signer("alice"))) == why


BODY = policy()
WRITES: list[tuple[str, Callable[[Signer], tuple[dict[str, str], bytes]], str]] = [
    *(
        (
            f"{name} not signed",
            lambda a, name=name: (
                a.but(names=[each for each in (*GENERIC, *OF_BODY) if each != name]).signed(
                    "POST", CREATE, BODY, date=NOW
                ),
                BODY,
            ),
            f"not signed: {name}",
        )
        for name in OF_BODY
    ),
    (
        "signed like a read",
        lambda a: (a.but(names=GENERIC).signed("POST", CREATE, BODY, date=NOW), BODY),
        "not signed: content-length, content-type, x-content-sha256",
    ),
    (
        "another body of that length",
        lambda a: (a.signed("POST", CREATE, BODY, date=NOW), BODY.replace(b"new", b"old")),
        "x-content-sha256 is not that of the body",
    ),
    (
        "a longer body",
        lambda a: (a.signed("POST", CREATE, BODY, date=NOW), BODY + b" "),
        "content-length is not that of the body",
    ),
    (
        "no body",
        lambda a: (a.signed("POST", CREATE, BODY, date=NOW), b""),
        "content-length is not that of the body",
    ),
    (
        "another body and its digest",
        lambda a: (
            {
                **a.signed("POST", CREATE, BODY, date=NOW),
                "x-content-sha256": signer("bob").signed("POST", CREATE, policy("old"))[
                    "x-content-sha256"
                ],
            },
            policy("old"),
        ),
        "the signature does not fit the request and the key",
    ),
    (
        "another type of content",
        lambda a: (
            {**a.signed("POST", CREATE, BODY, date=NOW), "content-type": "text/plain"},
            BODY,
        ),
        "the signature does not fit the request and the key",
    ),
    (
        "a digest that is no text",
        lambda a: (
            {**a.signed("POST", CREATE, BODY, date=NOW), "x-content-sha256": "\u20ac"},
            BODY,
        ),
        "x-content-sha256 is not that of the body",
    ),
    (
        "no length",
        lambda a: (without(a.signed("POST", CREATE, BODY, date=NOW), "content-length"), BODY),
        "content-length is not that of the body",
    ),
]


@pytest.mark.parametrize(("signed", "why"), [pytest.param(*row, id=name) for name, *row in WRITES])
def test_a_write_that_is_not_signed_right(
    desk: Desk, signed: Callable[[Signer], tuple[dict[str, str], bytes]], why: str
) -> None:
    headers, body = signed(signer("alice"))

    assert refused(desk, "POST", CREATE, headers, body) == why


def test_a_signature_is_for_one_target(desk: Desk) -> None:
    headers = signer("alice").signed("GET", LIST, date=NOW)

    for target in (f"{LIST}&x=1", LIST.replace(".oc1.", "%2Eoc1%2E"), f"/r/us-chicago-1{LIST}"):
        assert refused(desk, "GET", target, headers) == (
            "the signature does not fit the request and the key"
        )


def test_a_target_is_signed_as_it_was_sent(desk: Desk) -> None:
    for target in (LIST.replace(".oc1.", "%2Eoc1%2e"), f"{LIST}&name=a+b%20c", f"{LIST}&"):
        assert ask(desk, "GET", target, signer("alice").signed("GET", target, date=NOW))[0] == 200


def test_a_write_without_a_body_is_signed_like_one(desk: Desk) -> None:
    headers = signer("alice").signed("POST", CREATE, b"", date=NOW)

    assert ask(desk, "POST", CREATE, headers)[0] == 400
    assert ask(desk, "POST", CREATE, {**headers, "content-length": "00"})[0] == 401


def test_what_no_signature_covers_is_not_read(desk: Desk) -> None:
    # The signature of a DELETE says nothing of a body.
    target = "/20160918/policies/ocid1.policy.oc1..own"
    headers = signer("caller/admin").signed("DELETE", target, date=NOW)

    assert desk.handle("DELETE", target, headers, b"{").status == 204


def test_a_user_who_is_gone_is_a_stranger_at_once(desk: Desk) -> None:
    desk.state.propagation = timedelta(minutes=10)
    headers = signer("alice").signed("GET", LIST, date=NOW)
    assert ask(desk, "GET", LIST, headers)[0] == 200
    tenancy, alice = desk.state.world.principal("alice")
    assert isinstance(alice, User)

    desk.state.change(without_named(desk.state.world, tenancy, alice))

    assert refused(desk, "GET", LIST, headers) == "the keyId names nobody of its tenancy"


def test_the_clock_is_the_sandboxs(desk: Desk) -> None:
    headers = signer("alice").signed("GET", LIST, date=NOW)
    desk.faults.skew = timedelta(minutes=6)

    assert refused(desk, "GET", LIST, headers) == "the date is 360 s behind the sandbox's"

    desk.faults.skew = timedelta(minutes=-6)
    assert refused(desk, "GET", LIST, headers) == "the date is 360 s ahead of the sandbox's"


def test_a_signature_is_read_in_linear_time() -> None:
    for text in (
        "Signature " + 'a="b",' * 20_000,
        "Signature " + " " * 60_000,
        'Signature a="' * 9,
    ):
        with pytest.raises(Unsigned):
            read_signature(text)


def test_everybody_has_a_key_of_his_own(desk: Desk) -> None:
    for name, label in (
        ("caller/Partners/erin", "caller/Partners/erin"),
        ("caller/admin", "caller/admin"),
        ("service/admin", "service/admin"),
    ):
        signed = signer(name).signed("GET", LIST, date=NOW)
        desk.handle("GET", LIST, signed)
        assert desk.log[-1].principal == label
    assert len({signer(name).key_id for name in ("alice", "bob", "caller/admin")}) == 3
    assert Who(*world().principal("service/admin")).principal.ocid.startswith("ocid1.user.oc0..")
