"""The models of Generative AI, listed page by page, filtered, and shown one by one."""

from typing import Any

import pytest

from ocipolicy.reference import models
from ocipolicy.sandbox.models import ocid_of
from tests.sandbox.calls import BOTS, GENAI, NOT_FOUND, Calls

MODELS = "/20231130/models"
INSPECT = "allow group chatters to inspect generative-ai-model in compartment bots"
COMMAND = ocid_of(models()["cohere.command"])


@pytest.fixture(scope="module")
def calls() -> Calls:
    return Calls(caller=("allow group chatters to read generative-ai-model in tenancy",))


def listed(calls: Calls, query: str = "") -> list[str]:
    answer = calls.get(f"{MODELS}?compartmentId={BOTS}{query}")
    return [each["displayName"] for each in answer.data["items"]]


def test_all_models_by_name(calls: Calls) -> None:
    assert listed(calls) == sorted(models())
    assert listed(calls, "&sortOrder=DESC") == sorted(models(), reverse=True)


def test_a_model_has_these_fields(calls: Calls) -> None:
    expected: dict[str, Any] = {
        "id": COMMAND,
        "displayName": "cohere.command",
        "vendor": "cohere",
        "version": "1.0",
        "capabilities": ["TEXT_GENERATION", "TEXT_SUMMARIZATION"],
        "type": "BASE",
        "lifecycleState": "ACTIVE",
        "isLongTermSupported": False,
        "timeOnDemandRetired": "2024-10-02T00:00:00.000Z",
        "timeDedicatedRetired": "2025-08-07T00:00:00.000Z",
        "freeformTags": {},
        "definedTags": {},
    }
    (only,) = calls.get(f"{MODELS}?compartmentId={BOTS}&id={COMMAND}").data["items"]

    assert calls.get(f"{MODELS}/{COMMAND}").data == only == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "&vendor=google",
            ["google.gemini-2.5-flash", "google.gemini-2.5-flash-lite", "google.gemini-2.5-pro"],
        ),
        ("&displayName=xai.grok-4", ["xai.grok-4"]),
        ("&capability=TEXT_RERANK", ["cohere.rerank-v3.5"]),
        (
            "&capability=TEXT_RERANK&capability=TEXT_SUMMARIZATION",
            ["cohere.command", "cohere.rerank-v3.5"],
        ),
        ("&lifecycleState=DELETED", []),
        ("&vendor=nobody", []),
    ],
)
def test_only_some_models(calls: Calls, query: str, expected: list[str]) -> None:
    assert listed(calls, query) == expected


def test_the_pages_are_all_of_them(calls: Calls) -> None:
    found: list[str] = []
    page: str | None = "0"
    sizes = []
    while page is not None:
        answer = calls.get(f"{MODELS}?compartmentId={BOTS}&limit=10&page={page}")
        items = answer.data["items"]
        sizes.append(len(items))
        found += [each["displayName"] for each in items]
        page = answer.headers.get("opc-next-page")

    everything = calls.get(f"{MODELS}?compartmentId={BOTS}&limit={len(models())}")
    assert "opc-next-page" not in everything.headers
    assert found == sorted(models())
    assert set(sizes[:-1]) == {10}
    assert 1 <= sizes[-1] <= 10


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("", "MissingParameter", "Missing Parameter: compartmentId"),
        (f"compartmentId={BOTS}&limit=0", "InvalidParameter", "Invalid Parameter: limit"),
        (f"compartmentId={BOTS}&limit=ten", "InvalidParameter", "Invalid Parameter: limit"),
        (f"compartmentId={BOTS}&page=-1", "InvalidParameter", "Invalid Parameter: page"),
        (f"compartmentId={BOTS}&page=%C2%B2", "InvalidParameter", "Invalid Parameter: page"),
        (
            f"compartmentId={BOTS}&sortOrder=UP",
            "InvalidParameter",
            "Invalid Parameter: sortOrder must be ASC or DESC",
        ),
    ],
)
def test_a_list_that_is_refused(calls: Calls, query: str, code: str, message: str) -> None:
    assert calls.get(f"{MODELS}?{query}").refusal == (400, code, message)


def test_to_list_and_to_show_take_permissions_of_their_own() -> None:
    inspect = Calls(caller=(INSPECT,))
    assert listed(inspect) == sorted(models())
    assert inspect.get(f"{MODELS}/{COMMAND}").refusal == NOT_FOUND
    read = Calls(caller=("allow group chatters to read generative-ai-model in tenancy",))
    assert read.get(f"{MODELS}/{COMMAND}").status == 200
    assert read.get(f"{MODELS}/{COMMAND}", who="caller/bob").refusal == NOT_FOUND
    for path in (f"{MODELS}?compartmentId={BOTS}", f"{MODELS}/{COMMAND}"):
        assert Calls().get(path).refusal == NOT_FOUND


def test_another_tenancy_lists_its_models_for_both_halves_only() -> None:
    endorse = ("endorse group chatters to inspect generative-ai-model in any-tenancy",)
    admit = (
        "define tenancy assistants as ocid1.tenancy.oc1..caller",
        "define group guests as ocid1.group.oc1..chatters",
        "admit group guests of tenancy assistants to inspect generative-ai-model in tenancy",
    )
    path = f"{MODELS}?compartmentId={GENAI}"

    assert Calls(caller=endorse).get(path).status == 404
    assert Calls(service=admit).get(path).status == 404
    assert Calls(caller=endorse, service=admit).get(path).status == 200


@pytest.mark.parametrize("name", ["ocid1.generativeaimodel.oc0..none", "xai.grok-4", "%00"])
def test_a_model_that_is_none(calls: Calls, name: str) -> None:
    assert calls.get(f"{MODELS}/{name}").refusal == NOT_FOUND


def test_every_model_has_an_ocid_of_its_own() -> None:
    assert len({ocid_of(each) for each in models().values()}) == len(models())
