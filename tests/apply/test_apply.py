"""A config brought to two tenancies, and again, and changed: what is written, and what is not."""

import json
from pathlib import Path

import pytest

from tests.apply.place import MORE, NAME, Place
from tests.commands import call, told

CREATED = """\
✓ created sales-assistant-service in service
✓ created sales-assistant-caller in caller
done: 2 created
"""


def test_apply_twice(place: Place) -> None:
    place.config()
    assert place.verdicts() == {"denied"}

    first = place.apply()

    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout.endswith("\n\n" + CREATED)
    assert place.writes() == ["identity:CreatePolicy 200", "identity:CreatePolicy 200"]
    assert place.verdicts() == {"allowed"}

    place.forget()
    again = place.apply()

    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout.endswith("plan: 0 to create, 0 to update, 0 to delete, 2 unchanged\n")
    assert place.writes() == []
    assert call("plan", "--exit-code").exit_code == 0
    assert place.lost() == 0


def test_what_a_console_makes_of_our_statements_is_no_difference(place: Place) -> None:
    place.config()
    place.apply()
    define, *rest = place.ours("service")
    others = [text.upper().replace(" TO ", "\n   to  ") for text in reversed(rest)]
    place.say("service", define.replace("define tenancy", "Define   TENANCY"), *others)
    place.say(
        "caller", *(f"  {text.replace('any-user', 'ANY-USER')} " for text in place.ours("caller"))
    )
    place.forget()

    shown = call("plan", "--exit-code")
    applied = place.apply()

    assert "no change of access" in shown.stdout
    assert (shown.exit_code, applied.exit_code) == (0, 0)
    assert place.writes() == []
    assert place.lost() == 0


def test_a_config_that_wants_more(place: Place) -> None:
    place.config()
    place.apply()
    place.config(change=MORE)

    result = place.apply()

    assert result.stdout.endswith(
        "✓ updated sales-assistant-service in service\n"
        "✓ updated sales-assistant-caller in caller\n"
        "done: 2 updated\n"
    )
    assert place.verdicts() == {"allowed"}
    assert place.lost() == 0


def test_what_we_write_is_in_the_log_of_the_service(place: Place) -> None:
    place.config()
    place.apply()
    place.config(change=MORE)
    place.forget()
    place.apply()

    assert place.writes() == ["identity:UpdatePolicy 200", "identity:UpdatePolicy 200"]


def test_our_policies_are_known_by_their_tag(place: Place) -> None:
    place.config()
    place.apply()

    for side in ("service", "caller"):
        live = place.live(side)
        assert live.tags == {"ocipolicy": ("sales-assistant",)}
        assert live.compartment == place.tenancy(side).ocid
        assert live.description != ""


def test_a_policy_that_is_called_like_ours_is_left_alone(place: Place) -> None:
    place.config()
    place.add("service", "Allow group Scientists  to read buckets in tenancy", owner="otto")
    place.forget()
    before = place.exactly("service")

    result = place.apply()

    assert result.exit_code == 1
    assert (
        "ocipolicy.yaml:1:7: error: policy sales-assistant-service in the root compartment of"
        " service is not ours: it has no tag `ocipolicy: sales-assistant` [not-ours]\n"
    ) in result.stdout
    assert (
        "help: --adopt keeps its statements and adds ours; or choose another `name:`"
    ) in result.stdout
    assert place.writes() == []
    assert place.exactly("service") == before


def test_an_adopted_policy_keeps_what_it_says(place: Place) -> None:
    place.config()
    theirs = "Allow group Scientists  to read buckets in tenancy"
    place.add("service", theirs, owner="otto")

    result = place.apply("--adopt")

    assert result.exit_code == 0
    assert theirs in place.ours("service")
    assert len(place.ours("service")) == 3
    assert place.live("service").tags["owner"] == ("otto",)
    assert place.verdicts() == {"allowed"}
    assert place.apply().stdout.endswith("0 to update, 0 to delete, 2 unchanged\n")

    gone = call("destroy", "--yes")

    assert gone.stdout.endswith(
        "✓ deleted sales-assistant-caller in caller\n"
        "✓ updated sales-assistant-service in service\n"
        "done: 1 updated, 1 deleted\n"
    )
    live = place.live("service")
    assert live.statements == (theirs,)
    assert live.tags == {"owner": ("otto",)}
    assert place.ours("caller") == []
    assert place.lost() == 0


