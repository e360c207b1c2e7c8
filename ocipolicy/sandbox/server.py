"""The desk behind HTTP on 127.0.0.1, and as a proxy for Oracle's hosts that forwards nothing.

On http.server of the standard library, as Werkzeug's own server is; that one ends the connection
behind every answer, and clients of OCI keep theirs.
"""

import contextlib
import re
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from email import errors
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.sandbox.desk import LARGEST, MARK, Desk
from ocipolicy.sandbox.faults import Dropped
from ocipolicy.sandbox.hosts import host_of, is_oracles, split_authority
from ocipolicy.sandbox.wire import Refusal, Reply

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0  # seconds that a client may take to send something, or to read
_HTTPS = 443
_DIGITS = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_ABSOLUTE = re.compile(r"http://(?P<authority>[^/?#]+)(?P<target>.*)", re.IGNORECASE)
# Of these a request has one: what is signed, and what says how long it is.
_SINGLE = {
    "authorization",
    "content-length",
    "content-type",
    "date",
    "host",
    "transfer-encoding",
    "x-content-sha256",
    "x-date",
}

# What the parser of headers, which is one of mail, finds wrong with a body of parts that it was not
# given.
_OF_PARTS = (
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
    errors.CloseBoundaryNotFoundDefect,
    errors.MultipartInvariantViolationDefect,
)

Contexts = Callable[[str], ssl.SSLContext]


