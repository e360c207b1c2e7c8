"""Faults to diagnostics: what help offers has been tried out before."""

from collections.abc import Callable, Iterable

from ocipolicy.diagnostics import Diagnostic, Fix, Severity, Source, Span
from ocipolicy.language.lexer import Cursor, Edit, Fault

# Reads a text and gives it back in canonical form, or the first fault in it.
Attempt = Callable[[str], str | Fault]

# So many mistakes of one statement are put right, and up to such a length; beyond that the help is
# a hint alone. The bounds keep the time linear in the text.
_MOST_REPAIRS = 8
_LONGEST_REPAIR = 4000


def explain(source: Source, cursor: Cursor, fault: Fault, attempt: Attempt) -> list[Diagnostic]:
    """Every mistake of a text that could not be read, from the first one, `fault`, on.

    Each mistake that has an edit is put right, which brings the next one to light; when the text
    reads at last, what it has become is the help of them all.
    """
    start = cursor.starts[0]
    text = cursor.text[start : cursor.after(cursor.last)]
    faults = [fault]
    edits: list[Edit] = []
    corrected: str | None = None
    offset = start
    if len(text) <= _LONGEST_REPAIR:
        while len(edits) < _MOST_REPAIRS and (edit := faults[-1].edit) is not None:
            edits.append(_shifted(edit, -offset))
            text = _apply(text, edits[-1])
            outcome = attempt(text)
            offset = 0
            if not isinstance(outcome, Fault):
                corrected = outcome
                break
            faults.append(outcome)
    diagnostics = [diagnostic(source, fault, Severity.ERROR, corrected)]
    for later, number in zip(faults[1:], range(1, len(faults)), strict=True):
        moved = _moved_back(later, edits[:number], start)
        diagnostics.append(diagnostic(source, moved, Severity.ERROR, corrected))
    return diagnostics


def corrected(cursor: Cursor, edits: Iterable[Edit], attempt: Attempt) -> str | None:
    """What a text that reads becomes with the edits of its remarks; none if it then fails."""
    start = cursor.starts[0]
    text = cursor.text[start : cursor.after(cursor.last)]
    if len(text) > _LONGEST_REPAIR:
        return None
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = _apply(text, Edit(edit.start - start, edit.end - start, edit.text))
    outcome = attempt(text)
    return None if isinstance(outcome, Fault) else outcome


def diagnostic(
    source: Source, fault: Fault, severity: Severity, corrected: str | None
) -> Diagnostic:
    """A fault as users see it; `corrected` is the text put right, in place of the bare hint."""
    fix = None
    edit = fault.edit
    if edit is not None and source.text[edit.start : edit.end] != edit.text:
        fix = Fix(Span(source, edit.start, edit.end), edit.text)
    way_out = f"write: {corrected}" if corrected else fault.hint
    span = Span(source, fault.start, fault.end)
    return Diagnostic(fault.rule, severity, fault.message, span, way_out, fix)


def _shifted(edit: Edit, by: int) -> Edit:
    parts = tuple(_shifted(part, by) for part in edit.parts)
    return Edit(edit.start + by, edit.end + by, edit.text, parts)


def _apply(text: str, edit: Edit) -> str:
    return text[: edit.start] + edit.text + text[edit.end :]


def _moved_back(fault: Fault, edits: list[Edit], start: int) -> Fault:
    """A fault of a text that was edited, at its place in the text before the edits."""

    def back(offset: int) -> int:
        for edit in reversed(edits):
            offset = _before(edit, offset)
        return offset + start

    edit = fault.edit and Edit(back(fault.edit.start), back(fault.edit.end), fault.edit.text)
    first, last = back(fault.start), back(fault.end)
    return Fault(fault.rule, fault.message, first, max(first, last), fault.hint, edit)


def _before(edit: Edit, offset: int) -> int:
    """Where a character stood before an edit; the place of the edit if it was not there."""
    longer = 0
    for part in edit.parts or (edit,):
        if offset <= part.start + longer:
            break
        if offset < part.start + longer + len(part.text):
            return part.start
        longer += len(part.text) - (part.end - part.start)
    return offset - longer