def test_destroy_takes_what_is_ours_the_endorse_first(place: Place) -> None:
    place.config()
    place.apply()
    place.forget()

    result = call("destroy", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "- loses in service/ai:genai" in result.stdout
    assert result.stdout.endswith(
        "✓ deleted sales-assistant-caller in caller\n"
        "✓ deleted sales-assistant-service in service\n"
        "done: 2 deleted\n"
    )
    assert place.writes() == ["identity:DeletePolicy 204", "identity:DeletePolicy 204"]
    assert place.verdicts() == {"denied"}
    assert place.lost() == 0

    again = call("destroy", "--yes")
    assert told(again) == (0, "nothing to do: there is no policy of ours\n", "")


def test_a_side_without_a_profile_is_handed_over(place: Place) -> None:
    place.config(change={"service.profile": None})

    result = place.apply()

    assert result.exit_code == 0
    assert "not ours to apply: the service side\n" in result.stdout
    assert "free-form tag ocipolicy = sales-assistant" in " ".join(result.stdout.split())
    assert result.stdout.endswith("✓ created sales-assistant-caller in caller\ndone: 1 created\n")
    assert place.ours("service") == []
    assert place.lost() == 0


def test_of_a_pair_the_customers_side_alone_is_applied(place: Place) -> None:
    place.config(
        example="paired",
        change={
            "caller.profile": None,
            "caller.tenancy": "ocid1.tenancy.oc1..oracle",
            "service.tenancy": "ocid1.tenancy.oc1..service",
            "compartment": "ai:genai",
        },
    )

    result = place.apply()

    assert result.exit_code == 0, result.output
    assert "not ours to apply: the caller side\n" in result.stdout
    assert "ask Oracle Support by a service request" in " ".join(result.stdout.split())
    assert result.stdout.endswith("done: 1 created\n")
    assert place.lost() == 0


def test_a_config_without_profiles_cannot_be_planned(place: Place) -> None:
    place.config(change={"service.profile": None, "caller.profile": None})

    assert told(place.apply()) == (
        2,
        "",
        (
            "error: ocipolicy.yaml has no profile, so no tenancy can be read\n"
            "help: add `profile:` to the sides that you administer\n"
        ),
    )


def test_a_plan_says_what_is_doubtful_in_the_config(place: Place) -> None:
    place.config(change={"rules": {"broader-than-needed": "warning"}, "access": ["generative-ai"]})

    result = call("plan")

    assert result.exit_code == 0
    assert " warning: generative-ai-family gives 56 permissions; " in result.stderr
    assert result.stderr.endswith(
        "[chat, text-embedding, text-rerank], or only the parts that are called\n\n1 warning\n"
    )


def test_nobody_to_ask(place: Place) -> None:
    place.config()

    result = call("apply")

    assert result.exit_code == 2
    assert "Error: There is no terminal to ask on: say --yes to go on.\n" in result.stderr
    assert place.writes() == []
    assert place.verdicts() == {"denied"}


def test_nothing_to_ask_where_nothing_changes(place: Place) -> None:
    place.config()
    place.apply()

    assert call("apply").exit_code == 0


def test_plan_tells_changes_by_its_exit_code(place: Place) -> None:
    place.config()

    assert call("plan").exit_code == 0
    assert call("plan", "--exit-code").exit_code == 1
    assert place.writes() == []


def test_a_plan_that_was_saved_is_applied_as_it_is(place: Place) -> None:
    place.config()
    shown = call("plan", "-o", "plan.json")
    Path("ocipolicy.yaml").unlink()

    result = place.apply("plan.json")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(shown.stdout)
    assert result.stdout.endswith("\n\n" + CREATED)
    assert place.ours("service") != []
    assert place.lost() == 0


@pytest.mark.parametrize("moved", ["made", "changed", "deleted"])
def test_a_plan_is_refused_once_a_policy_has_moved_on(place: Place, moved: str) -> None:
    place.config()
    if moved != "made":
        place.apply()
        place.config(change=MORE)
    call("plan", "-o", "plan.json")
    live = place.live("caller") if moved != "made" else None
    if live is None:
        place.add("caller", "endorse any-user to read objects in any-tenancy")
    elif moved == "changed":
        place.say(
            "caller", *place.ours("caller"), "endorse any-user to read objects in any-tenancy"
        )
    else:
        place.cloud("caller").delete_policy(live.ocid, live.etag)
    place.forget()
    before = place.exactly("caller"), place.exactly("service")

    result = place.apply("plan.json")

    word = "create" if moved == "made" else "update"
    assert result.exit_code == 1
    assert result.stdout.endswith(
        f"✗ did not {word} sales-assistant-caller in caller\n"
        "    because policy sales-assistant-caller of caller has changed since the plan\n"
        "      was made\n"
        "    help: plan again\n"
        "not done: everything is as it was before\n"
    )
    assert place.writes() == []
    assert (place.exactly("caller"), place.exactly("service")) == before


def test_a_plan_that_was_changed_by_hand_is_refused(place: Place) -> None:
    place.config()
    call("plan", "-o", "plan.json")
    text = Path("plan.json").read_text("utf-8")
    Path("plan.json").write_text(
        text.replace("generative-ai-chat", "generative-ai-family"), "utf-8"
    )

    assert told(place.apply("plan.json")) == (
        2,
        "",
        (
            "error: plan.json is not as it was written: its digest is another one\n"
            "help: make a new one: `ocipolicy plan CONFIG -o plan.json`\n"
        ),
    )
    assert place.writes() == []


def test_the_journal_is_for_its_owner_alone(place: Place) -> None:
    place.config()
    place.apply()

    folder = place.journals.folder
    (journal,) = folder.glob("*.jsonl")
    assert (folder.stat().st_mode & 0o777, journal.stat().st_mode & 0o777) == (0o700, 0o600)
    kinds = [next(iter(line)) for line in map(json.loads, journal.read_text().splitlines())]
    assert kinds == ["schema", "step", "took", "step", "took", "end"]
    assert "PRIVATE KEY" not in journal.read_text()


def test_tenancies_of_two_customers_have_journals_of_their_own(place: Place) -> None:
    place.config()
    place.apply()
    alone = {"service": None, "compartment": "bots", "caller.profile": place.profile("caller")}
    place.config("other.yaml", "same-tenancy", alone | {"name": NAME, "service.profile": ...})

    assert told(call("rollback", "--yes", "other.yaml")) == (
        0,
        "",
        "there is nothing to undo: no run of this config is on record here\n",
    )
    assert call("rollback", "--yes").stdout.endswith("done: 2 deleted\n")
