"""A server that writes down what it is asked, and answers as the APIs of the providers do.

One base for each API: `/openai/v1`, `/azure`, `/nvidia/v1` and `/cohere`; `/identity` is what gives
tokens of Entra ID to a managed identity. The answers are short, and always the same; models (or
deployments) that the cases have a refusal for are refused.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.examples import CASES

REFUSALS: dict[str, dict[str, Any]] = yaml.safe_load(
    (CASES / "clients" / "refusals.yaml").read_text(encoding="utf-8")
)
TEXT = "A short answer"
TOKEN = "eyJ0eXAi.a-token-of-entra-id.c2ln"  # noqa: S105 - nobody knows it
# A model that takes no `stream`, as one of NVIDIA's page did.
STRICT = "microsoft/kosmos-2"


@dataclass(frozen=True)
class Request:
    """A request as it came; the names of headers are in small letters, no body is None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class Recorder:
    """The server while its `with` is open; `requests` are those that came, in their order."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.requests))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def taken(self) -> list[Request]:
        """The requests since they were taken the last time."""
        found = list(self.requests)
        self.requests.clear()
        return found


def _handler(requests: list[Request]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            text = self.rfile.read(length)
            body = json.loads(text) if text else None
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(url.query))
            requests.append(Request(self.command, url.path, query, headers, body))
            status, answer = _answer(url.path, body or {})
            if isinstance(answer, str):
                self._send(status, "text/event-stream", answer)
            else:
                self._send(status, "application/json", json.dumps(answer))

        do_GET = do_POST  # noqa: N815 - the name is the library's

        def _send(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler


def _answer(path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and body, a text where it is a stream."""
    streamed = body.get("stream") is True
    names = (body.get("model"), *path.split("/"))
    for refusal in (REFUSALS[each] for each in names if each in REFUSALS):
        return refusal["status"], refusal["body"]
    match path.split("/")[1:]:
        case ["identity"]:
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_on": "4102444800"}
            return 200, token
        case ["cohere", "v1", "models"]:
            return 200, {"models": [{"name": "command-a-03-2025", "endpoints": ["chat"]}]}
        case ["cohere", *_]:
            return 200, _events(_cohere_pieces()) if streamed else _COHERE
        case [*_, "models"]:
            names = ("gpt-4o", "meta/llama3-8b-instruct")
            return 200, {"object": "list", "data": [{"id": n, "object": "model"} for n in names]}
        case _ if body.get("model") == STRICT and "stream" in body:
            return 422, _EXTRA
        case [*_, "chat", "completions"] if streamed:
            return 200, _events(_chat_pieces()) + "data: [DONE]\n\n"
        case [*_, "chat", "completions"]:
            return 200, {**_of("chat.completion"), "choices": [_choice("message")]}
        case [*_, "completions"] if streamed:
            pieces = ({**_of("text_completion"), "choices": [_choice("text")]},)
            return 200, _events(pieces) + "data: [DONE]\n\n"
        case [*_, "completions"]:
            return 200, {**_of("text_completion"), "choices": [_choice("text")]}
    return 404, {"error": {"message": f"nothing is at {path}", "code": "404"}}


# What a model of NVIDIA's page answered: "body -> stream, Extra inputs are not permitted".
_EXTRA = {
    "detail": [
        {
            "type": "extra_forbidden",
            "loc": ["body", "stream"],
            "msg": "Extra inputs are not permitted",
            "input": False,
        }
    ]
}
_COHERE = {
    "id": "one",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": TEXT}]},
    "usage": {"tokens": {"input_tokens": 3, "output_tokens": 3}},
}


def _of(kind: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    return {"id": "one", "object": kind, "created": 1, "model": "gpt-4o", "usage": usage}


def _choice(part: str) -> dict[str, Any]:
    said: Any = TEXT if part == "text" else {"role": "assistant", "content": TEXT}
    return {"index": 0, "finish_reason": "stop", part: said}


def _chat_pieces() -> Iterator[dict[str, Any]]:
    about = {"id": "one", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    for number, word in enumerate(TEXT.split(" ")):
        delta = {"role": "assistant", "content": word} if number == 0 else {"content": f" {word}"}
        yield {**about, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def _cohere_pieces() -> Iterator[dict[str, Any]]:
    yield {
        "type": "message-start",
        "id": "one",
        "delta": {"message": {"role": "assistant", "content": []}},
    }
    start = {"message": {"content": {"type": "text", "text": ""}}}
    yield {"type": "content-start", "index": 0, "delta": start}
    for word in TEXT.split(" "):
        yield {
            "type": "content-delta",
            "index": 0,
            "delta": {"message": {"content": {"text": f"{word} "}}},
        }
    yield {"type": "content-end", "index": 0}
    yield {
        "type": "message-end",
        "delta": {"finish_reason": "COMPLETE", "usage": _COHERE["usage"]},
    }


def _events(pieces: Iterator[dict[str, Any]] | tuple[dict[str, Any], ...]) -> str:
    """Server-sent events; those of Cohere have names, which the others do not mind."""
    return "".join(
        (f"event: {each['type']}\n" if "type" in each else "") + f"data: {json.dumps(each)}\n\n"
        for each in pieces
    )
