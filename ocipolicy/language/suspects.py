"""Characters that do not belong into a statement: what word processors, templates and haste leave.

They explain a failure better than the place where a reader gave up, and some of them spoil a
statement that can be read: a value with an invisible character in it matches nothing.
"""

import re
from collections.abc import Callable

from ocipolicy.language.lexer import (
    CONTROL,
    STRAY_MARKS,
    Cursor,
    Edit,
    Fault,
    joined,
    shortened,
)

_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb"
)
_WIDE_BLANK = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNSEEN = re.compile(f"[{_INVISIBLE}{_WIDE_BLANK}]")
_NOT_SEEN_AT_ALL = re.compile(f"[{_INVISIBLE}]")
# At the edge of a string a blank is no help: the value would still match nothing.
_WIDE_BETWEEN = re.compile(f"(?<!')[{_WIDE_BLANK}](?!')")
_SMART_QUOTE = re.compile("[\u2018-\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a`\u00b4]")
_DOUBLE_QUOTE = re.compile('"')
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|%\{|#\{")
# No part of these may run over a second opening mark: that keeps a search linear.
_TEMPLATE_WHOLE = re.compile(r"\{\{[^{}]*\}\}|\{%[^%{]*%\}|[$%#]\{[^{}\r\n]*\}")
_ANGLE = re.compile(r"<[^<>='\r\n]{1,80}>|<>(?![ \t]*['/])")
_LINK = re.compile(r"\[([^\]\r\n]{1,200})\]\([^()\r\n]{0,400}\)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

_MARKS = re.compile(rf"{STRAY_MARKS}'?")
_CLOSING_MARKS = ' \t\r\n"`],;'

# The rules of suspects that make a statement worthless even where it can be read.
FATAL = frozenset({"invisible-character", "unrendered-template"})

# In so long a text, and at so many places, a lost quote is looked for; that bounds the time.
_LONGEST_SEARCH = 2000
_MOST_PLACES = 40
_BEFORE_NAME = " \t\r\n=(,/:"
_QUOTE_OR_EDGE = re.compile(r"'|(?<=[=(,\s/:])(?=[\w.])|(?<=[^\s'=(,{])(?=[\s,)}/:]|$)")


def hidden(cursor: Cursor) -> list[Fault]:
    """The suspects inside the strings of a statement that could be read: errors, then remarks.

    Those whose rule is in FATAL are errors, the others (`placeholder`, `non-ascii`) are warnings.
    """
    faults: list[Fault] = []
    for index in range(cursor.last + 1):
        word = cursor.words[index]
        if word[0] not in "'/" or len(word) < 3:
            continue
        start = cursor.starts[index]
        if match := _UNSEEN.search(word):
            faults.append(_unseen(cursor, start + match.start()))
        elif match := CONTROL.search(word):
            faults.append(_control(start + match.start(), match[0]))
        elif match := _TEMPLATE_WHOLE.search(word):
            faults.append(_unrendered(start + match.start(), start + match.end(), match[0]))
        elif match := _ANGLE.search(word):
            faults.append(_placeholder(start + match.start(), start + match.end(), match[0]))
        elif match := _NOT_ASCII.search(word):
            at = start + match.start()
            message = (
                f"`{match[0]}` is outside ASCII; whether OCI reads it in a name or value is not"
                " documented"
            )
            faults.append(Fault("non-ascii", message, at, at + 1, "use ASCII, or an OCID"))
    return faults


def first(cursor: Cursor, fault: Fault, reads: Callable[[str], bool]) -> Fault:
    """The first thing that is wrong with a text: a suspect, or the fault that a reader stopped at.

    `reads` says whether a text can be read; it is asked where a quote is lost, to find the place
    where putting one makes the text whole.
    """
    if cursor.last < 0 or fault.rule == "stray-mark":
        return fault
    suspect = _first_suspect(cursor)
    if suspect is None and "'" in cursor.words:
        suspect = _lost_quote(cursor, reads)
    if suspect is None or suspect.start <= fault.end:
        return suspect or fault
    # A suspect further on may still be what the reader stumbled over: then nothing else is wrong.
    edit = suspect.edit
    if edit is not None:
        start, text = cursor.starts[0], cursor.text
        mended = text[start : edit.start] + edit.text + text[edit.end : cursor.after(cursor.last)]
        if reads(mended):
            return suspect
    return fault


def _first_suspect(cursor: Cursor) -> Fault | None:
    for index in range(cursor.last + 1):
        fault = _inside(cursor, index) or _beginning(cursor, index)
        if fault is not None:
            return fault
    return None


def _inside(cursor: Cursor, index: int) -> Fault | None:
    """A character that is suspect wherever it stands, in a string as well."""
    word = cursor.words[index]
    at = cursor.starts[index]
    if match := _UNSEEN.search(word):
        return _unseen(cursor, at + match.start())
    if match := _SMART_QUOTE.search(word):
        return _smart_quote(cursor, at + match.start())
    if word[0] == "'" and (match := _TEMPLATE_WHOLE.search(word)):
        return _unrendered(at + match.start(), at + match.end(), match[0])
    return None


def _beginning(cursor: Cursor, index: int) -> Fault | None:
    """Something that begins with a character that no token but this one begins with."""
    text = cursor.text
    word = cursor.words[index]
    at, end = cursor.starts[index], cursor.after(cursor.last)
    if word == '"':
        return _double_quote(cursor, at)
    if match := _TEMPLATE.match(text, at):
        whole = _TEMPLATE_WHOLE.match(text, at, end) or match
        return _unrendered(at, whole.end(), whole[0])
    if word == "<" and (match := _ANGLE.match(text, at, end)):
        return _placeholder(at, match.end(), match[0])
    if word == "." and text.startswith("...", at):
        return _placeholder(at, at + 3, "...")
    if word == "[":
        if match := _LINK.match(text, at):
            return _link(match, end)
        close = text.find("]", at, min(end, at + 80))
        return _placeholder(at, close + 1, text[at : close + 1]) if close > 0 else None
    if _NOT_ASCII.match(word):
        return _foreign_word(cursor, index)
    if CONTROL.match(word):
        return _control(at, word)
    return None


def stray_marks(cursor: Cursor, beginnings: tuple[str, ...]) -> Fault | None:
    """The bullet, the number or the quotes in front of a statement, and what closes them behind it.

    `beginnings` are the words that what is wanted begins with.
    """
    text, start, end = cursor.text, cursor.starts[0], cursor.after(cursor.last)
    marks = _MARKS.match(text, start, end)
    if marks is None or marks.end() == start:
        return None
    inner = marks.end()
    if not text[inner : inner + 16].lower().startswith(beginnings):
        return None
    found = marks[0].rstrip()
    rest = end
    while text[rest - 1] in _CLOSING_MARKS:
        rest -= 1
    if found.endswith("'") and text[rest - 1] == "'":
        rest -= 1
    parts = [Edit(start, inner, "")]
    if rest < end:
        parts.append(Edit(rest, end, ""))
    return Fault(
        "stray-mark",
        f"`{shortened(found)}` does not belong to the statement; it comes from a list, or it is the"
        " quotes of another language",
        start,
        start + len(found),
        "write the statement alone, without marks around it",
        joined(text, parts),
    )


def _swept(cursor: Cursor, at: int, wrong: re.Pattern[str], right: str) -> Edit:
    """The edit that puts `right` for every wrong character from an offset to the end."""
    parts = [
        Edit(match.start(), match.end(), right)
        for match in wrong.finditer(cursor.text, at, cursor.after(cursor.last))
    ]
    return joined(cursor.text, parts)


def _unseen(cursor: Cursor, at: int) -> Fault:
    text = cursor.text
    end = cursor.after(cursor.last)
    blank = "blank" if not _NOT_SEEN_AT_ALL.match(text[at]) else "character"
    parts = [
        Edit(match.start(), match.end(), " " if _WIDE_BETWEEN.match(text, match.start()) else "")
        for match in _UNSEEN.finditer(text, at, end)
    ]
    return Fault(
        "invisible-character",
        f"there is a {blank} here that looks like none (U+{ord(text[at]):04X});"
        " such characters come along when text is copied from a page",
        at,
        at + 1,
        "type the words again, or paste them as plain text",
        joined(text, parts),
    )


def _control(at: int, found: str) -> Fault:
    return Fault(
        "invisible-character",
        f"there is a control character here (U+{ord(found):04X})",
        at,
        at + 1,
        "take it away",
        Edit(at, at + 1, ""),
    )


def _smart_quote(cursor: Cursor, at: int) -> Fault:
    return Fault(
        "smart-quote",
        f"`{cursor.text[at]}` is a typographic quote; OCI knows only the straight single quote",
        at,
        at + 1,
        "write straight single quotes: '",
        _swept(cursor, at, _SMART_QUOTE, "'"),
    )


def _double_quote(cursor: Cursor, at: int) -> Fault:
    return Fault(
        "double-quote",
        "OCI quotes with single quotes, not with double ones",
        at,
        at + 1,
        "write single quotes: '",
        _swept(cursor, at, _DOUBLE_QUOTE, "'"),
    )


def _unrendered(start: int, end: int, found: str) -> Fault:
    return Fault(
        "unrendered-template",
        f"`{shortened(found)}` belongs to a template that was not rendered",
        start,
        end,
        "render the template first; OCI would take this as it stands",
    )


def _placeholder(start: int, end: int, found: str) -> Fault:
    return Fault(
        "placeholder",
        f"`{shortened(found)}` is a placeholder that is still to be filled in",
        start,
        end,
        "put the real name or OCID in its place",
    )


def _link(match: re.Match[str], end: int) -> Fault:
    start = match.start()
    # The `//` of an address begins a comment, and what follows it cannot be read any more.
    edit = Edit(start, match.end(), match[1]) if match.end() <= end else None
    return Fault(
        "markdown-link",
        "this is a link of a Markdown page, not a word",
        start,
        min(match.end(), end),
        f"write {match[1]}",
        edit,
    )


def _foreign_word(cursor: Cursor, index: int) -> Fault:
    first_of_word = last = index
    while first_of_word and _touches(cursor, first_of_word - 1):
        first_of_word -= 1
    while last < cursor.last and _touches(cursor, last):
        last += 1
    start, end = cursor.starts[first_of_word], cursor.after(last)
    return Fault(
        "non-ascii",
        f"`{shortened(cursor.text[start:end])}` has characters outside ASCII and no quotes",
        start,
        end,
        "put it in single quotes, or better use the OCID: whether OCI reads it is not documented",
        Edit(start, end, f"'{cursor.text[start:end]}'") if cursor.text[start].isalpha() else None,
    )


def _touches(cursor: Cursor, index: int) -> bool:
    """Whether the tokens `index` and the next are written together and both are parts of a word."""
    pair = (cursor.words[index], cursor.words[index + 1])
    return cursor.after(index) == cursor.starts[index + 1] and all(
        word[0] == "_" or word[0].isalnum() for word in pair
    )


def _lost_quote(cursor: Cursor, reads: Callable[[str], bool]) -> Fault:
    """The place where a quote makes the text whole; else the lone quote itself."""
    text, start, end = cursor.text, cursor.starts[0], cursor.after(cursor.last)
    lone = cursor.words.index("'")
    if end - start <= _LONGEST_SEARCH:
        for at in _places_for_a_quote(text, start, end, cursor.starts[lone]):
            if reads(f"{text[start:at]}'{text[at:end]}"):
                return Fault(
                    "lost-quote",
                    "a single quote is missing here",
                    at,
                    at,
                    "quotes come in pairs, on one line",
                    Edit(at, at, "'"),
                )
    return cursor.fault(
        "lost-quote",
        "this single quote has no partner on its line",
        "quotes come in pairs, on one line",
        at=lone,
    )


def _places_for_a_quote(text: str, start: int, end: int, lone: int) -> list[int]:
    """Where a quote may be missing on the line of the lone one: ends of words behind an open quote,
    beginnings of words elsewhere.
    """
    first = max(start, text.rfind("\n", start, lone) + 1, text.rfind("\r", start, lone) + 1)
    places: list[int] = []
    is_open = False
    for match in _QUOTE_OR_EDGE.finditer(text, first, end):
        if match[0]:
            is_open = not is_open
        elif is_open == (text[match.start() - 1] not in _BEFORE_NAME):
            places.append(match.start())
        if len(places) == _MOST_PLACES:
            break
    return places
