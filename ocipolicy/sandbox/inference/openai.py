"""The same chats through OpenAI's API, `/openai/v1` and the older `/20231130/actions/v1`.

Requests are signed as all others, and the compartment is in a header: `CompartmentId` or
`opc-compartment-id`. What they need is the permission of Chat; that this is so for the responses
and the list of models as well was not found documented. Streams end with `data: [DONE]`.

Nothing is kept: `store`, `previous_response_id` and conversations have no effect.
"""

from collections.abc import Iterator
from typing import Any

from ocipolicy import reference
from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.inference.chat import DONE
from ocipolicy.sandbox.inference.completion import Completion, complete, identifier
from ocipolicy.sandbox.inference.serving import Served, check_region, limit, serve_named
from ocipolicy.sandbox.inference.text import MOST_GENERATIONS
from ocipolicy.sandbox.models import is_retired
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Reply, answer, events

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
# What content with a text in it is called, in chats and in responses.
_TEXTS = ("text", "input_text", "output_text")


def chat_completions(asked: Asked) -> Reply:
    """`POST /chat/completions`."""
    compartment, body = _compartment(asked), Fields(asked.body())
    served = serve_named(asked, compartment, body.text("model"), "chat")
    messages = body.parts("messages")
    if not messages:
        raise missing("messages")
    prompt: list[str] = []
    for each in messages:
        each.word("role", _ROLES)
        prompt += _content(each)
    _check_sampling(body)
    most = limit(served, body, "max_tokens", "max_completion_tokens")
    stops = (body.text("stop"),) if body.is_text("stop") else body.texts("stop")
    completion = complete(asked, served, prompt, most, stops)
    count = body.whole("n", 1, MOST_GENERATIONS) or 1
    head = {
        "id": f"chatcmpl-{identifier(asked)}",
        "created": _seconds(asked),
        "model": served.id,
    }
    reason = "length" if completion.reason == "length" else "stop"
    if body.flag("stream"):
        options = body.has("stream_options") and body.part("stream_options").flag("include_usage")
        usage = _usage(completion) if options else None
        return events(_chunks(head, completion, count, reason, usage))
    message = {"role": "assistant", "content": completion.text, "refusal": None}
    choices = [
        {"index": at, "message": message, "finish_reason": reason, "logprobs": None}
        for at in range(count)
    ]
    return answer(
        {**head, "object": "chat.completion", "choices": choices, "usage": _usage(completion)}
    )


def responses(asked: Asked) -> Reply:
    """`POST /responses`."""
    compartment, body = _compartment(asked), Fields(asked.body())
    served = serve_named(asked, compartment, body.text("model"), "chat")
    prompt = [body.text("instructions", "")]
    if body.is_text("input"):
        prompt.append(body.text("input"))
    else:
        items = body.parts("input")
        if not items:
            raise missing("input")
        prompt += [text for each in items if each.has("content") for text in _content(each)]
    _check_sampling(body)
    most = limit(served, body, "max_output_tokens")
    completion = complete(asked, served, prompt, most)
    response = _response(asked, served, body, completion)
    if body.flag("stream"):
        return events(_events(response, completion))
    return answer(response)


def list_models(asked: Asked) -> Reply:
    """`GET /models`: those that chat."""
    check_region(asked)
    asked.allow(_compartment(asked))
    state = asked.state
    data = [
        {"id": each.name, "object": "model", "created": 0, "owned_by": each.vendor}
        for each in reference.models().values()
        if "chat" in each.tasks
        and (state.serve_retired or not is_retired(each, state.now().date()))
    ]
    return answer({"object": "list", "data": data})


def _compartment(asked: Asked) -> str:
    headers = asked.call.headers
    found = headers.get("compartmentid") or headers.get("opc-compartment-id")
    if not found:
        raise missing("opc-compartment-id")
    return found


def _check_sampling(body: Fields) -> None:
    body.number("temperature", 0, 2)
    body.number("top_p", 0, 1)


def _content(message: Fields) -> list[str]:
    """The texts of a message, whose content is a text or a list of parts."""
    if message.is_text("content"):
        return [message.text("content", "")]
    parts = message.parts("content")
    return [each.text("text", "") for each in parts if each.text("type") in _TEXTS]


def _seconds(asked: Asked) -> int:
    return int(asked.state.now().timestamp())


def _usage(completion: Completion) -> dict[str, Any]:
    counts = completion.usage
    return {
        "prompt_tokens": counts["promptTokens"],
        "completion_tokens": counts["completionTokens"],
        "total_tokens": counts["totalTokens"],
    }


def _chunks(
    head: dict[str, Any],
    completion: Completion,
    count: int,
    reason: str,
    usage: dict[str, Any] | None,
) -> Iterator[dict[str, Any] | bytes]:
    def chunk(index: int, delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "finish_reason": end, "logprobs": None}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    for index in range(count):
        yield chunk(index, {"role": "assistant", "content": ""})
        for token in completion.tokens:
            yield chunk(index, {"content": token})
        yield chunk(index, {}, reason)
    if usage:
        yield {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    yield DONE


def _response(asked: Asked, served: Served, body: Fields, completion: Completion) -> dict[str, Any]:
    cut = completion.reason == "length"
    counts = completion.usage
    return {
        "id": f"resp_{identifier(asked)}",
        "object": "response",
        "created_at": _seconds(asked),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.text("instructions", "") or None,
        "metadata": {},
        "model": served.id,
        "output": [_item(f"msg_{identifier(asked)}", completion.text)],
        "parallel_tool_calls": True,
        "temperature": body.number("temperature", 0, 2),
        "tool_choice": "auto",
        "tools": [],
        "top_p": body.number("top_p", 0, 1),
        "usage": {
            "input_tokens": counts["promptTokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": counts["completionTokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": counts["totalTokens"],
        },
    }


def _item(ident: str, text: str) -> dict[str, Any]:
    return {
        "id": ident,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [_part(text)],
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _events(response: dict[str, Any], completion: Completion) -> Iterator[dict[str, Any] | bytes]:
    """The events of a response in their order, numbered."""
    (item,) = response["output"]
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    begun["incomplete_details"] = None
    at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": _part("")},
        *(
            {"type": "response.output_text.delta", **at, "delta": token, "logprobs": []}
            for token in completion.tokens
        ),
        {"type": "response.output_text.done", **at, "text": completion.text, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": _part(completion.text)},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{response['status']}", "response": response},
    ]
    for number, event in enumerate(found):
        yield {**event, "sequence_number": number}
    yield DONE
