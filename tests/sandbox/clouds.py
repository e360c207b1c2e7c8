"""A sandbox without a server, and callers whose requests are signed as those of the SDK are."""

import atexit
import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.founding import administrators, founded
from ocipolicy.sandbox.identity import ROUTES
from ocipolicy.sandbox.keys import Keys
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.world import World, load_world

WORLD = Path(__file__).parent.parent / "cases" / "sandbox" / "world.yaml"
CALLER, SERVICE = "ocid1.tenancy.oc1..caller", "ocid1.tenancy.oc1..service"
BOTS, PROD = "ocid1.compartment.oc1..bots", "ocid1.compartment.oc1..prod"
LAB, AI = "ocid1.compartment.oc1..lab", "ocid1.compartment.oc1..ai"
NOT_FOUND = (
    404,
    "NotAuthorizedOrNotFound",
    "Authorization failed or requested resource not found.",
)


@dataclass(frozen=True)
class Answer:
    """A reply, read."""

    status: int
    headers: Mapping[str, str]
    data: Any = field(repr=False)

    @property
    def refusal(self) -> tuple[int, str, str]:
        """Status, code and message of an error."""
        return self.status, self.data["code"], self.data["message"]

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def names(self) -> list[str]:
        """The names in a list."""
        return [each["name"] for each in self.data]


@cache
def base() -> World:
    """The world of these tests."""
    return world_of(WORLD.read_text(encoding="utf-8"))


def world_of(text: str) -> World:
    loaded = load_world(text)
    assert loaded.world is not None, loaded.diagnostics
    return loaded.world


@cache
def keys() -> Keys:
    """The keys of everybody, made once: that takes longer than a test."""
    folder = mkdtemp(prefix="ocipolicy-keys-")
    atexit.register(shutil.rmtree, folder)
    return Keys(Path(folder))


class Cloud:
    """A desk with the service identity over a world, and all of it that a test looks at."""

    def __init__(self, world: World | None = None) -> None:
        self.time: datetime | None = None
        world = founded(world or base())
        self.state = State(world, self.now)
        self.state.keys = keys()
        authentication = Authentication(keys(), Tokens(keys()))
        self.desk = Desk(self.state, authentication, ROUTES, administrators=administrators(world))

    def now(self) -> datetime:
        return self.time or datetime.now(UTC)

    def ask(
        self,
        who: str,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to `who` (`alice`, `service/zoe`, `admin`) for a call of identity.

        A body is sent as JSON, or as it is where it is bytes.
        """
        who = who if "/" in who else f"caller/{who}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        raw = b"" if body is None else raw
        region, slash, rest = target.partition("/20160918/") if "/r/" in target else ("", "", "")
        path = f"{region}/20160918/{rest}" if slash else f"/20160918/{target}"
        principal = Who(*self.state.world.principal(who))
        reply = self.desk.handle(
            method, path, {**self._signed(principal, method, path, raw), **(headers or {})}, raw
        )
        assert isinstance(reply.body, bytes)
        return Answer(reply.status, reply.headers, json.loads(reply.body) if reply.body else None)

    def _signed(self, who: Who, method: str, target: str, body: bytes) -> dict[str, str]:
        key = keys().of(who.label, who.principal.ocid)
        said = {
            "date": format_datetime(self.now().astimezone(UTC), usegmt=True),
            "(request-target)": f"{method.lower()} {target}",
            "host": "127.0.0.1",
        }
        if method in ("POST", "PUT"):
            said["content-length"] = str(len(body))
            said["content-type"] = "application/json"
            digest = base64.b64encode(hashlib.sha256(body).digest())
            said["x-content-sha256"] = digest.decode()
        lines = "\n".join(f"{name}: {text}" for name, text in said.items()).encode()
        signature = base64.b64encode(key.private.sign(lines, PKCS1v15(), SHA256())).decode()
        key_id = f"{who.tenancy.ocid}/{who.principal.ocid}/{key.fingerprint}"
        said.pop("(request-target)")
        return {
            **said,
            "authorization": (
                f'Signature algorithm="rsa-sha256",headers="date (request-target) host'
                f'{" content-length content-type x-content-sha256" if len(said) > 2 else ""}"'
                f',keyId="{key_id}",signature="{signature}",version="1"'
            ),
        }

    def policy(self, **more: object) -> Answer:
        """What the administrator gets for a policy that differs from a plain one in `more`."""
        return self.ask("admin", "POST", "policies", plain(**more))


def plain(**more: object) -> dict[str, object]:
    """The body of a policy that can be made; a field that is `...` is left out."""
    body = {
        "compartmentId": CALLER,
        "name": "new",
        "description": "a policy",
        "statements": ["allow group authors to use generative-ai-family in tenancy"],
        **more,
    }
    return {name: value for name, value in body.items() if value is not ...}
