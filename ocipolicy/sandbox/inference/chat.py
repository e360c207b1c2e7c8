"""chat, in the three formats that models take: COHERE, COHEREV2 and GENERIC.

Streams are frames as they were seen of the live service: tokens with a `pad` to hide their length,
and a last frame with the reason. That of COHERE repeats the whole text; that of GENERIC has an
empty one, which clients that look for a text there need. Chats of Meta's models end with
`data: [DONE]`, which breaks clients that take every frame for JSON; others do not.
Sources: langchain-oci 0.4.0, the tests of Elasticsearch, LangChain4j and LangChain.js, 2026-11.

Not modelled: tools, documents, formats of responses, images; none of them changes the answer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.inference.completion import (
    Completion,
    Reason,
    complete,
    created,
    identifier,
    pad,
)
from ocipolicy.sandbox.inference.serving import Served, limit, refused, serve
from ocipolicy.sandbox.inference.text import MOST_GENERATIONS, check_sampling
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Reply, answer, events

DONE = b"[DONE]"

_COHERE: Mapping[Reason, str] = {
    "complete": "COMPLETE",
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
}
_COHERE_V2: Mapping[Reason, str] = {**_COHERE, "stop": "STOP_SEQUENCE"}
_GENERIC: Mapping[Reason, str] = {"complete": "stop", "stop": "stop", "length": "length"}

_COHERE_ROLES = ("USER", "CHATBOT", "SYSTEM", "TOOL")
_ROLES = ("USER", "ASSISTANT", "SYSTEM", "TOOL")


def chat(asked: Asked) -> Reply:
    """The answer to a chat request."""
    body = Fields(asked.body())
    served = serve(asked, body, "chat")
    request = body.part("chatRequest")
    format_ = request.word("apiFormat", ("COHERE", "COHEREV2", "GENERIC"))
    if served.model and format_ != served.model.api_format:
        # That it is refused was read in reports, the words of it not.
        wanted = served.model.api_format
        raise refused(400, f"{served.id} does not support apiFormat {format_}, but {wanted}")
    if format_ == "COHERE":
        return _cohere(asked, served, request)
    if format_ == "COHEREV2":
        return _cohere_v2(asked, served, request)
    return _generic(asked, served, request)


def _cohere(asked: Asked, served: Served, request: Fields) -> Reply:
    check_sampling(request, 1)
    request.whole("topK", 0, 500)
    earlier = [
        {"role": each.word("role", _COHERE_ROLES), "message": each.text("message", "")}
        for each in request.parts("chatHistory")
    ]
    # Results of tools come with an empty message, which OCI otherwise wants to have words.
    message = request.text("message", "" if request.has("toolResults") else None)
    prompt = (
        request.text("preambleOverride", ""),
        *(each["message"] for each in earlier),
        message,
    )
    completion = _complete(asked, served, prompt, request, "stopSequences")
    history = [
        *earlier,
        {"role": "USER", "message": message},
        {"role": "CHATBOT", "message": completion.text},
    ]
    last = {
        "apiFormat": "COHERE",
        "text": completion.text,
        "chatHistory": history,
        "finishReason": _COHERE[completion.reason],
        "usage": completion.usage,
    }
    if request.flag("isStream"):
        return events(_cohere_frames(completion, last))
    echo = {"prompt": "\n".join(filter(None, prompt))} if request.flag("isEcho") else {}
    return _answered(served, {**last, **echo})


def _cohere_frames(completion: Completion, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for token in completion.tokens:
        yield {"apiFormat": "COHERE", "text": token, "pad": pad(token)}
    yield {**last, "pad": pad("")}


def _cohere_v2(asked: Asked, served: Served, request: Fields) -> Reply:
    check_sampling(request, 1)
    request.whole("topK", 0, 500)
    prompt = _messages(request, _ROLES)
    completion = _complete(asked, served, prompt, request, "stopSequences")
    reason = _COHERE_V2[completion.reason]
    if request.flag("isStream"):
        usage = completion.usage if _wants_usage(request) else None
        return events(_cohere_v2_frames(completion, reason, usage))
    return _answered(
        served,
        {
            "apiFormat": "COHEREV2",
            "id": identifier(asked),
            "message": _message(completion.text),
            "finishReason": reason,
            "usage": completion.usage,
        },
    )


def _cohere_v2_frames(
    completion: Completion, reason: str, usage: dict[str, Any] | None
) -> Iterator[dict[str, Any]]:
    for token in completion.tokens:
        yield {"apiFormat": "COHEREV2", "message": _message(token), "pad": pad(token)}
    last = {"apiFormat": "COHEREV2", "finishReason": reason, "pad": pad("")}
    yield {**last, "usage": usage} if usage else last


def _generic(asked: Asked, served: Served, request: Fields) -> Reply:
    check_sampling(request, 2)
    request.whole("topK", -1)
    prompt = _messages(request, (*_ROLES, "DEVELOPER"))
    completion = _complete(
        asked, served, prompt, request, "stop", "maxTokens", "maxCompletionTokens"
    )
    count = request.whole("numGenerations", 1, MOST_GENERATIONS) or 1
    if request.flag("isStream"):
        ends = (
            asked.state.stream_done and served.model is not None and (served.model.vendor == "meta")
        )
        frames = _generic_frames(completion, count, usage=_wants_usage(request), done=ends)
        return events(frames)
    choices = [
        {
            "index": at,
            "message": {**_message(completion.text), "toolCalls": []},
            "finishReason": _GENERIC[completion.reason],
            "logprobs": {},
        }
        for at in range(count)
    ]
    return _answered(
        served,
        {
            "apiFormat": "GENERIC",
            "timeCreated": created(asked),
            "choices": choices,
            "usage": completion.usage,
        },
    )


def _generic_frames(
    completion: Completion, count: int, *, usage: bool, done: bool
) -> Iterator[dict[str, Any] | bytes]:
    for index in range(count):
        for token in completion.tokens:
            yield {"index": index, "message": _message(token), "pad": pad(token)}
        yield {
            "index": index,
            "message": _message(""),
            "finishReason": _GENERIC[completion.reason],
            "pad": pad(""),
        }
    if usage:
        yield {"usage": completion.usage, "pad": pad("")}
    if done:
        yield DONE


def _complete(
    asked: Asked,
    served: Served,
    prompt: tuple[str, ...],
    request: Fields,
    stops: str,
    *limits: str,
) -> Completion:
    most = limit(served, request, *(limits or ("maxTokens",)))
    return complete(asked, served, prompt, most, request.texts(stops))


def _messages(request: Fields, roles: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of messages; content that is no text (an image, a document) counts for nothing."""
    messages = request.parts("messages")
    if not messages:
        raise missing("chatRequest.messages")
    found: list[str] = []
    for each in messages:
        each.word("role", roles)
        for content in each.parts("content"):
            kind = content.text("type")
            found += [content.text("text", "")] if kind == "TEXT" else []
    return tuple(found)


def _wants_usage(request: Fields) -> bool:
    return request.has("streamOptions") and request.part("streamOptions").flag("isIncludeUsage")


def _message(text: str) -> dict[str, Any]:
    return {"role": "ASSISTANT", "content": [{"type": "TEXT", "text": text}]}


def _answered(served: Served, response: dict[str, Any]) -> Reply:
    return answer({"modelId": served.id, "modelVersion": served.version, "chatResponse": response})
