"""What smoke sends to the providers, and what their own clients send for the same calls."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.clients.matrix import python, told
from tests.clients.recorder import TEXT, TOKEN, Recorder, Request
from tests.examples import ROOT, cases
from tests.terminals import OCIPOLICY, environment

SERVICES = cases("clients/services.yaml")
SCRIPTS = ("openai_client", "langchain_openai_chat", "langchain_nvidia", "cohere_client")
# What clients compute or say about themselves, and what HTTP needs.
_HEADERS = ("authorization", "api-key", "content-type", "accept")
_SETTINGS = ("OPENAI_", "AZURE_", "NVIDIA_", "COHERE_", "CO_", "OCI_", "PYTHONWARNINGS")
_BARE = {
    "name": "assistant",
    "scenario": "same-tenancy",
    "caller": {
        "tenancy": "ocid1.tenancy.oc1..caller",
        "instances": ["ocid1.odainstance.oc1.iad.sales"],
    },
    "access": [{"generative-ai": ["chat"]}],
}


@dataclass(frozen=True)
class Script:
    """What a client said of its calls, and the requests that came of them, in one order."""

    versions: Mapping[str, str]
    results: Mapping[str, str]
    requests: tuple[Request, ...]

    def sent(self) -> dict[str, Request]:
        """The request of each call, of clients that make one for each."""
        return dict(zip(self.results, self.requests, strict=True))


@dataclass(frozen=True)
class Smoked:
    """What `ocipolicy smoke` said, and the requests that came of it."""

    code: int
    data: Mapping[str, Any]
    said: str
    requests: tuple[Request, ...]

    def sent(self) -> dict[tuple[str, str], Request]:
        """The request of each call, by service and call; `models` for a list of them."""
        calls = [(each["service"], each["call"]) for each in self.data.get("calls", ())]
        lists = [(e["service"], "models") for e in self.data.get("models", ()) if not e["note"]]
        # Tokens are asked for in between, of somebody else.
        requests = [each for each in self.requests if each.path != "/identity"]
        return dict(zip(calls + lists, requests, strict=True))


def smoked(
    entries: list[dict[str, Any]],
    variables: Mapping[str, str],
    folder: Path,
    recorder: Recorder | None = None,
    option: str = "--llm-services",
) -> Smoked:
    """Run `ocipolicy smoke` on these services, with these variables and no other of its kind."""
    config = folder / "ocipolicy.yaml"
    config.write_text(yaml.safe_dump({**_BARE, "llm_services": entries}), encoding="utf-8")
    done = subprocess.run(
        [*OCIPOLICY, "smoke", config.name, option, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=_bare(environment({})) | dict(variables),
    )
    assert done.stdout, done.stderr
    sent = recorder.taken() if recorder else []
    return Smoked(done.returncode, json.loads(done.stdout), done.stderr, tuple(sent))


def entries(recorder: Recorder) -> list[dict[str, Any]]:
    """The services of the cases, at a recorder."""
    text = yaml.safe_dump([each["entry"] for each in SERVICES])
    found: list[dict[str, Any]] = yaml.safe_load(text.replace("ENDPOINT", recorder.endpoint))
    return found


def keys() -> dict[str, str]:
    """The variables with the keys of the services."""
    return {each["entry"]["key_env"]: each["key"] for each in SERVICES if "key" in each}


def identity(recorder: Recorder) -> dict[str, str]:
    """The variables by which a managed identity gets its tokens from a recorder."""
    return {"IDENTITY_ENDPOINT": f"{recorder.endpoint}/identity", "IDENTITY_HEADER": "any"}


def scripted(
    script: str,
    recorder: Recorder,
    facts: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
) -> Script:
    """Run a script of a client, once; its calls go to a recorder."""
    done = subprocess.run(
        [python(), "-m", f"tests.clients.scripts.{script}", json.dumps(facts)],
        cwd=ROOT,
        env=_bare(dict(os.environ)) | _QUIET | dict(variables or {}),
        input="{}\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    first, *lines = done.stdout.splitlines()
    results = dict(told(iter(lines)))
    return Script(json.loads(first)["versions"], results, tuple(recorder.taken()))


# None of them tells its maker what it did.
_QUIET = {"NVIDIA_USAGE_TELEMETRY_ENABLED": "false", "LANGSMITH_TRACING": "false"}


def _bare(environ: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(_SETTINGS)}


def facts(recorder: Recorder, ours: Smoked) -> dict[str, Any]:
    """What scripts are told: each service with its key, and the request that smoke made of it."""
    bodies = {service: each.body for (service, _), each in reversed(ours.sent().items())}
    found: dict[str, Any] = {"text": TEXT, "token": TOKEN}
    for entry, case in zip(entries(recorder), SERVICES, strict=True):
        request = {key: value for key, value in bodies[entry["name"]].items() if key != "stream"}
        found[entry["name"]] = {**entry, "key": case.get("key"), "request": request}
    return found


def differences(ours: Request, theirs: Request) -> Iterator[dict[str, Any]]:
    """Where two requests are not the same: `at`, ours and theirs, None where there is nothing."""
    one, other = dict(_parts(ours)), dict(_parts(theirs))
    for at in dict.fromkeys((*one, *other)):
        if one.get(at) != other.get(at):
            yield {"at": at, "ours": one.get(at), "theirs": other.get(at)}


def _parts(request: Request) -> Iterator[tuple[str, Any]]:
    yield "method", request.method
    yield "path", request.path
    for name, value in request.query.items():
        yield f"query {name}", value
    for name in _HEADERS:
        if name in request.headers:
            yield f"header {name}", request.headers[name].partition("; charset")[0]
    for name, value in (request.body or {}).items():
        yield f"body {name}", value
