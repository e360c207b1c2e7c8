"""Users, groups, memberships and dynamic groups over the wire."""

from typing import Any

import pytest

from ocipolicy.world import Tenancy
from tests.sandbox.clouds import BOTS, CALLER, NOT_FOUND, SERVICE, Cloud, keys

RULE = "ANY {resource.type='fnfunc', instance.id = 'ocid1.instance.oc1..a'}"
KINDS = [("users", {}), ("groups", {}), ("dynamicGroups", {"matchingRule": RULE})]
WORDS = {"users": "User", "groups": "Group", "dynamicGroups": "DynamicGroup"}
AUTHORS, READERS = "ocid1.group.oc1..authors", "ocid1.group.oc1..readers"
ALICE, BOB = "ocid1.user.oc1..alice", "ocid1.user.oc1..bob"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def here(cloud: Cloud) -> Tenancy:
    return cloud.state.world.tenancies["caller"]


def body(**more: object) -> dict[str, object]:
    return {"compartmentId": CALLER, "name": "new", "description": "a new one", **more}


@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_one_from_its_making_to_its_end(cloud: Cloud, kind: str, more: dict[str, str]) -> None:
    tags = {"freeformTags": {"a": "b"}, "definedTags": {"ops": {"stage": "test"}}}
    token = {"opc-retry-token": "abc"}
    made = cloud.ask("admin", "POST", kind, body(**more, **tags), token)
    ocid = made.data["id"]
    assert ocid.startswith(f"ocid1.{WORDS[kind].lower()}.oc0..sandbox")
    expected = body(**more, **tags, id=ocid, lifecycleState="ACTIVE", inactiveStatus=None)
    assert expected.items() <= made.data.items()
    assert cloud.ask("admin", "POST", kind, body(**more, **tags), token).data == made.data
    taken = cloud.ask("admin", "POST", kind, body(**more))
    assert taken.refusal == (
        409,
        f"{WORDS[kind]}AlreadyExists",
        f"{WORDS[kind]} 'new' already exists",
    )
    found = cloud.ask("admin", "GET", f"{kind}/{ocid}")
    assert (found.data, found.etag) == (made.data, made.etag)
    tenancy = here(cloud)
    everyone: dict[str, Any] = {**tenancy.users, **tenancy.groups, **tenancy.dynamic_groups}
    assert (everyone["new"].ocid, dict(everyone["new"].tags)) == (ocid, {"ops.stage": ("test",)})

    changed = cloud.ask(
        "admin", "PUT", f"{kind}/{ocid}", {"description": "x"}, {"if-match": made.etag}
    )
    assert changed.data == {**made.data, "description": "x"}
    stale = {"if-match": made.etag}
    for answer in (
        cloud.ask("admin", "PUT", f"{kind}/{ocid}", {"description": "y"}, stale),
        cloud.ask("admin", "DELETE", f"{kind}/{ocid}", headers=stale),
    ):
        assert answer.refusal == (412, "NoEtagMatch", "Precondition Failed")
    gone = cloud.ask("admin", "DELETE", f"{kind}/{ocid}", headers={"if-match": changed.etag})
    assert (gone.status, gone.data) == (204, None)
    assert cloud.ask("admin", "GET", f"{kind}/{ocid}").refusal == NOT_FOUND


@pytest.mark.parametrize(
    ("kind", "query", "names"),
    [
        ("users", "", ["Partners/erin", "admin", "alice", "bob"]),
        ("users", "&limit=2", ["Partners/erin", "admin"]),
        ("users", "&name=bob", ["bob"]),
        ("groups", "", ["Administrators", "Partners/partners", "authors", "readers"]),
        ("dynamicGroups", "", ["fns"]),
        ("dynamicGroups", "&lifecycleState=CREATING", []),
    ],
)
def test_lists(cloud: Cloud, kind: str, query: str, names: list[str]) -> None:
    found = cloud.ask("admin", "GET", f"{kind}?compartmentId={CALLER}&sortBy=NAME{query}")
    assert found.names == names


