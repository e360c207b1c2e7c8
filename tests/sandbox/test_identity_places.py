"""Compartments, tenancies and regions over the wire."""

from typing import Any

import pytest

from tests.sandbox.clouds import AI, BOTS, CALLER, LAB, NOT_FOUND, PROD, SERVICE, Cloud, world_of

NEW = {"compartmentId": BOTS, "name": "new", "description": "a compartment"}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def paths(cloud: Cloud) -> list[str]:
    return sorted(":".join(path) for path in cloud.state.world.tenancies["caller"].compartments)


def test_a_compartment_from_its_making_to_its_end(cloud: Cloud) -> None:
    tags = {"freeformTags": {"a": "b"}, "definedTags": {"ops": {"stage": "test"}}}
    made = cloud.ask("admin", "POST", "compartments", {**NEW, **tags})
    assert {**made.data, "timeCreated": ""} == {
        "id": made.data["id"],
        "compartmentId": BOTS,
        "name": "new",
        "description": "a compartment",
        "timeCreated": "",
        "lifecycleState": "ACTIVE",
        "inactiveStatus": None,
        "isAccessible": None,
        **tags,
    }
    one = f"compartments/{made.data['id']}"
    found = cloud.ask("admin", "GET", one)
    assert (found.data, found.etag) == (made.data, made.etag)
    tenancy = cloud.state.world.tenancies["caller"]
    assert dict(tenancy.compartments["bots", "new"].tags) == {"ops.stage": ("test",)}

    stale = {"if-match": "stale"}
    for method, body in (("PUT", {"description": "x"}), ("DELETE", None)):
        answer = cloud.ask("admin", method, one, body, stale)
        assert answer.refusal == (412, "NoEtagMatch", "Precondition Failed")
    changed = cloud.ask("admin", "PUT", one, {"description": "x"}, {"if-match": made.etag})
    assert changed.data == {**made.data, "description": "x"}
    gone = cloud.ask("admin", "DELETE", one)
    assert (gone.status, gone.data) == (202, None)
    assert gone.headers["opc-work-request-id"].startswith("ocid1.identityworkrequest.oc0..sandbox")
    assert cloud.ask("admin", "GET", one).refusal == NOT_FOUND
    assert paths(cloud) == ["", "ai", "bots", "bots:lab", "bots:prod"]


def test_a_compartment_with_another_name_takes_all_with_it(cloud: Cloud) -> None:
    changed = cloud.ask("admin", "PUT", f"compartments/{BOTS}", {"name": "robots"})
    assert (changed.status, changed.data["name"]) == (200, "robots")
    assert paths(cloud) == ["", "ai", "robots", "robots:lab", "robots:prod"]
    tenancy = cloud.state.world.tenancies["caller"]
    assert tenancy.resources["sales"].compartment == ("robots",)
    assert [each.compartment for each in tenancy.policies] == [(), ("robots",)]
    assert cloud.ask("admin", "GET", f"policies?compartmentId={BOTS}").names == ["genai"]
    assert dict(tenancy.compartments["robots",].tags) == {"ops.stage": ("live",)}


@pytest.mark.parametrize(
    ("method", "target", "body", "refusal"),
    [
        (
            "POST",
            "compartments",
            {**NEW, "name": "prod"},
            (
                409,
                "CompartmentAlreadyExists",
                "A compartment with name 'prod' already exists.",
            ),
        ),
        (
            "PUT",
            f"compartments/{PROD}",
            {"name": "lab"},
            (409, "CompartmentAlreadyExists", "A compartment with name 'lab' already exists."),
        ),
        (
            "PUT",
            f"compartments/{CALLER}",
            {"name": "mine"},
            (
                400,
                "InvalidParameter",
                "Invalid Parameter: the root compartment has the name of the tenancy",
            ),
        ),
        (
            "DELETE",
            f"compartments/{CALLER}",
            None,
            (
                400,
                "InvalidParameter",
                "Invalid Parameter: the root compartment cannot be deleted",
            ),
        ),
        (
            "DELETE",
            f"compartments/{BOTS}",
            None,
            (409, "Conflict", "Compartment 'bots' is not empty"),
        ),
        (
            "POST",
            "compartments",
            {"name": "x", "description": "x"},
            (400, "MissingParameter", "Missing Parameter: compartmentId"),
        ),
        (
            "POST",
            "compartments",
            {"compartmentId": BOTS, "name": "x"},
            (400, "MissingParameter", "Missing Parameter: description"),
        ),
        ("POST", "compartments", {**NEW, "compartmentId": SERVICE}, NOT_FOUND),
    ],
)
def test_what_cannot_be(
    cloud: Cloud, method: str, target: str, body: Any, refusal: tuple[int, str, str]
) -> None:
    before = cloud.state.world
    assert cloud.ask("admin", method, target, body).refusal == refusal
    assert cloud.state.world is before


