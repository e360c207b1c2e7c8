"""A server that answers as a provider is documented to, put into a state by the words of a case.

`reply` is what it says to calls, and `models` what it lists. A reply is a mapping: `status`,
`body` (JSON) or `text` and `type`, `headers`; `events` for a stream; `wait` seconds before it says
anything, `cut` to end in the middle. Without one it answers as it should.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REQUEST_ID = "req-0123"
MODELS = ("gpt-4o", "gpt-4o-mini", "o3-mini")


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Provider:
    """The server: what it is to say, and what it was asked."""

    endpoint: str
    reply: Mapping[str, Any] | None = None
    models: Sequence[str] | None = MODELS
    requests: list[Request] = field(default_factory=list)

    @property
    def calls(self) -> list[Request]:
        """The requests but for lists of models."""
        return [each for each in self.requests if each.method == "POST"]


@contextmanager
def serving() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"null")
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.requests.append(Request("POST", self.path, headers, body))
            self._say(provider.reply or usual(self.path, body))

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.requests.append(Request("GET", self.path, headers, None))
            if provider.models is None:
                self._say(provider.reply or {"status": 404, "body": {"detail": "Not Found"}})
            elif "endpoint=chat" in self.path:
                self._say({"body": {"models": [{"name": each} for each in provider.models]}})
            else:
                self._say({"body": {"data": [{"id": each} for each in provider.models]}})

        def _say(self, reply: Mapping[str, Any]) -> None:
            time.sleep(reply.get("wait", 0))
            kind, data = content(reply)
            self.send_response(reply.get("status", 200))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data) + (99 if reply.get("cut") else 0)))
            for name, value in {"x-request-id": REQUEST_ID, **reply.get("headers", {})}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = bool(reply.get("cut"))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Whoever has waited long enough hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        provider = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def content(reply: Mapping[str, Any]) -> tuple[str, bytes]:
    """The type of a reply and its bytes."""
    if "events" in reply:
        lines = [
            f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n"
            for each in reply["events"]
        ]
        return "text/event-stream; charset=utf-8", "".join(lines).encode()
    if "text" in reply:
        return reply.get("type", "text/plain"), reply["text"].encode()
    return "application/json", json.dumps(reply.get("body", {})).encode()


def usual(path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a provider answers where everything is right, by the documentation of each."""
    if path.endswith("/v2/chat"):
        return _cohere(streamed=body.get("stream") is True)
    head = {"id": "chatcmpl-1", "created": 1793534400, "model": "gpt-4o-2024-08-06"}
    chat = "messages" in body
    if body.get("stream") is not True:
        said = {"message": {"role": "assistant", "content": "Ha."}} if chat else {"text": "Ha."}
        return {"body": {**head, "choices": [{"index": 0, "finish_reason": "stop", **said}]}}
    # Azure's first event has the word of its filter, and no choice.
    events: list[Any] = [{**head, "choices": [], "prompt_filter_results": []}]
    for text in ("Ha", "."):
        piece = {"delta": {"content": text}} if chat else {"text": text}
        events.append({**head, "choices": [{"index": 0, "finish_reason": None, **piece}]})
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return {"events": [*events, "[DONE]"]}


def _cohere(*, streamed: bool) -> Mapping[str, Any]:
    if not streamed:
        content = [{"type": "text", "text": "Ha."}]
        message = {"role": "assistant", "content": content}
        return {"body": {"id": "1", "finish_reason": "COMPLETE", "message": message}}
    return {
        "events": [
            {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
            {"type": "content-start", "index": 0, "delta": {"message": {"content": {"text": ""}}}},
            {"type": "content-delta", "delta": {"message": {"content": {"text": "Ha"}}}},
            {"type": "content-delta", "delta": {"message": {"content": {"text": "."}}}},
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
        ]
    }
