"""The OCI CLI: policies, chats and texts, its kinds of authentication, its ways to the sandbox."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.scripts.calls import FACTS, PHASE, Refused, call, check, phases

OCI = str(Path(sys.executable).parent / "oci")
STATEMENTS = json.dumps(["allow group bot-admins to use generative-ai-chat in compartment bots"])
CHAT = json.dumps(
    {
        "apiFormat": "GENERIC",
        "messages": [{"role": "USER", "content": [{"type": "TEXT", "text": "hi"}]}],
    }
)
STREAM = json.dumps({**json.loads(CHAT), "isStream": True})
CHICAGO = ("--region", "us-chicago-1")
TEXT = "generate-text-cohere-llm-inference-request"


def on_demand(model: str) -> str:
    return json.dumps({"servingType": "ON_DEMAND", "modelId": model})


def oci(*arguments: str, who: str, direct: bool = True) -> str:
    """What the CLI prints as a principal, with no more than the sandbox's variables for him."""
    settings = FACTS["environ" if direct else "proxy_environ"][who]
    done = subprocess.run(
        [OCI, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == 0:
        check(done.stderr, "")
        return done.stdout
    _, brace, error = done.stderr.partition("{")
    said: dict[str, Any] = json.loads(brace + error) if brace else {"message": done.stderr}
    if "status" not in said:
        raise ValueError(said["message"])
    raise Refused(said["status"], said["code"])


def data(text: str) -> Any:
    return json.loads(text)["data"]


def chat(*options: str, who: str, direct: bool = True, request: str = CHAT) -> str:
    return oci(
        *("generative-ai-inference", "chat-result", "chat"),
        *("--compartment-id", PHASE["compartment"]),
        *("--serving-mode", on_demand("meta.llama-3.3-70b-instruct")),
        *("--chat-request", request),
        *options,
        who=who,
        direct=direct,
    )


def text_of(answer: str) -> str:
    said: str = data(answer)["chat-response"]["choices"][0]["message"]["content"][0]["text"]
    return said


def policies() -> None:
    """The life of a policy."""
    policy = ("iam", "policy")
    tenancy, ocid, etag = FACTS["tenancy"], PHASE["policy"], ""
    with call("iam policy create"):
        made = oci(
            *(*policy, "create", "--compartment-id", tenancy, "--name", "trial"),
            *("--description", "A trial.", "--statements", STATEMENTS),
            who="user",
        )
        ocid, etag = data(made)["id"], json.loads(made)["etag"]
    with call("iam policy list"):
        found = data(oci(*policy, "list", "--compartment-id", tenancy, "--all", who="user"))
        check("trial" in {each["name"] for each in found})
    with call("iam policy update"):
        changed = oci(
            *(*policy, "update", "--policy-id", ocid, "--statements", STATEMENTS),
            *("--version-date", "", "--force", "--if-match", etag or "none"),
            who="user",
        )
        check(json.loads(changed)["etag"] == etag, False)
    with call("iam policy delete"):
        check(oci(*policy, "delete", "--policy-id", ocid, "--force", who="user"), "")
    with call("iam region-subscription list, through the proxy"):
        regions = data(oci("iam", "region-subscription", "list", who="user", direct=False))
        check("IAD" in {each["region-key"] for each in regions})


def inference() -> None:
    """Chats and texts, as everybody."""
    with call("chat-result chat, API key"):
        check(bool(text_of(chat(who="user"))))
    with call("chat-result chat, --auth resource_principal"):
        check(bool(text_of(chat("--auth", "resource_principal", who="resource"))))
    if PHASE["brief"]:
        return
    with call("chat-result chat, stream"):
        check('"finishReason": "stop"' in chat(who="user", request=STREAM))
    with call("chat-result chat, --endpoint"):
        answer = chat("--endpoint", FACTS["endpoint"], who="user", direct=False)
        check(bool(text_of(answer)))
    with call("chat-result chat, through the proxy"):
        check(bool(text_of(chat(*CHICAGO, who="user", direct=False))))
    with call(f"generate-text-result {TEXT}"):
        generated = oci(
            *("generative-ai-inference", "generate-text-result", TEXT),
            *("--compartment-id", PHASE["compartment"]),
            *("--serving-mode", on_demand("cohere.command")),
            *("--inference-request-prompt", "Tell me a joke."),
            who="user",
        )
        check(bool(data(generated)["inference-response"]["generated-texts"][0]["text"]))
    with call("chat-result chat, --auth security_token"):
        session = ("--auth", "security_token", "--profile", FACTS["session"])
        check(bool(text_of(chat(*session, who="user"))))
    with call("chat-result chat, --auth instance_principal"):
        check(bool(text_of(chat("--auth", "instance_principal", who="instance"))))
    with call("chat-result chat, --auth instance_principal, through the proxy"):
        options = (*CHICAGO, "--auth", "instance_principal")
        check(bool(text_of(chat(*options, who="instance", direct=False))))


for _ in phases("oci-cli", "oci"):
    if PHASE["about"] == "policies":
        policies()
    else:
        inference()