def test_a_compartment_is_emptied_before_it_is_deleted(cloud: Cloud) -> None:
    for ocid, left in ((LAB, "bots:prod"), (PROD, "bots")):
        assert cloud.ask("admin", "DELETE", f"compartments/{ocid}").status == 202
        assert paths(cloud)[-1] == left
    (genai,) = cloud.ask("admin", "GET", f"policies?compartmentId={BOTS}").data
    assert cloud.ask("admin", "DELETE", f"compartments/{BOTS}").status == 409
    cloud.ask("admin", "DELETE", f"policies/{genai['id']}")
    # The instance `sales` is still in it.
    assert cloud.ask("admin", "DELETE", f"compartments/{BOTS}").status == 409
    assert cloud.ask("admin", "DELETE", f"compartments/{AI}").status == 202


@pytest.mark.parametrize(
    ("who", "query", "names"),
    [
        ("admin", f"compartmentId={CALLER}&sortBy=NAME", ["ai", "bots"]),
        (
            "admin",
            f"compartmentId={CALLER}&compartmentIdInSubtree=true&sortBy=NAME",
            ["ai", "bots", "lab", "prod"],
        ),
        ("admin", f"compartmentId={BOTS}&sortBy=NAME", ["lab", "prod"]),
        ("admin", f"compartmentId={CALLER}&compartmentIdInSubtree=true&name=lab", ["lab"]),
        ("admin", f"compartmentId={CALLER}&name=lab", []),
        ("admin", f"compartmentId={AI}", []),
        ("bob", f"compartmentId={LAB}", []),
        # What bob may inspect is below `bots`, so that he sees the way there.
        ("bob", f"compartmentId={CALLER}&accessLevel=ACCESSIBLE", ["bots"]),
        (
            "bob",
            f"compartmentId={CALLER}&accessLevel=ACCESSIBLE&compartmentIdInSubtree=true&sortBy=NAME",
            ["bots", "lab"],
        ),
    ],
)
def test_lists(cloud: Cloud, who: str, query: str, names: list[str]) -> None:
    answer = cloud.ask(who, "GET", f"compartments?{query}")
    assert (answer.status, answer.names) == (200, names)
    assert all(each["isAccessible"] for each in answer.data)


def test_a_list_says_what_is_accessible(cloud: Cloud) -> None:
    place = "allow group authors to inspect compartments in compartment bots"
    but = "deny group authors to inspect compartments in compartment bots:prod"
    cloud.policy(statements=[place, but])
    answer = cloud.ask("alice", "GET", f"compartments?compartmentId={BOTS}&sortBy=NAME")
    assert [(each["name"], each["isAccessible"]) for each in answer.data] == [
        ("lab", True),
        ("prod", False),
    ]
    # The decision that the log keeps is that over the list.
    *_, entry = cloud.desk.log
    assert (entry.operation, entry.compartment, entry.verdict) == (
        "identity:ListCompartments",
        "caller/bots",
        "allowed",
    )


@pytest.mark.parametrize(
    ("who", "query", "refusal"),
    [
        ("bob", f"compartmentId={CALLER}", NOT_FOUND),
        ("bob", f"compartmentId={AI}&accessLevel=ACCESSIBLE", NOT_FOUND),
        ("bob", f"compartmentId={SERVICE}&accessLevel=ACCESSIBLE", NOT_FOUND),
        ("bob", "compartmentId=nothing&accessLevel=ACCESSIBLE", NOT_FOUND),
        ("admin", "", (400, "MissingParameter", "Missing Parameter: compartmentId")),
        (
            "admin",
            f"compartmentId={CALLER}&accessLevel=SOME",
            (
                400,
                "InvalidParameter",
                "Invalid Parameter: accessLevel must be ANY or ACCESSIBLE",
            ),
        ),
        (
            "admin",
            f"compartmentId={BOTS}&compartmentIdInSubtree=true",
            (
                400,
                "InvalidParameter",
                "Invalid Parameter: compartmentIdInSubtree is for the tenancy only",
            ),
        ),
    ],
)
def test_a_list_that_cannot_be(
    cloud: Cloud, who: str, query: str, refusal: tuple[int, str, str]
) -> None:
    assert cloud.ask(who, "GET", f"compartments?{query}").refusal == refusal


