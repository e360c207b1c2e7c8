"""How anything is said to be wrong: a place, one sentence, and what to do about it."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_LINE_END = re.compile(r"\r\n?|\n")
_MIXED = r"(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[0-9])"
# Keys as providers make them (`sk-`, `nvapi-`), tokens (`eyJ...`), long texts of hexadecimal digits
# or of base64, and the user before the host of a URL. The id of an OCID stands behind a dot, so it
# is none of these. Few commands have a mistake to show: it is compiled when it is needed.
_SECRET = (
    r"(?<![\w.-])(?:sk-|nvapi-)[A-Za-z0-9_-]{8,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*"
    r"|(?<![A-Za-z0-9.+/_-])(?:[0-9a-fA-F]{32,}(?![A-Za-z0-9+/_-])"
    rf"|{_MIXED}[A-Za-z0-9+/]{{32,}}={{0,2}})"
    r"|(?<=://)[^\s/@]+(?=@)"
)


class Severity(StrEnum):
    """How much a diagnostic weighs; only an error changes the exit code by itself."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Source:
    """A text and where it came from; knows its lines, but works them out only when asked.

    `origin` is the file name as the user gave it, and empty for text in memory.
    """

    __slots__ = ("_concealed", "_starts", "origin", "text")

    def __init__(self, text: str, origin: str = "") -> None:
        self.text = text
        self.origin = origin
        self._starts: list[int] | None = None
        self._concealed: list[tuple[int, int]] = []

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = [0, *(end.end() for end in _LINE_END.finditer(self.text))]
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, the column in code points."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its end; `*` for what is concealed."""
        starts = self._line_starts()
        start = starts[number - 1]
        end = starts[number] if number < len(starts) else len(self.text)
        text = self.text[start:end].rstrip("\r\n")
        for concealed, until in self._concealed:
            first, last = max(concealed - start, 0), min(until - start, len(text))
            if first < last:
                text = text[:first] + "*" * (last - first) + text[last:]
        return text

    def conceal(self, start: int, end: int) -> None:
        """Never show these characters in a line: they may be a secret in the wrong place."""
        self._concealed.append((start, end))


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` to `end` (exclusive) of a source; both are code point offsets."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Where it begins: the line, counted from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Where it begins: the column in code points, counted from 1."""
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        """The line that it ends on."""
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        """The column just behind it."""
        return self.source.position(self.end)[1]

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that puts a diagnostic right: the span's characters give way to `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong: the rule that found it, one sentence, its place, and the way out.

    `help` tells a person what to write instead; `fix` is the same as an edit, where there is one.
    """

    rule: str
    severity: Severity
    message: str
    span: Span
    help: str | None = None
    fix: Fix | None = None


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a misspelt word most likely means, if one is near enough to say so.

    >>> closest("compartement", ["compartment", "tenancy"])
    'compartment'
    """
    # Only mistakes need it, and a program that meets none should not pay for its import.
    from difflib import get_close_matches

    near = get_close_matches(word, list(candidates), n=1, cutoff=0.7)
    return near[0] if near else None


def without_secrets(text: str) -> str:
    """The text with `*` for every character of what looks like a key, a token or a password.

    >>> without_secrets("key_env: nvapi-0123456789")
    'key_env: ****************'
    """
    return re.sub(_SECRET, lambda found: "*" * len(found[0]), text)


class CannotGoOn(Exception):
    """No answer is possible, whatever the input says; a command ends with exit code 2.

    CannotGoOn
    ├── Unreadable    a file, a folder or standard input that cannot be read, or is not text
    └── Unwritable    an output that cannot be written; nothing was changed
    """

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class Unreadable(CannotGoOn):
    """A file, a folder or standard input that cannot be read, or is not text."""


class Unwritable(CannotGoOn):
    """An output that cannot be written; nothing was changed."""
