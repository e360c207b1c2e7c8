"""Where the demo is shown: words, commands with their output, pauses, and the record of it all.

A command runs in this process, through the same door as one that is typed. What it prints is caught
and shown when it is through, so that the end of it can be left out as `| tail` does.
"""

import io
import re
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Literal, TextIO

import click

from ocipolicy.cli import main
from ocipolicy.cli.terminal import paint
from ocipolicy.outputs.lines import WIDTH, columns, fold

_WORD = 20  # columns for the word that comes next
_PIECE = 0.04  # seconds for a person to see a piece of a stream
_GO_ON = "Enter goes on, Ctrl-C ends it "
# The words above away, and the cursor at the end of what stood there before them.
_CLEAR = "\x1b[1A\x1b[2K\x1b[1A"
# What a command shows while one waits, and takes away again.
_PASSING = re.compile(r"[^\n]*\r\x1b\[2K")


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of an output that is shown: its first lines, or its last ones."""

    end: Literal["head", "tail"]
    lines: int

    def of(self, text: str) -> str:
        """The lines of a text that are shown."""
        lines = text.splitlines(keepends=True)
        return "".join(lines[: self.lines] if self.end == "head" else lines[-self.lines :])


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ran: its exit code, and all that it said, without colours."""

    code: int
    text: str


class Stage:
    """What is shown goes to the terminal and into the record; on a terminal it can wait."""

    def __init__(self, *, paced: bool) -> None:
        self._paced = paced
        self._record: list[str] = []
        self._column = 0  # of the answer that comes

    @property
    def record(self) -> str:
        """All that was shown so far, without colours."""
        return click.unstyle("".join(self._record))

    def show(self, text: str = "") -> None:
        """A line, or several, as they are."""
        self._put(f"{text}\n")

    def title(self, text: str) -> None:
        """The line above a part."""
        self.show("\n" + click.style(text, bold=True))

    def say(self, text: str) -> None:
        """A sentence or two, on as many lines as they need."""
        self.show(wrapped(text))

    def typed(self, *commands: str) -> None:
        """Command lines, as somebody types them one after the other."""
        self.show()
        for each in commands:
            self.show(f"{paint('$', 'comment')} {click.style(each, fg='cyan')}")

    def piece(self, text: str) -> None:
        """A piece of an answer, seen when it comes; a line ends at a blank near its end."""
        if text.startswith(" ") and self._column > WIDTH - _WORD:
            self._put("\n")
            text = text.lstrip(" ")
            self._column = 0
        self._column += columns(text)
        self._put(text)
        if self._paced:
            time.sleep(_PIECE)

    def pause(self) -> None:
        """Wait for whoever reads, at a terminal; Ctrl-D raises KeyboardInterrupt as Ctrl-C does."""
        if not self._paced:
            return
        click.echo("\n" + paint(_GO_ON, "comment"), nl=False)
        if not sys.stdin.readline():
            raise KeyboardInterrupt
        click.echo(_CLEAR, nl=False)

    def run(self, words: Sequence[str], cut: Cut | None = None) -> Done:
        """Run a command of this program, and show what it says, or with a `cut` a part of that.

        With a cut it is standard output that is cut, as behind a pipe; standard error stands above.
        """
        out = _Page(sys.stdout, piped=cut is not None)
        err = _Page(sys.stderr) if cut else out
        with redirect_stdout(out), redirect_stderr(err):
            code = _code(words)
        said, complained = out.text, err.text if cut else ""
        self._put(complained + (cut.of(said) if cut else said))
        return Done(code, click.unstyle(complained + said))

    def _put(self, text: str) -> None:
        self._record.append(text)
        click.echo(text, nl=False)


def wrapped(text: str, indent: str = "") -> str:
    """A text with at most 80 characters a line, `indent` before each."""
    return "\n".join(indent + line for line in fold(text, WIDTH - len(indent)))


class _Page(io.TextIOWrapper):
    """What a command prints, kept; to the command it is the stream that it stands for."""

    def __init__(self, stream: TextIO, *, piped: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
        self._stream = stream
        self._piped = piped

    def isatty(self) -> bool:
        """Whether somebody sees it at once, with colours and as wide as his terminal is."""
        return self._stream.isatty() and not self._piped

    def fileno(self) -> int:
        """By which the columns of the terminal are found."""
        return self._stream.fileno()

    @property
    def text(self) -> str:
        """All of it but what was there for a moment only."""
        self.seek(0)
        return _PASSING.sub("", self.read())


def _code(words: Sequence[str]) -> int:
    """Run a command; its exit code."""
    try:
        found = main.main([*words], prog_name="ocipolicy", standalone_mode=False)
    except SystemExit as end:
        found = end.code
    return found if isinstance(found, int) else 0
