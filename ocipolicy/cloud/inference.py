"""The calls that try access out: Generative AI in its three formats, streams, and Language.

    inference = Inference(cloud, "us-chicago-1")
    answer = inference.call("chat", Question(compartment, "cohere.command-a-03-2025"))

Requests are small: one short prompt, few tokens. What comes back is kept as a few words of text,
since what matters is that it came at all, after how long, and under which request id.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from ocipolicy import reference
from ocipolicy.cloud.connection import called, unreachable
from ocipolicy.cloud.errors import CloudError, Unreachable
from ocipolicy.cloud.identity import Cloud

ApiFormat = Literal["COHERE", "COHEREV2", "GENERIC"]
Call = Literal["generate-text", "chat", "summarize", "embed", "rerank", "language"]
StreamCall = Literal["generate-text-stream", "chat-stream"]

_OPERATIONS: Mapping[Call | StreamCall, str] = {
    "generate-text": "generate_text",
    "generate-text-stream": "generate_text",
    "chat": "chat",
    "chat-stream": "chat",
    "summarize": "summarize_text",
    "embed": "embed_text",
    "rerank": "rerank_text",
    "language": "batch_detect_dominant_language",
}
_DONE = "[DONE]"
_ENDPOINT = "ocid1.generativeaiendpoint."


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: by which compartment (its OCID), and of which model or dedicated endpoint.

    `api_format` is that of a chat; without it the one that the model is known to take.
    """

    compartment: str
    model: str = ""
    api_format: ApiFormat | None = None
    prompt: str = "Say hello."
    max_tokens: int | None = 20
    temperature: float | None = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the text of it, or what it was in a few words.

    `seconds` is how long the whole took, `first` how long the first piece of a stream.
    """

    text: str
    seconds: float
    first: float | None = None
    request_id: str = ""


class Stream:
    """The pieces of an answer as they come; raises CloudError where they end too early.

    `first` is how many seconds the first one took, None before it is there.
    """

    def __init__(self, pieces: Iterator[str], started: float, request_id: str) -> None:
        self.request_id = request_id
        self.first: float | None = None
        self._pieces = pieces
        self._started = started

    def __iter__(self) -> Iterator[str]:
        """The pieces, once."""
        for piece in self._pieces:
            if self.first is None:
                self.first = time.monotonic() - self._started
            yield piece


class Inference:
    """Calls of one side in one region."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._connection = cloud.connection
        self._region = region

    def call(self, call: Call | StreamCall, question: Question) -> Answer:
        """Ask, and wait for the whole answer. Raises CloudError."""
        match call:
            case "chat-stream" | "generate-text-stream":
                started = self._begin("inference")
                stream = self.stream(call, question)
                text = "".join(stream)
                seconds = time.monotonic() - started
                return Answer(text, seconds, stream.first, stream.request_id)
            case "generate-text" | "chat" | "summarize" | "embed" | "rerank" | "language":
                service = "language" if call == "language" else "inference"
                started = self._begin(service)
                answer = self._ask(service, call, question)
                seconds = time.monotonic() - started
                return Answer(_text(call, answer.data), seconds, None, str(answer.request_id or ""))
        assert_never(call)

    def stream(self, call: StreamCall, question: Question) -> Stream:
        """Ask, and take the answer piece by piece. Raises CloudError."""
        started = self._begin("inference")
        answer = self._ask("inference", call, question)
        pieces = _pieces(
            called(_OPERATIONS[call]),
            self._connection.url("inference", self._region),
            answer.data,
        )
        return Stream(pieces, started, str(answer.request_id or ""))

    def _begin(self, service: str) -> float:
        """When a call begins: the time of reading the SDK's client is not the service's."""
        self._connection.url(service, self._region)
        return time.monotonic()

    def _ask(self, service: str, call: Call | StreamCall, question: Question) -> Any:
        body = _body(call, question)
        return self._connection.ask(service, self._region, _OPERATIONS[call], body)


def _pieces(operation: str, url: str, source: Any) -> Iterator[str]:
    """The texts of a stream, without the empty frames and the `[DONE]` that some have."""
    if not hasattr(source, "events"):
        message = f"{operation}: the answer is no stream"
        raise Unreachable(message, operation=operation, way="stranger")
    with closing(source):
        try:
            for event in source.events():
                if event.data.strip() not in ("", _DONE):
                    text = _piece(json.loads(event.data))
                    if text:
                        yield text
        except OSError as error:  # whatever the SDK's HTTP library raises is one
            raise unreachable(operation, url, error) from None
        except ValueError:
            message = f"{operation}: a piece of the stream is no JSON"
            raise Unreachable(message, operation=operation, maybe_done=True, way="cut") from None


