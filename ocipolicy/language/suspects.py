"""Characters that do not belong into a statement: what word processors, templates and haste leave.

They explain a failure better than the place where a reader gave up, and some of them spoil a
statement that can be read: a value with an invisible character in it matches nothing.
"""

import re
from collections.abc import Callable

from ocipolicy.language.lexer import Cursor, Edit, Fault

_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
_WIDE_BLANK = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNSEEN = re.compile(f"[{_INVISIBLE}{_WIDE_BLANK}]")
_NOT_SEEN_AT_ALL = re.compile(f"[{_INVISIBLE}]")
_SMART_QUOTE = re.compile("[\u2018-\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a`\u00b4]")
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|%\{|#\{")
_TEMPLATE_WHOLE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|[$%#]\{[^}\r\n]*\}", re.DOTALL)
_ANGLE = re.compile(r"<[^<>='\r\n]{0,80}>")
_LINK = re.compile(r"\[([^\]\r\n]+)\]\([^)\r\n]*\)")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

# The rules of suspects that make a statement worthless even where it can be read.
FATAL = frozenset({"invisible-character", "unrendered-template"})

# How many places a lost quote is looked for, so that the time stays linear in the text.
_MOST_PLACES = 200


def may_hide(text: str) -> bool:
    """Whether a text could hold a suspect that a reader does not stumble over."""
    return not text.isascii() or "${" in text or "{{" in text or "<" in text or "%{" in text


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
    suspect = _first_suspect(cursor, reads)
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


def _first_suspect(cursor: Cursor, reads: Callable[[str], bool]) -> Fault | None:
    if cursor.last < 0:
        return None
    start, end = cursor.starts[0], cursor.after(cursor.last)
    found: list[Fault] = []
    for index in range(cursor.last + 1):
        word = cursor.words[index]
        at = cursor.starts[index]
        if match := _UNSEEN.search(word):
            found.append(_unseen(cursor, at + match.start()))
        elif match := _SMART_QUOTE.search(word):
            found.append(_smart_quote(cursor, at + match.start()))
        elif match := _TEMPLATE.match(cursor.text, at):
            whole = _TEMPLATE_WHOLE.match(cursor.text, at, end)
            found.append(_unrendered(at, whole.end() if whole else match.end(), match[0]))
        elif word[0] == "'" and (match := _TEMPLATE_WHOLE.search(word)):
            found.append(_unrendered(at + match.start(), at + match.end(), match[0]))
        elif word == '"':
            found.append(_double_quote(cursor, at))
        elif word == "<" and (match := _ANGLE.match(cursor.text, at, end)):
            found.append(_placeholder(at, match.end(), match[0]))
        elif word == "." and cursor.text.startswith("...", at):
            found.append(_placeholder(at, at + 3, "..."))
        elif word == "[" and (match := _LINK.match(cursor.text, at, end)):
            found.append(_link(match))
        elif word == "[" and (close := cursor.text.find("]", at, min(end, at + 80))) > 0:
            found.append(_placeholder(at, close + 1, cursor.text[at : close + 1]))
        elif _NOT_ASCII.match(word):
            found.append(_foreign_word(cursor, index))
        elif _CONTROL.match(word):
            message = f"there is a control character here (code {ord(word)})"
            found.append(Fault("invisible-character", message, at, at + 1, "take it away"))
        if found:
            return found[0]
    if "'" in cursor.words:
        return _lost_quote(cursor, start, end, reads)
    return None


def _unseen(cursor: Cursor, at: int) -> Fault:
    character = cursor.text[at]
    end = cursor.after(cursor.last)
    blank = "blank" if not _NOT_SEEN_AT_ALL.match(character) else "character"
    cleaned = _UNSEEN.sub(" ", _NOT_SEEN_AT_ALL.sub("", cursor.text[at:end]))
    return Fault(
        "invisible-character",
        f"there is a {blank} here that looks like none (U+{ord(character):04X});"
        " such characters come along when text is copied from a page",
        at,
        at + 1,
        "type the words again, or paste them as plain text",
        Edit(at, end, cleaned),
    )


def _smart_quote(cursor: Cursor, at: int) -> Fault:
    end = cursor.after(cursor.last)
    return Fault(
        "smart-quote",
        f"`{cursor.text[at]}` is a typographic quote; OCI knows only the straight single quote",
        at,
        at + 1,
        "write straight single quotes: '",
        Edit(at, end, _SMART_QUOTE.sub("'", cursor.text[at:end])),
    )


def _double_quote(cursor: Cursor, at: int) -> Fault:
    end = cursor.after(cursor.last)
    return Fault(
        "double-quote",
        "OCI quotes with single quotes, not with double ones",
        at,
        at + 1,
        "write single quotes: '",
        Edit(at, end, cursor.text[at:end].replace('"', "'")),
    )


def _unrendered(start: int, end: int, found: str) -> Fault:
    return Fault(
        "unrendered-template",
        f"`{found if len(found) <= 40 else found[:39] + '…'}` belongs to a template that was not rendered",
        start,
        end,
        "render the template first; OCI would take this as it stands",
    )


def _placeholder(start: int, end: int, found: str) -> Fault:
    return Fault(
        "placeholder",
        f"`{found}` is a placeholder that is still to be filled in",
        start,
        end,
        "put the real name or OCID in its place",
    )


def _link(match: re.Match[str]) -> Fault:
    return Fault(
        "markdown-link",
        "this is a link of a Markdown page, not a word",
        match.start(),
        match.end(),
        f"write {match[1]}",
        Edit(match.start(), match.end(), match[1]),
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
        f"`{cursor.text[start:end]}` has characters outside ASCII and no quotes",
        start,
        end,
        "put it in single quotes, or better use the OCID: whether OCI reads it is not documented",
        Edit(start, end, f"'{cursor.text[start:end]}'") if cursor.text[index].isalpha() else None,
    )


def _touches(cursor: Cursor, index: int) -> bool:
    """Whether the tokens `index` and the next are written together and both are parts of a word."""
    pair = (cursor.words[index], cursor.words[index + 1])
    return cursor.after(index) == cursor.starts[index + 1] and all(
        word[0] == "_" or word[0].isalnum() for word in pair
    )


def _lost_quote(cursor: Cursor, start: int, end: int, reads: Callable[[str], bool]) -> Fault:
    text = cursor.text
    places = [
        match.start()
        for match in re.finditer(
            r"(?<=[=(,\s/:])(?=[\w.])|(?<=[^\s'=(,{])(?=[\s,)}/:]|$)", text[start:end]
        )
    ]
    for place in places[:_MOST_PLACES]:
        at = start + place
        if reads(f"{text[start:at]}'{text[at:end]}"):
            return Fault(
                "lost-quote",
                "a single quote is missing here",
                at,
                at,
                "quotes come in pairs, on one line",
                Edit(at, at, "'"),
            )
    lone = cursor.words.index("'")
    return cursor.fault(
        "lost-quote",
        "this single quote has no partner on its line",
        "quotes come in pairs, on one line",
        at=lone,
    )
