"""A side's tenancy read and its policies written, page by page, in the home region."""

import subprocess
import sys

import pytest

from ocipolicy.cloud import Caller, Cloud, Listed, LivePolicy, Refused, Subscription
from ocipolicy.config import Profile
from ocipolicy.sandbox import Sandbox
from tests.cloud.sides import TENANCY, cloud, profile

LABS = "ocid1.compartment.oc1..labs"
STATEMENT = "allow group bot-admins to use generative-ai-family in tenancy"


@pytest.fixture(scope="module")
def side(sandbox: Sandbox) -> Cloud:
    """The administrator, with pages of two things."""
    return cloud(sandbox, page=2)


def test_who_calls(side: Cloud, sandbox: Sandbox) -> None:
    user = sandbox.principal("acme/admin").config["user"]
    assert side.whoami() == Caller(TENANCY, user, "us-ashburn-1")


def test_the_regions_of_a_tenancy(side: Cloud) -> None:
    assert side.regions() == (
        Subscription("us-ashburn-1", "IAD", is_home=True, is_ready=True),
        Subscription("eu-frankfurt-1", "FRA", is_home=False, is_ready=True),
        Subscription("us-chicago-1", "ORD", is_home=False, is_ready=True),
    )


def test_what_is_in_a_tenancy_comes_whole_page_by_page(side: Cloud) -> None:
    assert side.tenancy() == Listed(TENANCY, "acme", {})
    assert sorted((each.name, each.above) for each in side.compartments()) == [
        ("ai", TENANCY),
        ("bots", TENANCY),
        ("genai", "ocid1.compartment.oc1..ai"),
        ("labs", "ocid1.compartment.oc1..ai"),
        ("one", LABS),
    ]
    assert sorted(each.name for each in side.users()) == [
        "Partners/carol",
        "admin",
        "alice",
        "auditor",
        "bob@example.com",
        "half",
        "nobody",
    ]
    assert sorted(each.name for each in side.groups()) == [
        "Administrators",
        "auditors",
        "bot-admins",
        "empty",
        "halves",
    ]
    assert sorted(side.members("ocid1.group.oc1..botadmins")) == [
        "ocid1.user.oc1..alice",
        "ocid1.user.oc1..bob",
    ]
    (functions,) = side.dynamic_groups()
    assert functions.name == "fns"
    assert functions.rule == (
        "ALL {resource.type = 'fnfunc', resource.compartment.id = 'ocid1.compartment.oc1..bots'}"
    )
    (compartment,) = [each for each in side.compartments() if each.name == "ai"]
    assert compartment.tags == {"cost.center": ("42",)}


def test_the_policies_of_a_compartment(side: Cloud) -> None:
    names = [each.name for each in side.policies()]
    assert sorted(names) == ["Tenant Admin Policy", "assistant-caller", "readers"]
    (own,) = side.policies(LABS)
    assert own == LivePolicy(
        "ocid1.policy.oc1..own2",
        LABS,
        "own",
        "the same name once more",
        ("allow group bot-admins to use generative-ai-chat in compartment one",),
        {},
    )
    (readers,) = [each for each in side.policies() if each.name == "readers"]
    assert readers.tags == {"owner": ("platform",), "cost.center": ("1",)}


