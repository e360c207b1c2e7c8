"""The signature of a request: what its Authorization header says, and what was signed.

Source: https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm, and oci 2.189.0
(`signer.py`), 2026-11: draft-cavage-http-signatures-08 with RSA and SHA-256.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ocipolicy.sandbox.wire import Call

TARGET = "(request-target)"
WITH_BODY = ("POST", "PUT", "PATCH")
_OF_BODY = ("content-length", "content-type", "x-content-sha256")

_SCHEME = re.compile(r"Signature\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r'\s*(?P<name>[A-Za-z]+)\s*=\s*"(?P<value>[^"]*)"\s*')
_NAMES = ("algorithm", "headers", "keyId", "signature", "version")


class Unsigned(Exception):
    """Why a request is not taken for what it says: for the log, never for the wire."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The Authorization header, taken apart; `headers` are those that were signed, in order."""

    key_id: str
    headers: tuple[str, ...]
    value: bytes

    @property
    def date_header(self) -> str:
        """The header that says when: a browser cannot set `date`, and sends `x-date`."""
        return "x-date" if "x-date" in self.headers else "date"

    def require(self, method: str, *, host: bool) -> None:
        """Raise Unsigned where a header that has to be signed for a method was not."""
        wanted = [TARGET]
        if host:
            wanted.append("host")
        if method in WITH_BODY:
            wanted += _OF_BODY
        missing = [name for name in wanted if name not in self.headers]
        if not {"date", "x-date"} & {*self.headers}:
            missing.append("date")
        if missing:
            raise Unsigned(f"not signed: {', '.join(missing)}")

    def verify(self, call: Call, key: RSAPublicKey) -> None:
        """Raise Unsigned where a key did not sign this request."""
        try:
            key.verify(self.value, signing_string(call, self.headers), PKCS1v15(), SHA256())
        except InvalidSignature:
            raise Unsigned("the signature does not fit the request and the key") from None


def read_signature(authorization: str | None) -> Signature:
    """The parts of an Authorization header, in whatever order. Raises Unsigned."""
    if authorization is None:
        raise Unsigned("no Authorization header")
    scheme = _SCHEME.fullmatch(authorization.strip())
    if scheme is None:
        raise Unsigned("the Authorization header is no Signature")
    found: dict[str, str] = {}
    for name, value in _parameters(scheme["rest"]):
        if name in found:
            raise Unsigned(f"the Authorization header has {name} twice")
        found[name] = value
    missing = [name for name in _NAMES if not found.get(name)]
    if missing:
        raise Unsigned(f"the Authorization header lacks {', '.join(missing)}")
    if found["algorithm"] != "rsa-sha256":
        raise Unsigned("the algorithm is not rsa-sha256")
    if found["version"] != "1":
        raise Unsigned("the version of the signature is not 1")
    headers = tuple(found["headers"].lower().split())
    if len({*headers}) < len(headers):
        raise Unsigned("a header is signed twice")
    try:
        signed = base64.b64decode(found["signature"], validate=True)
    except (binascii.Error, ValueError):
        raise Unsigned("the signature is no base64") from None
    return Signature(found["keyId"], headers, signed)


def _parameters(text: str) -> Iterable[tuple[str, str]]:
    at = 0
    while True:
        found = _PARAMETER.match(text, at)
        if found is None:
            raise Unsigned("the Authorization header is malformed")
        yield found["name"], found["value"]
        at = found.end()
        if at == len(text):
            return
        if text[at] != ",":
            raise Unsigned("the Authorization header is malformed")
        at += 1


def signing_string(call: Call, names: Iterable[str]) -> bytes:
    """What is signed: a line for each header, as it went over the wire. Raises Unsigned."""
    return "\n".join(_lines(call.method, call.target, call.headers, names)).encode(
        "latin-1", "backslashreplace"
    )


def _lines(
    method: str, target: str, headers: Mapping[str, str], names: Iterable[str]
) -> Iterable[str]:
    for name in names:
        if name == TARGET:
            yield f"{TARGET}: {method.lower()} {target}"
        elif name in headers:
            yield f"{name}: {headers[name].strip()}"
        else:
            raise Unsigned(f"{name} is signed, and not there")