def test_the_root_is_a_compartment_too(cloud: Cloud) -> None:
    root = cloud.ask("admin", "GET", f"compartments/{CALLER}")
    assert (root.data["id"], root.data["name"], root.data["compartmentId"]) == (
        CALLER,
        "caller",
        None,
    )
    changed = cloud.ask("admin", "PUT", f"compartments/{CALLER}", {"description": "all of it"})
    assert changed.data["description"] == "all of it"
    assert cloud.ask("admin", "GET", f"tenancies/{CALLER}").data["description"] == "all of it"


def test_a_tenancy_and_its_regions(cloud: Cloud) -> None:
    assert cloud.ask("admin", "GET", f"tenancies/{CALLER}").data == {
        "id": CALLER,
        "name": "caller",
        "description": "caller",
        "homeRegionKey": "IAD",
        "upiIdcsCompatibilityLayerEndpoint": None,
        "freeformTags": {},
        "definedTags": {},
    }
    assert cloud.ask("admin", "GET", f"tenancies/{CALLER}/regionSubscriptions").data == [
        {
            "regionKey": "IAD",
            "regionName": "us-ashburn-1",
            "status": "READY",
            "isHomeRegion": True,
        },
        {
            "regionKey": "ORD",
            "regionName": "us-chicago-1",
            "status": "READY",
            "isHomeRegion": False,
        },
    ]
    # `inspect all-resources` has it, too.
    assert cloud.ask("service/zoe", "GET", f"tenancies/{SERVICE}").data["homeRegionKey"] == "FRA"


@pytest.mark.parametrize(
    ("who", "target"),
    [
        ("bob", f"tenancies/{CALLER}"),
        ("bob", f"tenancies/{CALLER}/regionSubscriptions"),
        ("admin", f"tenancies/{SERVICE}"),
        ("admin", f"tenancies/{BOTS}"),
        ("admin", f"tenancies/{BOTS}/regionSubscriptions"),
        ("admin", "tenancies/nothing"),
    ],
)
def test_no_tenancy_for_whom_it_is_not(cloud: Cloud, who: str, target: str) -> None:
    assert cloud.ask(who, "GET", target).refusal == NOT_FOUND


def test_a_region_that_is_not_known_is_its_own_key() -> None:
    cloud = Cloud(world_of("tenancies: {t: {ocid: ocid1.tenancy.oc0..t, home_region: xx-moon-1}}"))
    found = cloud.ask("t/admin", "GET", "tenancies/ocid1.tenancy.oc0..t/regionSubscriptions")
    assert [(each["regionKey"], each["regionName"]) for each in found.data] == [
        ("xx-moon-1", "xx-moon-1")
    ]


def test_everybody_may_know_the_regions(cloud: Cloud) -> None:
    regions = cloud.ask("bob", "GET", "regions").data
    assert {"key": "ORD", "name": "us-chicago-1"} in regions
    assert {"key": "LTN", "name": "uk-gov-london-1"} not in regions
    government = Cloud(
        world_of("tenancies: {gov: {ocid: ocid1.tenancy.oc4..gov, home_region: uk-gov-london-1}}")
    )
    assert {"key": "LTN", "name": "uk-gov-london-1"} in government.ask(
        "gov/admin", "GET", "regions"
    ).data


def test_availability_domains(cloud: Cloud) -> None:
    found = cloud.ask("bob", "GET", f"availabilityDomains?compartmentId={LAB}")
    assert found.data == [
        {
            "id": "ocid1.availabilitydomain.oc0..sandboxus-ashburn-1",
            "name": "sandbox:US-ASHBURN-1-AD-1",
            "compartmentId": LAB,
        }
    ]
    refused = cloud.ask("bob", "GET", f"availabilityDomains?compartmentId={AI}")
    assert refused.refusal == NOT_FOUND
