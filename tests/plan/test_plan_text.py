"""Plans as people see them."""

import pytest
from syrupy.assertion import SnapshotAssertion

from ocipolicy.outputs.plans import as_text, summary
from ocipolicy.plan import Plan
from tests.plan import cases
from tests.test_outputs import TextFile

CASES = {case.name: case for case in cases.cases()}
SHOWN = {
    "kept": "comparison-everything is there",
    "verb": "comparison-a verb that was widened by hand is put right, and says what it takes",
    "order": "comparison-a define that stands below what uses it is moved up",
    "unread": "comparison-a statement that cannot be read goes, and is shown",
    "adopted": "ownership-adopted, it keeps its own statements",
    "not-ours": "ownership-a policy of our name without our tag is refused",
    "released": "ownership-a destroy leaves what was kept",
    "members": "access-every member of a group, by name or in words",
    "unknown-types": "access-types of which the dictionary knows nothing",
    "families": "access-whole families",
    "many-people": "access-more people than names",
    "deny": "outcome-a deny wins over what is granted",
    "other-half": "outcome-the other side is read, is not ours to apply, and lacks its half",
    "right": "outcome-the user who applies lacks a right",
    "handed-over": "sides-no profile for one side, which is not read",
    "unread-side": "sides-a side that could not be read",
    "nothing": "sides-a destroy where nothing is",
    "destroyed": "sides-a destroy takes the endorse first, and only what is ours",
}


def plan_of(case: str) -> Plan:
    return CASES[case].plan


@pytest.mark.parametrize("name", SHOWN)
def test_a_plan_for_people(name: str, snapshot: SnapshotAssertion) -> None:
    assert as_text(plan_of(SHOWN[name])) + "\n" == snapshot.use_extension(TextFile)


def test_colours_change_no_word() -> None:
    plan = plan_of("comparison-an instance that the config has no more loses its access")
    painted = as_text(plan, lambda words, kind: f"<{kind}>{words}</>")

    assert "<removed>- allow any-user" in painted
    assert "<added>+ allow any-user" in painted
    assert "<removed>- loses in caller/ai:genai and below</>" in painted
    for kind in ("added", "removed", "changed", "comment"):
        painted = painted.replace(f"<{kind}>", "")
    assert painted.replace("</>", "") == as_text(plan)


STATEMENTS = ("allow ", "deny ", "define ", "endorse ", "admit ")


@pytest.mark.parametrize("case", CASES)
def test_only_statements_and_messages_are_wider_than_a_terminal(case: str) -> None:
    plan = plan_of(case)
    said = {each.message for each in plan.diagnostics}
    said |= {line for each in plan.diagnostics for line in (each.help or "").split("\n")}
    for line in as_text(plan).split("\n"):
        rest = line.strip().removeprefix("+ ").removeprefix("- ")
        if not rest.lower().startswith(STATEMENTS) and not any(each in line for each in said):
            assert len(line) <= 80, line


def test_several_plans_have_one_summary() -> None:
    names = ("comparison-nothing of ours is there yet", SHOWN["kept"], SHOWN["verb"])

    assert summary(map(plan_of, names)) == "2 to create, 1 to update, 0 to delete, 2 unchanged"
