"""What is sent: what the rendered service sends, with the key in its header and nowhere else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from ocipolicy.outputs import llm_service
from ocipolicy.providers import Client, key_of
from ocipolicy.smoke.services import Call, ServiceReport
from tests.providers.server import MODELS, Provider
from tests.providers.services import KEYS, USUAL, run, service

ENTRIES: Mapping[str, Mapping[str, Any]] = {
    **{provider: {"provider": provider} for provider in USUAL},
    "azure-openai completions": {"provider": "azure-openai", "kind": "generate-text"},
    "dropped": {"provider": "openai", "drop": ["max_tokens", "temperature"]},
}


def outcomes(report: ServiceReport) -> list[tuple[str, str, bool | None]]:
    return [(each.call, each.observed, each.ok) for each in report.calls if isinstance(each, Call)]


@pytest.mark.parametrize("given", ENTRIES.values(), ids=ENTRIES)
def test_the_calls_are_those_of_the_rendered_service(
    given: Mapping[str, Any], provider: Provider
) -> None:
    report = run(provider, given)

    assert report.code == 0
    name = given.get("kind", "chat")
    assert outcomes(report) == [(name, "allowed", True), (f"{name}-stream", "allowed", True)]
    text = llm_service.text([service(provider, given)])
    (exported,) = yaml.safe_load(text)["exportedRestServices"]
    body = json.loads(exported["restServiceMethods"][0]["requestBody"])
    plain, streamed = provider.calls
    assert [provider.endpoint + each.path for each in provider.calls] == [exported["endpoint"]] * 2
    # As text, so that the order of the fields is compared as well.
    assert json.dumps(plain.body) == json.dumps(body)
    assert json.dumps(streamed.body) == json.dumps({**body, "stream": True})


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("openai", "authorization", f"Bearer {KEYS['OPENAI_KEY']}"),
        ("azure-openai", "api-key", KEYS["AZURE_KEY"]),
        ("cohere", "authorization", f"Bearer {KEYS['COHERE_KEY']}"),
        ("nvidia", "authorization", f"Bearer {KEYS['NVIDIA_KEY']}"),
    ],
)
def test_the_header_of_the_key(name: str, header: str, value: str, provider: Provider) -> None:
    run(provider, {"provider": name})

    for each in provider.calls:
        sent = {key: each.headers.get(key) for key in ("authorization", "api-key")}
        assert sent == {"authorization": None, "api-key": None, header: value}
        assert each.headers["content-type"] == "application/json"
        assert each.headers["user-agent"].startswith("ocipolicy/")
        key = value.removeprefix("Bearer ")
        assert key not in each.path + json.dumps(each.body)


def test_without_stream_one_call_is_made_and_none_is_streamed(provider: Provider) -> None:
    report = run(provider, {"provider": "nvidia", "drop": ["stream"]})

    assert outcomes(report) == [("chat", "allowed", True), ("chat-stream", "not sent", None)]
    (call,) = provider.calls
    assert "stream" not in call.body
    assert report.code == 0


def test_answers_have_text_latency_model_and_request_id(provider: Provider) -> None:
    given = {"provider": "azure-openai"}
    with Client(service(provider, given), key_of(service(provider, given))) as client:
        plain, streamed = client.ask(), client.stream()

    assert (plain.text, plain.finish, plain.model, plain.request_id, plain.first) == (
        "Ha.",
        "stop",
        "gpt-4o-2024-08-06",
        "req-0123",
        None,
    )
    assert (streamed.text, streamed.finish, streamed.pieces) == ("Ha.", "stop", 4)
    assert streamed.first is not None
    assert 0 < streamed.first <= streamed.seconds


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai", "/v1/models"),
        ("nvidia", "/v1/models"),
        ("cohere", "/v1/models?endpoint=chat&page_size=1000"),
    ],
)
def test_the_models_that_a_key_may_use(name: str, path: str, provider: Provider) -> None:
    found = service(provider, {"provider": name})
    with Client(found, key_of(found)) as client:
        assert client.models() == MODELS

    assert [each.path for each in provider.requests] == [path]


def test_a_redirect_is_not_followed(provider: Provider) -> None:
    provider.reply = {"status": 307, "headers": {"Location": f"{provider.endpoint}/elsewhere"}}

    run(provider, {"provider": "openai"})

    assert [each.path for each in provider.requests] == ["/v1/chat/completions"] * 2


def test_an_answer_that_does_not_end_is_not_read_to_its_end(provider: Provider) -> None:
    endless = "x" * (5 * 1024 * 1024)
    event = json.dumps({"choices": [{"delta": {"content": "x" * 1024}}]})
    for reply in (
        {"text": endless, "type": "application/json"},
        {"events": [event] * 5000},
    ):
        provider.reply = reply
        report = run(provider, {"provider": "openai"})

        (said,) = {
            each.cause.evidence[0]
            for each in report.calls
            if isinstance(each, Call) and each.cause and each.cause.name == "cut-off"
        }
        assert "does not come to an end" in said