class Server:
    """Serves a desk from threads, between `start` and `close`; `contexts` has TLS for a host."""

    def __init__(
        self,
        desk: Desk,
        contexts: Contexts,
        port: int = 0,
        host: str = LOOPBACK,
        patience: float = PATIENCE,
    ) -> None:
        """Raises CannotGoOn where the port is taken, and for any host but 127.0.0.1."""
        if host != LOOPBACK:
            raise CannotGoOn(
                f"the sandbox does not listen on {host}",
                f"it is for this computer alone: leave the host out, or write {LOOPBACK}",
            )
        try:
            self._server = _Http(desk, contexts, port, patience)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CannotGoOn(
                f"cannot listen on {LOOPBACK}:{port}: {reason}", "choose another port, or 0 for any"
            ) from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and end every connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.end_connections()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, desk: Desk, contexts: Contexts, port: int, patience: float) -> None:
        self.desk = desk
        self.patience = patience
        self.contexts = contexts
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        # Without the look-up of the computer's name that http.server makes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections[connection] = threading.current_thread()

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.pop(connection, None)

    def end_connections(self) -> None:
        with self._lock:
            left = dict(self._connections)
        for connection in left:
            with contextlib.suppress(OSError):
                # Not the method of a TLS socket, which is for the thread that reads from it.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in left.values():
            thread.join(PATIENCE)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log what went wrong here; a client that went away is nothing to tell of."""
        if not isinstance(sys.exception(), OSError):
            refusal = Refusal(500, "InternalServerError", "The connection broke.")
            self.desk.refuse("", "", refusal, traceback.format_exc())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        self.request.settimeout(self.server.patience)
        super().setup()
        self.tunnel: str | None = None
        self.server.opened(self.connection)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.closed(self.connection)
        if self.tunnel is not None:
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """The desk has a log of its own."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what http.server cannot read as a request."""
        self.close_connection = True
        phrase = HTTPStatus(code).phrase
        self._send_refusal(Refusal(code, phrase.replace(" ", ""), f"{phrase}."))

    def _answer(self) -> None:
        try:
            headers, target, body = self._headers(), self._target(), b""
            body = self._body(headers)
        except Refusal as refusal:
            # What follows on this connection may be the rest of something unread.
            self.close_connection = True
            self._send_refusal(refusal)
            return
        except EOFError:
            self.close_connection = True
            return
        try:
            self._send(self.server.desk.handle(self.command, target, headers, body))
        except Dropped:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def do_CONNECT(self) -> None:
        """Speak TLS as the host that a client wants to be connected with, if it is Oracle's."""
        authority = split_authority(self.path)
        if authority is None or authority[1] != _HTTPS or not is_oracles(authority[0]):
            self.close_connection = True
            said = "The sandbox stands in for hosts of Oracle's cloud alone, and forwards nothing."
            self._send_refusal(Refusal(403, "NotAllowed", said))
            return
        host = authority[0]
        if self.tunnel is not None:
            self.close_connection = True
            self._send_refusal(Refusal(403, "NotAllowed", "This is a tunnel already."))
            return
        context = self.server.contexts(host)
        self.wfile.write(f"HTTP/1.1 200 Connection established\r\n{MARK}: 1\r\n\r\n".encode())
        super().finish()
        plain = self.connection
        try:
            self.connection = context.wrap_socket(plain, server_side=True)
        except ValueError:
            raise ConnectionAbortedError from None
        finally:
            self.server.closed(plain)
        self.tunnel = host
        self.server.opened(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")  # without a buffer it may write a part only
        self.close_connection = False

    def _headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case. Raises Refusal where they are ambiguous."""
        found: dict[str, str] = {}
        defects = (each for each in self.headers.defects if not isinstance(each, _OF_PARTS))
        if any(defects) or ((rest := self.headers.get_payload()) and isinstance(rest, str)):
            raise _malformed("a header")
        for name, text in self.headers.items():
            lower = name.lower()
            if "\r" in text or "\n" in text or (lower in found and lower in _SINGLE):
                raise _malformed(f"the header {lower}")
            found[lower] = f"{found[lower]}, {text}" if lower in found else text
        return found

    def _target(self) -> str:
        """The raw target, without the host that a client puts before it for a proxy."""
        target = self.requestline.split()[1]
        absolute = _ABSOLUTE.fullmatch(target)
        authority = self.headers.get("host", "")
        if absolute is not None:
            target = absolute["target"]
            if host_of(absolute["authority"]) is None:
                raise Refusal(403, "NotAllowed", "The sandbox forwards nothing to other hosts.")
            if absolute["authority"].lower() != authority.lower():
                raise _malformed("the host")
        if self.tunnel is not None and authority.lower().removesuffix(":443") != self.tunnel:
            raise _malformed("the host")
        return target if target.startswith("/") or not absolute else f"/{target}"

    def _body(self, headers: Mapping[str, str]) -> bytes:
        """The body. Raises Refusal for an unclear length, EOFError where not all of it comes."""
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if coding is not None:
            if length is not None or coding.strip().lower() != "chunked":
                raise _malformed("the length of the body")
            return b"".join(self._chunks())
        if length is None:
            return b""
        if not _DIGITS.fullmatch(length):
            raise _malformed("the length of the body")
        return self._read(int(length))

    def _read(self, length: int, before: int = 0) -> bytes:
        if before + length > LARGEST:
            raise Refusal(413, "RequestEntityTooLarge", f"A body may have {LARGEST} bytes.")
        try:
            found = self.rfile.read(length)
        except TimeoutError:
            raise EOFError from None
        if len(found) < length:
            raise EOFError
        return found

    def _line(self) -> bytes:
        try:
            return self.rfile.readline(1024)
        except TimeoutError:
            raise EOFError from None

    def _chunks(self) -> Iterator[bytes]:
        """The pieces of a body that tells its length piece by piece."""
        total = 0
        while True:
            size = _CHUNK.fullmatch(self._line())
            if size is None:
                raise _malformed("a chunk of the body")
            length = int(size[1], 16)
            if length == 0:
                break
            yield self._read(length, total)
            total += length
            if self._line() not in (b"\r\n", b"\n"):
                raise _malformed("a chunk of the body")
        for _ in range(100):
            if self._line() in (b"\r\n", b"\n"):
                return
        raise _malformed("the end of the body")

    def _send_refusal(self, refusal: Refusal) -> None:
        method = getattr(self, "command", None) or ""
        target = self.path if method else ""
        with contextlib.suppress(Dropped):
            self._send(self.server.desk.refuse(method, target, refusal))

    def _send(self, reply: Reply) -> None:
        """Send a reply: in one piece, or as a stream that is flushed event by event."""
        headers = {name.lower(): text for name, text in reply.headers.items()}
        body = reply.body
        empty = reply.status == HTTPStatus.NO_CONTENT or self.command == "HEAD"
        if isinstance(body, bytes):
            if reply.status == HTTPStatus.NO_CONTENT:
                headers.pop("content-type", None)
            else:
                headers["content-length"] = str(len(body))
            self._write(self._head(reply.status, headers) + (b"" if empty else body))
            return
        with contextlib.closing(body):  # type: ignore[type-var]
            chunked = "content-length" not in headers and self.request_version >= "HTTP/1.1"
            if chunked:
                headers["transfer-encoding"] = "chunked"
            elif "content-length" not in headers:
                self.close_connection = True
            self._write(self._head(reply.status, headers))
            if not empty:
                self._stream(body, chunked=chunked)

    def _stream(self, body: Iterator[bytes], *, chunked: bool) -> None:
        for piece in body:
            if piece:
                self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self._write(b"0\r\n\r\n")

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        if self.close_connection:
            headers = {**headers, "connection": "close"}
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"date: {formatdate(self.server.desk.now().timestamp(), usegmt=True)}",
        ]
        lines += (f"{name}: {text}" for name, text in headers.items())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _write(self, data: bytes) -> None:
        """Raises Dropped where the client is gone."""
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            raise Dropped from None


def _malformed(what: str) -> Refusal:
    return Refusal(400, "CannotParseRequest", f"The sandbox cannot read {what} of the request.")
