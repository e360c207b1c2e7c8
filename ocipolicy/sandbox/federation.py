"""How a compute instance comes by its token: it signs with the key of its certificate (/v1/x509).

Source: oci 2.189.0 (`federation_client.py`), 2026-11.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import NameOID

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.authentication import check_content, principal
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.sandbox.log import Entry
from ocipolicy.sandbox.signatures import Unsigned, read_signature
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.sandbox.wire import Call, Refusal, Reply, answer, json_object
from ocipolicy.world import World

PATH = "/v1/x509"
_HASHES: dict[str, type[HashAlgorithm]] = {"fed-x509": SHA1, "fed-x509-sha256": SHA256}


class Federation:
    """Exchanges a certificate of the sandbox's authority for a token."""

    def __init__(
        self,
        world: Callable[[], World],
        now: Callable[[], datetime],
        certificates: Certificates,
        tokens: Tokens,
    ) -> None:
        self._world = world
        self._now = now
        self._certificates = certificates
        self._tokens = tokens

    def counter(self, call: Call, entry: Entry) -> Reply | None:
        """The answer to a request for a token; None for any other. Raises Refusal, Unsigned."""
        if call.path != PATH:
            return None
        entry.operation = "auth:GetToken"
        if call.method != "POST":
            raise Refusal(405, "MethodNotAllowed", f"{call.method} is not possible here.")
        who, key = self._instance(call)
        entry.principal, entry.authentication = who.label, "certificate"
        return answer({"token": self._tokens.issue("instance principal", who, key, self._now())})

    def _instance(self, call: Call) -> tuple[Who, RSAPublicKey]:
        """Who asks, and the key that he wants to sign with from now on. Raises Unsigned."""
        signature = read_signature(call.headers.get("authorization"))
        signature.require(call.method, host=False)
        check_content(call, signature, self._now())
        tenancy, _, rest = signature.key_id.partition("/")
        kind, _, fingerprint = rest.partition("/")
        body = json_object(call.body)
        try:
            certificate = x509.load_der_x509_certificate(_decoded(body, "certificate"))
            own = certificate.public_key()
            new = load_der_public_key(_decoded(body, "publicKey"))
            units = _units(certificate)
        except (ValueError, UnsupportedAlgorithm):
            raise Unsigned("the body has no certificate and public key") from None
        if kind not in _HASHES or _fingerprint(certificate, _HASHES[kind]) != fingerprint:
            raise Unsigned("the keyId is not that of the certificate")
        ours = self._certificates.is_ours(certificate, datetime.now(UTC))
        if not ours or not isinstance(own, RSAPublicKey):
            raise Unsigned("the certificate is none of this sandbox's")
        if units.get("opc-tenant") != tenancy:
            raise Unsigned("the certificate is for another tenancy")
        signature.verify(call, own)
        if not isinstance(new, RSAPublicKey) or not 2048 <= new.key_size <= 8192:
            raise Unsigned("the public key is no RSA key of 2048 to 8192 bits")
        return principal(self._world(), tenancy, units.get("opc-instance", "")), new


def _decoded(body: dict[str, Any], name: str) -> bytes:
    """The DER of what came as PEM without its frame. Raises ValueError."""
    return base64.b64decode("".join(str(body.get(name)).split()), validate=True)


def _fingerprint(certificate: x509.Certificate, algorithm: type[HashAlgorithm]) -> str:
    return certificate.fingerprint(algorithm()).hex(":").upper()


def _units(certificate: x509.Certificate) -> dict[str, str]:
    """What the organizational units say, by the word before their colon."""
    values = (
        str(each.value)
        for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    )
    return {name: value for name, _, value in (text.partition(":") for text in values)}
