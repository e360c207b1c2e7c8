"""A sandbox put into a state, and what smoke says of it: the cases as they are written in files."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import yaml

from ocipolicy.cloud import Cloud, Retries
from ocipolicy.cloud.credentials import resource_principal
from ocipolicy.cloud.live import clouds
from ocipolicy.config import Loaded, Profile, load
from ocipolicy.render import Bundle, Templates, render
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from ocipolicy.sandbox.founding import founded
from ocipolicy.sandbox.state import State
from ocipolicy.smoke import Ask, OnWait, Report, asks, smoke
from ocipolicy.world import World, load_world
from tests.examples import CASES, changed

WORLD = CASES / "smoke" / "world.yaml"
SALES = "ocid1.odainstance.oc1.iad.sales"
OWN = "ocid1.odainstance.oc1.iad.own"
QUICK = Retries(attempts=2, pause=0.01, longest=0.02, total=10)
_SAME = {
    "caller.tenancy": "ocid1.tenancy.oc1..service",
    "caller.instances": [OWN],
    "compartment": "ai:genai",
}


def world(changes: Mapping[str, Any] | None = None) -> World:
    """The world of the cases; what is None in the changes is not there."""
    data = deepcopy(_written())
    _merge(data["tenancies"], changes or {})
    loaded = load_world(yaml.dump(data, Dumper=yaml.CSafeDumper))
    assert loaded.world is not None, loaded.diagnostics
    return founded(loaded.world)


@cache
def _written() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    return found


def _merge(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            data.pop(key, None)
        elif isinstance(value, dict) and isinstance(data.get(key), dict):
            _merge(data[key], value)
        else:
            data[key] = value


def put(sandbox: Sandbox, state: Mapping[str, Any]) -> None:
    """Put a sandbox into the state of a case."""
    keys = sandbox.state.keys
    sandbox.desk.state = State(world(state.get("world")))
    sandbox.state.keys = keys
    sandbox.state.serve_retired = state.get("serve_retired", False)
    sandbox.faults.clear()
    sandbox.log.clear()
    if "late" in state:
        _create(sandbox, state["late"])
    sandbox.faults.skew = timedelta(minutes=state.get("clock", 0))
    if "fault" in state:
        sandbox.faults.add(Fault(**{"times": None, **state["fault"]}))


def _create(sandbox: Sandbox, late: Mapping[str, Any]) -> None:
    """Make a policy of the service tenancy, or take it away, in force so many seconds later."""
    sandbox.state.propagation = timedelta(seconds=late["seconds"])
    side = Cloud(Profile(**profile(sandbox, "service/admin")), retries=QUICK)
    root = "ocid1.tenancy.oc1..service"
    if "statements" in late:
        side.create_policy(root, late["policy"], late["statements"], "late", {}, "token")
    else:
        gone = side.policy_named(late["policy"])
        assert gone is not None
        side.delete_policy(gone.ocid, gone.etag)
    sandbox.state.propagation = timedelta(0)


def profile(sandbox: Sandbox, who: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The profile of a principal, whose calls go to the sandbox."""
    principal = sandbox.principal(who)
    values = {
        "name": principal.profile,
        "config_file": str(principal.config_file),
        "endpoint": f"{sandbox.endpoint}/r/{{region}}",
        **(changes or {}),
    }
    return {key: value for key, value in values.items() if value is not None}


def config(sandbox: Sandbox, state: Mapping[str, Any]) -> Loaded:
    """The config of a case: an example with profiles of the sandbox, and what the case changes."""
    scenario = state.get("scenario", "cross-tenancy")
    who = state.get("user", "service/admin")
    change = state.get("profile")
    own = profile(sandbox, who, change)
    profiles = {"caller.profile": own}
    if scenario == "cross-tenancy":
        profiles = {
            "caller.profile": profile(sandbox, "caller/admin"),
            "service.profile": own,
        }
    elif scenario == "paired":
        profiles = {"service.profile": own}
    more = {**_SAME} if scenario == "same-tenancy" else {}
    if scenario == "paired":
        more = {
            "caller.tenancy": "ocid1.tenancy.oc1..caller",
            "caller.instances": [SALES],
            "compartment": "ai:genai",
        }
    calls = {"smoke.calls": ["chat"]}
    text = changed(scenario, {**profiles, **more, **calls, **state.get("config", {})})
    loaded = load(text, "ocipolicy.yaml")
    assert loaded.config is not None, loaded.diagnostics
    return loaded


def ready(loaded: Loaded) -> tuple[Bundle, tuple[Ask, ...]]:
    """The bundle and the calls of a config."""
    rendered = render(loaded, Templates(()))
    assert rendered.bundle is not None, rendered.diagnostics
    chosen = asks(loaded, datetime.now(UTC).date())
    assert chosen.asks, chosen.diagnostics
    return rendered.bundle, chosen.asks


def instance(sandbox: Sandbox, who: str) -> Cloud:
    """An instance of the sandbox as itself."""
    known = resource_principal(sandbox.principal(who).environ)
    endpoint = f"{sandbox.endpoint}/r/{{region}}"
    side = Profile(name=who, auth="resource_principal", endpoint=endpoint)
    return Cloud(side, retries=QUICK, known=known)


def run(
    sandbox: Sandbox,
    state: Mapping[str, Any],
    client: Mapping[str, Any] | None = None,
    *,
    wait: float = 0,
    on_wait: OnWait | None = None,
) -> Report:
    """What smoke says in the state that a sandbox was put into; `client` changes the profile."""
    loaded = config(sandbox, {**state, "profile": client})
    assert loaded.config is not None
    bundle, calls = ready(loaded)
    who = state.get("instance")
    return smoke(
        loaded,
        bundle,
        clouds(loaded.config, retries=QUICK),
        calls,
        instance=instance(sandbox, who) if who else None,
        wait=wait,
        on_wait=on_wait,
    )
