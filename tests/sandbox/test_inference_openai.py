"""The paths of OpenAI's API: chats, responses and models, with the compartment in a header."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.sandbox.calls import ALLOWED, BOTS, GENAI, LAMA, NOT_FOUND, Calls
from tests.sandbox.test_inference_refusals import values

BASES = ("/openai/v1", "/20231130/actions/v1")
GROK = "xai.grok-4"
HI = [{"role": "user", "content": "Tell me a joke."}]
SAID = (
    "Sandbox answer for xai.grok-4: caller/alice asked in caller/bots, prompt tokens: 5. "
    "No model has read the prompt."
)


@pytest.fixture(scope="module")
def calls() -> Calls:
    return Calls(caller=ALLOWED)


def chat(calls: Calls, **more: object) -> Any:
    body = {"model": GROK, "messages": HI, **more}
    answer = calls.post("/openai/v1/chat/completions", body, compartmentid=BOTS)
    return answer.frames if more.get("stream") else answer.data


def respond(calls: Calls, **more: object) -> Any:
    body = {"model": GROK, "input": "Tell me a joke.", **more}
    answer = calls.post("/openai/v1/responses", body, compartmentid=BOTS)
    return answer.frames if more.get("stream") else answer.data


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("header", ["CompartmentId", "opc_compartment_id"])
def test_both_paths_and_both_headers(calls: Calls, base: str, header: str) -> None:
    chats = calls.post(
        f"{base}/chat/completions", {"model": GROK, "messages": HI}, **{header: BOTS}
    )
    assert chats.data["choices"][0]["message"]["content"] == SAID
    responses = calls.post(f"{base}/responses", {"model": GROK, "input": "x"}, **{header: BOTS})
    assert responses.data["output"][0]["content"][0]["text"].startswith("Sandbox answer")
    assert calls.get(f"{base}/models", **{header: BOTS}).data["object"] == "list"


@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
def test_the_compartment_has_to_be_named_and_allowed(calls: Calls, path: str) -> None:
    body = {"model": GROK, "messages": HI, "input": "x"}
    target = f"/openai/v1{path}"

    missing = (400, "MissingParameter", "Missing Parameter: opc-compartment-id")
    assert calls.post(target, body).refusal == missing
    assert calls.post(target, body, compartmentid=GENAI).refusal == NOT_FOUND
    assert calls.post(target, body, compartmentid=BOTS, who="caller/bob").refusal == NOT_FOUND
    assert Calls().post(target, body, compartmentid=BOTS).refusal == NOT_FOUND
    entry = calls.desk.log[-1]
    assert (entry.operation, entry.verdict) == ("generative-ai:Chat", "denied")


def test_a_chat(calls: Calls, snapshot: SnapshotAssertion) -> None:
    assert chat(calls) == snapshot


def test_a_chat_that_streams(calls: Calls, snapshot: SnapshotAssertion) -> None:
    assert chat(calls, stream=True, max_tokens=3) == snapshot


def test_a_response(calls: Calls, snapshot: SnapshotAssertion) -> None:
    assert respond(calls, instructions="Be funny.") == snapshot


def test_a_response_that_streams(calls: Calls, snapshot: SnapshotAssertion) -> None:
    assert respond(calls, stream=True, max_output_tokens=3) == snapshot


def test_a_stream_is_the_whole_answer_in_pieces(calls: Calls) -> None:
    *frames, done = chat(calls, stream=True)
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in frames) == SAID
    *events, end = respond(calls, stream=True)
    assert "".join(each.get("delta", "") for each in events) == SAID
    assert events[-1]["type"] == "response.completed"
    assert [each["sequence_number"] for each in events] == [*range(len(events))]
    assert (done, end) == ("[DONE]", "[DONE]")


def test_a_chat_tells_its_usage_if_that_is_wanted(calls: Calls) -> None:
    frames = chat(calls, stream=True, stream_options={"include_usage": True})

    usage = {"completion_tokens": 30, "prompt_tokens": 5, "total_tokens": 35}
    assert (frames[-2]["usage"], frames[-2]["choices"]) == (usage, [])
    assert chat(calls)["usage"] == usage


@pytest.mark.parametrize(
    "more",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Tell me a joke."}]}]},
        {
            "messages": [
                {"role": "system", "content": "Tell me"},
                {"role": "user", "content": "a j."},
            ]
        },
        {"messages": [*HI, {"role": "assistant", "content": None, "tool_calls": []}]},
    ],
)
def test_messages_have_text_in_several_ways(calls: Calls, more: dict[str, object]) -> None:
    assert chat(calls, **more)["usage"]["prompt_tokens"] == 5


def test_input_has_text_in_several_ways(calls: Calls) -> None:
    item = {"role": "user", "content": [{"type": "input_text", "text": "Tell me a joke."}]}

    for each in ("Tell me a joke.", HI, [item], [item, {"type": "reasoning", "summary": []}]):
        assert respond(calls, input=each)["usage"]["input_tokens"] == 5


def test_an_answer_ends_at_a_limit_or_a_stop_sequence(calls: Calls) -> None:
    (cut,) = chat(calls, max_completion_tokens=2)["choices"]
    assert (cut["finish_reason"], cut["message"]["content"]) == ("length", "Sandbox answer")
    for stop in (":", [":", "nowhere"]):
        first, second = chat(calls, stop=stop, n=2)["choices"]
        assert first["finish_reason"] == "stop"
        assert first["message"]["content"] == SAID.partition(":")[0]
        assert second["message"] == first["message"]
    response = respond(calls, max_output_tokens=2)
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )


def test_a_model_can_be_an_endpoint(calls: Calls) -> None:
    assert chat(calls, model=LAMA)["model"] == LAMA
    refused = calls.post("/openai/v1/responses", {"model": "x", "input": "x"}, compartmentid=BOTS)
    assert refused.refusal == (404, "404", "Entity with key x not found")


def test_the_models_are_those_that_chat() -> None:
    made = Calls(caller=ALLOWED)
    names = [each["id"] for each in made.get("/openai/v1/models", compartmentid=BOTS).data["data"]]
    assert GROK in names
    assert not {"cohere.embed-v4.0", "cohere.command", "cohere.command-r-plus"} & {*names}
    made.state.serve_retired = True
    again = made.get("/openai/v1/models", compartmentid=BOTS).data["data"]
    assert "cohere.command-r-plus" in [each["id"] for each in again]
    assert Calls().get("/openai/v1/models", compartmentid=BOTS).refusal == NOT_FOUND


@given(
    st.sampled_from(["/chat/completions", "/responses"]),
    st.dictionaries(
        st.sampled_from(
            ["messages", "input", "stream", "stop", "n", "max_tokens", "instructions", "top_p"]
        ),
        values | st.lists(st.fixed_dictionaries({"role": values, "content": values})),
    ),
)
def test_no_request_is_too_much(path: str, more: dict[str, object]) -> None:
    body = {"model": GROK, "messages": HI, "input": "x", **more}
    made = Calls(caller=ALLOWED)

    assert made.post(f"/openai/v1{path}", body, compartmentid=BOTS).status in (200, 400)
