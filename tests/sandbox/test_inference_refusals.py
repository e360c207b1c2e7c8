"""What Generative AI refuses for what it says: models, formats, numbers, regions, shapes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.reference import models
from ocipolicy.sandbox.models import ocid_of
from tests.sandbox.calls import ALLOWED, BOTS, GENERIC, LAMA, Calls

ACTIONS = "/20231130/actions"
GROK = "xai.grok-4"


@pytest.fixture(scope="module")
def calls() -> Calls:
    return Calls(caller=ALLOWED)


def body(model: str = GROK, **more: object) -> dict[str, Any]:
    mode = {"servingType": "ON_DEMAND", "modelId": model}
    return {"compartmentId": BOTS, "servingMode": mode, "chatRequest": GENERIC, **more}


def refusal(calls: Calls, operation: str, asked: object) -> tuple[int, str, str]:
    return calls.post(f"{ACTIONS}/{operation}", asked).refusal


@pytest.mark.parametrize(
    "model", ["cohere.command-r-99", "", "ocid1.generativeaimodel.oc1..x", "Xai.grok-4", LAMA]
)
def test_a_model_that_is_none(calls: Calls, model: str) -> None:
    expected = (404, "404", f"Entity with key {model} not found")
    if not model:
        expected = (
            400,
            "InvalidParameter",
            "Invalid Parameter: servingMode.modelId must not be empty",
        )
    assert refusal(calls, "chat", body(model)) == expected


def test_a_model_has_an_ocid_as_well(calls: Calls) -> None:
    ocid = ocid_of(models()[GROK])
    answer = calls.post(f"{ACTIONS}/chat", body(ocid))

    assert (answer.status, answer.data["modelId"]) == (200, ocid)


@pytest.mark.parametrize(
    ("model", "last", "first"),
    [
        ("cohere.command-r-plus", (2025, 1, 15), (2025, 1, 16)),
        ("cohere.command-r-16k", (2025, 1, 15), (2025, 1, 16)),
    ],
)
def test_a_model_is_gone_from_the_day_of_its_retirement(
    model: str, last: tuple[int, int, int], first: tuple[int, int, int]
) -> None:
    calls = Calls(caller=ALLOWED)
    asked = body(model, chatRequest={"apiFormat": "COHERE", "message": "x"})

    calls.now = datetime(*last, 23, 59, tzinfo=UTC)
    assert calls.post(f"{ACTIONS}/chat", asked).status == 200
    calls.now = datetime(*first, tzinfo=UTC)
    assert refusal(calls, "chat", asked) == (404, "404", f"Entity with key {model} not found")
    calls.state.serve_retired = True
    assert calls.post(f"{ACTIONS}/chat", asked).status == 200


def test_a_model_whose_last_day_nobody_knows_is_gone_at_all_times() -> None:
    calls = Calls(caller=ALLOWED)
    calls.now = datetime(2024, 1, 1, tzinfo=UTC)
    request = {"runtimeType": "LLAMA", "prompt": "x"}
    asked = body("meta.llama-2-70b-chat", inferenceRequest=request)

    assert refusal(calls, "generateText", asked)[0] == 404


@pytest.mark.parametrize("operation", ["generateText", "summarizeText"])
def test_no_model_generates_or_summarizes_on_demand_any_more(calls: Calls, operation: str) -> None:
    text = {"inferenceRequest": {"runtimeType": "COHERE", "prompt": "x"}, "input": "x"}
    statuses = {
        calls.post(f"{ACTIONS}/{operation}", body(model, **text)).status for model in models()
    }
    assert statuses == {400, 404}


@pytest.mark.parametrize(
    ("operation", "model", "task"),
    [
        ("generateText", "cohere.command-r-08-2024", "TextGeneration"),
        ("summarizeText", "cohere.command-r-08-2024", "TextSummarization"),
        ("embedText", "cohere.command-r-08-2024", "TextEmbedding"),
        ("rerankText", "cohere.embed-v4.0", "TextRerank"),
        ("chat", "cohere.embed-v4.0", "Chat"),
    ],
)
def test_a_model_that_is_not_made_for_the_task(
    calls: Calls, operation: str, model: str, task: str
) -> None:
    assert refusal(calls, operation, body(model)) == (
        400,
        "400",
        f"{model} does not support {task}",
    )


@pytest.mark.parametrize(
    ("model", "format_", "wanted"),
    [
        ("cohere.command-r-08-2024", "GENERIC", "COHERE"),
        ("cohere.command-r-08-2024", "COHEREV2", "COHERE"),
        ("cohere.command-a-vision", "COHERE", "COHEREV2"),
        ("meta.llama-3.3-70b-instruct", "COHERE", "GENERIC"),
        (GROK, "COHEREV2", "GENERIC"),
    ],
)
def test_a_format_that_the_model_does_not_take(
    calls: Calls, model: str, format_: str, wanted: str
) -> None:
    request = {**GENERIC, "message": "x", "apiFormat": format_}
    message = f"{model} does not support apiFormat {format_}, but {wanted}"

    assert refusal(calls, "chat", body(model, chatRequest=request)) == (400, "400", message)


@pytest.mark.parametrize(
    ("model", "runtime"), [("cohere.command", "LLAMA"), ("meta.llama-2-70b-chat", "COHERE")]
)
def test_a_runtime_of_another_vendor(model: str, runtime: str) -> None:
    calls = Calls(caller=ALLOWED)
    calls.state.serve_retired = True
    asked = body(model, inferenceRequest={"runtimeType": runtime, "prompt": "x"})

    message = f"{model} does not support runtimeType {runtime}"
    assert refusal(calls, "generateText", asked) == (400, "400", message)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"temperature": 2.1}, "chatRequest.temperature must be from 0 to 2"),
        ({"temperature": -0.1}, "chatRequest.temperature must be from 0 to 2"),
        ({"temperature": "hot"}, "chatRequest.temperature must be a number"),
        ({"temperature": True}, "chatRequest.temperature must be a number"),
        ({"topP": 1.5}, "chatRequest.topP must be from 0 to 1"),
        ({"topK": -2}, "chatRequest.topK must be -1 or more"),
        ({"frequencyPenalty": 3}, "chatRequest.frequencyPenalty must be from -2 to 2"),
        ({"maxTokens": 0}, "chatRequest.maxTokens must be 1 or more"),
        ({"maxTokens": 1.5}, "chatRequest.maxTokens must be a whole number"),
        ({"maxTokens": 4001}, "maxTokens is at most 4000 for on-demand inferencing"),
        (
            {"maxCompletionTokens": 9000},
            "maxCompletionTokens is at most 4000 for on-demand inferencing",
        ),
        ({"numGenerations": 6}, "chatRequest.numGenerations must be from 1 to 5"),
        ({"isStream": "yes"}, "chatRequest.isStream must be true or false"),
        ({"stop": "."}, "chatRequest.stop must be a list"),
        ({"stop": [1]}, "chatRequest.stop[0] must be a text"),
        ({"messages": {}}, "chatRequest.messages must be a list"),
        ({"messages": ["hi"]}, "chatRequest.messages[0] must be an object"),
        (
            {"messages": [{"role": "CHATBOT"}]},
            "chatRequest.messages[0].role must be USER, ASSISTANT, SYSTEM, TOOL or DEVELOPER",
        ),
        (
            {"messages": [{"role": "USER", "content": "hi"}]},
            "chatRequest.messages[0].content must be a list",
        ),
        (
            {"messages": [{"role": "USER", "content": [{"type": "TEXT", "text": 1}]}]},
            "chatRequest.messages[0].content[0].text must be a text",
        ),
        ({"apiFormat": "OPENAI"}, "chatRequest.apiFormat must be COHERE, COHEREV2 or GENERIC"),
        ({"streamOptions": []}, "chatRequest.streamOptions must be an object"),
    ],
    ids=json.dumps,
)
def test_a_value_that_is_out_of_place(
    calls: Calls, request_: dict[str, object], message: str
) -> None:
    asked = body(chatRequest={**GENERIC, "isStream": True, **request_})

    assert refusal(calls, "chat", asked) == (
        400,
        "InvalidParameter",
        f"Invalid Parameter: {message}",
    )


def test_cohere_is_cooler(calls: Calls) -> None:
    request = {"apiFormat": "COHERE", "message": "x", "temperature": 1.5, "topK": 501}
    asked = body("cohere.command-r-08-2024", chatRequest=request)

    message = "Invalid Parameter: chatRequest.temperature must be from 0 to 1"
    assert refusal(calls, "chat", asked) == (400, "InvalidParameter", message)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "compartmentId"),
        ({"compartmentId": None}, "compartmentId"),
        ({"compartmentId": BOTS}, "servingMode"),
        (body(servingMode={}), "servingMode.servingType"),
        (body(servingMode={"servingType": "ON_DEMAND"}), "servingMode.modelId"),
        (body(servingMode={"servingType": "DEDICATED"}), "servingMode.endpointId"),
        (body(chatRequest=None), "chatRequest"),
        (body(chatRequest={}), "chatRequest.apiFormat"),
        (body(chatRequest={"apiFormat": "GENERIC"}), "chatRequest.messages"),
    ],
)
def test_what_is_missing(calls: Calls, asked: dict[str, object], name: str) -> None:
    expected = (400, "MissingParameter", f"Missing Parameter: {name}")

    assert refusal(calls, "chat", asked) == expected


@pytest.mark.parametrize("asked", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'"text"'])
def test_what_is_no_object(calls: Calls, asked: bytes) -> None:
    assert refusal(calls, "chat", asked)[:2] == (400, "CannotParseRequest")


def test_a_text_that_nobody_could_send_back(calls: Calls) -> None:
    status, _, message = refusal(calls, "chat", rb'{"compartmentId": "\ud800"}')

    assert status == 400
    assert message == "Invalid Parameter: compartmentId is no text that UTF-8 can hold"


def test_a_region_where_generative_ai_does_not_run(calls: Calls) -> None:
    expected = (404, "NotFound", "Generative AI does not run in the region ap-tokyo-1.")

    assert calls.post(f"/r/ap-tokyo-1{ACTIONS}/chat", body()).refusal == expected
    assert calls.post(f"/r/us-chicago-1{ACTIONS}/chat", body()).status == 200


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A request of an operation that is right but for one value, somewhere in it."""
    asked: dict[str, Any] = {
        "inputs": ["x"],
        "input": "x",
        "documents": ["x"],
        "embeddingTypes": ["float"],
        "outputDimensions": 256,
        "compartmentId": BOTS,
        "servingMode": {"servingType": "DEDICATED", "endpointId": LAMA, "modelId": GROK},
        "inferenceRequest": {"runtimeType": draw(st.sampled_from(["COHERE", "LLAMA"]))},
        "chatRequest": {
            **GENERIC,
            "apiFormat": draw(st.sampled_from(["COHERE", "COHEREV2", "GENERIC"])),
            "message": "x",
            "chatHistory": [{"role": "USER", "message": "x"}],
        },
    }
    for part in ("inferenceRequest", "chatRequest"):
        for name in ("prompt", "maxTokens", "temperature", "topK", "stop", "isStream", "isEcho"):
            if draw(st.booleans()):
                asked[part][name] = draw(values)
    place: Any = asked
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from([*(place if isinstance(place, dict) else range(len(place)))]))
        if draw(st.booleans()):
            place[key] = draw(values)
            break
        place = place[key]
    operations = ["generateText", "chat", "summarizeText", "embedText", "rerankText"]
    return draw(st.sampled_from(operations)), asked


@given(requests())
def test_no_request_is_too_much(asked: tuple[str, dict[str, Any]]) -> None:
    calls = Calls(caller=ALLOWED)
    answer = calls.post(f"{ACTIONS}/{asked[0]}", asked[1])

    assert answer.status in (200, 400, 404)
    if answer.status == 200 and answer.type == "text/event-stream":
        assert answer.frames


@given(values)
def test_no_json_is_too_much(value: object) -> None:
    calls = Calls(caller=ALLOWED)

    assert calls.post(f"{ACTIONS}/chat", value).status in (400, 404)
