"""Statements at save: what is taken, what is refused in which words, and how many there may be."""

from typing import Any

import pytest
import yaml

from tests.sandbox.clouds import AI, BOTS, CALLER, LAB, PROD, WORLD, Cloud, base, plain, world_of

CASES: list[dict[str, Any]] = yaml.safe_load(
    (WORLD.parent / "statements.yaml").read_text(encoding="utf-8")
)
PLACES = {"/": CALLER, "bots": BOTS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_a_case(case: dict[str, Any]) -> None:
    cloud = Cloud()
    before = cloud.state.world
    body = plain(compartmentId=PLACES[case.get("at", "/")], statements=case["statements"])
    made = cloud.ask("admin", "POST", "policies", body)
    if "refused" in case:
        assert made.refusal == (400, "InvalidParameter", case["refused"])
        assert cloud.state.world is before
        return
    assert (made.status, made.data["statements"]) == (200, case["statements"])
    (policy,) = (
        each for each in cloud.state.world.tenancies["caller"].policies if each.name == "new"
    )
    assert policy.texts == tuple(case["statements"])
    # The same when it is a change.
    changed = cloud.ask("admin", "PUT", f"policies/{made.data['id']}", body)
    assert (changed.status, changed.data["statements"]) == (200, case["statements"])


@pytest.mark.parametrize("case", [each for each in CASES if "refused" in each][::4])
def test_a_change_is_checked_like_a_new_one(case: dict[str, Any]) -> None:
    cloud = Cloud()
    place = PLACES[case.get("at", "/")]
    text = "allow any-user to use x in compartment id " + place
    made = cloud.policy(compartmentId=place, statements=[text])
    one = f"policies/{made.data['id']}"
    changed = cloud.ask("admin", "PUT", one, {"statements": case["statements"]})
    assert changed.refusal == (400, "InvalidParameter", case["refused"])
    assert cloud.ask("admin", "GET", one).data == made.data


def many(count: int, where: str = "tenancy") -> list[str]:
    return [f"allow any-user to use x{at} in {where}" for at in range(count)]


def test_a_policy_has_50_statements_at_most() -> None:
    cloud = Cloud()
    assert cloud.policy(statements=many(50)).status == 200
    message = (
        "The limit for this tenancy has been exceeded: 50 statements in a policy, and this one has "
        "51"
    )
    refused = cloud.policy(name="more", statements=many(51))
    assert refused.refusal == (400, "LimitExceeded", message)


def reached(usage: int) -> tuple[int, str, str]:
    message = (
        "You have reached the maximum number of policy statements allowed for this compartment "
        f"hierarchy (Limit: 500, Current Usage: {usage})"
    )
    return 400, "LimitExceeded", message


def filled(counts: dict[str, int]) -> Cloud:
    """A cloud whose compartments have these numbers of statements."""
    policies = "".join(
        f"\n      p{at}: {{compartment: {place!r}, statements: {many(count)}}}"
        for at, (place, count) in enumerate(counts.items())
    )
    text = WORLD.read_text(encoding="utf-8")
    start, end = text.index("    policies:\n"), text.index("  service:\n")
    return Cloud(world_of(f"{text[:start]}    policies:{policies}\n{text[end:]}"))


def test_a_path_has_500_statements_at_most() -> None:
    cloud = filled({"/": 200, "bots": 150, "bots:prod": 140, "bots:lab": 100, "ai": 300})

    def add(place: str, count: int, name: str = "more") -> Any:
        text = many(count, f"compartment id {place}")
        return cloud.policy(name=name, compartmentId=place, statements=text)

    assert add(CALLER, 1).refusal == reached(500)  # through ai
    assert add(AI, 1).refusal == reached(500)
    assert add(BOTS, 11).refusal == reached(490)  # through prod
    assert add(PROD, 11).refusal == reached(490)
    assert add(PROD, 10).status == 200
    assert add(BOTS, 1).refusal == reached(500)
    assert add(LAB, 50).status == 200
    assert add(LAB, 1, "last").refusal == reached(500)


def test_a_path_that_is_over_the_limit_can_only_become_shorter() -> None:
    cloud = filled({"/": 520, "bots": 10})
    (root,) = cloud.ask("admin", "GET", f"policies?compartmentId={CALLER}").data
    (bots,) = cloud.ask("admin", "GET", f"policies?compartmentId={BOTS}").data
    one, where = f"policies/{bots['id']}", "compartment bots"
    longer = cloud.ask("admin", "PUT", one, {"statements": many(11, where)})
    assert longer.refusal == reached(530)
    assert cloud.ask("admin", "PUT", one, {"statements": many(10, where)}).status == 200
    assert cloud.ask("admin", "PUT", one, {"statements": many(9, where)}).status == 200
    shorter = cloud.ask("admin", "PUT", f"policies/{root['id']}", {"statements": many(50)})
    assert shorter.status == 200


def test_the_world_of_the_cases_is_not_changed_by_them() -> None:
    assert base() == world_of(WORLD.read_text(encoding="utf-8"))
