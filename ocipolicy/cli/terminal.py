"""What every command does at its edges: read a file or standard input, show findings, exit."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from ocipolicy.diagnostics import Diagnostic, Unreadable
from ocipolicy.outputs import text as as_text
from ocipolicy.outputs.lines import WIDTH, Width, message

if TYPE_CHECKING:
    from pathlib import Path

# A command, or the function that becomes one.
Command = TypeVar("Command", bound=Callable[..., object])

BYTE_ORDER_MARK = "\ufeff"
# Prose in longer lines is hard to read, and in shorter ones little is left beside the indents.
_WIDEST, _NARROWEST = 120, 40
_STYLES: dict[str, dict[str, object]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "blue", "bold": True},
    "help": {"fg": "cyan"},
    "left out": {"fg": "yellow", "bold": True},
    "comment": {"dim": True},
    "added": {"fg": "green"},
    "removed": {"fg": "red"},
    "changed": {"fg": "yellow"},
}


def examples(*lines: tuple[str, str]) -> str:
    """The end of a command's help: command lines, each with a word on what it does."""
    told = (line for command, purpose in lines for line in (f"  # {purpose}", f"  {command}"))
    # Lines behind a \b are left as they are by click.
    return "\b\n" + "\n".join(("Examples:", *told))


def text_or_json(help: str) -> Callable[[Command], Command]:
    """The option `--format`, handed on as `form`."""
    choice = click.Choice(["text", "json"])
    option: Callable[[Command], Command] = click.option(
        "--format", "form", type=choice, default="text", show_default=True, help=help
    )
    return option


def with_templates(
    help: str = "A folder of scenarios of your own; may be given several times.",
) -> Callable[[Command], Command]:
    """The option `--templates`, handed on as a tuple of paths."""
    from pathlib import Path

    option: Callable[[Command], Command] = click.option(
        "--templates", metavar="DIR", multiple=True, type=click.Path(path_type=Path), help=help
    )
    return option


def paint(words: str, kind: str) -> str:
    """Colour for a terminal; click takes it out again where the output is none."""
    return click.style(words, **_STYLES.get(kind, {}))  # type: ignore[arg-type]


def width(*, err: bool = False) -> Width:
    """The columns of the terminal behind standard output, or error; None where there is none."""
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        return None
    try:
        said = int(os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        said = 0
    return min(max(said or WIDTH, _NARROWEST), _WIDEST)


def say(text: str, *, err: bool = False) -> None:
    """A message, on as many lines as the terminal needs."""
    click.echo("\n".join(message(text, width(err=err))), err=err)


def label(word: str, text: str) -> None:
    """`error: ...`, `help: ...` or the like, to standard error."""
    click.echo("\n".join(as_text.labelled(word, text, paint, width(err=True))), err=True)


def read(name: str, if_missing: str | None = None) -> tuple[str, str]:
    """The text of a file, or of standard input for `-`, and the name that messages give it.

    A byte order mark is no part of the text. Raises Unreadable where there is no such file (with
    the help `if_missing`), or no text in UTF-8 in it.
    """
    text, origin = read_whole(name, if_missing)
    return text.removeprefix(BYTE_ORDER_MARK), origin


def read_whole(name: str, if_missing: str | None = None) -> tuple[str, str]:
    """As `read`, and with the byte order mark if there is one."""
    origin = "<stdin>" if name == "-" else name
    try:
        data = _bytes(name)
    except OSError as error:
        hint = if_missing if isinstance(error, FileNotFoundError) else None
        raise Unreadable(f"{origin} cannot be read: {error.strerror or error}", hint) from error
    try:
        return data.decode("utf-8"), origin
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise Unreadable(
            f"{origin} is not UTF-8 text: byte 0x{data[error.start]:02x} in line {line}",
            "it looks like UTF-16; save it as UTF-8" if wide else "save it as UTF-8",
        ) from error


def _bytes(name: str) -> bytes:
    if name != "-":
        with open(name, "rb") as stream:  # noqa: PTH123 - pathlib's import is felt at every start
            return stream.read()
    if sys.stdin is None:
        raise OSError("it is closed")
    return sys.stdin.buffer.read()


def gap() -> None:
    """An empty line between findings and results, where they stand on one terminal."""
    if sys.stderr.isatty() and sys.stdout.isatty():
        click.echo(err=True)


def show_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """Findings in the order of their places, and their count, to standard error."""
    if diagnostics:
        found = sorted(diagnostics, key=lambda each: (each.span.source.origin, each.span.start))
        click.echo(as_text.of_diagnostics(found, paint, width(err=True)), err=True)
        click.echo("\n" + as_text.summary(diagnostics, paint), err=True)


def state_folder() -> "Path":
    """The folder for what programs remember. A relative path in XDG_STATE_HOME does not count.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/, version 0.8, 2026-11.
    """
    from pathlib import Path

    said = os.environ.get("XDG_STATE_HOME", "")
    return Path(said) if said.startswith("/") else Path.home() / ".local" / "state"