@pytest.mark.parametrize("kind", [each for each, _ in KINDS])
def test_they_are_in_the_root(cloud: Cloud, kind: str) -> None:
    refusal = (
        400,
        "InvalidParameter",
        "Invalid Parameter: compartmentId must be the OCID of the tenancy",
    )
    assert cloud.ask("admin", "GET", f"{kind}?compartmentId={BOTS}").refusal == refusal
    made = cloud.ask("admin", "POST", kind, body(compartmentId=BOTS, matchingRule=RULE))
    assert made.refusal == refusal
    assert cloud.ask("bob", "GET", f"{kind}?compartmentId={CALLER}").refusal == NOT_FOUND
    assert cloud.ask("bob", "POST", kind, body(matchingRule=RULE)).refusal == NOT_FOUND
    assert cloud.ask("admin", "GET", f"{kind}?compartmentId={SERVICE}").refusal == NOT_FOUND
    assert cloud.ask("admin", "GET", f"{kind}/nothing").refusal == NOT_FOUND
    assert cloud.ask("admin", "GET", f"{kind}/{CALLER}").refusal == NOT_FOUND


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (..., "Missing Parameter: matchingRule"),
        ("", "Invalid Parameter: matchingRule must not be empty"),
        (
            "ALL {resource.type = fnfunc}",
            (
                "Invalid Parameter: matchingRule cannot be parsed: a value needs single quotes; "
                "without them OCI reads `fnfunc` as a variable (column 22)"
            ),
        ),
    ],
)
def test_a_rule_that_cannot_be_read(cloud: Cloud, rule: object, message: str) -> None:
    said = {} if rule is ... else {"matchingRule": rule}
    made = cloud.ask("admin", "POST", "dynamicGroups", body(**said))
    assert (made.status, made.refusal[2]) == (400, message)
    if said:
        target = "dynamicGroups/ocid1.dynamicgroup.oc1..fns"
        changed = cloud.ask("admin", "PUT", target, said)
        assert (changed.status, changed.refusal[2]) == (400, message)


def test_a_new_rule_decides_who_is_in_a_dynamic_group(cloud: Cloud) -> None:
    (statement,) = ["allow dynamic-group fns to use generative-ai-family in tenancy"]
    cloud.policy(statements=[statement])
    target = "dynamicGroups/ocid1.dynamicgroup.oc1..fns"
    rule = "resource.type = 'odainstance'"
    changed = cloud.ask("admin", "PUT", target, {"matchingRule": rule})
    assert changed.data["matchingRule"] == rule
    group = here(cloud).dynamic_groups["fns"]
    assert group.rule_text == rule


def membership(cloud: Cloud, user: str, group: str) -> dict[str, Any]:
    query = f"compartmentId={CALLER}&userId={user}&groupId={group}"
    (found,) = cloud.ask("admin", "GET", f"userGroupMemberships?{query}").data
    assert isinstance(found, dict)
    return found


def test_a_member_comes_and_goes(cloud: Cloud) -> None:
    lists = f"policies?compartmentId={BOTS}"
    assert cloud.ask("bob", "GET", lists).refusal == NOT_FOUND
    pair = {"userId": BOB, "groupId": AUTHORS}
    made = cloud.ask("admin", "POST", "userGroupMemberships", pair)
    assert {**made.data, "timeCreated": "", "id": ""} == {
        "id": "",
        "compartmentId": CALLER,
        **pair,
        "timeCreated": "",
        "lifecycleState": "ACTIVE",
        "inactiveStatus": None,
    }
    assert here(cloud).groups["authors"].members == ("alice", "bob")
    assert cloud.ask("bob", "GET", lists).status == 200
    again = cloud.ask("admin", "POST", "userGroupMemberships", pair)
    assert again.refusal == (
        409,
        "UserGroupMembershipAlreadyExists",
        "User 'bob' is a member of group 'authors' already",
    )
    one = f"userGroupMemberships/{made.data['id']}"
    assert cloud.ask("admin", "GET", one).data == made.data == membership(cloud, BOB, AUTHORS)
    assert cloud.ask("admin", "DELETE", one).status == 204
    assert cloud.ask("admin", "DELETE", one).refusal == NOT_FOUND
    assert here(cloud).groups["authors"].members == ("alice",)
    assert cloud.ask("bob", "GET", lists).refusal == NOT_FOUND


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        (f"userId={ALICE}", [(ALICE, AUTHORS)]),
        (f"groupId={READERS}", [(BOB, READERS)]),
        (f"groupId={READERS}&userId={ALICE}", []),
        ("groupId=nothing", []),
    ],
)
def test_lists_of_members(cloud: Cloud, query: str, pairs: list[tuple[str, str]]) -> None:
    target = f"userGroupMemberships?compartmentId={CALLER}&{query}"
    found = cloud.ask("admin", "GET", target).data
    assert [(each["userId"], each["groupId"]) for each in found] == pairs


