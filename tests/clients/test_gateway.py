"""Smoke against LiteLLM, a server of others that speaks the APIs of OpenAI and Azure OpenAI."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from tests.clients.gateway import KEY, litellm
from tests.clients.recorder import TEXT, Recorder
from tests.clients.sending import Smoked, smoked
from tests.examples import cases, named

pytestmark = pytest.mark.clients

CASES = cases("clients/gateway.yaml")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Recorder() as upstream, litellm(upstream, tmp_path_factory.mktemp("litellm")) as endpoint:
        yield endpoint


def variable(case: dict[str, Any]) -> str:
    return f"{case['case'].replace('-', '_').upper()}_KEY"


def entry(case: dict[str, Any], endpoint: str) -> dict[str, Any]:
    found = {"name": case["case"], "provider": case["provider"], "key_env": variable(case)}
    if case["provider"] == "azure-openai":
        there = {"endpoint": endpoint, "deployment": case["model"], "api_version": "2024-10-21"}
        return {**found, **there}
    return {**found, "endpoint": f"{endpoint}/v1", "model": case["model"]}


@pytest.fixture(scope="module")
def smoke(gateway: str, tmp_path_factory: pytest.TempPathFactory) -> Smoked:
    entries = [entry(case, gateway) for case in CASES]
    keys = {variable(case): case.get("key", KEY) for case in CASES}
    return smoked(entries, keys, tmp_path_factory.mktemp("smoke"))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_smoke_says_of_a_gateway(case: dict[str, Any], smoke: Smoked) -> None:
    calls = [each for each in smoke.data["calls"] if each["service"] == case["case"]]

    answer = TEXT if case["observed"] == "allowed" else None
    found = [[each[key] for key in ("call", "observed", "cause", "answer")] for each in calls]
    assert found == [
        [call, case["observed"], case.get("cause"), answer] for call in ("chat", "chat-stream")
    ]


def test_all_that_smoke_says_of_a_gateway(
    smoke: Smoked, gateway: str, snapshot: SnapshotAssertion
) -> None:
    host = gateway.removeprefix("http://")
    services: dict[str, dict[str, dict[str, Any]]] = {
        each["service"]: {} for each in smoke.data["calls"]
    }
    for each in smoke.data["calls"]:
        services[each["service"]][each["call"]] = told(each, host)
    # What is said of the stream is mostly what is said of the whole.
    found = {
        name: {"chat and chat-stream": calls["chat"]} if is_same(calls) else calls
        for name, calls in services.items()
    }

    assert (smoke.code, smoke.said) == (1, "")
    assert yaml.safe_dump(found, sort_keys=False, width=100) == snapshot


def test_a_gateway_lists_its_models(gateway: str, tmp_path: Path) -> None:
    (case,) = [each for each in CASES if each["case"] == "openai"]

    listed = smoked([entry(case, gateway)], {variable(case): KEY}, tmp_path, option="--models")

    (service,) = listed.data["models"]
    assert (listed.code, service["has_own"]) == (0, True)
    assert {"gpt-4o", "meta/llama3-8b-instruct"} < {*service["models"]}


def told(call: dict[str, Any], host: str) -> dict[str, Any]:
    """What is said in a call, without what is different each time or stands above it."""
    apart = ("seconds", "first_token_seconds", "request_id", "service", "call", "pieces")
    text = json.dumps({key: each for key, each in call.items() if each and key not in apart})
    found: dict[str, Any] = json.loads(text.replace(host, "GATEWAY"))
    return found


def is_same(calls: dict[str, dict[str, Any]]) -> bool:
    return calls["chat"] == calls["chat-stream"]
