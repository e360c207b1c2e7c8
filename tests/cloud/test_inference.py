"""The calls that try access out, in every format, whole and piece by piece."""

from collections.abc import Iterator

import pytest

from ocipolicy.cloud import CloudError, Refused, Unreachable
from ocipolicy.cloud.inference import Call, Inference, Question, StreamCall, api_format
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from tests.cloud.sides import cloud

GENAI = "ocid1.compartment.oc1..genai"


@pytest.fixture(scope="module")
def inference(sandbox: Sandbox) -> Inference:
    """Calls in Chicago; the models of the older operations are still there."""
    sandbox.state.serve_retired = True
    return Inference(cloud(sandbox), "us-chicago-1")


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose faults end with the test."""
    yield sandbox
    sandbox.faults.clear()


@pytest.mark.parametrize(
    ("call", "model", "begins"),
    [
        ("chat", "cohere.command-a-03-2025", "Sandbox answer for cohere.command-a-03-2025:"),
        ("chat", "cohere.command-a-vision", "Sandbox answer for cohere.command-a-vision:"),
        ("chat", "meta.llama-3.3-70b-instruct", "Sandbox answer for meta.llama-3.3-70b-instruct:"),
        ("generate-text", "cohere.command", " Sandbox answer for cohere.command:"),
        ("generate-text", "meta.llama-2-70b-chat", " Sandbox answer for meta.llama-2-70b-chat:"),
        ("summarize", "cohere.command", "Sandbox answer for cohere.command:"),
        ("embed", "cohere.embed-v4.0", "a vector of 1536 numbers"),
        ("rerank", "cohere.rerank-v3.5", "2 documents ranked"),
        ("language", "", "English"),
    ],
)
def test_a_call_and_what_comes_back(
    inference: Inference, call: Call, model: str, begins: str
) -> None:
    answer = inference.call(call, Question(GENAI, model))

    assert answer.text.startswith(begins)
    assert answer.first is None
    assert 0 < answer.seconds < 5
    assert answer.request_id.count("/") == 2


@pytest.mark.parametrize(
    ("call", "model"),
    [
        ("chat-stream", "cohere.command-a-03-2025"),
        ("chat-stream", "cohere.command-a-vision"),
        # This one ends with a frame `[DONE]`, as it does in OCI.
        ("chat-stream", "meta.llama-3.3-70b-instruct"),
        ("generate-text-stream", "cohere.command"),
        ("generate-text-stream", "meta.llama-2-70b-chat"),
    ],
)
def test_a_stream_says_the_same_as_the_whole_answer(
    inference: Inference, call: StreamCall, model: str
) -> None:
    stream = inference.stream(call, Question(GENAI, model))
    assert repr(stream.first) == "None"  # before anything has come
    pieces = [*stream]

    whole: Call = "chat" if call == "chat-stream" else "generate-text"
    assert "".join(pieces) == inference.call(whole, Question(GENAI, model)).text
    assert len(pieces) == 20
    assert stream.first is not None
    assert 0 < stream.first < 5
    assert stream.request_id.count("/") == 2
    assert inference.call(call, Question(GENAI, model)).first is not None


def test_a_stream_that_breaks_off_gives_what_came_and_then_an_error(
    inference: Inference, faulty: Sandbox
) -> None:
    faulty.faults.add(Fault("Chat", cut=3))
    stream = inference.stream("chat-stream", Question(GENAI, "cohere.command-a-03-2025"))
    pieces: list[str] = []
    with pytest.raises(Unreachable) as raised:
        pieces.extend(stream)

    assert pieces == ["Sandbox", " answer", " for"]
    assert raised.value.message.startswith("Chat: 127.0.0.1:")
    assert raised.value.message.endswith(" broke the connection off before its answer was whole")


def test_a_stream_that_begins_badly_is_tried_again(inference: Inference, faulty: Sandbox) -> None:
    faulty.faults.add(Fault("Chat", times=2, status=429))

    stream = inference.stream("chat-stream", Question(GENAI, "cohere.command-a-03-2025"))

    assert len([*stream]) == 20


def test_somebody_who_may_not_is_refused_in_one_attempt(sandbox: Sandbox) -> None:
    denied = Inference(cloud(sandbox, "acme/nobody"), "us-chicago-1")
    for call in ("chat", "chat-stream"):
        with pytest.raises(Refused) as raised:
            denied.call(call, Question(GENAI, "cohere.command-a-03-2025"))
        assert (raised.value.status, raised.value.code, raised.value.attempts) == (
            404,
            "NotAuthorizedOrNotFound",
            1,
        )
        assert raised.value.is_denied


def test_a_model_that_is_not_there_is_no_denial(inference: Inference) -> None:
    with pytest.raises(Refused) as raised:
        inference.call("chat", Question(GENAI, "cohere.command-x"))

    assert raised.value.said == "Entity with key cohere.command-x not found"
    assert not raised.value.is_denied


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("cohere.command-a-03-2025", "COHERE"),
        ("cohere.command-r-99", "COHERE"),
        ("cohere.command-a-vision", "COHEREV2"),
        ("cohere.command-z", "COHEREV2"),
        ("xai.grok-4", "GENERIC"),
        ("openai.gpt-oss-120b", "GENERIC"),
    ],
)
def test_the_format_follows_the_model(model: str, form: str) -> None:
    assert api_format(model) == form


def test_the_format_of_an_endpoint_has_to_be_said(inference: Inference) -> None:
    endpoint = "ocid1.generativeaiendpoint.oc1.us-chicago-1.x"
    with pytest.raises(CloudError) as raised:
        inference.call("chat", Question(GENAI, endpoint))
    assert raised.value.help == (
        "write `api_format:` under `smoke:` in the config: COHERE, COHEREV2 or GENERIC"
    )

    with pytest.raises(Refused) as refused:
        inference.call("chat", Question(GENAI, endpoint, api_format="GENERIC"))
    assert refused.value.status == 404
