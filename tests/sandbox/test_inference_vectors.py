"""Vectors of texts: their length, their kinds, and what is near what."""

import base64
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.sandbox.inference.vectors import vector
from tests.sandbox.calls import ALLOWED, BOTS, LAMA, Calls

ACTIONS = "/20231130/actions"


@pytest.fixture(scope="module")
def calls() -> Calls:
    made = Calls(caller=ALLOWED)
    made.state.serve_retired = True
    return made


def ask(calls: Calls, operation: str, model: str, **more: object) -> Any:
    mode = {"servingType": "ON_DEMAND", "modelId": model}
    if model == LAMA:
        mode = {"servingType": "DEDICATED", "endpointId": model}
    body = {"compartmentId": BOTS, "servingMode": mode, **more}
    answered = calls.post(f"{ACTIONS}/{operation}", body)
    return answered.data if answered.status == 200 else answered.refusal


def embed(calls: Calls, model: str = "cohere.embed-v4.0", **more: object) -> Any:
    return ask(calls, "embedText", model, **{"inputs": ["a text"], **more})


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@given(st.text(), st.sampled_from([256, 384, 1024, 1536]))
def test_every_text_has_a_vector_of_length_1(text: str, dimension: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    found = vector(text, dimension)

    assert len(found) == dimension
    assert math.isclose(cosine(found, found), 1, abs_tol=1e-6)
    assert found == vector(text, dimension)
    assert min(vector("a text", dimension)) < 0 < max(vector("a text", dimension))


def test_texts_are_near_where_their_words_are_the_same() -> None:
    question, answer, other = (
        vector(text, 1536)
        for text in (
            "What is the capital of France?",
            "Paris is the capital of France.",
            "Bananas are yellow",
        )
    )
    assert cosine(question, answer) > 0.5
    assert abs(cosine(question, other)) < 0.2


@pytest.mark.parametrize(
    ("model", "chosen", "dimension"),
    [
        ("cohere.embed-v4.0", None, 1536),
        ("cohere.embed-v4.0", 256, 256),
        ("cohere.embed-english-v3.0", None, 1024),
        ("cohere.embed-multilingual-light-v3.0", None, 384),
        (LAMA, None, 1536),
        (LAMA, 512, 512),
    ],
)
def test_a_vector_is_as_long_as_those_of_its_model(
    calls: Calls, model: str, chosen: int | None, dimension: int
) -> None:
    found = embed(calls, model, inputs=["one", "two"], outputDimensions=chosen)

    assert [len(each) for each in found["embeddings"]] == [dimension] * 2


def test_an_embedding_has_these_fields(calls: Calls) -> None:
    found = embed(calls, inputs=["Why was it?", "Why?"], inputType="SEARCH_QUERY", isEcho=True)

    assert found.pop("id")
    assert found.pop("embeddings") == [vector("Why was it?", 1536), vector("Why?", 1536)]
    assert found == {
        "modelId": "cohere.embed-v4.0",
        "modelVersion": "1.0",
        "inputs": ["Why was it?", "Why?"],
        "usage": {"completionTokens": 0, "promptTokens": 6, "totalTokens": 6},
    }


def test_a_vector_in_other_kinds(calls: Calls) -> None:
    kinds = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
    found = embed(calls, outputDimensions=256, embeddingTypes=kinds)

    by_type = {kind: value for kind, (value,) in found["embeddingsByType"].items()}
    floats = by_type["float"]
    assert floats == found["embeddings"][0]
    assert by_type["int8"] == [round(each * 127) for each in floats]
    assert by_type["uint8"] == [each + 128 for each in by_type["int8"]]
    assert len(by_type["ubinary"]) == 32
    assert f"{by_type['ubinary'][0]:08b}" == "".join(str(int(each > 0)) for each in floats[:8])
    assert by_type["binary"] == [each - 128 for each in by_type["ubinary"]]
    packed = struct.unpack("<256f", base64.b64decode(by_type["base64"]))
    assert packed == pytest.approx(floats)


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        ("cohere.embed-v4.0", {"inputs": []}, "Missing Parameter: inputs"),
        (
            "cohere.embed-v4.0",
            {"inputs": ["x"] * 97},
            "Invalid Parameter: inputs has at most 96 texts",
        ),
        ("cohere.embed-v4.0", {"inputs": [1]}, "Invalid Parameter: inputs[0] must be a text"),
        (
            "cohere.embed-v4.0",
            {"outputDimensions": 300},
            "Invalid Parameter: outputDimensions must be one of 256, 512, 1024, 1536",
        ),
        (
            "cohere.embed-english-v3.0",
            {"outputDimensions": 256},
            "Invalid Parameter: cohere.embed-english-v3.0 does not support outputDimensions",
        ),
        (
            "cohere.embed-v4.0",
            {"embeddingTypes": ["float", "complex"]},
            "Invalid Parameter: embeddingTypes has no complex",
        ),
        (
            "cohere.embed-v4.0",
            {"truncate": "MIDDLE"},
            "Invalid Parameter: truncate must be NONE, START or END",
        ),
    ],
)
def test_what_cannot_be_embedded(
    calls: Calls, model: str, more: dict[str, object], message: str
) -> None:
    status, _, said = embed(calls, model, **more)

    assert (status, said) == (400, message)


def test_documents_are_ranked_by_the_words_that_they_share(calls: Calls) -> None:
    documents = ["Bananas", "France has a capital", "The capital of France"]
    asked = {"input": "the capital of France", "documents": documents}
    found = ask(calls, "rerankText", "cohere.rerank-v3.5", **asked)

    scores = [each["relevanceScore"] for each in found["documentRanks"]]
    assert [each["index"] for each in found["documentRanks"]] == [2, 1, 0]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= each <= 1 for each in scores)
    assert set(found) == {"id", "documentRanks", "modelId", "modelVersion"}


def test_the_best_documents_with_their_texts(calls: Calls) -> None:
    asked = {"input": "b", "documents": ["a", "b", "c"], "topN": 1, "isEcho": True}
    found = ask(calls, "rerankText", "cohere.rerank-v3.5", **asked)

    (only,) = found["documentRanks"]
    assert only == {"index": 1, "relevanceScore": 1.0, "document": {"text": "b"}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"input": ""}, "Invalid Parameter: input must not be empty"),
        ({"documents": None}, "Missing Parameter: documents"),
        ({"topN": 0}, "Invalid Parameter: topN must be 1 or more"),
    ],
)
def test_what_cannot_be_ranked(calls: Calls, more: dict[str, object], message: str) -> None:
    asked = {"input": "b", "documents": ["a"], **more}
    status, _, said = ask(calls, "rerankText", "cohere.rerank-v3.5", **asked)

    assert (status, said) == (400, message)
