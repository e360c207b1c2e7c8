"""What the cases need beside a server: identities, certificates, ports; and what is seen."""

import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.outputs.smoke import fix
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.smoke.services import Call

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"  # noqa: S105 - of nobody
_PORT = re.compile(r"127\.0\.0\.1:\d+")
# The words of both differ between versions.
_OF_AZURE = re.compile(r"(azure-identity gives no token:).*", re.DOTALL)
_OF_SSL = re.compile(r"\[SSL[^\]]*\].*")


@contextmanager
def identity(known: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where a managed identity of Azure's App Service gets its tokens; the paths it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            right = known and self.headers["X-IDENTITY-HEADER"] == "header"
            body = {"access_token": TOKEN, "expires_on": "4102444800", "token_type": "Bearer"}
            data = json.dumps(body if right else {"error": {"message": "no identity"}}).encode()
            self.send_response(200 if right else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with _serving(Handler) as port:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        # Whatever else is logged in on this computer has no part in it.
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        yield asked


@contextmanager
def secured(folder: Path) -> Iterator[int]:
    """A server with a certificate that nobody vouches for; its port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    context = Certificates(folder).context("127.0.0.1")
    with _serving(Handler, context.wrap_socket) as port:
        yield port


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], wrap: Any = None) -> Iterator[int]:
    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket.socket, Any]:
            found, where = super().get_request()
            return (wrap(found, server_side=True) if wrap else found), where

        def handle_error(self, *_: Any) -> None:
            """Whoever does not like the certificate hangs up."""

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def seen(call: Call) -> Mapping[str, Any]:
    """What is said of a call, as the cases have it, without what differs from run to run."""
    cause = call.cause
    assert cause is not None

    def steady(text: str) -> str:
        text = _OF_SSL.sub("[SSL]", _PORT.sub("127.0.0.1:PORT", text))
        return _OF_AZURE.sub(r"\1 ...", text)

    return {
        "observed": call.observed,
        "cause": cause.name,
        "message": steady(cause.message),
        "evidence": [steady(each) for each in cause.evidence],
        "doubt": cause.doubt,
        "fix": steady(fix(cause) or ""),
    }
