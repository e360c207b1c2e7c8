"""Each operation of Generative AI inference, in each of its formats, whole and streamed."""

from collections.abc import Mapping
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.sandbox.calls import ALLOWED, BOTS, LAMA, Calls

ACTIONS = "/20231130/actions"
USER = {"role": "USER", "content": [{"type": "TEXT", "text": "Tell me a joke."}]}

# What is sent under `inferenceRequest` or `chatRequest`, to which model, for every format.
TEXTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "COHERE": ("cohere.command", {"runtimeType": "COHERE", "prompt": "Tell me a joke."}),
    "LLAMA": ("meta.llama-2-70b-chat", {"runtimeType": "LLAMA", "prompt": "Tell me a joke."}),
}
CHATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "COHERE": (
        "cohere.command-r-08-2024",
        {
            "apiFormat": "COHERE",
            "message": "Tell me a joke.",
            "chatHistory": [
                {"role": "USER", "message": "Hi"},
                {"role": "CHATBOT", "message": "Hello", "toolCalls": []},
            ],
            "preambleOverride": "You are a clown.",
        },
    ),
    "COHEREV2": ("cohere.command-a-vision", {"apiFormat": "COHEREV2", "messages": [USER]}),
    "GENERIC-meta": ("meta.llama-3.3-70b-instruct", {"apiFormat": "GENERIC", "messages": [USER]}),
    "GENERIC-xai": ("xai.grok-4", {"apiFormat": "GENERIC", "messages": [USER]}),
}
VECTORS: Mapping[str, dict[str, Any]] = {
    "embedText": {"inputs": ["Tell me a joke."], "outputDimensions": 256},
    "rerankText": {"input": "a joke", "documents": ["bread", "Tell me a joke."], "isEcho": True},
}


@pytest.fixture
def calls() -> Calls:
    """A sandbox where alice may do everything, and retired models answer."""
    made = Calls(caller=ALLOWED)
    made.state.serve_retired = True
    return made


def body(model: str, **more: object) -> dict[str, object]:
    mode = {"servingType": "ON_DEMAND", "modelId": model}
    return {"compartmentId": BOTS, "servingMode": mode, **more}


def text(calls: Calls, format_: str, **more: object) -> Any:
    model, request = TEXTS[format_]
    asked = calls.post(f"{ACTIONS}/generateText", body(model, inferenceRequest={**request, **more}))
    return asked.frames if more.get("isStream") else asked.data


def chat(calls: Calls, format_: str, **more: object) -> Any:
    model, request = CHATS[format_]
    asked = calls.post(f"{ACTIONS}/chat", body(model, chatRequest={**request, **more}))
    return asked.frames if more.get("isStream") else asked.data


@pytest.mark.parametrize("format_", TEXTS)
def test_a_text_is_generated(calls: Calls, format_: str, snapshot: SnapshotAssertion) -> None:
    assert text(calls, format_) == snapshot


@pytest.mark.parametrize("format_", TEXTS)
def test_a_text_is_streamed(calls: Calls, format_: str, snapshot: SnapshotAssertion) -> None:
    assert text(calls, format_, isStream=True, maxTokens=4) == snapshot


@pytest.mark.parametrize("format_", CHATS)
def test_a_chat_is_answered(calls: Calls, format_: str, snapshot: SnapshotAssertion) -> None:
    assert chat(calls, format_) == snapshot


@pytest.mark.parametrize("format_", CHATS)
def test_a_chat_is_streamed(calls: Calls, format_: str, snapshot: SnapshotAssertion) -> None:
    assert chat(calls, format_, isStream=True, maxTokens=4) == snapshot


@pytest.mark.parametrize(
    ("format_", "usage"), [("GENERIC-meta", 36), ("GENERIC-xai", 30), ("COHEREV2", 32)]
)
def test_a_stream_tells_its_usage_if_that_is_wanted(calls: Calls, format_: str, usage: int) -> None:
    frames = chat(calls, format_, isStream=True, streamOptions={"isIncludeUsage": True})

    counts = {"completionTokens": usage, "promptTokens": 5, "totalTokens": usage + 5}
    assert [each["usage"] for each in frames if "usage" in each] == [counts]


