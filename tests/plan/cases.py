"""The cases of `tests/cases/plan`: what is live, a config, and the whole plan that comes of them.

`config` is an example (cross-tenancy, with `access: [generative-ai: [chat]]`, if nothing else is
said) and `change` changes its keys. Live is `world.yaml`, into which `world` is merged; `policies`
has statements by tenancy and policy, `ours` the same for policies that are ours by their tag and
description. Policies get an OCID and an etag each. `gone` leaves tenancies out. `adopt`, `destroy`,
`applying` (user by tenancy), `unread`, `rootless` and `left_out` (tenancies) are what they say.

What is expected: `steps` with the statements that go (`-`) and come (`+`), what changes `beside`
them; `access` (where, how, who, what); `wanted` (how many of how many are allowed behind it);
`handed` (the policies that are not ours to apply) and `says`, the findings.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from ocipolicy.config import Loaded
from ocipolicy.diagnostics import Diagnostic
from ocipolicy.evaluate import Who
from ocipolicy.language import parse, show
from ocipolicy.plan import Change, Live, Plan, Step, action, plan, plan_destroy, versions
from ocipolicy.plan.normal import as_named
from ocipolicy.render import Bundle, Templates, render
from ocipolicy.world import load_world
from tests.examples import CASES, config

FOLDER = CASES / "plan"
CHAT: dict[str, Any] = {"access": [{"generative-ai": ["chat"]}]}
NAME = "sales-assistant"


@dataclass(frozen=True)
class Case:
    """One plan, and the place it is written at."""

    name: str
    entry: Mapping[str, Any]

    @property
    def loaded(self) -> Loaded:
        return config(
            self.entry.get("config", "cross-tenancy"), CHAT | self.entry.get("change", {})
        )

    @property
    def live(self) -> Live:
        return live_of(bundle_of(self.loaded), self.entry)

    @property
    def plan(self) -> Plan:
        loaded, live = self.loaded, self.live
        if self.entry.get("destroy"):
            return plan_destroy(loaded, bundle_of(loaded), live)
        return plan(loaded, bundle_of(loaded), live, adopt=self.entry.get("adopt", False))


def cases() -> Iterator[Case]:
    """Every case of every file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem != "world":
            for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
                yield Case(f"{path.stem}-{entry['case']}", entry)


def bundle_of(loaded: Loaded) -> Bundle:
    bundle = render(loaded, Templates()).bundle
    assert bundle is not None
    return bundle


def live_of(bundle: Bundle, entry: Mapping[str, Any]) -> Live:
    """What is live in a case."""
    data = merged(_base(), entry.get("world", {}))
    for tenancy in entry.get("gone", []):
        del data["tenancies"][tenancy]
    said = {policy.name: policy.description for policy in bundle.policies}
    for key in ("policies", "ours"):
        for tenancy, policies in entry.get(key, {}).items():
            for name, given in policies.items():
                each: dict[str, Any] = (
                    {"statements": given} if isinstance(given, list) else {**given}
                )
                if key == "ours":
                    each.setdefault("description", said.get(name, "of another day"))
                    each["tags"] = {"ocipolicy": NAME} | each.get("tags", {})
                data["tenancies"][tenancy].setdefault("policies", {})[name] = each
    return live_world(data, entry)


def live_world(data: Mapping[str, Any], entry: Mapping[str, Any]) -> Live:
    etags = {}
    for tenancy, each in data["tenancies"].items():
        for number, (name, policy) in enumerate(each.get("policies", {}).items()):
            policy.setdefault("ocid", f"ocid1.policy.oc1..{tenancy}{number}")
            etags[policy["ocid"]] = f"etag of {name}"
    loaded = load_world(yaml.safe_dump(data, sort_keys=False))
    assert loaded.world is not None, [each.message for each in loaded.diagnostics]
    applying = {
        loaded.world.tenancies[tenancy].ocid: Who(*loaded.world.principal(f"{tenancy}/{user}"))
        for tenancy, user in entry.get("applying", {}).items()
    }
    left_out = {ocid: tuple(each) for ocid, each in entry.get("left_out", {}).items()}
    unread, rootless = entry.get("unread", {}), entry.get("rootless", {})
    return Live(loaded.world, etags, unread, applying, left_out, rootless)


def found(plan: Plan, live: Live) -> dict[str, Any]:
    """The whole plan, in the words of the cases."""
    names = {each.ocid: each.name for each in live.world.tenancies.values()}
    missing = [each for each in plan.wanted if each.verdict != "allowed"]
    said: dict[str, Any] = {
        "steps": [_step(each, names) for each in plan.steps],
        "access": [_change(each, names) for each in plan.access],
        "wanted": f"{len(plan.wanted) - len(missing)} of {len(plan.wanted)}",
        "handed": [
            {
                "policy": each.target.name,
                "statements": [*map(show, each.statements)],
                "instruction": each.instruction,
                "assumed": each.assumed,
            }
            for each in plan.handed_over
        ],
        "says": [
            {
                "rule": f"{each.severity.value} {each.rule}",
                "at": each.span.text,
                "message": each.message,
            }
            | help_of(each)
            for each in plan.diagnostics
        ],
    }
    return {key: value for key, value in said.items() if value and value != "0 of 0"}


def help_of(each: Diagnostic) -> dict[str, str]:
    return {"help": each.help} if each.help else {}


def expected(entry: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("steps", "access", "wanted", "handed", "says")
    return {key: entry[key] for key in keys if entry.get(key)}


def _step(step: Step, names: Mapping[str, str]) -> dict[str, Any]:
    before, after = versions(step)
    old = {as_named(each): show(each) for each in before.statements} if before else {}
    new = {as_named(each): show(each) for each in after.statements} if after else {}
    unread = [text for text in before.texts if not parse(text).statements] if before else []
    beside: dict[str, Any] = {}
    if before and after and before.description != after.description:
        beside["description"] = after.description
    if before and after and before.tags != after.tags:
        beside["tags"] = {key: "".join(each) for key, each in after.tags.items()}
    said = {
        "step": f"{action(step)} {step.target.name} of {names[step.target.tenancy]}",
        "-": [text for key, text in old.items() if key not in new] + unread * (before != after),
        "+": [text for key, text in new.items() if key not in old],
        "beside": beside,
    }
    return {key: value for key, value in said.items() if value}


def _change(change: Change, names: Mapping[str, str]) -> dict[str, Any]:
    path = "" if change.compartment == "/" else f"/{change.compartment}"
    below = " and below" if change.below else ""
    return {
        "in": f"{names.get(change.tenancy, change.tenancy)}{path}{below}",
        "turns": f"{change.before} -> {change.after}",
        "who": [*change.who],
        "what": [*change.operations, *change.permissions, *change.verbs],
    }


@cache
def _text() -> str:
    return (FOLDER / "world.yaml").read_text(encoding="utf-8")


def _base() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_text())
    return data


def merged(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    result = deepcopy(base)
    for key, value in more.items():
        here = result.get(key)
        result[key] = merged(here, value) if isinstance(here, dict) else deepcopy(value)
    return result
