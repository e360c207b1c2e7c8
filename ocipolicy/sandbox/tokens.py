"""Tokens: what stands in for a key of one's own, signed by the sandbox, with the session's key.

A token names a principal and carries the public key that its requests are signed with (claim
`jwk`, as in OCI), so that nothing has to be kept of it.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.keys import Keys
from ocipolicy.sandbox.signatures import Unsigned
from ocipolicy.world import User

ISSUER = "ocipolicy-sandbox"
_ALGORITHM = "RS256"
_REMEMBERED = 256

TokenKind = Literal["session token", "instance principal", "resource principal"]
# The claim `ttype` of each kind, and how long it is good for. An instance fetches a new one by
# itself; the others are read from a file that the sandbox writes.
_TYPES: Mapping[TokenKind, str] = {
    "session token": "login",
    "instance principal": "x509",
    "resource principal": "res",
}
_KINDS: Mapping[str, TokenKind] = {type_: kind for kind, type_ in _TYPES.items()}
_LIFETIMES: Mapping[TokenKind, timedelta] = {
    "session token": timedelta(hours=24),
    "instance principal": timedelta(minutes=20),
    "resource principal": timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says, once it is verified: OCIDs of tenancy and principal, and whose key."""

    kind: TokenKind
    tenancy: str
    principal: str
    key: RSAPublicKey
    expires: datetime


class Tokens:
    """Issues tokens and reads its own."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.of("tokens", ISSUER)
        self._public = self._key.public
        self._lock = threading.Lock()
        self._read: OrderedDict[str, Token] = OrderedDict()

    def issue(self, kind: TokenKind, who: Who, key: RSAPublicKey, now: datetime) -> str:
        """A token for a principal whose requests will be signed with a key."""
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "jti": uuid4().hex,
            "sub": who.principal.ocid,
            "tenant": who.tenancy.ocid,
            "ttype": _TYPES[kind],
            "iat": int(now.timestamp()),
            "exp": int((now + _LIFETIMES[kind]).timestamp()),
            "jwk": json.dumps(RSAAlgorithm.to_jwk(key, as_dict=True)),
            **_of_resource(kind, who),
        }
        return jwt.encode(claims, self._key.private, _ALGORITHM, headers={"kid": ISSUER})

    def read(self, token: str, now: datetime) -> Token:
        """What a token says. Raises Unsigned for one that is not ours, or that has expired."""
        with self._lock:
            found = self._read.get(token)
        if found is None:
            found = self._verified(token)
            with self._lock:
                self._read[token] = found
                if len(self._read) > _REMEMBERED:
                    self._read.popitem(last=False)
        if found.expires <= now:
            raise Unsigned("the token has expired")
        return found

    def _verified(self, token: str) -> Token:
        # By the sandbox's clock, which need not be the computer's, times are compared in `read`.
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={
                    "require": ["exp", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            key = RSAAlgorithm.from_jwk(claims["jwk"])
            kind = _KINDS[claims["ttype"]]
            expires = datetime.fromtimestamp(claims["exp"], UTC)
            said = Token(kind, claims["tenant"], claims["sub"], key, expires)  # type: ignore[arg-type]
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError):
            raise Unsigned("the token is none of this sandbox's") from None
        return said


def _of_resource(kind: TokenKind, who: Who) -> Mapping[str, str]:
    """What a token says of a resource; SDKs read `res_tenant` and `res_compartment`."""
    if isinstance(who.principal, User):
        return {}
    compartment = who.tenancy.compartments[who.principal.compartment].ocid
    if kind == "instance principal":
        return {
            "opc-instance": who.principal.ocid,
            "opc-compartment": compartment,
            "opc-tenant": who.tenancy.ocid,
            "opc-certtype": "instance",
        }
    return {
        "res_id": who.principal.ocid,
        "res_type": who.principal.type,
        "res_compartment": compartment,
        "res_tenant": who.tenancy.ocid,
    }
