"""A plan as a file: it comes back equal, and nothing else comes back at all."""

import json
import re
from hashlib import sha256
from typing import Any

import pytest

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.outputs.plan_files import dump, load
from ocipolicy.plan import Plan
from tests.plan import cases

CASES = {case.name: case for case in cases.cases()}
ADOPTED = "ownership-adopted, it keeps its own statements"


def plan_of(case: str) -> Plan:
    return CASES[case].plan


@pytest.mark.parametrize("case", CASES)
def test_it_comes_back_with_its_findings(case: str) -> None:
    plan = plan_of(case)
    again = load(dump(plan), "plan.json")

    assert again == plan
    assert [said(each) for each in again.diagnostics] == [said(each) for each in plan.diagnostics]
    for each in again.diagnostics:
        assert each.span.source.origin == "plan.json"
        assert json.loads(each.span.text) == each.message


def said(diagnostic: Any) -> tuple[Any, ...]:
    return diagnostic.rule, diagnostic.severity, diagnostic.message, diagnostic.help


def test_the_shape_that_scripts_rely_on() -> None:
    data = json.loads(dump(plan_of(ADOPTED)))

    assert data["schema"] == 1
    assert data["access"] == []
    (step,) = data["steps"]
    allow = "allow group bot-admins to use generative-ai-chat in compartment ai:genai"
    ours = (
        "allow any-user to use generative-ai-chat in compartment ai:genai"
        " where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'"
    )
    description = "Lets Digital Assistant instances of this tenancy use Generative AI and Language"
    assert step == {
        "action": "update",
        "tenancy": "ocid1.tenancy.oc1..caller",
        "side": "caller",
        "compartment": "/",
        "name": "sales-assistant-caller",
        "ocid": "ocid1.policy.oc1..caller1",
        "etag": "etag of sales-assistant-caller",
        "before": [allow, ours],
        "after": [allow, ours],
        "description": description,
        "tags": {
            "team": "bots",
            "ops.stage": "live",
            "ocipolicy": "sales-assistant",
            "ocipolicy-kept": "CoR-P",
        },
        "was": {
            "description": "made by hand",
            "tags": {"team": "bots", "ops.stage": "live"},
        },
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan.json is no plan: it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[1, 2]", "plan.json is no plan of ocipolicy"),
        ('{"format_version": "1.2"}', "plan.json is no plan of ocipolicy"),
        (
            '{"schema": 2, "steps": []}',
            "plan.json is a plan of schema 2, and this ocipolicy reads schema 1",
        ),
        (
            '{"schema": 1, "steps": []}',
            "plan.json is not as it was written: its digest is another one",
        ),
    ],
)
def test_another_file_is_no_plan(text: str, message: str) -> None:
    with pytest.raises(CannotGoOn) as error:
        load(text, "plan.json")

    assert error.value.message == message
    assert error.value.help == "make a new one: `ocipolicy plan CONFIG -o plan.json`"


def test_a_plan_that_was_changed_by_hand_is_refused() -> None:
    text = dump(plan_of(ADOPTED))
    wider = text.replace("to use generative-ai-chat", "to manage all-resources")
    assert wider != text

    for changed in (wider, text[: len(text) // 2], text.replace('"below": true', '"below": false')):
        if changed != text:
            with pytest.raises(CannotGoOn, match=r"plan\.json is no"):
                load(changed, "plan.json")


def test_white_space_and_order_of_keys_are_no_change() -> None:
    plan = plan_of(ADOPTED)
    data = json.loads(dump(plan))

    assert load(json.dumps(dict(reversed(data.items()))), "plan.json") == plan


def forged(path: str, value: object, case: str = "sides-Oracle has the other half") -> str:
    """A plan in which one value is another one, with a digest that fits it."""
    data = json.loads(dump(plan_of(case)))
    data.pop("digest")
    *parents, last = re.findall(r"[^.\[\]]+", path)
    place: Any = data
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    place[int(last) if last.isdigit() else last] = value
    rest = {key: each for key, each in data.items() if key != "schema"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return json.dumps({**data, "digest": "sha256:" + sha256(canonical.encode()).hexdigest()})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", 7, "name is not a text"),
        ("steps", {}, "steps is not a list"),
        ("more", 1, "the plan is not a mapping with the keys name, config, tenancies, steps,"),
        ("steps[0]", 1, "steps[0] is not a mapping with the keys action, tenancy, side,"),
        ("steps[0].action", "destroy", "steps[0].ocid is not a text"),
        ("steps[0].side", "third", "steps[0].side is not caller or service"),
        ("steps[0].compartment", "ai", "steps[0].compartment is not the root compartment, `/`"),
        ("steps[0].after", None, "steps[0].after is not a list"),
        ("steps[0].after", ["allow"], "steps[0].after[0] is not one statement without a mistake"),
        ("steps[0].after", ["// x"], "steps[0].after[0] is not one statement without a mistake"),
        ("steps[0].tags", [], "steps[0].tags is not a mapping"),
        ("steps[0].tags.ocipolicy", 1, "steps[0].tags.ocipolicy is not a list"),
        ("access[0].before", "maybe", "access[0].before is not allowed, denied or unknown"),
        ("access[0].below", "yes", "access[0].below is not true or false"),
        ("wanted[0].verdict", None, "wanted[0].verdict is not allowed, denied or unknown"),
        ("tenancies[0].profile", {"nme": "x"}, "tenancies[0].profile is not a profile"),
        ("handed_over[0].statements", ["x"], "handed_over[0].statements[0] is not one statement"),
    ],
)
def test_a_forged_plan_is_read_strictly(path: str, value: object, message: str) -> None:
    with pytest.raises(CannotGoOn) as error:
        load(forged(path, value), "plan.json")

    assert error.value.message.startswith(f"plan.json is no plan: {message}")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("action", "adopt", "steps[0].action is not one of create, update, delete, keep"),
        ("before", None, "steps[0].before is not a list"),
        ("etag", None, "steps[0].etag is not a text"),
    ],
)
def test_a_forged_step_of_a_live_policy(path: str, value: object, message: str) -> None:
    with pytest.raises(CannotGoOn) as error:
        load(forged(f"steps[0].{path}", value, ADOPTED), "plan.json")

    assert error.value.message == f"plan.json is no plan: {message}"


def test_a_forged_finding() -> None:
    text = forged("diagnostics[0].severity", "fatal", "outcome-a deny wins over what is granted")

    with pytest.raises(CannotGoOn, match=r"diagnostics\[0\].severity is not a severity"):
        load(text, "plan.json")
