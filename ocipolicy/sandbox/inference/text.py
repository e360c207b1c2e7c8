"""generateText and summarizeText: the older operations, whose models on demand are all retired.

They answer for dedicated endpoints, and on demand for the models of their day where the state's
`serve_retired` lets those live on. Bounds of numbers are those of oci 2.189.0 where it has them
(`topP`, Cohere's `topK`); those of temperature and of the number of generations are Oracle's API
reference as people remember it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ocipolicy.sandbox.fields import Fields
from ocipolicy.sandbox.inference.completion import (
    Completion,
    Reason,
    complete,
    created,
    identifier,
)
from ocipolicy.sandbox.inference.serving import Served, limit, refused, serve
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Reply, answer, events

MOST_GENERATIONS = 5

_COHERE: Mapping[Reason, str] = {
    "complete": "COMPLETE",
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
}
_LLAMA: Mapping[Reason, str] = {"complete": "stop", "stop": "stop", "length": "length"}


def generate_text(asked: Asked) -> Reply:
    """A text, or several of the same, as Cohere's models had it and as Meta's."""
    body = Fields(asked.body())
    served = serve(asked, body, "text-generation")
    request = body.part("inferenceRequest")
    runtime = request.word("runtimeType", ("COHERE", "LLAMA"))
    is_cohere = runtime == "COHERE"
    if served.model and is_cohere != (served.model.vendor == "cohere"):
        raise refused(400, f"{served.id} does not support runtimeType {runtime}")
    check_sampling(request, 5 if is_cohere else 2)
    request.whole("topK", 0 if is_cohere else -1, 500 if is_cohere else None)
    prompt = request.text("prompt")
    # Of Cohere's texts the stop sequence is a part, of Meta's it is not (oci 2.189.0).
    completion = complete(
        asked,
        served,
        (prompt,),
        limit(served, request, "maxTokens"),
        request.texts("stopSequences" if is_cohere else "stop"),
        lead=" ",
        keep_stop=is_cohere,
    )
    count = request.whole("numGenerations", 1, MOST_GENERATIONS) or 1
    ids = [identifier(asked, at) for at in range(count)]
    reasons = _COHERE if is_cohere else _LLAMA
    if request.flag("isStream"):
        return events(_frames(ids, completion, reasons[completion.reason]))
    echo = prompt if request.flag("isEcho") else None
    answered = (_cohere if is_cohere else _llama)(asked, ids, completion, echo)
    return _answered(served, {"inferenceResponse": {"runtimeType": runtime, **answered}})


def summarize_text(asked: Asked) -> Reply:
    """A summary: the text about the request, whatever the length and format that are wanted."""
    body = Fields(asked.body())
    served = serve(asked, body, "text-summarization")
    body.word("length", ("SHORT", "MEDIUM", "LONG", "AUTO"), "AUTO")
    body.word("format", ("PARAGRAPH", "BULLETS", "AUTO"), "AUTO")
    body.word("extractiveness", ("LOW", "MEDIUM", "HIGH", "AUTO"), "AUTO")
    body.number("temperature", 0, 5)
    text = body.text("input")
    completion = complete(asked, served, (text, body.text("additionalCommand", "")), None)
    echo = {"input": text} if body.flag("isEcho") else {}
    return _answered(served, {"id": identifier(asked), "summary": completion.text, **echo})


def check_sampling(request: Fields, hottest: float) -> None:
    """Refuse numbers that no model takes; they change nothing else here."""
    request.number("temperature", 0, hottest)
    request.number("topP", 0, 1)
    request.number("frequencyPenalty", -2, 2)
    request.number("presencePenalty", -2, 2)


def _cohere(
    asked: Asked, ids: list[str], completion: Completion, echo: str | None
) -> dict[str, Any]:
    reason = _COHERE[completion.reason]
    texts = [{"id": each, "text": completion.text, "finishReason": reason} for each in ids]
    prompt = {"prompt": echo} if echo is not None else {}
    return {"generatedTexts": texts, "timeCreated": created(asked), **prompt}


def _llama(
    asked: Asked, ids: list[str], completion: Completion, echo: str | None
) -> dict[str, Any]:
    text, reason = (echo or "") + completion.text, _LLAMA[completion.reason]
    choices = [
        {"index": at, "text": text, "finishReason": reason, "logprobs": {}}
        for at in range(len(ids))
    ]
    return {"created": created(asked), "choices": choices}


def _frames(ids: list[str], completion: Completion, reason: str) -> Iterator[dict[str, Any]]:
    """As the article on streaming over REST shows them: ids and tokens, then the reason."""
    for each in ids:
        for token in completion.tokens:
            yield {"id": each, "text": token}
        yield {"id": each, "finishReason": reason}


def _answered(served: Served, data: dict[str, Any]) -> Reply:
    return answer({"modelId": served.id, "modelVersion": served.version, **data})