def test_only_chats_of_meta_end_with_a_word_that_is_no_json(calls: Calls) -> None:
    ends = {each: chat(calls, each, isStream=True)[-1] == "[DONE]" for each in CHATS}

    assert ends == {"COHERE": False, "COHEREV2": False, "GENERIC-meta": True, "GENERIC-xai": False}


def test_that_word_can_be_switched_off(calls: Calls) -> None:
    calls.state.stream_done = False

    assert "[DONE]" not in chat(calls, "GENERIC-meta", isStream=True)


def streamed(format_: str, frames: list[Any]) -> str:
    """The text that a client puts together from the frames of a stream."""
    found = [each for each in frames if each != "[DONE]"]
    if format_ == "COHERE":
        return "".join(each["text"] for each in found if "finishReason" not in each)
    contents = [part for each in found for part in each.get("message", {}).get("content", [])]
    return "".join(part["text"] for part in contents)


def whole(format_: str, response: dict[str, Any]) -> str:
    if format_ == "COHERE":
        found: str = response["text"]
    else:
        message = response["choices"][0] if "choices" in response else response
        found = message["message"]["content"][0]["text"]
    return found


@pytest.mark.parametrize("format_", CHATS)
@pytest.mark.parametrize(
    "more", [{}, {"maxTokens": 3}, {"stop": [" asked"], "stopSequences": [" asked"]}]
)
def test_a_stream_is_the_whole_answer_in_pieces(
    calls: Calls, format_: str, more: dict[str, object]
) -> None:
    response = chat(calls, format_, **more)["chatResponse"]

    frames = chat(calls, format_, isStream=True, **more)
    assert streamed(format_, frames) == whole(format_, response)


REASONS = {
    "COHERE": ("COMPLETE", "MAX_TOKENS", "COMPLETE"),
    "COHEREV2": ("COMPLETE", "MAX_TOKENS", "STOP_SEQUENCE"),
    "GENERIC-xai": ("stop", "length", "stop"),
}


@pytest.mark.parametrize("format_", REASONS)
def test_an_answer_ends_at_a_limit_or_a_stop_sequence(calls: Calls, format_: str) -> None:
    stops = {"stop": [":", "model has"], "stopSequences": ["model has", ":"]}
    asked: list[dict[str, Any]] = [{}, {"maxTokens": 2}, {**stops, "maxTokens": 400}]
    responses = [chat(calls, format_, **each)["chatResponse"] for each in asked]

    full, *cut = [whole(format_, each) for each in responses]
    assert cut == ["Sandbox answer", full.partition(":")[0]]
    reasons = [each.get("finishReason") or each["choices"][0]["finishReason"] for each in responses]
    assert tuple(reasons) == REASONS[format_]


def test_the_lower_of_two_limits_counts(calls: Calls) -> None:
    response = chat(calls, "GENERIC-xai", maxTokens=9, maxCompletionTokens=1)["chatResponse"]

    assert response["usage"] == {"completionTokens": 1, "promptTokens": 5, "totalTokens": 6}


@pytest.mark.parametrize(
    ("format_", "stop", "expected"),
    [("COHERE", "stopSequences", " Sandbox answer"), ("LLAMA", "stop", " Sandbox ")],
)
def test_the_stop_sequence_is_a_part_of_texts_of_cohere_alone(
    calls: Calls, format_: str, stop: str, expected: str
) -> None:
    response = text(calls, format_, **{stop: ["answer"]})["inferenceResponse"]

    (only,) = response.get("generatedTexts") or response["choices"]
    assert only["text"] == expected


