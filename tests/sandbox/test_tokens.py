"""Tokens: of a session, a resource, an instance; and whatever is none of them."""

import base64
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from ocipolicy.evaluate import Who
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.sandbox.state import without_named
from ocipolicy.sandbox.tokens import ISSUER, Tokens
from ocipolicy.world import Resource, User, World
from tests.sandbox.clouds import keys, world_of
from tests.sandbox.signing import LIST, OF_BODY, TENANCY, Signer, shared_keys, signer, world

VM = "ocid1.instance.oc1.ord.vm"
IMDS = {"host": "127.0.0.1", "authorization": "Bearer Oracle"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(world(), keys=shared_keys(), folder=tmp_path / "sandbox") as running:
        yield running


def ask(
    sandbox: Sandbox, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, Any]:
    reply = sandbox.desk.handle(method, target, headers, body)
    assert isinstance(reply.body, bytes)
    is_json = reply.headers.get("content-type") == "application/json"
    return reply.status, json.loads(reply.body) if is_json else reply.body.decode()


def with_token(token: str, key: RSAPrivateKey) -> Signer:
    return Signer(key, f"ST${token}")


def own(name: str, sandbox: Sandbox) -> Signer:
    """A principal with the token in its file."""
    principal = sandbox.principal(name)
    token = principal.security_token_file.read_text()
    return with_token(token, keys().of(principal.who.label, principal.who.principal.ocid).private)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("alice", "session token"),
        ("sales", "resource principal"),
        ("caller/admin", "session token"),
    ],
)
def test_a_token_stands_for_its_principal(sandbox: Sandbox, name: str, kind: str) -> None:
    assert ask(sandbox, "GET", LIST, own(name, sandbox).signed("GET", LIST))[0] == 200
    entry = sandbox.log[-1]
    assert (entry.authentication, entry.operation) == (kind, "identity:ListPolicies")
    assert entry.principal == sandbox.principal(name).who.label


def test_what_the_token_of_a_resource_says(sandbox: Sandbox) -> None:
    token = sandbox.principal("sales").security_token_file.read_text()
    claims = jwt.decode(token, options={"verify_signature": False})

    assert claims["sub"] == claims["res_id"] == "ocid1.odainstance.oc1.iad.sales"
    assert claims["res_type"] == "odainstance"
    assert claims["res_tenant"] == claims["tenant"] == TENANCY
    assert claims["res_compartment"] == "ocid1.compartment.oc1..bots"
    assert claims["ttype"] == "res"
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert json.loads(claims["jwk"])["kty"] == "RSA"
    assert "d" not in json.loads(claims["jwk"])


def refused(sandbox: Sandbox, signer: Signer) -> str | None:
    status, data = ask(sandbox, "GET", LIST, signer.signed("GET", LIST))
    assert (status, data["code"]) == (401, "NotAuthenticated")
    return sandbox.log[-1].failure


def claims_of(signer: Signer) -> dict[str, Any]:
    token = signer.key_id.removeprefix("ST$")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def part(data: bytes) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


NOT_OURS = "the token is none of this sandbox's"


def test_a_token_that_somebody_else_signed(sandbox: Sandbox) -> None:
    alice = own("alice", sandbox)
    forged = jwt.encode(claims_of(alice), alice.key, "RS256")

    assert refused(sandbox, with_token(forged, alice.key)) == NOT_OURS