def test_a_policy_from_its_making_to_its_end(side: Cloud) -> None:
    tags = {"ocipolicy": ("x",), "cost.center": ("7",), "Oracle-Tags.CreatedBy": ("me",)}
    made = side.create_policy(TENANCY, "x", [STATEMENT], "made", tags, "token-1")

    assert (made.name, made.compartment, made.statements) == ("x", TENANCY, (STATEMENT,))
    assert made.tags == {"ocipolicy": ("x",), "cost.center": ("7",)}
    assert made.etag
    assert side.policy(made.ocid) == made
    assert side.policy_named("x") == made
    assert side.policy_named("y") is None

    assert side.create_policy(TENANCY, "x", [STATEMENT], "made", tags, "token-1") == made

    two = [STATEMENT, "allow group auditors to read buckets in tenancy"]
    changed = side.update_policy(made.ocid, made.etag, two, "changed", {"other": ("y",)})
    assert (changed.statements, changed.description) == (tuple(two), "changed")
    assert changed.tags == {"other": ("y",), "cost.center": ("7",)}
    assert changed.etag != made.etag
    assert changed.request_id.count("/") == 2

    for again in (
        lambda: side.update_policy(made.ocid, made.etag, two, "late", {}),
        lambda: side.delete_policy(made.ocid, made.etag),
    ):
        with pytest.raises(Refused) as raised:
            again()
        assert (raised.value.status, raised.value.code) == (412, "NoEtagMatch")
    assert side.policy(made.ocid) == changed

    assert side.delete_policy(made.ocid, changed.etag).count("/") == 2
    assert side.policy(made.ocid) is None


def test_a_policy_of_that_name_is_there_already(side: Cloud) -> None:
    with pytest.raises(Refused) as raised:
        side.create_policy(TENANCY, "readers", [STATEMENT], "d", {}, "token-2")

    assert (raised.value.status, raised.value.code) == (409, "PolicyAlreadyExists")


def test_statements_that_the_service_does_not_take_are_told_in_its_words(side: Cloud) -> None:
    wrong = "allow group nobody-here to use generative-ai-family in tenancy"
    with pytest.raises(Refused) as raised:
        side.create_policy(TENANCY, "wrong", [wrong], "d", {}, "token-3")

    assert raised.value.status == 400
    assert raised.value.said.startswith(
        "The group nobody-here specified in the policy statement does not exist"
    )


def test_writes_go_to_the_home_region_whatever_the_profile_says(sandbox: Sandbox) -> None:
    abroad = Cloud(_in_chicago(sandbox, "acme/admin"))

    assert abroad.whoami().region == "us-chicago-1"
    assert abroad.region == "us-ashburn-1"
    made = abroad.create_policy(TENANCY, "home", [STATEMENT], "d", {}, "token-4")
    assert abroad.delete_policy(made.ocid, made.etag)


def test_where_the_home_region_cannot_be_looked_up_that_of_the_profile_is_taken(
    sandbox: Sandbox,
) -> None:
    abroad = Cloud(_in_chicago(sandbox, "acme/half"))

    assert abroad.region == "us-chicago-1"
    assert [each.name for each in abroad.policies("ocid1.compartment.oc1..ai")] == ["own"]


def test_a_write_elsewhere_than_at_home_says_where_to_go(sandbox: Sandbox) -> None:
    admin = Cloud(_in_chicago(sandbox, "acme/admin"))
    with pytest.raises(Refused) as raised:
        admin.connection.ask("identity", "us-chicago-1", "delete_policy", "ocid1.policy.oc1..own")

    assert (raised.value.status, raised.value.code) == (403, "NotAllowed")
    assert raised.value.cause == "policies are written in the home region of the tenancy only"
    assert "home region IAD" in raised.value.said


def _in_chicago(sandbox: Sandbox, who: str) -> Profile:
    known = sandbox.principal(who)
    lines = "".join(
        f"{key}={value}\n" for key, value in {**known.config, "region": "us-chicago-1"}.items()
    )
    file = sandbox.folder / "in-chicago"
    file.write_text(f"[DEFAULT]\n{lines}", encoding="utf-8")
    return profile(sandbox, who, name="DEFAULT", config_file=str(file))


def test_the_sdk_is_read_with_the_first_call_and_not_before() -> None:
    program = (
        "import sys\nimport ocipolicy.cloud, ocipolicy.cloud.snapshot, ocipolicy.cloud.live\n"
        "import ocipolicy.cloud.inference, ocipolicy.cli.snapshot\nprint('oci' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
