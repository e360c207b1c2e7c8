"""A request off the wire and the reply to it, free of any server: both are plain values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON = "application/json"  # clients compare the whole header, so nothing may follow it
EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Call:
    """A request as it came: `target` is the raw one of the request line, which a signature covers.

    Names of headers are in lower case. `region` is the one that the target (`/r/REGION/...`) or the
    host (`identity.REGION.oci.oraclecloud.com`) speaks of, None where neither does.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    region: str | None = None

    @cached_property
    def path(self) -> str:
        """The path without the region in front of it, percent-decoded."""
        path = unquote(self.target.partition("?")[0])
        prefix = f"/r/{self.region}"
        return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters behind the question mark; of one given twice the last."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """An answer; a body that is an iterator is a stream, sent piece by piece."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""


class Refusal(Exception):
    """An answer that is an error of OCI's: `{"code", "message"}` under a status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def not_found() -> Refusal:
    """What OCI says of anything that is not there, or that the caller may not touch."""
    message = "Authorization failed or requested resource not found."
    return Refusal(404, "NotAuthorizedOrNotFound", message)


def invalid(message: str) -> Refusal:
    """What OCI says of a value that it cannot take."""
    return Refusal(400, "InvalidParameter", message)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is. Raises Refusal for anything else."""
    try:
        found = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "CannotParseRequest", "The request body is no JSON object.")
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with JSON in it."""
    return Reply(status, {"content-type": JSON, **(headers or {})}, _encoded(data))


def events(frames: Iterator[Any]) -> Reply:
    """A reply that streams each frame as a server-sent event; one that is bytes goes as it is."""

    def sent() -> Iterator[bytes]:
        for frame in frames:
            text = frame if isinstance(frame, bytes) else _encoded(frame)
            yield b"data: " + text + b"\n\n"

    return Reply(200, {"content-type": EVENTS, "cache-control": "no-cache"}, sent())


def _encoded(data: Any) -> bytes:
    # Half of a pair of surrogates comes out of JSON, and goes into no UTF-8.
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