def test_a_token_that_nobody_signed(sandbox: Sandbox) -> None:
    alice = own("alice", sandbox)
    head = part(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    forged = f"{head}.{part(json.dumps(claims_of(alice)).encode())}."

    assert refused(sandbox, with_token(forged, alice.key)) == NOT_OURS


def test_a_token_signed_with_the_public_key_as_a_secret(sandbox: Sandbox) -> None:
    # The classic confusion of algorithms: what is public taken for a secret of HMAC.
    alice = own("alice", sandbox)
    public = (
        keys()
        .of("tokens", ISSUER)
        .public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{part(json.dumps(claims_of(alice)).encode())}"
    forged = f"{signed}.{part(hmac.digest(public, signed.encode(), 'sha256'))}"

    assert refused(sandbox, with_token(forged, alice.key)) == NOT_OURS


def test_a_token_that_was_changed(sandbox: Sandbox) -> None:
    alice = own("alice", sandbox)
    head, _, tail = alice.key_id.removeprefix("ST$").split(".")
    claims = {**claims_of(alice), "sub": world().principal("caller/admin")[1].ocid}
    forged = f"{head}.{part(json.dumps(claims).encode())}.{tail}"

    assert refused(sandbox, with_token(forged, alice.key)) == NOT_OURS


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "....", "e30.e30.e30", "x" * 10_000])
def test_what_is_no_token(sandbox: Sandbox, text: str) -> None:
    assert refused(sandbox, with_token(text, own("alice", sandbox).key)) == NOT_OURS


