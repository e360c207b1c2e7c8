"""What the API leaves behind is a world like any other: it is written to a file and reads back."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.sandbox.identity import ROUTES
from ocipolicy.sandbox.routes import Route
from ocipolicy.sandbox.state import (
    State,
    home_region,
    membership_ocid,
    with_compartment,
    with_named,
    with_policy,
    without_compartment,
    without_named,
    without_policy,
)
from ocipolicy.world import (
    Compartment,
    DynamicGroup,
    Group,
    Policy,
    Tenancy,
    User,
    World,
    dump_world,
    load_world,
)
from tests.sandbox.clouds import (
    AI,
    BOTS,
    CALLER,
    LAB,
    NOT_FOUND,
    PROD,
    SERVICE,
    Cloud,
    base,
    plain,
    world_of,
)


def read_back(world: World) -> World:
    loaded = load_world(dump_world(world))
    assert loaded.diagnostics == (), dump_world(world)
    assert loaded.world == world
    return loaded.world


def test_a_world_that_the_api_has_changed_reads_back_equal() -> None:
    cloud = Cloud()
    text = ["Allow  group 'authors' to use\n x in compartment bots // as written"]
    tags = {
        "freeformTags": {"ocipolicy": "sales", "yes": "1"},
        "definedTags": {"ops": {"stage": "live", "owner": ["ann", "ben"]}},
    }
    cloud.policy(name="people", description='it\'s "so"\n#1', **tags)
    cloud.policy(name="people", compartmentId=BOTS, statements=text, **tags)
    cloud.policy(
        name="people",
        compartmentId=PROD,
        statements=["allow any-user to use x in compartment prod"],
    )
    place = {"compartmentId": LAB, "name": "123", "description": "x", **tags}
    cloud.ask("admin", "POST", "compartments", place)
    person = {"compartmentId": CALLER, "name": "a.b@c", "description": "x", **tags}
    for kind in ("users", "groups", "dynamicGroups"):
        rule = {"matchingRule": "resource.type = 'fnfunc'"}
        assert cloud.ask("admin", "POST", kind, {**person, **rule}).status == 200
    world = read_back(cloud.state.world)
    again = Cloud(world)
    listed = "policies?compartmentId={}&sortBy=NAME"
    for compartment in (CALLER, BOTS, PROD):
        before, after = (
            each.ask("admin", "GET", listed.format(compartment)).data for each in (cloud, again)
        )
        assert [{**each, "timeCreated": ""} for each in before] == [
            {**each, "timeCreated": ""} for each in after
        ]


def test_policies_of_one_name_have_keys_of_their_own_in_a_file() -> None:
    world = base()
    for name, path in (("people", ("ai",)), ("people (2)", ()), ("people", ("bots", "lab"))):
        policy = Policy(name, f"ocid1.policy.oc1..{len(name)}{len(path)}", path, (), ())
        world = with_policy(world, tenancy_of(world), policy)
    read_back(world)
    written = dump_world(world)
    assert "      'people (2)':\n        ocid" in written
    assert "      'people (3)':\n        name: people\n" in written
    assert "      'people (4)':\n        name: people\n" in written


def test_every_policy_has_an_ocid_from_the_beginning() -> None:
    state = State(base())
    ocids = [each.ocid for each in state.world.tenancies["caller"].policies]
    assert ocids[0] == "ocid1.policy.oc1..people"
    assert (ocids[1] or "").startswith("ocid1.policy.oc0..sandbox")
    read_back(state.world)


# The functions that make the next world.


def tenancy_of(world: World) -> Tenancy:
    return world.tenancies["caller"]


def test_a_thing_that_is_put_and_taken_away_leaves_the_world_as_it_was() -> None:
    world = base()
    tenancy = tenancy_of(world)
    compartment = Compartment("x", "ocid1.compartment.oc1..x", ("ai", "x"), AI)
    more = with_compartment(world, tenancy, compartment)
    assert more.tenancy_of(compartment.ocid) is tenancy_of(more)
    assert without_compartment(more, tenancy_of(more), compartment) == world
    policy = Policy("x", "ocid1.policy.oc1..x", ("ai",), (), ())
    more = with_policy(world, tenancy, policy)
    assert tenancy_of(more).policies == (*tenancy.policies, policy)
    assert without_policy(more, tenancy_of(more), policy) == world
    for named in (
        User("x", "ocid1.user.oc1..x", "Partners"),
        Group("x", "ocid1.group.oc1..x", members=("alice",)),
        DynamicGroup("x", "ocid1.dynamicgroup.oc1..x", "Default", *rule_of(tenancy)),
    ):
        more = with_named(world, tenancy, named)
        assert more != world
        assert more.tenancy_of(named.ocid) is tenancy_of(more)
        read_back(more)
        assert without_named(more, tenancy_of(more), named) == world
    assert world == base()


def rule_of(tenancy: Tenancy) -> tuple[Any, str]:
    group = tenancy.dynamic_groups["fns"]
    return group.rule, group.rule_text


def test_a_tenancy_without_a_home_region_has_one() -> None:
    assert home_region(tenancy_of(base())) == "us-ashburn-1"
    world = world_of("tenancies: {a: {ocid: ocid1.tenancy.oc0..a, regions: [us-chicago-1]}}")
    assert home_region(world.tenancies["a"]) == "us-chicago-1"
    world = world_of("tenancies: {a: {ocid: ocid1.tenancy.oc0..a}}")
    assert home_region(world.tenancies["a"]) == "us-ashburn-1"


# Whatever is sent.

OCIDS = st.sampled_from(
    [
        CALLER,
        SERVICE,
        BOTS,
        PROD,
        AI,
        "ocid1.policy.oc1..people",
        "ocid1.user.oc1..alice",
        "ocid1.user.oc1..erin",
        "ocid1.group.oc1..authors",
        "ocid1.dynamicgroup.oc1..fns",
        "ocid1.nothing",
        "%00",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "name",
            "ocid1.x",
            "true",
            "1",
            "allow any-user to use x in tenancy",
            "define tenancy T as ocid1.tenancy.oc1..t",
            "allow any-user to use x in compartment bots",
            "all {resource.type = 'x'}",
            "allow any-user to use x in tenancy where a.b = b",
            "2026-01-31",
            "",
        ]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(
    st.one_of(LEAVES, OCIDS),
    lambda below: st.one_of(
        st.lists(below, max_size=3), st.dictionaries(st.text(max_size=4), below, max_size=3)
    ),
    max_leaves=6,
)
TAGS = st.dictionaries(st.text(alphabet="ab.: '", max_size=3), LEAVES, max_size=2)
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "compartmentId": OCIDS,
    "name": TEXTS,
    "description": TEXTS,
    "statements": st.lists(TEXTS, max_size=2),
    "versionDate": TEXTS,
    "matchingRule": TEXTS,
    "userId": OCIDS,
    "groupId": OCIDS,
    "freeformTags": TAGS,
    "definedTags": st.dictionaries(st.text(alphabet="ab.", max_size=2), TAGS, max_size=2),
}
CHANGES = st.lists(
    st.sampled_from(sorted(FIELDS)).flatmap(
        lambda name: st.tuples(st.just(name), st.one_of(FIELDS[name], FIELDS[name], VALUES))
    ),
    max_size=2,
).map(dict)
# Most of a body is as it should be, so that many are taken.
SOUND = plain(
    matchingRule="resource.type = 'x'",
    userId="ocid1.user.oc1..bob",
    groupId="ocid1.group.oc1..authors",
    freeformTags={"ocipolicy": "x"},
)
BODIES = st.builds(
    lambda name, changes: {**SOUND, "name": name, **changes}, st.sampled_from("abc"), CHANGES
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "compartmentId": OCIDS,
        "limit": st.sampled_from(["1", "x", "-1", "99999999999999999999"]),
        "page": st.sampled_from(["x", "WzEsIDJd", "W10=", "bnVsbA==", "ÿ", "WyIiLCAiIl0="]),
        "sortBy": st.sampled_from(["NAME", "x"]),
        "sortOrder": st.sampled_from(["ASC", "DESC"]),
        "accessLevel": st.sampled_from(["ANY", "ACCESSIBLE"]),
        "compartmentIdInSubtree": st.sampled_from(["true", "x"]),
        "userId": OCIDS,
        "name": TEXTS,
    },
)
CALLS = st.tuples(st.sampled_from(ROUTES), st.one_of(st.none(), OCIDS), QUERIES, BODIES)


@given(st.lists(CALLS, max_size=6))
def test_whatever_is_sent_is_answered_and_leaves_a_sound_world(calls: list[Any]) -> None:
    cloud = Cloud()
    for route, ocid, query, body in calls:
        target = f"{path_of(route, ocid)}?{urlencode(query)}"
        sent = body if route.method in ("POST", "PUT") else None
        answer = cloud.ask("admin", route.method, target, sent)
        assert answer.status < 500, (route, query, body, cloud.desk.log[-1].failure)
        if answer.status >= 400:
            assert {"code", "message"} == answer.data.keys()
    read_back(cloud.state.world)
    held = {each.ocid for each in everything(cloud.state.world)}
    assert held <= cloud.state.records.keys()


THINGS = {
    "Policy": "ocid1.policy.oc1..people",
    "Compartment": LAB,
    "Tenancy": CALLER,
    "User": "ocid1.user.oc1..alice",
    "DynamicGroup": "ocid1.dynamicgroup.oc1..fns",
    "UserGroupMembership": membership_ocid("ocid1.group.oc1..authors", "ocid1.user.oc1..alice"),
    "RemoveUserFromGroup": membership_ocid("ocid1.group.oc1..authors", "ocid1.user.oc1..alice"),
    "Group": "ocid1.group.oc1..authors",
    "ListRegionSubscriptions": CALLER,
    "ListApiKeys": "ocid1.user.oc1..alice",
}


def path_of(route: Route, ocid: str | None) -> str:
    """The path of a route for an OCID, by default one of what it is for."""
    fits = next((each for word, each in THINGS.items() if route.name.endswith(word)), "")
    path = route.path.removeprefix("/20160918/")
    return re.sub(r"<\w+>", quote(fits if ocid is None else ocid), path)


def everything(world: World) -> list[Any]:
    return [
        each
        for tenancy in world.tenancies.values()
        for each in (
            *tenancy.compartments.values(),
            *tenancy.users.values(),
            *tenancy.groups.values(),
            *tenancy.dynamic_groups.values(),
            *tenancy.policies,
        )
    ]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_stranger_learns_nothing(route: Route) -> None:
    """Whatever it is, zoe of another tenancy gets the answer for what is not there."""
    cloud = Cloud()
    before = cloud.state.world
    sent = SOUND if route.method in ("POST", "PUT") else None
    query = f"compartmentId={CALLER}&userId=ocid1.user.oc1..alice"
    answer = cloud.ask("service/zoe", route.method, f"{path_of(route, None)}?{query}", sent)
    if route.name == "ListRegions":
        assert answer.status == 200
    else:
        assert answer.refusal == NOT_FOUND
    assert cloud.state.world is before
