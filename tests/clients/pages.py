"""The steps of the pages on OCI Generative AI: what smoke makes of them while policies change."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ocipolicy.sandbox import Sandbox
from tests.clients.matrix import PHASES, Client, Results, give, world
from tests.examples import cases, changed
from tests.terminals import OCIPOLICY, environment

STEPS = cases("clients/pages.yaml")
# The phases of the matrix in which a tenancy calls for itself, as the pages do.
OWN = {each["phase"]: each for each in PHASES["inference"] if each["in"].endswith("..bots")}


def smoked(keys: Path, folder: Path) -> dict[str, dict[str, str]]:
    """What comes of each step by `ocipolicy smoke`: by step, and by phase."""
    found: dict[str, dict[str, str]] = {each["step"]: {} for each in STEPS}
    first, *_ = OWN.values()
    with Sandbox(world(first), keys=keys) as sandbox:
        for name, phase in OWN.items():
            give(sandbox, phase)
            for step in STEPS:
                found[step["step"]][name] = _smoke(sandbox, step, folder)
    return found


def _smoke(sandbox: Sandbox, step: Mapping[str, Any], folder: Path) -> str:
    who = sandbox.principal(step["as"])
    profile = {"auth": step["auth"], "endpoint": f"{sandbox.endpoint}/r/{{region}}"}
    more: Mapping[str, str] = {}
    match step["auth"]:
        case "api_key":
            profile |= {"name": who.profile, "config_file": str(who.config_file)}
        case "security_token":
            profile |= {"name": f"session:{who.profile}", "config_file": str(who.config_file)}
        case _:
            profile |= {"name": step["as"]}
            more = who.environ
    change = {
        "caller.profile": profile,
        "compartment": "ocid1.compartment.oc1..bots",
        "access": ["generative-ai"],
        "smoke": step["smoke"],
    }
    config = folder / "ocipolicy.yaml"
    config.write_text(changed("same-tenancy", change), encoding="utf-8")
    sandbox.log.clear()
    done = subprocess.run(
        [*OCIPOLICY, "smoke", config, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(more),
    )
    assert done.stdout, done.stderr
    calls = [each for each in sandbox.log if (each.operation or "").startswith("generative-ai:")]
    assert [(each.principal, each.operation) for each in calls] == [
        (step["as"], "generative-ai:GenerateText")
    ]
    (call,) = json.loads(done.stdout)["calls"]
    return "ok" if call["observed"] == "allowed" else f"{call['status']} {call['code']}"


def as_table(matrix: Mapping[Client, Results], smoke: Mapping[str, Mapping[str, str]]) -> str:
    """Both columns of each step: its own client's, and that of smoke."""
    rows = ["| step | of | the page's own client | `ocipolicy smoke` |", "| --- " * 4 + "|"]
    for step in STEPS:
        own = by_client(matrix, step)
        cells = [_cell([of[phase] for phase in OWN]) for of in (own, smoke[step["step"]])]
        rows.append(f"| {step['step']} | {step['page']} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows) + "\n"


def by_client(matrix: Mapping[Client, Results], step: Mapping[str, Any]) -> dict[str, str]:
    """What came of a step by its own client, in each phase."""
    (found,) = [each for client, each in matrix.items() if client.title == step["client"]]
    return found.calls[step["call"]]


def _cell(results: Sequence[str]) -> str:
    return ", then ".join(each.partition(" ")[0] for each in results)
