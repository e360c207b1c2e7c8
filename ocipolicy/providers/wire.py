"""HTTP to a provider: a request out, an answer or its pieces back, and every way that it can fail.

Redirects are not followed, since they would take the key to another host; certificates are
verified; proxies and certificates of the environment are those that httpx knows (HTTPS_PROXY,
NO_PROXY, SSL_CERT_FILE), and none for http:// on this computer. Nothing is tried again. Whatever a
server says goes through `Key.hidden` before it is read.
"""

import json
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ocipolicy.config.values import is_loopback
from ocipolicy.providers.errors import NoAnswer, NoList, Way
from ocipolicy.providers.keys import Key
from ocipolicy.providers.refusals import refused, seconds
from ocipolicy.render.llm_services import KeyService
from ocipolicy.render.payloads import Payload

if TYPE_CHECKING:
    import httpx

_STREAM = "text/event-stream"
# No answer to our small questions is longer, or takes so many times the patience with a piece.
_LONGEST = 4 * 1024 * 1024
_PIECES = 5
_DONE = "[DONE]"
# Under which names providers and what stands before them tell the id of a request.
_IDS = (
    *("x-request-id", "apim-request-id", "nvcf-reqid", "x-debug-trace-id"),
    *("x-litellm-call-id", "x-ms-client-request-id"),
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a connection may take, and each piece of an answer."""

    connect: float = 10
    answer: float = 60


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that came as a whole, read as JSON."""

    data: dict[str, Any]
    seconds: float
    request_id: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One event of a stream: its data, read as JSON (None for the mark at the end), and when."""

    data: dict[str, Any] | None
    seconds: float
    request_id: str


class Wire:
    """The connection of a service, as long as the `with` around it is open."""

    def __init__(self, service: KeyService, key: Key, patience: Patience) -> None:
        self._service = service
        self._key = key
        self._patience = patience
        self._open: httpx.Client | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def post(self, body: Payload) -> Whole:
        """Send a body, and read the whole answer. Raises NoAnswer and Refused."""
        return self._whole("POST", self._service.url, body)

    def get(self, url: str | None) -> Whole:
        """Read what there is at a URL. Raises NoList where there is none, NoAnswer and Refused."""
        if url is None:
            raise NoList(f"the API of {self._service.provider} does not list what a key may use")
        return self._whole("GET", url, None)

    def events(
        self, body: Payload, is_answer: Callable[[Mapping[str, Any]], bool]
    ) -> Iterator[Piece]:
        """Send a body, and read the events of the answer. Raises NoAnswer and Refused.

        `is_answer` knows a whole answer of the API, which some servers give in place of a stream.
        """
        from httpx_sse import EventSource

        with self._sent("POST", self._service.url, body) as (response, started):
            request_id = self._request_id(response)
            self._check(response, request_id)
            kind = _kind(response)
            if kind != _STREAM:
                data = self._json(self._text(response), kind, request_id)
                if not is_answer(data):
                    raise stranger(data, request_id)
                raise NoAnswer(
                    "the whole answer came at once, and a stream was asked for",
                    "unstreamed",
                    said=f"the answer is {kind or 'of no type'}",
                    request_id=request_id,
                )
            size = 0
            for event in EventSource(response).iter_sse():
                took = time.monotonic() - started
                size += len(event.data)
                self._bounded(size, took, request_id)
                text = self._key.hidden(event.data).strip()
                if text == _DONE:
                    yield Piece(None, took, request_id)
                elif text:
                    yield Piece(self._json(text, _STREAM, request_id), took, request_id)

    def _whole(self, method: str, url: str, body: Payload | None) -> Whole:
        with self._sent(method, url, body) as (response, started):
            request_id = self._request_id(response)
            self._check(response, request_id)
            text = self._text(response)
            took = time.monotonic() - started
            return Whole(self._json(text, _kind(response), request_id), took, request_id)

    @contextmanager
    def _sent(
        self, method: str, url: str, body: Payload | None
    ) -> Iterator[tuple["httpx.Response", float]]:
        """A request on its way, and when it left; what httpx raises becomes ours."""
        from importlib.metadata import version

        import httpx

        client = self._client()
        headers = {
            **self._key.headers(self._service),
            "Accept": "application/json",
            "User-Agent": f"ocipolicy/{version('ocipolicy')}",
        }
        started = time.monotonic()
        try:
            with client.stream(method, url, json=body, headers=headers) as response:
                yield response, started
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._lost(error, url) from None

    def _client(self) -> "httpx.Client":
        import httpx

        if self._open is None:
            # Its log of all that goes on has the headers of answers, which may repeat a key.
            logging.getLogger("httpcore").setLevel(logging.INFO)
            waits = httpx.Timeout(self._patience.answer, connect=self._patience.connect)
            try:
                # A proxy knows nothing of a server on this computer, and would get the key.
                self._open = httpx.Client(
                    timeout=waits, trust_env=not _is_of_here(self._service.url)
                )
            except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
                # Only what the environment says of proxies and certificates is read here.
                said = self._key.hidden(str(error))
                message = "what the environment says of proxies or certificates cannot be used"
                raise NoAnswer(message, "proxy", said=said) from None
        return self._open

    def _lost(self, error: Exception, url: str) -> NoAnswer:
        """What kept an answer from coming."""
        import httpx

        host = urlsplit(url).netloc
        said = self._key.hidden(" ".join(str(error).split()))
        causes = [*_causes(error)]
        if isinstance(error, httpx.ProxyError):
            return NoAnswer(f"the proxy does not lead to {host}", "proxy", said=said)
        if any(isinstance(each, socket.gaierror) for each in causes):
            what = f"the proxy to {host}" if _is_proxied(url) else host
            way: Way = "proxy" if _is_proxied(url) else "address"
            return NoAnswer(f"there is no address for {what}", way, said=said)
        if any(isinstance(each, ssl.SSLError) for each in causes):
            return NoAnswer(f"no secure connection to {host} came about", "certificate", said=said)
        match error:
            case httpx.ConnectTimeout():
                waited = self._patience.connect
                return NoAnswer(f"nobody answered at {host} in {waited:g} s", "silent", said=said)
            case httpx.TimeoutException():
                waited = self._patience.answer
                return NoAnswer(f"{host} said nothing for {waited:g} s", "silent", said=said)
            case httpx.ConnectError() if _is_proxied(url):
                return NoAnswer(f"nobody answers at the proxy to {host}", "proxy", said=said)
            case httpx.ConnectError():
                return NoAnswer(f"nobody answers at {host}", "closed", said=said)
            case _:
                return NoAnswer(f"{host} ended the connection in the middle", "cut", said=said)

    def _text(self, response: "httpx.Response") -> str:
        body = bytearray()
        started = time.monotonic()
        for piece in response.iter_bytes():
            body += piece
            self._bounded(len(body), time.monotonic() - started, self._request_id(response))
        return self._key.hidden(body.decode("utf-8", "replace"))

    def _bounded(self, size: int, took: float, request_id: str) -> None:
        """Raises NoAnswer for an answer that would never end."""
        if size > _LONGEST or took > _PIECES * self._patience.answer:
            raise NoAnswer("the answer does not come to an end", "cut", request_id=request_id)

    def _request_id(self, response: "httpx.Response") -> str:
        found = next((response.headers[each] for each in _IDS if each in response.headers), "")
        return self._key.hidden(str(found))

    def _check(self, response: "httpx.Response", request_id: str) -> None:
        """Whether it is an answer at all, and no refusal."""
        status = response.status_code
        if 300 <= status < 400:
            where = _without_query(self._key.hidden(response.headers.get("location", "")))
            raise NoAnswer(
                f"the server sends callers on, to {where or 'another address'}",
                "redirect",
                said=where,
                request_id=request_id,
            )
        if status == 202:
            raise NoAnswer(
                "the server took the request, and has no answer yet (202)",
                "pending",
                request_id=request_id,
            )
        if status >= 400:
            wait = seconds(response.headers.get("retry-after"))
            text = self._text(response)
            try:
                data = self._json(text, _kind(response), request_id)
            except NoAnswer as page:
                # What stands before a provider refuses with pages of its own.
                if page.way == "page":
                    if not page.said.startswith(str(status)):
                        page.said = f"{status} {page.said}"
                    raise
                data = {"message": page.said}
            raise refused(status, data, request_id, wait)

    def _json(self, text: str, kind: str, request_id: str) -> dict[str, Any]:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            return data
        is_page = "html" in kind or text.lstrip()[:1] == "<"
        raise NoAnswer(
            "a page for people came back, and no JSON" if is_page else "what came back is no JSON",
            "page" if is_page else "stranger",
            said=_title(text) if is_page else " ".join(text.split())[:80],
            request_id=request_id,
        )


def stranger(data: Mapping[str, Any], request_id: str) -> NoAnswer:
    """JSON that is none of the API's."""
    keys = ", ".join(f"`{each}`" for each in sorted(map(str, data))[:5])
    return NoAnswer(
        "JSON came back that is no answer of this API",
        "stranger",
        said=f"it has {keys}" if keys else "it is empty",
        request_id=request_id,
    )


def _kind(response: "httpx.Response") -> str:
    """The type of what came, without its parameters: `application/json`."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip()


def _without_query(location: str) -> str:
    """An address without what may be long or secret in it; empty for what is none."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    host = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return f"{host}{parts.path}"


def _is_of_here(url: str) -> bool:
    """Whether calls of a URL go in the clear to a server on this computer."""
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(f"http://{parts.netloc}") is True


def _is_proxied(url: str) -> bool:
    """Whether the environment sends calls of a URL through a proxy, as httpx reads it."""
    if _is_of_here(url):
        return False
    parts = urlsplit(url)
    proxies = getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(
        parts.hostname or ""
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that it was raised from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _title(page: str) -> str:
    """What a page of HTML calls itself."""
    found = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    return " ".join(found[1].split())[:80] if found else "a page without a title"
