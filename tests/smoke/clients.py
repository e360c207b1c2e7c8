"""Clients with something wrong: keys, tokens, proxies and portals, by the words of the cases."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

from ocipolicy.sandbox import Sandbox

Changes = Mapping[str, Any]
_WHO = "service/admin"


@contextmanager
def client(
    word: str | None, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Changes | None]:
    """The changes of a profile that make a client of this kind, while what it needs is there."""
    if word is None:
        yield None
        return
    if word == "portal":
        with _portal() as endpoint:
            yield {"endpoint": endpoint}
        return
    with nullcontext():
        yield _CLIENTS[word](sandbox, folder, monkeypatch)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _foreign_key(sandbox: Sandbox, folder: Path, _: pytest.MonkeyPatch) -> Changes:
    other = sandbox.principal("caller/alice").config
    own = sandbox.principal(_WHO).config
    keys = {"key_file": other["key_file"], "fingerprint": other["fingerprint"]}
    return _file(folder, {**own, **keys})


def _expired_session(sandbox: Sandbox, folder: Path, _: pytest.MonkeyPatch) -> Changes:
    return _session(sandbox, folder, datetime(2026, 11, 1, 12, 0, tzinfo=UTC))


def _ended_session(sandbox: Sandbox, folder: Path, _: pytest.MonkeyPatch) -> Changes:
    return _session(sandbox, folder, datetime.now(UTC) + timedelta(hours=1))


def _session(sandbox: Sandbox, folder: Path, until: datetime) -> Changes:
    own = sandbox.principal(_WHO).config
    token = jwt.encode({"exp": until, "sub": own["user"]}, "k" * 32, "HS256")
    (folder / "token").write_text(token, encoding="ascii")
    changes = _file(folder, {**own, "security_token_file": str(folder / "token")})
    return {**changes, "auth": "security_token"}


def _file(folder: Path, values: Mapping[str, str]) -> Changes:
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    (folder / "config").write_text(f"[SERVICE]\n{lines}", encoding="utf-8")
    return {"name": "SERVICE", "config_file": str(folder / "config")}


def _closed_proxy(_: Sandbox, __: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{closed_port()}")
    return {"endpoint": None}


def _strict_proxy(sandbox: Sandbox, _: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    # The sandbox as a proxy refuses every host but Oracle's.
    monkeypatch.setenv("HTTPS_PROXY", sandbox.endpoint)
    return {"endpoint": "https://example.com"}


def _curious_proxy(sandbox: Sandbox, _: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    # It opens TLS with a certificate that nobody here knows.
    monkeypatch.setenv("HTTPS_PROXY", sandbox.endpoint)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    return {"endpoint": None}


def _no_resource(_: Sandbox, __: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    monkeypatch.delenv("OCI_RESOURCE_PRINCIPAL_VERSION", raising=False)
    return {"auth": "resource_principal"}


def _no_instance(_: Sandbox, __: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    monkeypatch.setenv("OCI_METADATA_BASE_URL", "http://127.0.0.1:9/opc/v2")
    return {"auth": "instance_principal"}


def _unknown_resource(sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Changes:
    for name, value in sandbox.principal("service/function").environ.items():
        monkeypatch.setenv(name, value)
    claims = {
        "exp": datetime.now(UTC) + timedelta(hours=1),
        "res_tenant": "ocid1.tenancy.oc1..service",
        "res_id": "ocid1.fnfunc.oc1.iad.function",
    }
    (folder / "rpst").write_text(jwt.encode(claims, "k" * 32, "HS256"), encoding="ascii")
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_RPST", str(folder / "rpst"))
    return {"auth": "resource_principal"}


_CLIENTS: Mapping[str, Callable[[Sandbox, Path, pytest.MonkeyPatch], Changes]] = {
    "foreign-key": _foreign_key,
    "expired-session": _expired_session,
    "ended-session": _ended_session,
    "closed-proxy": _closed_proxy,
    "strict-proxy": _strict_proxy,
    "curious-proxy": _curious_proxy,
    "closed-port": lambda *_: {"endpoint": f"http://127.0.0.1:{closed_port()}"},
    "unknown-host": lambda *_: {"endpoint": "http://nowhere.invalid"},
    "no-profile": lambda *_: {"name": "NOBODY"},
    "no-resource": _no_resource,
    "no-instance": _no_instance,
    "unknown-resource": _unknown_resource,
}


class _Page(BaseHTTPRequestHandler):
    """What answers in a hotel before one has paid."""

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self.rfile.read(length)
        page = b"<html>Welcome!</html>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_POST = do_GET  # noqa: N815 - the name is the library's

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def _portal() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
