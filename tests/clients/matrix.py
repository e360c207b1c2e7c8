"""Real clients in processes of their own, and what came of their calls while policies changed."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ocipolicy.render import Templates
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.models import model_of, ocid_of
from ocipolicy.sandbox.state import State
from ocipolicy.world import World, load_world
from tests.examples import CASES, ROOT

PHASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (CASES / "clients" / "phases.yaml").read_text(encoding="utf-8")
)
REFUSED = "404 NotAuthorizedOrNotFound"
# A policy that is there from the beginning, of a tenancy that has nothing to do with the calls.
THEIRS = "ocid1.policy.oc1..theirs"
TENANCY = "ocid1.tenancy.oc1..caller"
PROXIED = {"rest_stream"}
# Where each tenancy has a dedicated AI cluster, and the OCID of its endpoint.
DEDICATED = {
    "caller": ("bots", "ocid1.generativeaiendpoint.oc1.us-chicago-1.bots"),
    "service": ("ai:genai", "ocid1.generativeaiendpoint.oc1.us-chicago-1.genai"),
}


@dataclass(frozen=True)
class Client:
    """A script, what it is called, and the phases that it goes through."""

    script: str
    title: str
    about: str = "inference"


CLIENTS = (
    Client("sdk_identity", "OCI SDK for Python, identity", "policies"),
    Client("sdk_inference", "OCI SDK for Python, Generative AI and Language"),
    Client("sdk_signers", "OCI SDK for Python, its signers"),
    Client("oci_cli", "OCI CLI, policies", "policies"),
    Client("oci_cli", "OCI CLI, inference"),
    Client("langchain_oci_chat", "langchain-oci"),
    Client("langchain_community_chat", "langchain-community"),
    Client("openai_oci_openai", "OpenAI client, oci-openai"),
    Client("openai_genai_auth", "OpenAI client, oci-genai-auth"),
    Client("rest_stream", "requests with a signer, the code of an article"),
)


@dataclass
class Results:
    """What came of the calls of a client: by call, and by phase."""

    versions: dict[str, str] = field(default_factory=dict)
    calls: dict[str, dict[str, str]] = field(default_factory=dict)
    seconds: float = 0.0


def python() -> Path:
    """The interpreter of the environment that has the clients."""
    said = os.environ.get("OCIPOLICY_CLIENTS_PYTHON")
    found = Path(said) if said else ROOT / ".venv-clients" / "bin" / "python"
    assert found.exists(), f"{found} is not there; `.ci/run` makes it"
    return found


def world(phase: Mapping[str, Any]) -> World:
    """The world that `sandbox start` serves by itself, with the policies of a phase."""
    text = Templates().source("cross-tenancy/world.yaml").text
    data = yaml.safe_load(text)
    for name, tenancy in data["tenancies"].items():
        tenancy["policies"] = {}
        statements = phase.get("statements", {}).get(name)
        if statements:
            tenancy["policies"]["ours"] = {"statements": statements}
        place, ocid = DEDICATED[name]
        endpoint = {"ocid": ocid, "type": "generativeaiendpoint", "compartment": place}
        tenancy.setdefault("resources", {})["llm"] = endpoint
    theirs = {"ocid": THEIRS, "statements": ["allow group bot-admins to read buckets in tenancy"]}
    data["tenancies"]["caller"]["policies"]["theirs"] = theirs
    loaded = load_world(yaml.safe_dump(data))
    assert loaded.world is not None, loaded.diagnostics
    assert loaded.diagnostics == ()
    return loaded.world


def results(client: Client, keys: Path) -> Results:
    """Run the script of a client through all its phases, in a sandbox of its own."""
    phases = PHASES[client.about]
    found = Results()
    with Sandbox(world(phases[0]), keys=keys) as sandbox:
        process = subprocess.Popen(
            [python(), "-m", f"tests.clients.scripts.{client.script}", facts(sandbox)],
            cwd=ROOT,
            env=environ(sandbox, proxied=client.script in PROXIED),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdin
            assert process.stdout
            found.versions = json.loads(process.stdout.readline())["versions"]
            for number, phase in enumerate(phases):
                give(sandbox, phase)
                words = {"number": number, "compartment": phase["in"], "policy": THEIRS}
                words |= {"about": client.about, "brief": phase.get("brief", False)}
                process.stdin.write(json.dumps(words) + "\n")
                process.stdin.flush()
                for call, result in told(process.stdout):
                    found.calls.setdefault(call, {})[phase["phase"]] = result
            process.stdin.close()
    assert process.returncode == 0
    return found


def told(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The calls of a phase with what came of them."""
    for line in lines:
        said = json.loads(line)
        if "end" in said:
            return
        yield said["call"], said["result"]
    raise AssertionError("the script ended in the midst of a phase")


def give(sandbox: Sandbox, phase: Mapping[str, Any]) -> None:
    """Put the policies of a phase in the place of all that is there."""
    sandbox.desk.state = State(world(phase))
    sandbox.state.serve_retired = True  # or the calls of generateText would have no model


def facts(sandbox: Sandbox) -> str:
    """What scripts cannot know by themselves."""
    user = sandbox.principal("caller/alice")
    model = model_of("cohere.command")
    assert model
    principals = {
        "user": user,
        "instance": sandbox.principal("caller/host"),
        "resource": sandbox.principal("caller/sales"),
    }
    return json.dumps(
        {
            "endpoint": sandbox.endpoint,
            "tenancy": TENANCY,
            "config_file": str(user.config_file),
            "user": user.profile,
            "session": f"session:{user.profile}",
            "text_model": ocid_of(model),
            "dedicated": {
                "ocid1.compartment.oc1..bots": DEDICATED["caller"][1],
                "ocid1.compartment.oc1..genai": DEDICATED["service"][1],
            },
            "environ": {name: each.environ for name, each in principals.items()},
            "proxy_environ": {name: each.proxy_environ for name, each in principals.items()},
        }
    )


def environ(sandbox: Sandbox, *, proxied: bool) -> dict[str, str]:
    """The environment of a script that is an instance and another resource, as it likes."""
    drop = ("OCI_", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS")
    found = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
    instance = sandbox.principal("caller/host")
    own = sandbox.principal("caller/sales").environ | instance.environ
    if proxied:
        own |= instance.proxy_environ
    # The CLI's settings are for the CLI, which is told in `facts`.
    return found | {key: value for key, value in own.items() if not key.startswith("OCI_CLI_")}


def all_results(keys: Path) -> dict[Client, Results]:
    """What comes of all clients, several at a time."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        # Those that take longest come first.
        order = sorted(CLIENTS, key=lambda each: each.script != "oci_cli")
        found = dict(zip(order, pool.map(lambda each: results(each, keys), order), strict=True))
    return {client: found[client] for client in CLIENTS}


def as_table(found: Mapping[Client, Results]) -> str:
    """The matrix as a page has it."""
    return "\n\n".join(_section(client, each) for client, each in found.items()) + "\n"


def _section(client: Client, found: Results) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    phases = [each["phase"] for each in PHASES[client.about]]
    rows = [_row("call", phases), _row("---", ["---"] * len(phases))]
    rows += [
        _row(call, [_cell(of.get(each)) for each in phases]) for call, of in found.calls.items()
    ]
    return f"### {client.title}\n\nWith {versions}.\n\n" + "\n".join(rows)


def _row(first: str, rest: Sequence[str]) -> str:
    return "| " + " | ".join([first, *rest]) + " |"


def _cell(result: str | None) -> str:
    if result is None:
        return ""
    return "404" if result == REFUSED else result.partition(":")[0]
