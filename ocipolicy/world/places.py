"""Where a character of a YAML text's value stands in the file, whatever its quotes and folds."""

import re
from collections.abc import Callable

from ocipolicy.diagnostics import Diagnostic, Fix, Source, Span
from ocipolicy.document import Node

_HEADER = re.compile(r"[|>][-+0-9]*[^\S\n]*(?:#.*)?\r?\n?")
# What can stand inside a text without quotes, in brackets or not, without meaning something there.
_HARMLESS = re.compile(r"[A-Za-z0-9_.@'=/-]+(?: [A-Za-z0-9_.@'=/-]+)*")

Escape = Callable[[str], str]


def inside(source: Source, node: Node, start: int, end: int) -> Span:
    """The place in a file of the characters `start` to `end` of a node's text.

    It is the whole node where these cannot be told apart in the file (after an escape).
    """
    places = _places(source.text, node)
    if places is None:
        return Span(source, node.start, node.end)
    first = last = places[start]
    if end > start:
        # A quote between single quotes is written twice.
        at = places[end - 1]
        twice = source.text[node.start] == "'" and source.text.startswith("''", at)
        last = at + (2 if twice else 1)
    return Span(source, first, max(first, last))


def moved(diagnostic: Diagnostic, source: Source, node: Node) -> Diagnostic:
    """A diagnostic about the text of a node as one about the file, its fix with it if it can go."""
    span = inside(source, node, diagnostic.span.start, diagnostic.span.end)
    fix = _moved_fix(diagnostic.fix, source, node) if diagnostic.fix else None
    return Diagnostic(
        diagnostic.rule, diagnostic.severity, diagnostic.message, span, diagnostic.help, fix
    )


def _moved_fix(fix: Fix, source: Source, node: Node) -> Fix | None:
    if _places(source.text, node) is None or "\n" in fix.text:
        return None
    quote = source.text[node.start]
    span = inside(source, node, fix.span.start, fix.span.end)
    if quote == "'":
        return Fix(span, fix.text.replace("'", "''"))
    if quote == '"':
        return Fix(span, fix.text.replace("\\", "\\\\").replace('"', '\\"'))
    at_edge = span.start == node.start or span.end >= node.end
    harmless = _HARMLESS.fullmatch(fix.text) and not (at_edge and not fix.text[0].isalpha())
    return Fix(span, fix.text) if harmless else None


def _places(text: str, node: Node) -> list[int] | None:
    """The offset in the file of each character of a node's text, and of its end."""
    if not isinstance(node.value, str):
        return None
    at, end, quote = node.start, node.end, text[node.start : node.start + 1]
    if quote in ("|", ">"):
        header = _HEADER.match(text, at)
        at = header.end() if header else at
    elif quote in ("'", '"'):
        at, end = at + 1, end - 1
    places: list[int] = []
    for character in node.value:
        if at < end and text[at] != character and text[at].isspace():
            # A fold or an indentation: any blanks stand for one, or for none behind a line's end.
            blanks = at
            while at < end and text[at].isspace():
                at += 1
            if character.isspace():
                places.append(blanks)
                continue
        if at >= end or text[at] != character or (quote == '"' and character == "\\"):
            return None
        places.append(at)
        at += 2 if quote == "'" and character == "'" else 1
    return [*places, at]