@pytest.mark.parametrize(
    "more",
    [
        {"jwk": "{}"},
        {"jwk": None},
        {"jwk": "no JSON"},
        {"jwk": '{"kty": "oct", "k": "AAAA"}'},
        {"ttype": "other"},
        {"ttype": ["login"]},
        {"tenant": None},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"iss": "somebody"},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_token_of_ours_that_says_nonsense(sandbox: Sandbox, more: dict[str, Any]) -> None:
    alice = own("alice", sandbox)
    token = jwt.encode({**claims_of(alice), **more}, keys().of("tokens", ISSUER).private, "RS256")

    reason = refused(sandbox, with_token(token, alice.key))
    assert reason in (NOT_OURS, "the keyId names nobody of its tenancy")


def test_a_token_with_another_key(sandbox: Sandbox) -> None:
    alice = own("alice", sandbox)

    assert refused(sandbox, alice.but(key=signer("bob").key)) == (
        "the signature does not fit the request and the key"
    )


def test_a_token_that_has_expired(sandbox: Sandbox) -> None:
    now = datetime.now(UTC)
    who = Who(*world().principal("alice"))
    key = keys().of(who.label, who.principal.ocid)
    tokens = Tokens(keys())
    for age, status in (
        (timedelta(hours=24, seconds=-30), 200),
        (timedelta(hours=24), 401),
        (timedelta(days=40), 401),
    ):
        token = tokens.issue("session token", who, key.public, now - age)
        headers = with_token(token, key.private).signed("GET", LIST)
        assert ask(sandbox, "GET", LIST, headers)[0] == status
        if status == 401:
            assert sandbox.log[-1].failure == "the token has expired"


def test_a_token_expires_by_the_sandboxs_clock(sandbox: Sandbox) -> None:
    sales = own("sales", sandbox)
    assert ask(sandbox, "GET", LIST, sales.signed("GET", LIST))[0] == 200
    sandbox.faults.skew = timedelta(days=2)
    later = datetime.now(UTC) + timedelta(days=2)

    assert ask(sandbox, "GET", LIST, sales.signed("GET", LIST, date=later))[0] == 401
    assert sandbox.log[-1].failure == "the token has expired"


def test_a_token_of_somebody_who_is_gone(sandbox: Sandbox) -> None:
    alice = own("alice", sandbox)
    tenancy, user = sandbox.state.world.principal("alice")
    assert isinstance(user, User)
    sandbox.state.change(without_named(sandbox.state.world, tenancy, user))

    assert refused(sandbox, alice) == "the keyId names nobody of its tenancy"


def test_a_token_in_a_region_that_the_tenancy_is_not_in(sandbox: Sandbox) -> None:
    target = f"/r/eu-frankfurt-1{LIST}"

    assert ask(sandbox, "GET", target, own("sales", sandbox).signed("GET", target))[0] == 401


def test_so_many_tokens_are_remembered_and_all_are_read() -> None:
    tokens, now = Tokens(keys()), datetime.now(UTC)
    who = Who(*world().principal("alice"))
    key = keys().of(who.label, who.principal.ocid).public
    issued = [tokens.issue("session token", who, key, now) for _ in range(300)]

    for _ in range(2):
        assert {tokens.read(each, now).principal for each in issued} == {who.principal.ocid}


# The metadata service


@pytest.mark.parametrize("base", ["/i/caller/vm/opc/v2", "/opc/v2"])
def test_what_an_instance_is_told(sandbox: Sandbox, base: str) -> None:
    assert ask(sandbox, "GET", f"{base}/instance/region", IMDS) == (200, "us-chicago-1")
    assert ask(sandbox, "GET", f"{base}/instance/id", IMDS) == (200, VM)
    assert ask(sandbox, "GET", f"{base}/instance/regionInfo", IMDS)[1]["regionKey"] == "ORD"
    assert ask(sandbox, "GET", f"{base}/instance/", IMDS)[1]["tenantId"] == TENANCY
    assert sandbox.log[-1].principal == "caller/vm"

    leaf = x509.load_pem_x509_certificate(
        ask(sandbox, "GET", f"{base}/identity/cert.pem", IMDS)[1].encode()
    )
    units = [each.value for each in leaf.subject if each.oid.dotted_string == "2.5.4.11"]
    assert units == [
        "opc-certtype:instance",
        "opc-compartment:ocid1.compartment.oc1..bots",
        f"opc-instance:{VM}",
        f"opc-tenant:{TENANCY}",
    ]
    pem = ask(sandbox, "GET", f"{base}/identity/key.pem", IMDS)[1].encode()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, RSAPrivateKey)
    assert key.public_key() == leaf.public_key()
    above = ask(sandbox, "GET", f"{base}/identity/intermediate.pem", IMDS)[1].encode()
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(above))


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/opc/v2/instance/id", {"authorization": ""}, 401),
        ("GET", "/opc/v2/identity/key.pem", {"authorization": "Bearer Other"}, 401),
        ("GET", "/opc/v2/identity/key.pem", {"x-forwarded-for": "10.0.0.1"}, 401),
        ("GET", "/opc/v2/identity/key.pem", {"host": "example.com"}, 403),
        ("PUT", "/opc/v2/instance/id", {}, 405),
        ("GET", "/opc/v2/nothing", {}, 404),
        ("GET", "/opc/v2/identity/other.pem", {}, 404),
        ("GET", "/opc/v2/instance/nothing", {}, 404),
        ("GET", "/opc/v1/instance/id", {}, 404),
        ("GET", "/i/caller/sales/opc/v2/instance/id", {}, 404),
        ("GET", "/i/service/vm/opc/v2/instance/id", {}, 404),
        ("GET", "/i/caller/alice/opc/v2/identity/key.pem", {}, 404),
        ("GET", "/i/caller/../opc/v2/identity/key.pem", {}, 404),
    ],
)
def test_what_an_instance_is_not_told(
    sandbox: Sandbox, method: str, target: str, headers: dict[str, str], status: int
) -> None:
    assert ask(sandbox, method, target, {**IMDS, **headers})[0] == status


def test_the_metadata_of_two_instances_have_to_be_named() -> None:
    entry = "{ocid: ocid1.tenancy.oc1..NAME, resources: {a b: {ocid: ocid1.instance.oc1..NAME, "
    entry += "type: instance}}}"
    text = "".join(f"\n  {name}: {entry.replace('NAME', name)}" for name in ("one", "two"))
    with Sandbox(world_of(f"tenancies:{text}"), keys=shared_keys()) as sandbox:
        assert ask(sandbox, "GET", "/opc/v2/instance/id", IMDS)[0] == 404
        named = sandbox.principal("two/a b").environ["OCI_METADATA_BASE_URL"]
        assert named == f"{sandbox.endpoint}/i/two/a%20b/opc/v2"
        target = f"{named.removeprefix(sandbox.endpoint)}/instance/id"
        assert ask(sandbox, "GET", target, IMDS) == (200, "ocid1.instance.oc1..two")
        assert ask(sandbox, "GET", "/i/two/a%20b/opc/v2/instance/region", IMDS)[1] == "us-ashburn-1"


