"""What no file of cases shows well: big numbers, the texts that are sent, and what cannot go on."""

from pathlib import Path
from typing import Any

import pytest

from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.plan import Live, Plan, Update, plan, plan_destroy
from ocipolicy.render import Templates, render
from ocipolicy.world import World
from tests.examples import config
from tests.plan.cases import CHAT, bundle_of, live_of

CHAT_HERE = (
    "allow any-user to use generative-ai-chat in compartment ai:genai"
    " where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'"
)
OTHER = "allow group bot-admins to inspect policies in tenancy"


def planned(
    policies: dict[str, Any], change: dict[str, Any] | None = None, *, adopt: bool = False
) -> Plan:
    """The plan of the same-tenancy example beside these policies."""
    loaded = config("same-tenancy", CHAT | (change or {}))
    bundle = bundle_of(loaded)
    return plan(loaded, bundle, live_of(bundle, {"policies": {"caller": policies}}), adopt=adopt)


def messages(plan: Plan) -> list[str]:
    return [f"{each.severity.value} {each.rule}: {each.message}" for each in plan.diagnostics]


# The world of the cases has one policy with one statement in each tenancy.
@pytest.mark.parametrize(("policies", "said"), [(98, False), (99, True), (100, False)])
def test_the_limit_of_policies_is_said_where_it_is_passed(policies: int, said: bool) -> None:
    made = planned({f"p{number}": [OTHER] for number in range(policies)})

    expected = ["warning limit-passed: caller comes to 101 policies; OCI allows 100"]
    assert messages(made) == (expected if said else [])


@pytest.mark.parametrize(("statements", "said"), [(498, False), (499, True), (500, False)])
def test_the_limit_of_statements_on_a_path_is_said_where_it_is_passed(
    statements: int, said: bool
) -> None:
    made = planned(
        {
            "root": [OTHER] * 100,
            "ai": {"compartment": "ai", "statements": [OTHER_BELOW] * 100},
            "below": {"compartment": "ai:genai", "statements": [OTHER_BELOW] * (statements - 200)},
            "beside": {"compartment": "bots", "statements": [OTHER_BELOW] * 390},
        }
    )

    expected = (
        "warning limit-passed: the path to ai:genai of caller comes to 501 statements;"
        " OCI allows 500 from the root to a leaf"
    )
    assert messages(made) == [expected] * said


OTHER_BELOW = "allow group bot-admins to inspect policies in compartment genai"


def test_an_adopted_policy_never_grows_over_the_limit() -> None:
    theirs = [OTHER.replace("policies", f"type-{number}") for number in range(50)]

    fits, too_many = (
        planned({"sales-assistant-caller": theirs[:count]}, adopt=True) for count in (49, 50)
    )

    (step,) = fits.steps
    assert isinstance(step, Update)
    assert step.after.texts == (*theirs[:49], CHAT_HERE)
    assert len(step.after.tags["ocipolicy-kept"][0]) == 49 * 5
    assert too_many.steps == ()
    (message,) = messages(too_many)
    assert message == (
        "error too-many-statements: policy sales-assistant-caller of caller would have 51"
        " statements, its own and ours; OCI allows 50"
    )


def test_what_is_kept_is_sent_as_it_is_stored_and_defines_come_first() -> None:
    define = "DEFINE tenancy  partner as ocid1.tenancy.oc1..partner"
    theirs = ["Allow  GROUP bot-admins to inspect policies in TENANCY", define]

    made = planned({"sales-assistant-caller": theirs}, adopt=True)

    (step,) = made.steps
    assert isinstance(step, Update)
    assert step.before.texts == tuple(theirs)
    assert step.after.texts == (define, theirs[0], CHAT_HERE)
    assert (step.ocid, step.etag) == ("ocid1.policy.oc1..caller1", "etag of sales-assistant-caller")
    assert step.after.free_form_tags["ocipolicy"] == "sales-assistant"


