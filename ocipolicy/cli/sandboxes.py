"""The sandboxes of this user: a folder and a port for each, spoken with over HTTP.

The port is what keeps two of them apart: only one process can listen there. Orders go with the
token that a sandbox leaves in its folder, so only one that is ours obeys; none is ever killed.
"""

import json
import os
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from ocipolicy.diagnostics import CannotGoOn, Unreadable

PORT = 18080
_LOOPBACK = "127.0.0.1"
_MARK = "x-ocipolicy-sandbox"
_TOKEN_HEADER = "x-ocipolicy-control"  # noqa: S105 - the name of a header
_HEALTH = 5.0  # seconds
_ANSWER = 120.0  # keys may have to be made for it, some 100 ms each
_END = 15.0


@dataclass(frozen=True, slots=True)
class _Said:
    status: int
    by_sandbox: bool
    body: bytes

    def data(self) -> Any:
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            return None


class Place:
    """Where the sandbox of a port is, whether it runs or not."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.folder = _state() / "ocipolicy" / "sandbox" / str(port)
        self.pid_file = self.folder / "pid"
        self.output_file = self.folder / "output.log"
        self.token_file = self.folder / "control-token"

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{_LOOPBACK}:{self.port}"

    def command(self, words: str) -> str:
        """A command of this program for it, as a user types it."""
        return f"ocipolicy sandbox {words}" + ("" if self.port == PORT else f" --port {self.port}")

    def pid(self) -> int | None:
        """The process of ours that serves there, or last did without an end of its own."""
        try:
            return int(self.pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def is_running(self) -> bool:
        """Whether a sandbox answers there, be it ours or not."""
        try:
            return self._send("GET", "health", {}, b"", _HEALTH).by_sandbox
        except (OSError, HTTPException):
            return False

    def ask(self, what: str) -> Any:
        """What the sandbox answers to a question. Raises CannotGoOn where it does not."""
        return self._answer("GET", what, {}, b"")

    def order(self, what: str, said: object) -> Any:
        """What it answers to an order. Raises CannotGoOn where it does not obey."""
        try:
            token = self.token_file.read_text(encoding="ascii")
        except FileNotFoundError:
            token = ""  # none of ours is running
        except OSError as error:
            raise Unreadable(f"{self.token_file} cannot be read: {error.strerror}") from None
        headers = {_TOKEN_HEADER: token, "content-type": "application/json"}
        return self._answer("POST", what, headers, json.dumps(said).encode())

    def wait_for_end(self) -> bool:
        """Wait until it is gone; False where that takes too long."""
        deadline = time.monotonic() + _END
        while self.pid_file.exists() or self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _answer(self, method: str, what: str, headers: dict[str, str], body: bytes) -> Any:
        try:
            said = self._send(method, what, headers, body, _ANSWER)
        except ConnectionError:
            raise self._nobody() from None
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise CannotGoOn(f"{self.endpoint} gives no answer: {reason}") from None
        if not said.by_sandbox:
            raise CannotGoOn(f"what answers at {self.endpoint} is no sandbox")
        if said.status == 403:
            raise CannotGoOn(
                f"the sandbox at {self.endpoint} does not take orders from {self.folder}",
                "another user started it, or a program",
            )
        data = said.data()
        if said.status >= 400:
            message = data.get("message") if isinstance(data, dict) else None
            raise CannotGoOn(str(message or f"the sandbox answered {said.status}"))
        return data

    def _send(
        self, method: str, what: str, headers: dict[str, str], body: bytes, patience: float
    ) -> _Said:
        connection = HTTPConnection(_LOOPBACK, self.port, timeout=patience)
        try:
            connection.request(method, f"/_sandbox/{what}", body, headers)
            response = connection.getresponse()
            return _Said(response.status, response.getheader(_MARK) is not None, response.read())
        finally:
            connection.close()

    def _nobody(self) -> CannotGoOn:
        start = f"start one with `{self.command('start --background')}`"
        seen = f"; what the last one said is in {self.output_file}"
        return CannotGoOn(
            f"no sandbox is running on port {self.port}",
            start + (seen if self.output_file.exists() else ""),
        )


def _state() -> Path:
    """The folder for what programs remember. A relative path in XDG_STATE_HOME does not count.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/, version 0.8, 2026-11.
    """
    said = os.environ.get("XDG_STATE_HOME", "")
    return Path(said) if said.startswith("/") else Path.home() / ".local" / "state"
