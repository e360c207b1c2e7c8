"""Policies over the wire: what each request is answered, and what is in the world behind it."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.clouds import AI, BOTS, CALLER, NOT_FOUND, Cloud, plain

STATEMENT = "allow group authors to use generative-ai-family in tenancy"
PEOPLE = "policies/ocid1.policy.oc1..people"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def policies(cloud: Cloud, tenancy: str = "caller") -> list[tuple[str, str, tuple[str, ...]]]:
    """What the world holds: compartment, name and statements of every policy."""
    return [
        (":".join(each.compartment) or "/", each.name, each.texts)
        for each in cloud.state.world.tenancies[tenancy].policies
    ]


def test_a_policy_from_its_making_to_its_end(cloud: Cloud) -> None:
    cloud.time = datetime(2026, 11, 21, 12, 0, 0, 5, UTC)
    text = "Allow  group 'authors' to use\n generative-ai-family in TENANCY // as it was written"
    made = cloud.policy(
        statements=[text],
        versionDate="2026-01-31",
        freeformTags={"ocipolicy": "sales"},
        definedTags={"ops": {"stage": "live", "owner": ["ann", "ben"]}},
    )
    expected = {
        "id": made.data["id"],
        "compartmentId": CALLER,
        "name": "new",
        "statements": [text],
        "versionDate": "2026-01-31",
        "description": "a policy",
        "timeCreated": "2026-11-21T12:00:00.000005Z",
        "lifecycleState": "ACTIVE",
        "inactiveStatus": None,
        "freeformTags": {"ocipolicy": "sales"},
        "definedTags": {"ops": {"stage": "live", "owner": ["ann", "ben"]}},
    }
    assert (made.status, made.data) == (200, expected)
    assert made.data["id"].startswith("ocid1.policy.oc0..sandbox")
    one = f"policies/{made.data['id']}"
    found = cloud.ask("admin", "GET", one)
    assert (found.status, found.data, found.etag) == (200, expected, made.etag)

    policy = cloud.state.world.tenancies["caller"].policies[-1]
    assert (policy.texts, policy.description) == ((text,), "a policy")
    assert dict(policy.tags) == {
        "ocipolicy": ("sales",),
        "ops.stage": ("live",),
        "ops.owner": ("ann", "ben"),
    }

    changed = cloud.ask("admin", "PUT", one, {"statements": [STATEMENT]}, {"if-match": made.etag})
    assert (changed.status, changed.data) == (200, {**expected, "statements": [STATEMENT]})
    assert changed.etag != made.etag
    other = {
        "description": "other",
        "versionDate": "",
        "freeformTags": {},
        "definedTags": {"ops": {"stage": "test"}},
        "name": "renamed",
        "compartmentId": BOTS,
    }
    changed = cloud.ask("admin", "PUT", one, other)
    assert changed.data == {
        **expected,
        "statements": [STATEMENT],
        "description": "other",
        "versionDate": None,
        "freeformTags": {},
        "definedTags": {"ops": {"stage": "test"}},
    }
    policy = cloud.state.world.tenancies["caller"].policies[-1]
    assert (policy.name, policy.compartment, policy.description) == ("new", (), "other")
    assert dict(policy.tags) == {"ops.stage": ("test",)}

    gone = cloud.ask("admin", "DELETE", one, headers={"if-match": changed.etag})
    assert (gone.status, gone.data, "content-type" in gone.headers) == (204, None, False)
    assert cloud.ask("admin", "GET", one).refusal == NOT_FOUND
    assert cloud.ask("admin", "DELETE", one).refusal == NOT_FOUND
    assert [name for _, name, _ in policies(cloud)] == ["people", "genai"]


def test_what_a_world_says_of_its_policies(cloud: Cloud) -> None:
    found = cloud.ask("admin", "GET", PEOPLE).data
    assert found["description"] == "Who may do what with policies"
    assert found["freeformTags"] == {"ocipolicy": "people"}
    assert found["definedTags"] == {"ops": {"stage": "live", "owner": ["ann", "ben"]}}
    assert found["statements"][1] == (
        "Allow  group readers to inspect policies in compartment bots:prod"
    )
    # One whose OCID the world does not say has one that is the sandbox's.
    (genai,) = cloud.ask("admin", "GET", f"policies?compartmentId={BOTS}").data
    assert genai["id"].startswith("ocid1.policy.oc0..sandbox")
    assert cloud.ask("admin", "GET", f"policies/{genai['id']}").data == genai


NAME = (
    "Invalid Parameter: name must have 1 to 100 letters, numerals, hyphens, periods or underscores"
)
KEY = (
    "Invalid Parameter: the key of a tag must have 1 to 100 printable ASCII characters, without "
    "periods and spaces"
)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"compartmentId": ...}, "MissingParameter", "Missing Parameter: compartmentId"),
        ({"name": ...}, "MissingParameter", "Missing Parameter: name"),
        ({"name": None}, "MissingParameter", "Missing Parameter: name"),
        ({"description": ...}, "MissingParameter", "Missing Parameter: description"),
        ({"statements": ...}, "MissingParameter", "Missing Parameter: statements"),
        (
            {"statements": []},
            "InvalidParameter",
            "Invalid Parameter: a policy must have at least one statement",
        ),
        (
            {"statements": "allow"},
            "InvalidParameter",
            "Invalid Parameter: statements must be a list",
        ),
        (
            {"statements": [1]},
            "InvalidParameter",
            "Invalid Parameter: statements[0] must be a text",
        ),
        (
            {"statements": ["\ud800"]},
            "InvalidParameter",
            "Invalid Parameter: statements[0] is no text that UTF-8 can hold",
        ),
        ({"name": ""}, "InvalidParameter", "Invalid Parameter: name must not be empty"),
        ({"name": "a b"}, "InvalidParameter", NAME),
        ({"name": "a\n"}, "InvalidParameter", NAME),
        ({"name": "ocid1.policy.oc1..x"}, "InvalidParameter", NAME),
        ({"name": "x" * 101}, "InvalidParameter", NAME),
        ({"name": 7}, "InvalidParameter", "Invalid Parameter: name must be a text"),
        (
            {"description": ""},
            "InvalidParameter",
            "Invalid Parameter: description must not be empty",
        ),
        (
            {"description": "x" * 401},
            "InvalidParameter",
            "Invalid Parameter: description must have 1 to 400 characters",
        ),
        (
            {"versionDate": "yesterday"},
            "InvalidParameter",
            "Invalid Parameter: versionDate must be YYYY-MM-DD",
        ),
        ({"freeformTags": {"a.b": "c"}}, "InvalidParameter", KEY),
        ({"freeformTags": {" ": "c"}}, "InvalidParameter", KEY),
        (
            {"freeformTags": ["a"]},
            "InvalidParameter",
            "Invalid Parameter: freeformTags must be an object",
        ),
        ({"definedTags": {"a": {"b.c": "d"}}}, "InvalidParameter", KEY),
        (
            {"definedTags": {"a": {"b": []}}},
            "InvalidParameter",
            "Invalid Parameter: a tag must have a value",
        ),
        (
            {"definedTags": {"a": "b"}},
            "InvalidParameter",
            "Invalid Parameter: definedTags.a must be an object",
        ),
    ],
)
def test_a_policy_that_cannot_be(
    cloud: Cloud, more: dict[str, Any], code: str, message: str
) -> None:
    before = cloud.state.world
    assert cloud.policy(**more).refusal == (400, code, message)
    assert cloud.state.world is before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(cloud: Cloud, body: bytes) -> None:
    for method, target in (("POST", "policies"), ("PUT", PEOPLE), ("PUT", "policies/nothing")):
        answer = cloud.ask("admin", method, target, body)
        assert answer.refusal[:2] == (400, "CannotParseRequest")


def test_a_name_is_taken_once_in_a_compartment(cloud: Cloud) -> None:
    assert cloud.policy(name="people").refusal == (
        409,
        "PolicyAlreadyExists",
        "Policy 'people' already exists",
    )
    text = ["allow group authors to use x in compartment bots"]
    assert cloud.policy(name="people", compartmentId=BOTS, statements=text).status == 200
    assert [each[:2] for each in policies(cloud)] == [
        ("/", "people"),
        ("bots", "genai"),
        ("bots", "people"),
    ]


def test_an_update_of_another_version(cloud: Cloud) -> None:
    stale = {"if-match": "stale"}
    before = cloud.state.world
    for answer in (
        cloud.ask("admin", "PUT", PEOPLE, {"description": "x"}, stale),
        cloud.ask("admin", "DELETE", PEOPLE, headers=stale),
    ):
        assert answer.refusal == (412, "NoEtagMatch", "Precondition Failed")
    assert cloud.state.world is before


def test_an_update_that_cannot_be_changes_nothing(cloud: Cloud) -> None:
    before, etag = cloud.state.world, cloud.ask("admin", "GET", PEOPLE).etag
    answer = cloud.ask("admin", "PUT", PEOPLE, {"statements": [STATEMENT], "description": ""})
    assert answer.status == 400
    assert cloud.state.world is before
    assert cloud.ask("admin", "GET", PEOPLE).etag == etag


# Lists.


def names(cloud: Cloud, query: str) -> list[str]:
    return cloud.ask("admin", "GET", f"policies?compartmentId={BOTS}{query}").names


def test_lists_in_every_order(cloud: Cloud) -> None:
    text = ["allow group authors to use x in compartment bots"]
    for name in ("b", "C", "a"):
        cloud.policy(name=name, compartmentId=BOTS, statements=text)
    assert names(cloud, "") == ["a", "C", "b", "genai"]
    assert names(cloud, "&sortBy=TIMECREATED") == ["a", "C", "b", "genai"]
    assert names(cloud, "&sortOrder=ASC") == ["genai", "b", "C", "a"]
    assert names(cloud, "&sortBy=NAME") == ["C", "a", "b", "genai"]
    assert names(cloud, "&sortBy=NAME&sortOrder=DESC") == ["genai", "b", "a", "C"]
    assert names(cloud, "&name=b") == ["b"]
    assert names(cloud, "&name=B") == []
    assert names(cloud, "&lifecycleState=active&limit=1") == ["a"]
    assert names(cloud, "&lifecycleState=DELETED") == []
    # What is below a compartment is not in its list.
    assert cloud.ask("admin", "GET", f"policies?compartmentId={CALLER}").names == ["people"]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("", "MissingParameter", "Missing Parameter: compartmentId"),
        ("?compartmentId=", "MissingParameter", "Missing Parameter: compartmentId"),
        (
            f"?compartmentId={CALLER}&limit=0",
            "InvalidParameter",
            "Invalid Parameter: limit must be a number from 1 to 1000",
        ),
        (
            f"?compartmentId={CALLER}&limit=1001",
            "InvalidParameter",
            "Invalid Parameter: limit must be a number from 1 to 1000",
        ),
        (
            f"?compartmentId={CALLER}&limit=",
            "InvalidParameter",
            "Invalid Parameter: limit must be a number from 1 to 1000",
        ),
        (
            f"?compartmentId={CALLER}&page=xyz",
            "InvalidParameter",
            "Wrong pagination token format.",
        ),
        (
            f"?compartmentId={CALLER}&sortBy=SIZE",
            "InvalidParameter",
            "Invalid Parameter: sortBy must be TIMECREATED or NAME",
        ),
        (
            f"?compartmentId={CALLER}&sortOrder=UP",
            "InvalidParameter",
            "Invalid Parameter: sortOrder must be ASC or DESC",
        ),
    ],
)
def test_a_list_that_cannot_be(cloud: Cloud, query: str, code: str, message: str) -> None:
    assert cloud.ask("admin", "GET", f"policies{query}").refusal == (400, code, message)


def page(cloud: Cloud, query: str, token: str | None) -> tuple[list[str], str | None]:
    rest = f"&page={token}" if token else ""
    answer = cloud.ask("admin", "GET", f"policies?compartmentId={AI}{query}{rest}")
    return answer.names, answer.headers.get("opc-next-page")


@pytest.mark.parametrize(
    ("query", "sizes"),
    [("", [100, 100, 50]), ("&limit=60", [60] * 4 + [10]), ("&limit=125&sortBy=NAME", [125, 125])],
)
def test_pages_through_250_policies(cloud: Cloud, query: str, sizes: list[int]) -> None:
    text = ["allow group authors to use x in compartment ai"]
    made = [f"p{at:03}" for at in range(250)]
    for name in made:
        assert cloud.policy(name=name, compartmentId=AI, statements=text).status == 200
    pages: list[list[str]] = []
    token = None
    while not pages or token:
        here, token = page(cloud, query, token)
        pages.append(here)
    assert [len(each) for each in pages] == sizes
    expected = made if "NAME" in query else made[::-1]
    assert [name for each in pages for name in each] == expected


def test_a_page_goes_on_where_the_last_one_ended(cloud: Cloud) -> None:
    """What comes and goes between two pages makes no other thing come twice or not at all."""
    text = ["allow group authors to use x in compartment ai"]
    made = {
        name: cloud.policy(name=name, compartmentId=AI, statements=text).data["id"]
        for name in "abcdef"
    }
    first, token = page(cloud, "&limit=3&sortBy=NAME", None)
    for name in "ac":
        cloud.ask("admin", "DELETE", f"policies/{made[name]}")
    cloud.policy(name="aa", compartmentId=AI, statements=text)
    second, end = page(cloud, "&limit=3&sortBy=NAME", token)
    assert (first, second, end) == (["a", "b", "c"], ["d", "e", "f"], None)


# Retries and concurrency.

INVALIDATED = (409, "InvalidatedRetryToken")


def test_a_retry_gives_the_same_answer(cloud: Cloud) -> None:
    token = {"opc-retry-token": "abc"}
    first = cloud.ask("admin", "POST", "policies", plain(), token)
    again = cloud.ask("admin", "POST", "policies", plain(), token)
    assert (again.status, again.data, again.etag) == (200, first.data, first.etag)
    assert len(policies(cloud)) == 3


def test_a_retry_token_is_of_one_request_and_one_caller(cloud: Cloud) -> None:
    token = {"opc-retry-token": "abc"}
    text = ["allow group authors to use x in compartment bots"]
    body = plain(compartmentId=BOTS, statements=text)
    cloud.ask("admin", "POST", "policies", body, token)
    other = cloud.ask("admin", "POST", "policies", {**body, "name": "other"}, token)
    assert other.refusal[:2] == INVALIDATED
    assert other.refusal[2].startswith(
        "The retry token you provided was used in an earlier request"
    )
    assert cloud.ask("alice", "POST", "policies", body, token).refusal[1] == "PolicyAlreadyExists"
    elsewhere = {"compartmentId": CALLER, "name": "g", "description": "d"}
    assert cloud.ask("admin", "POST", "groups", elsewhere, token).status == 200


def test_a_retry_of_what_was_changed_or_deleted(cloud: Cloud) -> None:
    token = {"opc-retry-token": "abc"}
    made = cloud.ask("admin", "POST", "policies", plain(), token)
    one = f"policies/{made.data['id']}"
    cloud.ask("admin", "PUT", one, {"description": "changed"})
    assert cloud.ask("admin", "POST", "policies", plain(), token).refusal[:2] == INVALIDATED
    cloud.ask("admin", "DELETE", one)
    assert cloud.ask("admin", "POST", "policies", plain(), token).refusal[:2] == INVALIDATED
    assert len(policies(cloud)) == 2


def test_a_refused_request_can_be_repeated_with_its_token(cloud: Cloud) -> None:
    token = {"opc-retry-token": "abc"}
    assert cloud.ask("admin", "POST", "policies", plain(name="a b"), token).status == 400
    assert cloud.ask("admin", "POST", "policies", plain(), token).status == 200


def test_a_retry_token_is_forgotten_after_a_day(cloud: Cloud) -> None:
    cloud.time = datetime(2026, 11, 21, tzinfo=UTC)
    token = {"opc-retry-token": "abc"}
    cloud.ask("admin", "POST", "policies", plain(), token)
    cloud.time += timedelta(hours=24)
    again = cloud.ask("admin", "POST", "policies", plain(), token)
    assert again.refusal[1] == "PolicyAlreadyExists"


def at_once(count: int, call: Any) -> list[Any]:
    """What `call` gives for each number, all called at the same time."""
    barrier, answers = threading.Barrier(count), [None] * count

    def run(at: int) -> None:
        barrier.wait()
        answers[at] = call(at)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_at_once_one_takes_the_name(cloud: Cloud) -> None:
    answers = at_once(8, lambda _: cloud.policy())
    assert sorted(each.status for each in answers) == [200] + [409] * 7
    assert [name for _, name, _ in policies(cloud)] == ["people", "genai", "new"]


def test_of_many_with_one_token_all_get_the_same(cloud: Cloud) -> None:
    token = {"opc-retry-token": "abc"}
    answers = at_once(8, lambda _: cloud.ask("admin", "POST", "policies", plain(), token))
    assert {(each.status, each.data["id"]) for each in answers} == {(200, answers[0].data["id"])}


def test_of_many_that_saw_one_version_one_changes_it(cloud: Cloud) -> None:
    seen = {"if-match": cloud.ask("admin", "GET", PEOPLE).etag}
    answers = at_once(
        8, lambda at: cloud.ask("admin", "PUT", PEOPLE, {"description": f"d{at}"}, seen)
    )
    assert sorted(each.status for each in answers) == [200] + [412] * 7
    (winner,) = [each for each in answers if each.status == 200]
    assert cloud.ask("admin", "GET", PEOPLE).data == winner.data


def test_none_of_many_is_lost(cloud: Cloud) -> None:
    at_once(8, lambda at: cloud.policy(name=f"p{at}"))
    found = cloud.ask("admin", "GET", f"policies?compartmentId={CALLER}&sortBy=NAME")
    assert found.names == [*(f"p{at}" for at in range(8)), "people"]
