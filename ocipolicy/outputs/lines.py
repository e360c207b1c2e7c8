"""Lines that fit a terminal: the one place where text for people is broken.

What is there to be pasted as a whole is never broken: a statement, a command, an OCID, an address.
Where it does not fit it stands alone on its line, with nothing but its mark before it, and the
terminal wraps it. All else has as many lines as it needs.

A width is in columns, and None where there is no terminal. Reports have 80 columns then. Messages
stay on one line then, so that a script can search for them.
"""

import re
from collections.abc import Iterator, Sequence

# So many columns, or None where there is no terminal.
Width = int | None

WIDTH = 80
_CODE = re.compile(r"(?:`[^`\n]*`|[^ \n])+")
_BEHIND_COLON = re.compile(
    r"(?P<lead>.*?:) (?P<rest>(?:allow|deny|define|endorse|admit) .*)", re.IGNORECASE
)
# A last word that is no longer does not stand on a line by itself.
_ORPHAN = 12


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(each) else 2 if east_asian_width(each) in ("F", "W") else 1 for each in text
    )


def fold(text: str, width: Width, indent: int = 0, hang: int | None = None) -> list[str]:
    """A paragraph on lines of at most so many columns, the first one with `indent` blanks.

    The others have `hang` blanks, or as many. What stands between backticks stays together where
    it fits a line, and a word that does not fit one has it for itself. Servers and models have
    their words in paragraphs, so a character that would command the terminal is shown as `�`.
    """
    if not text.isprintable():
        text = "".join(each if each.isprintable() or each.isspace() else "�" for each in text)
        text = " ".join(text.split())
    wide, rest = width or WIDTH, indent if hang is None else hang
    words: list[str] = []
    for each in _CODE.findall(text):
        words += [each] if columns(each) <= wide - rest else each.split()
    return _filled(words, wide, indent, rest)


def listed(words: Sequence[str], width: Width, indent: int, head: str = "") -> list[str]:
    """Words with commas between them, behind `head: `; a blank inside of one ends no line."""
    if not words:
        return []
    last = len(words) - 1
    joined = [
        each if at == last or words[at + 1].startswith("and ") else f"{each},"
        for at, each in enumerate(words)
    ]
    rest = indent + 2 * bool(head)
    return _filled([*([f"{head}:"] if head else []), *joined], width or WIDTH, indent, rest)


def _filled(words: Sequence[str], width: int, indent: int, hang: int) -> list[str]:
    rows: list[list[str]] = []
    room = 0
    for word in words:
        size = columns(word)
        if rows and size < room:
            rows[-1].append(word)
            room -= size + 1
        else:
            room = width - (hang if rows else indent) - size
            rows.append([word])
    if len(rows) > 1 and len(rows[-2]) > 2 and len(rows[-1]) == 1:
        (orphan,) = rows[-1]
        if columns(orphan) < _ORPHAN and columns(rows[-2][-1]) < width // 2:
            rows[-1].insert(0, rows[-2].pop())
    return [" " * (hang if at else indent) + " ".join(row) for at, row in enumerate(rows)]


def message(text: str, width: Width, indent: int = 0, hang: int = 0) -> list[str]:
    """A message, on one line where there is no terminal; its own lines stay lines.

    A statement behind a colon gets a line for itself if both do not fit one.
    """
    if width is None:
        first, *rest = text.split("\n")
        return [" " * indent + first, *(" " * hang + each for each in rest)]
    lines: list[str] = []
    for each in text.split("\n"):
        start = hang if lines else indent
        if start + columns(each) <= width:
            lines.append(" " * start + each)
            continue
        parts = _BEHIND_COLON.fullmatch(each)
        if parts and _is_statement(parts["rest"]):
            lines += fold(parts["lead"], width, start, hang)
            lines.append(" " * (hang + 2) + parts["rest"])
        else:
            lines += fold(each, width, start, hang)
    return lines


def _is_statement(text: str) -> bool:
    from ocipolicy.language import parse

    parsed = parse(text)
    return len(parsed.statements) == 1 and not parsed.diagnostics


def compared(head: str, expected: str, got: str, width: Width, indent: int) -> Iterator[str]:
    """`head: expected A; got B`, and where that is too long the two below each other."""
    line = f"{' ' * indent}{head}: expected {expected}; got {got}"
    if columns(line) <= (width or WIDTH):
        yield line
        return
    yield f"{' ' * indent}{head}:"
    for label, text in (("expected", expected), ("got", got)):
        first, *rest = fold(text, width, indent + 13)
        yield f"{' ' * (indent + 4)}{label:<9}{first.lstrip(' ')}"
        yield from rest


def table(rows: Sequence[Sequence[str]], width: Width) -> Iterator[str]:
    """Rows of cells in columns; where these are too wide, without columns or below each other."""
    sizes = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    wide = width or WIDTH
    in_columns = sum(sizes) + 2 * (len(sizes) - 1) <= wide
    for row in rows:
        cells = zip(row, sizes, strict=True) if in_columns else ((cell, 0) for cell in row)
        line = "  ".join(cell + " " * (size - columns(cell)) for cell, size in cells).rstrip()
        if columns(line) <= wide:
            yield line
        else:
            yield row[0]
            yield from ("    " + cell for cell in row[1:])