# Federation: a certificate for a token


class Instance:
    """A compute instance that asks for a token; a test changes what it sends."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        who = Who(*world().principal("vm"))
        assert isinstance(who.principal, Resource)
        self.key = keys().of(who.label, VM)
        self.certificate = sandbox.certificates.of_instance(who, who.principal, self.key.public)
        self.session = keys().of("tests", "session").private
        self.tenancy = TENANCY
        self.kind = "fed-x509"
        self.signing: RSAPrivateKey = self.key.private
        self.public: object = self.session.public_key()
        self.names: tuple[str, ...] = ("date", "(request-target)", *OF_BODY)

    def ask(self, body: bytes | None = None, fingerprint: str | None = None) -> tuple[int, Any]:
        hash_ = SHA1() if self.kind == "fed-x509" else SHA256()  # noqa: S303 - as SDKs do
        print_ = fingerprint or self.certificate.fingerprint(hash_).hex(":").upper()
        if body is None:
            der = self.public.public_bytes(  # type: ignore[attr-defined]
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
            said = {
                "certificate": base64.b64encode(
                    self.certificate.public_bytes(Encoding.DER)
                ).decode(),
                "publicKey": base64.b64encode(der).decode(),
                "intermediateCertificates": ["AAAA"],
            }
            body = json.dumps(said).encode()
        asking = Signer(self.signing, f"{self.tenancy}/{self.kind}/{print_}", self.names)
        return ask(self.sandbox, "POST", "/v1/x509", asking.signed("POST", "/v1/x509", body), body)


@pytest.fixture
def instance(sandbox: Sandbox) -> Instance:
    return Instance(sandbox)


@pytest.mark.parametrize("kind", ["fed-x509", "fed-x509-sha256"])
def test_an_instance_gets_a_token_for_its_certificate(instance: Instance, kind: str) -> None:
    instance.kind = kind
    status, data = instance.ask()

    assert status == 200
    claims = jwt.decode(data["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["opc-instance"], claims["ttype"]) == (VM, VM, "x509")
    assert claims["exp"] - claims["iat"] == 20 * 60
    signed = with_token(data["token"], instance.session).signed("GET", LIST)
    assert ask(instance.sandbox, "GET", LIST, signed)[0] == 200
    entry = instance.sandbox.log[-1]
    assert (entry.principal, entry.authentication) == ("caller/vm", "instance principal")
    # The key of the certificate is not that of the session.
    signed = with_token(data["token"], instance.key.private).signed("GET", LIST)
    assert ask(instance.sandbox, "GET", LIST, signed)[0] == 401


def why(instance: Instance, body: bytes | None = None, fingerprint: str | None = None) -> str:
    status, data = instance.ask(body, fingerprint)
    assert (status, data["code"]) == (401, "NotAuthenticated")
    return str(instance.sandbox.log[-1].failure)


def test_a_certificate_of_another_authority(instance: Instance, tmp_path: Path) -> None:
    who = Who(*world().principal("vm"))
    assert isinstance(who.principal, Resource)
    other = Certificates(tmp_path / "other")
    instance.certificate = other.of_instance(who, who.principal, instance.key.public)

    assert why(instance) == "the certificate is none of this sandbox's"


def test_a_certificate_that_signs_itself(instance: Instance) -> None:
    now = datetime.now(UTC)
    instance.certificate = (
        x509.CertificateBuilder()
        .subject_name(instance.certificate.subject)
        .issuer_name(instance.certificate.issuer)
        .public_key(instance.key.public)
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(instance.key.private, SHA256())
    )

    assert why(instance) == "the certificate is none of this sandbox's"


def test_a_certificate_is_good_for_a_year(instance: Instance) -> None:
    is_ours, now = instance.sandbox.certificates.is_ours, datetime.now(UTC)

    assert is_ours(instance.certificate, now)
    assert not is_ours(instance.certificate, now + timedelta(days=366))
    assert not is_ours(instance.certificate, now - timedelta(days=2))


def test_a_certificate_that_is_for_hosts(instance: Instance) -> None:
    # The authority's own certificate has no key that signs requests.
    instance.certificate = instance.sandbox.certificates.authority

    assert why(instance) == "the certificate is none of this sandbox's"


def test_the_certificate_of_another_tenancy(instance: Instance) -> None:
    instance.tenancy = "ocid1.tenancy.oc1..service"

    assert why(instance) == "the certificate is for another tenancy"


def test_another_fingerprint(instance: Instance) -> None:
    assert why(instance, fingerprint="00:11") == "the keyId is not that of the certificate"
    instance.kind = "fed-x509-md5"
    assert why(instance) == "the keyId is not that of the certificate"


def test_a_certificate_without_its_key(instance: Instance) -> None:
    instance.signing = instance.session

    assert why(instance) == "the signature does not fit the request and the key"


@pytest.mark.parametrize("name", ["date", "(request-target)", "content-length", "x-content-sha256"])
def test_what_has_to_be_signed(instance: Instance, name: str) -> None:
    instance.names = tuple(each for each in instance.names if each != name)

    assert why(instance) == f"not signed: {name}"


def test_a_key_that_is_too_short_or_no_rsa(instance: Instance) -> None:
    reason = "the public key is no RSA key of 2048 to 8192 bits"
    instance.public = generate_private_key(65537, 1024).public_key()  # noqa: S505 - so it is
    assert why(instance) == reason
    instance.public = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert why(instance) == reason


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"certificate": "AAAA", "publicKey": "AAAA"}',
        b'{"certificate": 1, "publicKey": []}',
        b'{"certificate": "\\u00e4", "publicKey": "AAAA"}',
    ],
)
def test_a_body_without_a_certificate(instance: Instance, body: bytes) -> None:
    assert why(instance, body) == "the body has no certificate and public key"


def test_a_body_that_is_no_object(instance: Instance) -> None:
    for body in (b"", b"[]", b"{", b"[" * 100_000):
        assert instance.ask(body)[0] == 400


def test_an_instance_that_is_gone(instance: Instance) -> None:
    sandbox = instance.sandbox
    tenancies = dict(sandbox.state.world.tenancies)
    tenancies["caller"] = replace(tenancies["caller"], resources=MappingProxyType({}))
    sandbox.state.change(World(MappingProxyType(tenancies)))

    assert why(instance) == "the keyId names nobody of its tenancy"


def test_federation_is_a_post(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET", "/v1/x509", IMDS)[0] == 405


def test_an_old_request_for_a_token(instance: Instance) -> None:
    instance.sandbox.faults.skew = timedelta(minutes=6)

    assert re.fullmatch(r"the date is 36\d s behind the sandbox's", why(instance))


def test_it_is_there_over_http(sandbox: Sandbox) -> None:
    connection = HTTPConnection(sandbox.endpoint.removeprefix("http://"))
    connection.request("GET", "/opc/v2/instance/region", headers={"Authorization": "Bearer Oracle"})
    assert connection.getresponse().read() == b"us-chicago-1"
    connection.close()


def test_the_key_in_a_token_is_public() -> None:
    key = keys().of("tests", "session")
    jwk = RSAAlgorithm.to_jwk(key.public, as_dict=True)

    assert {*jwk} == {"kty", "key_ops", "n", "e"}
