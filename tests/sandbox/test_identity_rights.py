"""Who may do what with policies: the policies themselves say, as in OCI."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.clouds import (
    AI,
    BOTS,
    CALLER,
    LAB,
    NOT_FOUND,
    PROD,
    SERVICE,
    Cloud,
    plain,
)

PEOPLE = "policies/ocid1.policy.oc1..people"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.mark.parametrize(
    ("who", "method", "target", "status"),
    [
        ("alice", "GET", f"policies?compartmentId={BOTS}", 200),
        ("alice", "GET", f"policies?compartmentId={PROD}", 200),
        ("alice", "GET", f"policies?compartmentId={CALLER}", 404),
        ("alice", "GET", f"policies?compartmentId={SERVICE}", 404),
        ("alice", "GET", "policies?compartmentId=ocid1.compartment.oc1..nothing", 404),
        ("alice", "GET", f"policies?compartmentId={'ocid1.policy.oc1..people'}", 404),
        ("alice", "GET", PEOPLE, 404),
        ("alice", "PUT", PEOPLE, 404),
        ("alice", "DELETE", PEOPLE, 404),
        ("alice", "DELETE", "policies/ocid1.policy.oc1..nothing", 404),
        ("alice", "DELETE", f"policies/{BOTS}", 404),
        ("bob", "GET", f"policies?compartmentId={PROD}", 200),
        ("bob", "GET", f"policies?compartmentId={BOTS}", 404),
        ("admin", "GET", f"policies?compartmentId={SERVICE}", 404),
        ("service/zoe", "GET", f"policies?compartmentId={SERVICE}", 200),
        ("service/zoe", "GET", "policies/ocid1.policy.oc1..servicegenai", 200),
        ("service/zoe", "GET", PEOPLE, 404),
        ("service/zoe", "DELETE", "policies/ocid1.policy.oc1..servicegenai", 404),
    ],
)
def test_only_who_may_is_answered(
    cloud: Cloud, who: str, method: str, target: str, status: int
) -> None:
    before = cloud.state.world
    body = {"description": "x"} if method == "PUT" else None
    answer = cloud.ask(who, method, target, body)
    assert answer.status == status
    if status == 404:
        assert answer.refusal == NOT_FOUND
    assert cloud.state.world is before


def test_an_author_writes_in_his_compartment_only(cloud: Cloud) -> None:
    text = ["allow group authors to use x in compartment bots"]
    body = plain(compartmentId=BOTS, statements=text)
    made = cloud.ask("alice", "POST", "policies", body)
    assert made.status == 200
    assert cloud.ask("alice", "POST", "policies", plain()).refusal == NOT_FOUND
    assert cloud.ask("alice", "POST", "policies", plain(name="people")).refusal == NOT_FOUND
    assert cloud.ask("bob", "DELETE", f"policies/{made.data['id']}").refusal == NOT_FOUND
    assert cloud.ask("alice", "DELETE", f"policies/{made.data['id']}").status == 204


def test_what_a_policy_allows_is_allowed_at_once(cloud: Cloud) -> None:
    lists = f"policies?compartmentId={LAB}"
    assert cloud.ask("bob", "GET", lists).refusal == NOT_FOUND
    text = "allow group readers to inspect policies in tenancy"
    one = f"policies/{cloud.policy(statements=[text]).data['id']}"
    assert cloud.ask("bob", "GET", lists).status == 200
    cloud.ask("admin", "PUT", one, {"statements": [f"{text} where request.user.name = 'alice'"]})
    assert cloud.ask("bob", "GET", lists).refusal == NOT_FOUND
    cloud.ask("admin", "PUT", one, {"statements": [text]})
    cloud.ask("admin", "DELETE", one)
    assert cloud.ask("bob", "GET", lists).refusal == NOT_FOUND


def test_a_change_takes_effect_behind_the_delay(cloud: Cloud) -> None:
    cloud.time = datetime(2026, 11, 21, tzinfo=UTC)
    cloud.state.propagation = timedelta(seconds=10)
    lists = f"policies?compartmentId={LAB}"
    made = cloud.policy(statements=["allow group readers to inspect policies in tenancy"])
    assert cloud.ask("admin", "GET", f"policies/{made.data['id']}").status == 200
    assert cloud.ask("bob", "GET", lists).status == 404
    cloud.time += timedelta(seconds=10)
    assert cloud.ask("bob", "GET", lists).status == 200


@pytest.mark.parametrize(
    ("condition", "name", "allowed"),
    [
        ("target.policy.name = 'genai'", "genai", True),
        ("target.policy.name = 'genai'", "other", False),
        ("target.policy.name != 'genai'", "other", True),
        ("target.policy.id = 'ocid1.policy.oc1..people'", "genai", False),
        ("target.policy.type = 'allow'", "genai", True),
        ("target.policy.type = 'deny'", "genai", False),
    ],
)
def test_conditions_on_the_policy_itself(
    cloud: Cloud, condition: str, name: str, allowed: bool
) -> None:
    """The same variable decides over making, changing and deleting a policy."""
    who = "allow group readers to manage policies in compartment ai where "
    assert cloud.policy(name="rule", statements=[f"{who}{condition}"]).status == 200
    body = plain(
        compartmentId=AI,
        name=name,
        statements=["allow group readers to use x in compartment ai"],
    )
    made = cloud.ask("bob", "POST", "policies", body)
    assert made.status == (200 if allowed else 404)
    if not allowed:
        made = cloud.ask("admin", "POST", "policies", body)
    one = f"policies/{made.data['id']}"
    expected = [200, 204] if allowed else [404, 404]
    changed = cloud.ask("bob", "PUT", one, {"description": "x"})
    assert [changed.status, cloud.ask("bob", "DELETE", one).status] == expected


def test_the_guard_of_deny_statements(cloud: Cloud) -> None:
    """The policy that OCI makes when denials are switched on; with one more who is exempt."""
    guard = (
        "deny any-user to manage policies in tenancy where all {target.policy.type = 'deny', "
        "request.user.id != 'ocid1.user.oc1..bob'}"
    )
    rights = "allow group {0} to manage policies in compartment ai"
    given = [rights.format(name) for name in ("authors", "readers")]
    cloud.policy(statements=[*given, guard])
    denies = ["deny group authors to use x in compartment ai"]
    allows = ["allow group authors to use x in compartment ai"]

    def write(who: str, method: str, target: str, statements: list[str]) -> int:
        body = plain(compartmentId=AI, name="n", statements=statements)
        return cloud.ask(who, method, target, body).status

    assert write("alice", "POST", "policies", denies) == 404
    assert write("alice", "POST", "policies", [*allows, *denies]) == 404
    made = cloud.ask("bob", "POST", "policies", plain(compartmentId=AI, statements=denies))
    one = f"policies/{made.data['id']}"
    assert cloud.ask("alice", "GET", one).status == 200
    assert write("alice", "PUT", one, allows) == 404
    assert cloud.ask("alice", "DELETE", one).status == 404
    assert write("bob", "PUT", one, allows) == 200
    assert write("alice", "PUT", one, denies) == 404
    assert cloud.ask("alice", "DELETE", one).status == 204


def test_somebody_of_another_tenancy_needs_both_halves(cloud: Cloud) -> None:
    # A region that both tenancies are subscribed to; the home of `service` is none.
    there = "/r/us-ashburn-1/20160918/policies"
    lists = f"{there}?compartmentId={BOTS}"
    admit = [
        "define tenancy Service as ocid1.tenancy.oc1..service",
        "define group Team as ocid1.group.oc1..aiteam",
        "admit group Team of tenancy Service to inspect policies in compartment bots",
    ]
    cloud.policy(statements=admit)
    assert cloud.ask("service/zoe", "GET", lists).refusal == NOT_FOUND
    endorse = [
        "define tenancy Caller as ocid1.tenancy.oc1..caller",
        "endorse group ai-team to inspect policies in tenancy Caller",
    ]
    body = plain(compartmentId=SERVICE, statements=endorse)
    assert cloud.ask("service/admin", "POST", "policies", body).status == 200
    assert cloud.ask("service/zoe", "GET", lists).names == ["genai"]
    assert cloud.ask("service/zoe", "GET", f"{there}?compartmentId={AI}").refusal == NOT_FOUND
    assert cloud.ask("service/zoe", "GET", f"policies?compartmentId={BOTS}").refusal == NOT_FOUND


def test_writes_go_to_the_home_region(cloud: Cloud) -> None:
    away = "/r/us-chicago-1/20160918/policies"
    assert cloud.ask("admin", "GET", f"{away}?compartmentId={CALLER}").names == ["people"]
    assert cloud.ask("admin", "POST", away, plain()).refusal == (
        403,
        "NotAllowed",
        "Please go to your home region IAD to execute CREATE, UPDATE and DELETE operations.",
    )
    assert cloud.ask("admin", "DELETE", f"{away}/x").refusal[1] == "NotAllowed"