def test_several_texts_are_the_same_under_ids_of_their_own(calls: Calls) -> None:
    texts = text(calls, "COHERE", numGenerations=3)["inferenceResponse"]["generatedTexts"]

    assert len({each["id"] for each in texts}) == 3
    assert len({each["text"] for each in texts}) == 1
    streams = text(calls, "COHERE", numGenerations=3, isStream=True)
    assert len({each["id"] for each in streams}) == 3
    chats = chat(calls, "GENERIC-xai", numGenerations=2)["chatResponse"]["choices"]
    assert [each["index"] for each in chats] == [0, 1]


def test_the_prompt_comes_back_if_that_is_wanted(calls: Calls) -> None:
    assert text(calls, "COHERE", isEcho=True)["inferenceResponse"]["prompt"] == "Tell me a joke."
    (choice,) = text(calls, "LLAMA", isEcho=True)["inferenceResponse"]["choices"]
    assert choice["text"].startswith("Tell me a joke. Sandbox answer")
    prompt = chat(calls, "COHERE", isEcho=True)["chatResponse"]["prompt"]
    assert prompt == "You are a clown.\nHi\nHello\nTell me a joke."


def test_the_same_request_has_the_same_answer(calls: Calls) -> None:
    assert chat(calls, "COHEREV2") == chat(calls, "COHEREV2")
    longer = chat(calls, "COHEREV2", messages=[USER, USER])
    assert longer["chatResponse"]["id"] != chat(calls, "COHEREV2")["chatResponse"]["id"]


def test_an_answer_names_people_as_they_are_called(calls: Calls) -> None:
    said = whole("GENERIC", chat(calls, "GENERIC-xai")["chatResponse"])

    assert said == (
        "Sandbox answer for xai.grok-4: caller/alice asked in caller/bots, prompt tokens: 5. "
        "No model has read the prompt."
    )


def test_content_that_is_no_text_counts_for_nothing(calls: Calls) -> None:
    image = {"type": "IMAGE", "imageUrl": {"url": "data:image/png;base64,AAAA"}}
    message = {"role": "USER", "content": [*USER["content"], image]}

    response = chat(calls, "GENERIC-xai", messages=[message])["chatResponse"]
    assert response["usage"]["promptTokens"] == 5


def test_results_of_tools_need_no_message(calls: Calls) -> None:
    response = chat(calls, "COHERE", message="", toolResults=[{"outputs": []}])["chatResponse"]

    assert response["finishReason"] == "COMPLETE"


def test_a_summary(calls: Calls, snapshot: SnapshotAssertion) -> None:
    asked = body("cohere.command", input="Why was the computer cold?", isEcho=True, length="SHORT")

    assert calls.post(f"{ACTIONS}/summarizeText", asked).data == snapshot


def test_a_dedicated_endpoint_serves_every_task_and_format() -> None:
    calls = Calls(caller=ALLOWED)
    mode = {"servingType": "DEDICATED", "endpointId": LAMA}
    requests: dict[str, list[dict[str, Any]]] = {
        f"{ACTIONS}/generateText": [{"inferenceRequest": each} for _, each in TEXTS.values()],
        f"{ACTIONS}/chat": [{"chatRequest": each} for _, each in CHATS.values()],
        f"{ACTIONS}/summarizeText": [{"input": "text"}],
        f"{ACTIONS}/embedText": [{"inputs": ["text"]}],
        f"{ACTIONS}/rerankText": [{"input": "text", "documents": ["text"]}],
    }
    for path, several in requests.items():
        for each in several:
            asked = calls.post(path, {"compartmentId": BOTS, "servingMode": mode, **each})
            assert (asked.status, asked.data["modelId"]) == (200, LAMA)


def test_a_dedicated_endpoint_has_no_limit_of_its_own() -> None:
    calls = Calls(caller=ALLOWED)
    mode = {"servingType": "DEDICATED", "endpointId": LAMA}
    request = {"apiFormat": "GENERIC", "messages": [USER], "maxTokens": 9000}
    asked = {"compartmentId": BOTS, "servingMode": mode, "chatRequest": request}

    assert calls.post(f"{ACTIONS}/chat", asked).status == 200
