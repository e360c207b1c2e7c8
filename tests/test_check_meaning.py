"""What rules claim about access is what the evaluator says, in random worlds.

A statement that is said to give nothing, or nothing new, is taken out of its policy: no question
may have another answer then.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ocipolicy.check import RULES, check
from ocipolicy.check.reading import read
from ocipolicy.check.seen import Finding, Seen
from ocipolicy.diagnostics import Severity
from ocipolicy.evaluate import Statements, may
from ocipolicy.world import World, dump_world
from tests.evaluate.worlds import Question, questions, worlds
from tests.examples import CASES

# The rules that say of a whole statement that it gives nothing, where their finding is an error;
# and those that say so as a warning or a note.
OF_NOTHING = frozenset(
    {
        "contradiction",
        "cross-tenancy-not-at-root",
        "inapplicable-variable",
        "outside-attached-subtree",
        "unknown-compartment",
        "verb-grants-nothing",
    }
)
MILD = frozenset({"admit-without-endorse", "covered-statement", "endorse-without-admit"})
slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def claims(text: str) -> Iterator[tuple[str, Finding]]:
    """The findings that say of a statement of a world that it could as well not be there."""
    found = read(text, "world.yaml", None, None)
    assert found.world is not None, found.diagnostics
    for rule in RULES:
        findings: list[Finding] = []
        for policy in found.policies:
            for seen in policy.statements:
                findings += rule.statement(seen) if rule.statement else ()
            findings += rule.policy(policy) if rule.policy else ()
        findings += rule.world(found.world) if rule.world else ()
        for each in findings:
            weight = each.severity or rule.severity
            if rule.name in MILD or (rule.name in OF_NOTHING and weight is Severity.ERROR):
                yield rule.name, each


def without(world: World, text: str, seen: Seen) -> World:
    """The world without one of its statements, by its place in the file."""
    found = read(text, "world.yaml", None, None)
    assert found.world is not None
    place = seen.at(seen.statement, "").diagnostic("", Severity.NOTE).span.start
    tenancies = dict(world.tenancies)
    for (tenancy, _, policy), number in zip(found.world.policies, numbers(world), strict=True):
        for at, each in enumerate(policy.statements):
            span = each.at(each.statement, "").diagnostic("", Severity.NOTE).span
            if span.start == place:
                old = tenancies[tenancy.name]
                kept = list(old.policies)
                one = kept[number]
                kept[number] = replace(
                    one,
                    statements=one.statements[:at] + one.statements[at + 1 :],
                    texts=one.texts[:at] + one.texts[at + 1 :],
                )
                tenancies[tenancy.name] = replace(old, policies=tuple(kept))
                return World(tenancies)
    raise AssertionError(f"no statement at {place}")


def numbers(world: World) -> Iterator[int]:
    """The index of every policy in its tenancy, tenancy by tenancy."""
    for tenancy in world.tenancies.values():
        yield from range(len(tenancy.policies))


@slow
@given(worlds, st.lists(questions, min_size=10, max_size=30), st.randoms())
def test_a_statement_that_is_said_to_give_nothing_can_go(
    world: World, several: list[Question], random: Random
) -> None:
    text = dump_world(world)
    found = [*claims(text)]
    assume(found)
    rule, finding = random.choice(found)
    less = without(world, text, finding.seen)

    for question in several:
        before = may(question.request(world), Statements(world))
        after = may(question.request(less), Statements(less))
        # Two conditions on something unknown are unknown each, and together still never hold.
        unsure = rule == "contradiction" and before is None
        assert unsure or before == after, (rule, finding.message, question)


def written(rule: str) -> list[Any]:
    text = (CASES / "check" / f"{rule}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["wrong"])


def halves() -> list[Any]:
    """Every half of the written cases that stands alone."""
    return [
        pytest.param(case["text"], finding["help"], id=f"{rule}-{number}-{finding['at']}")
        for rule in ("endorse-without-admit", "admit-without-endorse")
        for number, case in enumerate(written(rule))
        for finding in case["findings"]
        if rule in finding.values()
    ]


@pytest.mark.parametrize(("text", "help"), halves())
def test_the_missing_half_is_what_was_missing(text: str, help: str) -> None:
    where, *lines = help.splitlines()
    data = yaml.safe_load(text)
    name = where.removeprefix("add to a root policy of `").removesuffix("`:")
    data["tenancies"][name].setdefault("policies", {})["pasted"] = {"statements": lines}

    before = [each.rule for each in check(text, "w.yaml").diagnostics]
    found = check(yaml.safe_dump(data, sort_keys=False), "w.yaml").diagnostics
    after = [each.rule for each in found]

    assert [each for each in found if each.severity is Severity.ERROR] == []
    assert len(after) < len(before)
    assert set(after) <= set(before)
