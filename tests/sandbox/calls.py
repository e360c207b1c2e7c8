"""Calls of Generative AI and Language at the desk, signed with an API key or a resource's token."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.founding import administrators, founded
from ocipolicy.sandbox.services import ROUTES
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.world import User, World
from tests.examples import CASES
from tests.sandbox.clouds import keys, world_of

CALLER, SERVICE = "ocid1.tenancy.oc1..caller", "ocid1.tenancy.oc1..service"
BOTS, LAB = "ocid1.compartment.oc1..bots", "ocid1.compartment.oc1..lab"
AI, GENAI = "ocid1.compartment.oc1..ai", "ocid1.compartment.oc1..genai"
LAMA = "ocid1.generativeaiendpoint.oc1.iad.lama"
TUNED = "ocid1.generativeaiendpoint.oc1.ord.tuned"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOT_FOUND = (
    404,
    "NotAuthorizedOrNotFound",
    "Authorization failed or requested resource not found.",
)
# What most tests give to alice, who is in the group.
ALLOWED = (
    "allow group chatters to use generative-ai-family in tenancy",
    "allow group chatters to use ai-service-language-family in tenancy",
)


@dataclass(frozen=True)
class Answer:
    """A reply, read: `data` of one that is JSON, `frames` of one that streams."""

    status: int
    type: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def data(self) -> Any:
        assert self.type == "application/json"
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str, str]:
        """Status, code and message of an error."""
        return self.status, self.data["code"], self.data["message"]

    @property
    def frames(self) -> list[Any]:
        """What was streamed, each frame as JSON but for the words that are none."""
        assert (self.status, self.type) == (200, "text/event-stream")
        texts = self.body.decode().split("\n\n")
        assert texts.pop() == ""
        said = [text.removeprefix("data: ") for text in texts]
        assert [f"data: {text}" for text in said] == texts
        return [each if each == "[DONE]" else json.loads(each) for each in said]


@cache
def world(**policies: tuple[str, ...]) -> World:
    """The world of these tests, with a policy of these statements at the root of each tenancy."""
    data = yaml.safe_load((CASES / "sandbox" / "inference.world.yaml").read_text("utf-8"))
    for tenancy, statements in policies.items():
        data["tenancies"][tenancy]["policies"] = {"test": {"statements": [*statements]}}
    return world_of(yaml.safe_dump(data))


class Calls:
    """A sandbox without a server, at noon of a day; `policies` are statements by tenancy."""

    def __init__(self, **policies: tuple[str, ...]) -> None:
        self.now = NOON
        made = founded(world(**policies))
        self.state = State(made, lambda: self.now)
        self._tokens = Tokens(keys())
        authentication = Authentication(keys(), self._tokens)
        self.desk = Desk(self.state, authentication, ROUTES, administrators=administrators(made))

    def post(self, path: str, body: object, *, who: str = "caller/alice", **headers: str) -> Answer:
        """What `who` is answered for a body; the words of `headers` have `_` for `-`."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._ask("POST", path, raw, who, headers)

    def get(self, path: str, *, who: str = "caller/alice", **headers: str) -> Answer:
        """What `who` is answered for a path."""
        return self._ask("GET", path, b"", who, headers)

    def chat(self, *, who: str = "caller/alice", compartment: str = BOTS, **model: str) -> Answer:
        """A GENERIC chat with a model on demand, or with an endpoint."""
        mode = {"servingType": "DEDICATED" if "endpointId" in model else "ON_DEMAND", **model}
        body = {"compartmentId": compartment, "servingMode": mode, "chatRequest": GENERIC}
        return self.post("/20231130/actions/chat", body, who=who)

    def _ask(
        self, method: str, path: str, body: bytes, who: str, headers: Mapping[str, str]
    ) -> Answer:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = self._signed(Who(*self.state.world.principal(who)), method, path, body)
        reply = self.desk.handle(method, path, {**more, **signed}, body)
        content = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        return Answer(reply.status, reply.headers["content-type"], reply.headers, content)

    def _signed(self, who: Who, method: str, target: str, body: bytes) -> dict[str, str]:
        key = keys().of(who.label, who.principal.ocid)
        if isinstance(who.principal, User):
            key_id = f"{who.tenancy.ocid}/{who.principal.ocid}/{key.fingerprint}"
        else:
            key_id = "ST$" + self._tokens.issue("resource principal", who, key.public, self.now)
        said = {
            "date": format_datetime(self.now, usegmt=True),
            "(request-target)": f"{method.lower()} {target}",
            "host": "127.0.0.1",
        }
        if method == "POST":
            digest = hashlib.sha256(body).digest()
            said["content-length"] = str(len(body))
            said["content-type"] = "application/json"
            said["x-content-sha256"] = base64.b64encode(digest).decode()
        lines = "\n".join(f"{name}: {text}" for name, text in said.items()).encode()
        signature = base64.b64encode(key.private.sign(lines, PKCS1v15(), SHA256())).decode()
        authorization = (
            f'Signature algorithm="rsa-sha256",headers="{" ".join(said)}",keyId="{key_id}",'
            f'signature="{signature}",version="1"'
        )
        return {**said, "authorization": authorization}


GENERIC = {
    "apiFormat": "GENERIC",
    "messages": [{"role": "USER", "content": [{"type": "TEXT", "text": "Tell me a joke."}]}],
}
