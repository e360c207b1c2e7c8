"""Requests signed by hand, so that each part of a signature can be wrong."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.founding import founded
from ocipolicy.sandbox.keys import Keys
from ocipolicy.world import World
from tests.sandbox.clouds import keys, world_of

WORLD = Path(__file__).parent.parent / "cases" / "sandbox" / "principals.yaml"
TENANCY = "ocid1.tenancy.oc1..caller"
SERVICE = "ocid1.tenancy.oc1..service"
HOST = "127.0.0.1"
LIST = f"/20160918/policies?compartmentId={TENANCY}"
CREATE = "/20160918/policies"
STATEMENT = "allow group writers to inspect groups in tenancy"
GENERIC = ("date", "(request-target)", "host")
OF_BODY = ("content-length", "content-type", "x-content-sha256")


@cache
def world() -> World:
    """The world of these tests, with what a sandbox adds to it."""
    return founded(world_of(WORLD.read_text(encoding="utf-8")))


def shared_keys() -> Path:
    """Where the keys of all tests are."""
    return keys().folder


def policy(name: str = "new") -> bytes:
    """The body of a policy that can be made."""
    return (
        f'{{"compartmentId": "{TENANCY}", "name": "{name}", "description": "d",'
        f' "statements": ["{STATEMENT}"]}}'
    ).encode()


@dataclass(frozen=True)
class Signer:
    """A key, and how requests that are signed with it name it."""

    key: RSAPrivateKey = field(repr=False)
    key_id: str
    names: Sequence[str] | None = None
    host: str = HOST
    parameters: Mapping[str, str] = field(default_factory=dict)

    def signed(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        date: datetime | None = None,
        **headers: str,
    ) -> dict[str, str]:
        """The headers of a request; `x_date` and its like stand for headers with a hyphen."""
        said = {
            "host": self.host,
            "date": format_datetime((date or datetime.now(UTC)).astimezone(UTC), usegmt=True),
        }
        names: Sequence[str] = GENERIC
        if method in ("POST", "PUT", "PATCH"):
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            said |= {"content-length": str(len(body)), "content-type": "application/json"}
            said["x-content-sha256"] = digest
            names = (*GENERIC, *OF_BODY)
        said |= {name.replace("_", "-"): text for name, text in headers.items()}
        return {**said, **self.sign(method, target, said, self.names or names)}

    def sign(
        self, method: str, target: str, headers: Mapping[str, str], names: Sequence[str]
    ) -> dict[str, str]:
        """The Authorization header over these headers."""
        lines = [
            f"{name}: {method.lower()} {target}"
            if name == "(request-target)"
            else f"{name}: {headers[name]}"
            for name in names
        ]
        raw = self.key.sign("\n".join(lines).encode("latin-1"), PKCS1v15(), SHA256())
        said = {
            "algorithm": "rsa-sha256",
            "headers": " ".join(names),
            "keyId": self.key_id,
            "signature": base64.b64encode(raw).decode(),
            "version": "1",
            **self.parameters,
        }
        return {"authorization": "Signature " + ",".join(f'{k}="{v}"' for k, v in said.items())}

    def but(self, **more: object) -> "Signer":
        """The same with something else."""
        return replace(self, **more)  # type: ignore[arg-type]


def signer(name: str, of: World | None = None, kept: Keys | None = None) -> Signer:
    """A user's API key."""
    who = Who(*(of or world()).principal(name))
    key = (kept or keys()).of(who.label, who.principal.ocid)
    return Signer(key.private, f"{who.tenancy.ocid}/{who.principal.ocid}/{key.fingerprint}")
