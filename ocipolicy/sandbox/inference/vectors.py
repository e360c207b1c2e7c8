"""embedText and rerankText: texts as vectors that are near where their words are the same.

A vector is made by hashing: each word of a text, and the text as a whole, is a few steps along the
axes that its hash names. So the same text has the same vector, in every sandbox and for every
model of the same dimension, and nothing of its meaning is in it. The order of a reranking is that
of the cosines between the input and the documents.
"""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.inference.completion import identifier, tokens
from ocipolicy.sandbox.inference.serving import Served, serve
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Reply, answer, invalid

Vector = Sequence[float]

MOST_INPUTS = 96
# Of Embed 4, which alone lets a request choose (oci 2.189.0).
DIMENSIONS = (256, 512, 1024, 1536)
_STEPS = 8
_WORD = re.compile(r"\w+")


def embed_text(asked: Asked) -> Reply:
    """The vectors of up to 96 texts."""
    body = Fields(asked.body())
    served = serve(asked, body, "text-embedding")
    texts = body.texts("inputs")
    if not texts:
        raise missing("inputs")
    if len(texts) > MOST_INPUTS:
        raise invalid(f"Invalid Parameter: inputs has at most {MOST_INPUTS} texts")
    body.word("truncate", ("NONE", "START", "END"), "NONE")
    dimension = _dimension(served, body)
    kinds = body.texts("embeddingTypes")
    unknown = [each for each in kinds if each not in _KINDS]
    if unknown:
        raise invalid(f"Invalid Parameter: embeddingTypes has no {unknown[0]}")
    vectors = [vector(text, dimension) for text in texts]
    data: dict[str, Any] = {
        "id": identifier(asked),
        "modelId": served.id,
        "modelVersion": served.version,
        "embeddings": vectors,
        "usage": _usage(texts),
    }
    if kinds:
        data["embeddingsByType"] = {each: [*map(_KINDS[each], vectors)] for each in kinds}
    if body.flag("isEcho"):
        data["inputs"] = [*texts]
    return answer(data)


def rerank_text(asked: Asked) -> Reply:
    """The documents in the order in which they share words with the input."""
    body = Fields(asked.body())
    served = serve(asked, body, "text-rerank")
    wanted = vector(body.text("input"), DIMENSIONS[-1])
    documents = body.texts("documents")
    if not documents:
        raise missing("documents")
    most = body.whole("topN", 1) or len(documents)
    scores = [_cosine(wanted, vector(text, DIMENSIONS[-1])) for text in documents]
    order = sorted(range(len(documents)), key=lambda at: (-scores[at], at))[:most]
    echo = body.flag("isEcho")
    ranks = [
        {
            "index": at,
            "relevanceScore": scores[at],
            **({"document": {"text": documents[at]}} if echo else {}),
        }
        for at in order
    ]
    return answer(
        {
            "id": identifier(asked),
            "modelId": served.id,
            "modelVersion": served.version,
            "documentRanks": ranks,
        }
    )


def vector(text: str, dimension: int) -> list[float]:
    """The vector of a text, of length 1.

    >>> vector("a text", 256) == vector("a text", 256)
    True
    """
    found = [0.0] * dimension
    for feature in (text, *_WORD.findall(text.casefold())):
        digest = hashlib.shake_256(feature.encode()).digest(4 * _STEPS)
        for step in struct.unpack(f">{_STEPS}I", digest):
            found[(step >> 1) % dimension] += 1.0 if step & 1 else -1.0
    # Steps of one text could in theory take each other back, and a vector must not be zero.
    length = math.sqrt(sum(each * each for each in found))
    if not length:
        return [1.0, *found[1:]]
    return [round(each / length, 8) for each in found]


def _dimension(served: Served, body: Fields) -> int:
    """How long the vectors are; behind an endpoint as long as those of Embed 4."""
    chosen = body.whole("outputDimensions", 1)
    name = served.model.name if served.model else ""
    if "embed" in name and "v4" not in name:
        if chosen is not None:
            raise invalid(f"Invalid Parameter: {served.id} does not support outputDimensions")
        return 384 if "light" in name else 1024
    if chosen is not None and chosen not in DIMENSIONS:
        listed = ", ".join(map(str, DIMENSIONS))
        raise invalid(f"Invalid Parameter: outputDimensions must be one of {listed}")
    return chosen or DIMENSIONS[-1]


def _cosine(one: Vector, other: Vector) -> float:
    """How near two vectors are, from 0 to 1; what points away from another is not near at all."""
    return round(min(max(sum(a * b for a, b in zip(one, other, strict=True)), 0.0), 1.0), 6)


def _usage(texts: Sequence[str]) -> dict[str, Any]:
    count = sum(len(tokens(text)) for text in texts)
    return {"completionTokens": 0, "promptTokens": count, "totalTokens": count}


def _bytes(each: Vector) -> list[int]:
    """The signs of a vector, eight in a byte."""
    bits = [int(value > 0) for value in each]
    return [
        int("".join(map(str, bits[at : at + 8])).ljust(8, "0"), 2) for at in range(0, len(bits), 8)
    ]


_KINDS: Mapping[str, Callable[[Vector], object]] = {
    "float": list,
    "int8": lambda each: [round(value * 127) for value in each],
    "uint8": lambda each: [round(value * 127) + 128 for value in each],
    "binary": lambda each: [value - 128 for value in _bytes(each)],
    "ubinary": _bytes,
    "base64": lambda each: base64.b64encode(struct.pack(f"<{len(each)}f", *each)).decode(),
}
