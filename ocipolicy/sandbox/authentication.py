"""Who calls: the signature of every request verified, and its key found.

What is wrong is told to the log alone; on the wire every failure is the same 401, as in OCI.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.keys import Keys
from ocipolicy.sandbox.signatures import WITH_BODY, Signature, Unsigned, read_signature
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.sandbox.wire import Call, Refusal
from ocipolicy.world import Principal, Tenancy, User, World

SKEW = timedelta(minutes=5)
_DATE = re.compile(r"\s*[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\s*", re.ASCII)
_TOKEN = "ST$"  # noqa: S105 - how a keyId that is a token begins

Kind = Literal["API key", "session token", "instance principal", "resource principal"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request, and with what kind of key."""

    who: Who
    kind: Kind


def not_authenticated() -> Refusal:
    """What OCI says of every request that it cannot authenticate."""
    return Refusal(
        401,
        "NotAuthenticated",
        "The required information to complete authentication was not provided or was incorrect.",
    )


class Authentication:
    """Verifies requests against keys and tokens."""

    def __init__(self, keys: Keys, tokens: Tokens) -> None:
        self._keys = keys
        self._tokens = tokens

    def caller(self, call: Call, world: World, now: datetime) -> Caller:
        """Who of a world signed a request. Raises Unsigned, with the reason for the log."""
        signature = read_signature(call.headers.get("authorization"))
        signature.require(call.method, host=True)
        check_content(call, signature, now)
        caller, key = self._signed_by(signature.key_id, world, now)
        signature.verify(call, key)
        return caller

    def _signed_by(self, key_id: str, world: World, now: datetime) -> tuple[Caller, RSAPublicKey]:
        if key_id.startswith(_TOKEN):
            token = self._tokens.read(key_id.removeprefix(_TOKEN), now)
            who = principal(world, token.tenancy, token.principal)
            return Caller(who, token.kind), token.key
        parts = key_id.split("/")
        if len(parts) != 3:
            raise Unsigned("the keyId is neither TENANCY/USER/FINGERPRINT nor a token")
        tenancy, user, fingerprint = parts
        who = principal(world, tenancy, user)
        if not isinstance(who.principal, User):
            raise Unsigned("the keyId names no user")
        key = self._keys.find(who.label, user)
        if key is None or key.fingerprint != fingerprint:
            raise Unsigned("the user has no key with this fingerprint")
        return Caller(who, "API key"), key.public


def check_content(call: Call, signature: Signature, now: datetime) -> None:
    """Raise Unsigned where the date is too far off, or the body is not what was signed."""
    _check_date(call.headers.get(signature.date_header, ""), now)
    if call.method not in WITH_BODY:
        return
    if call.headers.get("content-length") != str(len(call.body)):
        raise Unsigned("content-length is not that of the body")
    digest = base64.b64encode(hashlib.sha256(call.body).digest())
    said = call.headers.get("x-content-sha256", "").encode("latin-1", "replace")
    if not hmac.compare_digest(digest, said):
        raise Unsigned("x-content-sha256 is not that of the body")


def _check_date(text: str, now: datetime) -> None:
    try:
        date = parsedate_to_datetime(text) if _DATE.fullmatch(text) else None
    except ValueError:
        date = None
    if date is None:
        raise Unsigned("the date is none, or not written as in HTTP")
    off = now - date.replace(tzinfo=UTC)
    if abs(off) > SKEW:
        way = "behind" if off > timedelta(0) else "ahead of"
        raise Unsigned(f"the date is {abs(off).total_seconds():.0f} s {way} the sandbox's")


def principal(world: World, tenancy: str, ocid: str) -> Who:
    """The principal of an OCID in a tenancy. Raises Unsigned where it is not there."""
    owner = world.tenancy_of(ocid)
    if owner is None or owner.ocid != tenancy:
        raise Unsigned("the keyId names nobody of its tenancy")
    found = principal_in(owner, ocid)
    if found is None:
        raise Unsigned("the keyId names no principal")
    return Who(owner, found)


def principal_in(tenancy: Tenancy, ocid: str) -> Principal | None:
    """The user or resource of a tenancy that an OCID names."""
    everybody: Iterable[Principal] = chain(tenancy.users.values(), tenancy.resources.values())
    return next((each for each in everybody if each.ocid == ocid), None)
