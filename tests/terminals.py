"""The program as its users run it: a process of its own, in a pipe or at a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

OCIPOLICY = (
    sys.executable,
    "-c",
    "from ocipolicy.cli import main; main(prog_name='ocipolicy')",
)
_PATIENCE = 60.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ORDER = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", re.DOTALL)


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child, without what would change its output."""
    drop = ("NO_COLOR", "COLUMNS", "PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8")
    found = {key: value for key, value in os.environ.items() if key not in drop}
    return found | {"TERM": "xterm"} | dict(changes)


def run(
    *arguments: str,
    stdin: bytes = b"",
    folder: Path | None = None,
    **changes: str,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command with pipes for its streams; keywords are variables of its environment."""
    return subprocess.run(
        [*OCIPOLICY, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment(changes),
        timeout=_PATIENCE,
    )


def at_terminal(
    *arguments: str,
    talk: Sequence[tuple[str, str]] = (),
    columns: int = 0,
    folder: Path | None = None,
    **changes: str,
) -> tuple[int, str]:
    """Run a command at a pseudo-terminal: its exit code, and all that stood on the screen.

    `talk` is what to wait for and what to type then, in order. A terminal of 0 columns is one that
    does not say how wide it is.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*OCIPOLICY, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment(changes),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        screen = _converse(ours, list(talk))
        return process.wait(_PATIENCE), screen
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def plain(screen: str) -> str:
    """What stood on a screen, without its colours."""
    return _COLOUR.sub("", screen)


def left(screen: str) -> str:
    """What is left on a screen in the end, without colours and what was written over."""
    lines = [""]
    at = 0
    for order in _ORDER.findall(screen):
        match order:
            case "\n":
                lines.append("")
                at = 0
            case "\r":
                at = 0
            case "\x1b[2K":
                lines[-1] = ""
            case _ if order.startswith("\x1b"):
                continue
            case _:
                lines[-1] = lines[-1][:at] + order + lines[-1][at + 1 :]
                at += 1
    return "\n".join(line.rstrip() for line in lines)


def _converse(terminal: int, talk: list[tuple[str, str]]) -> str:
    screen = b""
    seen = 0
    deadline = time.monotonic() + _PATIENCE
    while True:
        while talk and talk[0][0].encode() in screen[seen:]:
            asked, answer = talk.pop(0)
            seen = screen.index(asked.encode(), seen) + len(asked.encode())
            os.write(terminal, answer.encode() + b"\n")
        if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"waited in vain for {talk}: {screen.decode(errors='replace')}")
        try:
            more = os.read(terminal, 65536)
        except OSError:  # on Linux the end of a terminal is an error
            more = b""
        if not more:
            break
        screen += more
    assert not talk, f"never asked: {talk}: {screen.decode(errors='replace')}"
    return screen.decode().replace("\r\n", "\n")
