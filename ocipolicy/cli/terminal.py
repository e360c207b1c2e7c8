"""What every command does at its edges: read a file or standard input, show findings, exit."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ocipolicy.diagnostics import Diagnostic, Unreadable
from ocipolicy.outputs import text as as_text

_STYLES: dict[str, dict[str, object]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "blue", "bold": True},
    "help": {"fg": "cyan"},
    "comment": {"dim": True},
    "added": {"fg": "green"},
    "removed": {"fg": "red"},
}


def paint(words: str, kind: str) -> str:
    """Colour for a terminal; click takes it out again where the output is none."""
    return click.style(words, **_STYLES.get(kind, {}))  # type: ignore[arg-type]


def read(name: str) -> tuple[str, str]:
    """The text of a file, or of standard input for `-`, and the name that messages give it.

    Raises Unreadable where there is no such file, or no text in UTF-8 in it.
    """
    origin = "<stdin>" if name == "-" else name
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Unreadable(f"{origin} cannot be read: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig"), origin
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise Unreadable(
            f"{origin} is not UTF-8 text: byte 0x{data[error.start]:02x} in line {line}",
            "it looks like UTF-16; save it as UTF-8" if wide else "save it as UTF-8",
        ) from error


def show_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """Findings and their count, to standard error."""
    if diagnostics:
        click.echo(as_text.of_diagnostics(diagnostics, paint), err=True)
        click.echo("\n" + as_text.summary(diagnostics, paint), err=True)