def api_format(model: str) -> ApiFormat:
    """The format of a chat with a model. Raises CloudError for an endpoint, which may have any.

    >>> api_format("meta.llama-3.3-70b-instruct")
    'GENERIC'
    """
    known = reference.model(model)
    if known is not None and known.api_format is not None:
        return known.api_format
    if model.startswith("ocid1."):
        raise CloudError(
            f"which format a chat with {model} takes cannot be told from its OCID",
            "write `api_format:` under `smoke:` in the config: COHERE, COHEREV2 or GENERIC",
        )
    if model.startswith("cohere."):
        older = model.startswith(("cohere.command-r", "cohere.command-a-0"))
        return "COHERE" if older else "COHEREV2"
    return "GENERIC"


def _body(call: Call | StreamCall, question: Question) -> dict[str, Any]:
    """The body of a request."""
    base: dict[str, Any] = {"compartmentId": question.compartment}
    if call != "language":
        dedicated = question.model.startswith(_ENDPOINT)
        base["servingMode"] = (
            {"servingType": "DEDICATED", "endpointId": question.model}
            if dedicated
            else {"servingType": "ON_DEMAND", "modelId": question.model}
        )
    match call:
        case "chat" | "chat-stream":
            return {**base, "chatRequest": _chat(question, is_stream=call == "chat-stream")}
        case "generate-text" | "generate-text-stream":
            runtime = "COHERE" if _is_coheres(question) else "LLAMA"
            stream = {"isStream": True} if call == "generate-text-stream" else {}
            request = {"runtimeType": runtime, "prompt": question.prompt, **stream}
            return {**base, "inferenceRequest": {**request, **_limits(question)}}
        case "summarize":
            return {**base, "input": question.prompt}
        case "embed":
            return {**base, "inputs": [question.prompt]}
        case "rerank":
            return {**base, "input": question.prompt, "documents": [question.prompt, "Goodbye."]}
        case "language":
            return {**base, "documents": [{"key": "1", "text": question.prompt}]}
    assert_never(call)


def _is_coheres(question: Question) -> bool:
    known = question.api_format
    return known.startswith("COHERE") if known else question.model.startswith("cohere.")


def _limits(question: Question) -> dict[str, Any]:
    limits = {"maxTokens": question.max_tokens, "temperature": question.temperature}
    return {key: value for key, value in limits.items() if value is not None}


def _chat(question: Question, *, is_stream: bool) -> dict[str, Any]:
    form = question.api_format or api_format(question.model)
    request: dict[str, Any] = {"apiFormat": form, **_limits(question)}
    if is_stream:
        request["isStream"] = True
    if form == "COHERE":
        return {**request, "message": question.prompt}
    content = [{"type": "TEXT", "text": question.prompt}]
    return {**request, "messages": [{"role": "USER", "content": content}]}


def _text(call: Call, data: Any) -> str:
    """What an answer of the SDK says, as a text."""
    match call:
        case "chat":
            return _of_chat(data.chat_response)
        case "generate-text":
            response = data.inference_response
            texts = getattr(response, "generated_texts", None) or getattr(response, "choices", ())
            return str(texts[0].text) if texts else ""
        case "summarize":
            return str(data.summary)
        case "embed":
            vectors = data.embeddings or []
            return f"a vector of {len(vectors[0])} numbers" if vectors else ""
        case "rerank":
            return f"{len(data.document_ranks or ())} documents ranked"
        case "language":
            found = [each for document in data.documents or () for each in document.languages or ()]
            return str(found[0].name) if found else ""
    assert_never(call)


def _of_chat(response: Any) -> str:
    """What a chat says: nothing, where all tokens went into the thoughts of a model."""
    if response.api_format == "COHERE":
        return str(response.text or "")
    if response.api_format == "GENERIC":
        response = next(iter(response.choices or ()), None)
    content = response.message.content if response and response.message else None
    return "".join(each.text or "" for each in content or () if each.type == "TEXT")


def _piece(frame: Mapping[str, Any]) -> str:
    """The text of a frame; the last one of a chat with Cohere's models has the whole once more."""
    if "text" in frame:
        return "" if "finishReason" in frame else str(frame["text"])
    message = frame.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    return "".join(str(each.get("text") or "") for each in content or ())
