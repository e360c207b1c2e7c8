"""Who may call Generative AI: refused without the policies, allowed with them, half by half."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ocipolicy.reference import models
from ocipolicy.sandbox.models import ocid_of
from tests.sandbox.calls import (
    AI,
    ALLOWED,
    BOTS,
    CALLER,
    GENAI,
    GENERIC,
    LAB,
    LAMA,
    NOT_FOUND,
    SERVICE,
    TUNED,
    Answer,
    Calls,
)

GROK, COMMAND = "xai.grok-4", "cohere.command"
SALES = "ocid1.odainstance.oc1.iad.sales"
IS_SALES = f"where request.principal.id = '{SALES}'"
ENDORSE = (f"endorse any-user to use generative-ai-family in any-tenancy {IS_SALES}",)
ADMIT = (
    f"define tenancy assistants as {CALLER}",
    "admit any-user of tenancy assistants to use generative-ai-family in compartment ai:genai",
)

# One call for every operation, and the single type of resource that is enough for it.
OPERATIONS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "generative-ai-text-generation": (
        "generateText",
        COMMAND,
        {"inferenceRequest": {"runtimeType": "COHERE", "prompt": "x"}},
    ),
    "generative-ai-chat": ("chat", GROK, {"chatRequest": GENERIC}),
    "generative-ai-text-summarization": ("summarizeText", COMMAND, {"input": "x"}),
    "generative-ai-text-embedding": ("embedText", "cohere.embed-v4.0", {"inputs": ["x"]}),
    "generative-ai-text-rerank": (
        "rerankText",
        "cohere.rerank-v3.5",
        {"input": "x", "documents": ["x"]},
    ),
}


def ask(calls: Calls, type_: str, who: str = "caller/alice", compartment: str = BOTS) -> Answer:
    operation, model, more = OPERATIONS[type_]
    mode = {"servingType": "ON_DEMAND", "modelId": model}
    body = {"compartmentId": compartment, "servingMode": mode, **more}
    return calls.post(f"/20231130/actions/{operation}", body, who=who)


@pytest.mark.parametrize("type_", OPERATIONS)
def test_an_operation_takes_the_permission_of_its_type(type_: str) -> None:
    others = [f"allow group chatters to manage {each} in tenancy" for each in OPERATIONS]
    enough = f"allow group chatters to use {type_} in compartment bots"
    without = Calls(caller=tuple(each for each in others if type_ not in each))
    allowed = Calls(caller=(enough,))
    allowed.state.serve_retired = without.state.serve_retired = True

    assert ask(Calls(), type_).refusal == NOT_FOUND
    assert ask(without, type_).refusal == NOT_FOUND
    assert ask(allowed, type_).status == 200
    assert ask(allowed, type_, "caller/bob").refusal == NOT_FOUND
    assert ask(allowed, type_, compartment=LAB).refusal == NOT_FOUND


@pytest.mark.parametrize(
    ("caller", "service", "expected"),
    [
        ((), (), False),
        (ENDORSE, (), False),
        ((), ADMIT, False),
        (ENDORSE, ADMIT, True),
        (ENDORSE, (ADMIT[0], ADMIT[1].replace("ai:genai", "ai")), True),
        (ENDORSE, (ADMIT[0].replace("caller", "service"), ADMIT[1]), False),
        (ENDORSE, (*ADMIT, ADMIT[1].replace("admit", "deny admit")), False),
    ],
    ids=["neither", "no admit", "no endorse", "both", "above", "wrong alias", "denied"],
)
def test_an_instance_calls_another_tenancy_when_both_halves_are_there(
    caller: tuple[str, ...], service: tuple[str, ...], expected: bool
) -> None:
    calls = Calls(caller=caller, service=service)
    answer = calls.chat(who="caller/sales", compartment=GENAI, modelId=GROK)

    if expected:
        content = answer.data["chatResponse"]["choices"][0]["message"]["content"]
        assert content[0]["text"].startswith(
            "Sandbox answer for xai.grok-4: caller/sales asked in service/ai:genai, prompt"
        )
    else:
        assert answer.refusal == NOT_FOUND
    assert calls.chat(who="caller/alice", compartment=GENAI, modelId=GROK).refusal == NOT_FOUND


def test_an_instance_in_its_own_tenancy() -> None:
    calls = Calls(caller=(f"allow any-user to use generative-ai-family in tenancy {IS_SALES}",))

    assert calls.chat(who="caller/sales", compartment=CALLER, modelId=GROK).status == 200
    assert calls.chat(who="caller/alice", modelId=GROK).refusal == NOT_FOUND
    assert calls.chat(who="caller/sales", compartment=SERVICE, modelId=GROK).refusal == NOT_FOUND


def test_the_administrator_needs_no_policy() -> None:
    calls = Calls()

    assert calls.chat(who="caller/admin", modelId=GROK).status == 200
    assert calls.chat(who="service/admin", modelId=GROK).refusal == NOT_FOUND


def test_whoever_may_not_call_learns_nothing_of_models_and_endpoints() -> None:
    calls = Calls()

    names = [GROK, COMMAND, "nobody.knows-this", "cohere.embed-v4.0"]
    assert {calls.chat(modelId=each).refusal for each in names} == {NOT_FOUND}
    endpoints = [LAMA, TUNED, "ocid1.generativeaiendpoint.oc1.iad.none"]
    assert {calls.chat(endpointId=each).refusal for each in endpoints} == {NOT_FOUND}


def test_an_endpoint_is_asked_about_where_it_is() -> None:
    use = "allow group chatters to use generative-ai-chat in compartment"

    assert Calls(caller=(f"{use} bots",)).chat(endpointId=LAMA).refusal == NOT_FOUND
    assert Calls(caller=(f"{use} lab",)).chat(endpointId=LAMA).refusal == NOT_FOUND
    both = Calls(caller=(f"{use} bots", f"{use} lab"))
    assert both.chat(endpointId=LAMA).status == 200
    (entry,) = both.desk.log
    assert (entry.compartment, entry.verdict) == ("caller/lab", "allowed")


def test_an_endpoint_of_another_tenancy_takes_both_halves() -> None:
    alice = (
        "endorse group chatters to use generative-ai-chat in any-tenancy",
        "allow group chatters to use generative-ai-chat in compartment bots",
    )
    admit = (
        f"define tenancy assistants as {CALLER}",
        "define group guests as ocid1.group.oc1..chatters",
        "admit group guests of tenancy assistants to use generative-ai-chat in compartment ai",
    )
    assert Calls(caller=alice).chat(endpointId=TUNED).refusal == NOT_FOUND
    assert Calls(caller=alice[1:], service=admit).chat(endpointId=TUNED).refusal == NOT_FOUND
    assert Calls(caller=alice, service=admit).chat(endpointId=TUNED).status == 200
    assert Calls(caller=alice, service=admit).chat(compartment=AI, endpointId=TUNED).status == 200


@pytest.mark.parametrize(
    "endpoint",
    ["ocid1.generativeaiendpoint.oc1.iad.none", SALES, BOTS, "no endpoint", f"{LAMA} "],
)
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    assert Calls(caller=ALLOWED).chat(endpointId=endpoint).refusal == NOT_FOUND


def test_a_policy_can_be_for_some_models() -> None:
    statement = (
        "allow group chatters to use generative-ai-family in tenancy "
        "where target.model.id in ('xai.grok-4', 'nobody.knows-this')"
    )
    calls = Calls(caller=(statement,))

    assert calls.chat(modelId=GROK).status == 200
    assert calls.chat(modelId=ocid_of(models()[GROK])).status == 200
    assert calls.chat(modelId="xai.grok-3").refusal == NOT_FOUND
    assert calls.chat(modelId="nobody.knows-this").refusal[2].startswith("Entity with key")
    # Which model is behind an endpoint is not known, and unknown is not allowed.
    assert calls.chat(endpointId=LAMA).refusal == NOT_FOUND


def test_a_policy_can_be_for_a_time() -> None:
    statement = (
        "allow group chatters to use generative-ai-chat in tenancy "
        "where request.utc-timestamp before '2026-11-22T00:00:00Z'"
    )
    calls = Calls(caller=(statement,))

    assert calls.chat(modelId=GROK).status == 200
    calls.now = datetime(2026, 11, 22, tzinfo=UTC)
    assert calls.chat(modelId=GROK).refusal == NOT_FOUND


def test_the_log_says_what_was_missing() -> None:
    calls = Calls(caller=ENDORSE)
    calls.chat(who="caller/sales", compartment=GENAI, modelId=GROK)

    (entry,) = calls.desk.log
    assert (entry.operation, entry.principal) == ("generative-ai:Chat", "caller/sales")
    assert (entry.compartment, entry.verdict) == ("service/ai:genai", "denied")
    missing = {each["tenancy"]: each["statement"] for each in entry.data()["missing"]}
    assert [*missing] == ["service"]
    assert missing["service"].startswith("admit any-user of tenancy caller-tenancy to use ")
    assert missing["service"].endswith(IS_SALES)
