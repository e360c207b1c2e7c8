"""Comments that ignore a finding: `// ocipolicy: ignore RULE reason`, in YAML with `#`.

Such a comment stands behind what it is about, or on a line of its own above it, and several may
stand above each other. It holds for the statement there, from its first line to its last, and where
there is none for the line. A reason is required, and a comment that ignores nothing is reported.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ocipolicy.diagnostics import Diagnostic, Severity, Source, Span, closest

_IGNORE = re.compile(
    r"(?://|\#)[ \t]*(?P<whole>ocipolicy:[ \t]*ignore\b[ \t]*(?P<rule>[^\s]*))"
    r"[ \t]*(?P<reason>[^\r\n]*)"
)
_NO_LINE = re.compile(r"\s*(?:(?://|#).*)?")

# First and last line of a statement, both counted from 1.
Lines = tuple[int, int]


@dataclass(slots=True)
class Ignore:
    """A comment: the rule that it names, and the lines that it holds for."""

    rule: str
    reason: str
    place: Span
    lines: Lines
    used: bool = field(default=False)


def ignores(source: Source, statements: Callable[[], Iterable[Lines]]) -> list[Ignore]:
    """The comments of a file; where its statements stand is asked for only if there is one."""
    if "ocipolicy:" not in source.text:
        return []
    found = [*_IGNORE.finditer(source.text)]
    if not found:
        return []
    extents = sorted(set(statements()))
    return [
        Ignore(
            each["rule"].rstrip(","),
            each["reason"].strip(" \t\"'"),
            Span(source, *each.span("whole")),
            _lines(source, each.start(), extents),
        )
        for each in found
    ]


def left(diagnostics: Iterable[Diagnostic], comments: list[Ignore]) -> Iterator[Diagnostic]:
    """The findings that no comment ignores; the comments remember that they were used."""
    for each in diagnostics:
        line = each.span.line
        hits = [
            comment
            for comment in comments
            if comment.reason
            and comment.rule == each.rule
            and comment.place.source is each.span.source
            and comment.lines[0] <= line <= comment.lines[1]
        ]
        for comment in hits:
            comment.used = True
        if not hits:
            yield each


def complaints(comments: Iterable[Ignore], names: Iterable[str]) -> Iterator[Diagnostic]:
    """What is wrong with the comments themselves, once all findings were held against them."""
    known = frozenset(names)
    for each in comments:
        if each.rule not in known:
            yield unknown_rule(each.rule, each.place, known)
        elif not each.reason:
            yield Diagnostic(
                "ignore-without-reason",
                Severity.WARNING,
                f"the comment does not say why {each.rule} is ignored, so it ignores nothing",
                each.place,
                f"write ocipolicy: ignore {each.rule} REASON",
            )
        elif not each.used:
            yield Diagnostic(
                "unused-ignore",
                Severity.WARNING,
                f"there is no finding of {each.rule} here",
                each.place,
                "take the comment away",
            )


def unknown_rule(name: str, place: Span, known: Iterable[str]) -> Diagnostic:
    """The finding that a name is no rule."""
    near = closest(name, known)
    return Diagnostic(
        "unknown-rule",
        Severity.WARNING,
        f"`{name}` is no rule" if name else "the comment names no rule",
        place,
        f"did you mean {near}?" if near else "the rules are in docs/rules.md",
    )


def _lines(source: Source, offset: int, statements: list[Lines]) -> Lines:
    """The lines that a comment holds for."""
    line, column = source.position(offset)
    if not source.line(line)[: column - 1].strip():
        last = source.position(len(source.text))[0]
        line += 1
        while line < last and _NO_LINE.fullmatch(source.line(line)):
            line += 1
    at = bisect_left(statements, (line + 1, 0)) - 1
    if at >= 0 and statements[at][0] <= line <= statements[at][1]:
        return statements[at]
    return line, line