def test_a_list_of_members_is_of_a_user_or_a_group(cloud: Cloud) -> None:
    answer = cloud.ask("admin", "GET", f"userGroupMemberships?compartmentId={CALLER}")
    assert answer.refusal == (400, "MissingParameter", "Missing Parameter: userId or groupId")
    answer = cloud.ask("admin", "GET", f"userGroupMemberships?userId={ALICE}")
    assert answer.refusal == (400, "MissingParameter", "Missing Parameter: compartmentId")


@pytest.mark.parametrize(
    ("user", "group"),
    [
        ("nothing", AUTHORS),
        (ALICE, "nothing"),
        ("ocid1.user.oc1..zoe", AUTHORS),
        (ALICE, "ocid1.group.oc1..aiteam"),
        (CALLER, AUTHORS),
    ],
)
def test_nobody_joins_who_or_what_is_not_there(cloud: Cloud, user: str, group: str) -> None:
    pair = {"userId": user, "groupId": group}
    assert cloud.ask("admin", "POST", "userGroupMemberships", pair).refusal == NOT_FOUND


def test_what_has_memberships_stays(cloud: Cloud) -> None:
    for target, name in (
        (f"users/{ALICE}", "User 'alice'"),
        (f"groups/{AUTHORS}", "Group 'authors'"),
    ):
        refused = cloud.ask("admin", "DELETE", target)
        assert refused.refusal == (409, "Conflict", f"{name} still has memberships")
    one = f"userGroupMemberships/{membership(cloud, ALICE, AUTHORS)['id']}"
    cloud.ask("admin", "DELETE", one)
    for target in (f"users/{ALICE}", f"groups/{AUTHORS}"):
        assert cloud.ask("admin", "DELETE", target).status == 204
    assert [*here(cloud).users] == ["admin", "bob", "Partners/erin"]


def test_the_documented_condition_that_guards_administrators(cloud: Cloud) -> None:
    """`target.group.name != 'Administrators'`: others' memberships, but not the administrators'."""
    users = "allow group readers to use users in tenancy"
    condition = "where target.group.name != 'Administrators'"
    cloud.policy(statements=[users, f"allow group readers to use groups in tenancy {condition}"])
    administrators = "ocid1.group.oc1..administrators"
    pair = {"userId": BOB, "groupId": administrators}
    assert cloud.ask("bob", "POST", "userGroupMemberships", pair).refusal == NOT_FOUND
    changed = cloud.ask("bob", "PUT", f"groups/{administrators}", {"description": "mine"})
    assert changed.refusal == NOT_FOUND
    pair = {"userId": BOB, "groupId": AUTHORS}
    made = cloud.ask("bob", "POST", "userGroupMemberships", pair)
    assert made.status == 200
    assert cloud.ask("bob", "DELETE", f"userGroupMemberships/{made.data['id']}").status == 204
    # It takes a permission of both.
    cloud.policy(name="less", statements=["allow group authors to use groups in tenancy"])
    assert cloud.ask("alice", "POST", "userGroupMemberships", pair).refusal == NOT_FOUND


def test_a_user_may_be_let_see_himself_alone(cloud: Cloud) -> None:
    text = "allow any-user to read users in tenancy where target.user.id = request.user.id"
    cloud.policy(statements=[text])
    assert cloud.ask("alice", "GET", f"users/{ALICE}").status == 200
    assert cloud.ask("alice", "GET", f"users/{BOB}").refusal == NOT_FOUND
    assert cloud.ask("alice", "GET", f"users/{ALICE}/apiKeys").status == 200
    assert cloud.ask("alice", "GET", f"users/{BOB}/apiKeys").refusal == NOT_FOUND
    assert cloud.ask("alice", "GET", f"users?compartmentId={CALLER}").refusal == NOT_FOUND


def test_the_keys_of_a_user(cloud: Cloud) -> None:
    key = keys().of("caller/alice", ALICE)
    (found,) = cloud.ask("admin", "GET", f"users/{ALICE}/apiKeys").data
    assert (found["fingerprint"], found["userId"]) == (key.fingerprint, ALICE)
    assert found["keyId"] == f"{CALLER}/{ALICE}/{key.fingerprint}"
    assert found["keyValue"].startswith("-----BEGIN PUBLIC KEY-----\n")
    made = cloud.ask("admin", "POST", "users", body()).data["id"]
    assert cloud.ask("admin", "GET", f"users/{made}/apiKeys").data == []
    cloud.state.keys = None
    assert cloud.ask("admin", "GET", f"users/{ALICE}/apiKeys").data == []
    assert cloud.ask("admin", "GET", "users/nothing/apiKeys").refusal == NOT_FOUND