def test_adopted_once_a_plan_without_the_word_keeps_it() -> None:
    theirs = {"tags": {"team": "bots"}, "statements": [OTHER]}
    (adopted,) = planned({"sales-assistant-caller": theirs}, adopt=True).steps
    assert isinstance(adopted, Update)

    again = planned(
        {
            "sales-assistant-caller": {
                "tags": {key: values[0] for key, values in adopted.after.tags.items()},
                "description": adopted.after.description,
                "statements": [*adopted.after.texts],
            }
        }
    )

    assert again.changes == ()
    assert again.diagnostics == ()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, ["warning"]),
        ({"already-covered": "note"}, ["note"]),
        ({"already-covered": "off"}, []),
        ({"already-covered": "error"}, ["error"]),
    ],
)
def test_a_config_weighs_the_findings(rules: dict[str, str], expected: list[str]) -> None:
    made = planned(
        {"wide": ["allow any-user to use generative-ai-chat in tenancy"]}, {"rules": rules}
    )

    assert [each.severity for each in made.diagnostics] == expected
    assert made.refused is ("error" in expected)


def test_no_weight_lets_an_error_pass() -> None:
    made = planned({"sales-assistant-caller": [OTHER]}, {"rules": {"not-ours": "off"}})

    assert [each.rule for each in made.diagnostics] == ["not-ours"]
    assert made.refused


def test_a_policy_of_ours_without_an_etag_cannot_be_changed() -> None:
    loaded = config("same-tenancy", CHAT)
    bundle = bundle_of(loaded)
    live = live_of(bundle, {"ours": {"caller": {"sales-assistant-caller": [OTHER]}}})

    with pytest.raises(CannotGoOn, match="the etag of the live policy sales-assistant-caller"):
        plan(loaded, bundle, Live(live.world))


def test_a_config_with_mistakes_has_no_plan() -> None:
    bundle = bundle_of(config("same-tenancy", CHAT))
    for make in (plan, plan_destroy):
        with pytest.raises(CannotGoOn, match="the config has mistakes"):
            make(load("name: x"), bundle, Live(World({})))


def test_a_scenario_of_ones_own_with_the_called_side_alone(tmp_path: Path) -> None:
    folder = tmp_path / "admit-only"
    folder.mkdir()
    (folder / "scenario.yaml").write_text(
        "summary: the other side is somebody else's\n"
        "sides: {service: {apply: true, description: Admits them}}\n"
        "needs: [caller.tenancy, service.tenancy]\ntakes: [service.profile]\n"
    )
    (folder / "service.policy.j2").write_text(
        "define tenancy them as {{ caller.tenancy }}\n"
        "admit any-user of tenancy them to use generative-ai-chat in tenancy\n"
    )
    change = {"scenario": "admit-only", "caller.profile": None, "endorse": None}
    loaded = config("cross-tenancy", CHAT | change)
    bundle = render(loaded, Templates([tmp_path])).bundle
    assert bundle is not None
    live = live_of(bundle, {"gone": ["caller"]})

    made = plan(loaded, bundle, live)

    assert [each.target.name for each in made.changes] == ["sales-assistant-service"]
    assert [each.rule for each in made.diagnostics] == ["access-missing"]
    assert made.access == ()


def test_a_scenario_of_ones_own_with_the_calling_side_alone(tmp_path: Path) -> None:
    folder = tmp_path / "endorse-only"
    folder.mkdir()
    (folder / "scenario.yaml").write_text(
        "summary: the other side is somebody else's\n"
        "sides: {caller: {apply: true, description: Endorses them}}\n"
        "needs: [caller.tenancy, service.tenancy]\ntakes: [caller.profile]\n"
    )
    (folder / "caller.policy.j2").write_text(
        "endorse any-user to use generative-ai-chat in any-tenancy\n"
    )
    change = {"scenario": "endorse-only", "service.profile": None, "endorse": None}
    loaded = config("cross-tenancy", CHAT | change)
    bundle = render(loaded, Templates([tmp_path])).bundle
    assert bundle is not None
    live = live_of(bundle, {"gone": ["service"]})

    made = plan(loaded, bundle, live)

    assert [each.target.name for each in made.changes] == ["sales-assistant-caller"]
    assert (made.wanted, made.access, made.diagnostics) == ((), (), ())
