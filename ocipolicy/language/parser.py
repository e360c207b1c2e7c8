"""Text to tree: cuts a text into pieces, reads each as a statement, and goes on after a mistake."""

import gc
import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from ocipolicy.diagnostics import Diagnostic, Severity, Source, closest, has_errors
from ocipolicy.language.lexer import (
    STRAY_MARKS,
    Cursor,
    Edit,
    Fault,
    comments,
    may_hide,
    tokenize,
)
from ocipolicy.language.mistakes import STARTERS, SUBJECTS
from ocipolicy.language.printer import show, show_condition
from ocipolicy.language.repair import corrected, diagnostic, explain
from ocipolicy.language.statements import DENIED, StatementReader
from ocipolicy.language.tree import Condition, Parsed, ParsedRule, Statement

# A line's end comes first, since a search for one character is what `re` does fastest.
_STARTS = re.compile(
    rf"[\r\n](?P<blank>[ \t\f\v]*){STRAY_MARKS}"
    rf"(?=(?P<first>{'|'.join(STARTERS)})(?![A-Za-z0-9_.@-]))",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"[\r\n]")
_RULE_BEGINNINGS = ("all", "any", "instance.", "resource.", "tag.")
_BEHIND_STARTER = frozenset({*SUBJECTS, "tenancy"})


def parse(text: str, origin: str = "") -> Parsed:
    """The statements of a text, and everything that is wrong with it.

    A statement begins at a line whose first word is allow, deny, define, endorse or admit, or right
    behind another statement, and may go on over several lines. `//` and `#` begin a comment.
    Nothing is raised, whatever the text: what could not be read is in `diagnostics` and `broken`.

    >>> parse("allow group Admins to manage all-resources in tenancy").diagnostics
    ()
    """
    # Nothing here refers back to itself, so the garbage collector would look through the growing
    # tree in vain, time and again: without it 100,000 statements take no longer each than ten.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _parse(Source(text, origin))
    finally:
        if collecting:
            gc.enable()


def _parse(source: Source) -> Parsed:
    text = source.text
    words, starts = tokenize(text)
    hides = may_hide(text)
    statements: list[Statement] = []
    diagnostics: list[Diagnostic] = []
    broken: list[tuple[int, int]] = []
    for reader, outcome in _pieces(text, words, starts):
        if isinstance(outcome, Fault):
            fault = _first_fault(reader, outcome)
        elif not hides and not reader.remarks:
            statements.append(outcome)
            continue
        else:
            from ocipolicy.language import suspects

            remarks = sorted(reader.remarks + suspects.hidden(reader), key=lambda each: each.start)
            fatal = next((each for each in remarks if each.rule in suspects.FATAL), None)
            if fatal is None:
                diagnostics += _warnings(source, reader, remarks)
                statements.append(outcome)
                continue
            fault = fatal
        diagnostics += explain(source, reader, fault, _canonical)
        broken.append((reader.starts[0], reader.after(reader.last)))
    notes = comments(text, words, starts)
    return Parsed(source, tuple(statements), tuple(diagnostics), tuple(notes), tuple(broken))


def _warnings(source: Source, reader: Cursor, remarks: list[Fault]) -> Iterator[Diagnostic]:
    """The remarks on a statement that reads; one help for all that changes the statement itself."""
    begin = reader.starts[0]
    edits = [each.edit for each in remarks if each.edit and each.edit.start >= begin]
    right = corrected(reader, edits, _canonical)
    for each in remarks:
        yield diagnostic(source, each, Severity.WARNING, right if each.edit in edits else None)


def parse_rule(text: str, origin: str = "") -> ParsedRule:
    """The matching rule of a dynamic group: `all {resource.type = 'fnfunc', ...}`.

    >>> from ocipolicy.language import show_condition
    >>> show_condition(parse_rule("ANY{instance.id='ocid1.instance.oc1..a'}").rule)
    "any {instance.id = 'ocid1.instance.oc1..a'}"
    """
    source = Source(text, origin)
    words, starts = tokenize(text)
    reader = StatementReader(text, words, starts)
    diagnostics: list[Diagnostic] = []
    rule: Condition | None = None
    try:
        rule = reader.rule()
    except Fault as fault:
        first = _first_rule_fault(reader, fault)
        return ParsedRule(source, None, tuple(explain(source, reader, first, _canonical_rule)))
    from ocipolicy.language import suspects

    for each in suspects.hidden(reader):
        severity = Severity.ERROR if each.rule in suspects.FATAL else Severity.WARNING
        diagnostics.append(diagnostic(source, each, severity, None))
    return ParsedRule(source, None if has_errors(diagnostics) else rule, tuple(diagnostics))


def _pieces(
    text: str, words: list[str], starts: list[int]
) -> Iterator[tuple[StatementReader, Statement | Fault]]:
    """Each piece of a text with what it reads as; its reader holds no tokens but its own."""
    if not words:
        return
    for first, last in pairwise(_cuts(text, words, starts)):
        reader = StatementReader(text, words[first:last], starts[first : last + 1])
        while (begin := reader.index) <= reader.last:
            outcome = _read(reader)
            if isinstance(outcome, Fault):
                yield from _broken_pieces(reader, begin, outcome)
                break
            if begin == 0 and reader.index > reader.last:
                yield reader, outcome
                break
            piece = reader.piece(begin, reader.index)
            if begin > 0:
                piece.remarks.insert(0, _on_one_line(piece))
            reader.remarks = []
            yield piece, outcome


def _cuts(text: str, words: list[str], starts: list[int]) -> list[int]:
    """The tokens at which a line begins a statement; the first and the end besides."""
    cuts = [0]
    for match in _STARTS.finditer(text):
        cut = bisect_left(starts, match.end("blank"))
        # `deny` alone on a line is no statement: what it denies stands on the next.
        denied = match["first"].lower() in DENIED and words[cut - 1].lower() == "deny"
        if cut and not (denied and cuts[-1] == cut - 1):
            cuts.append(cut)
    cuts.append(len(words))
    return cuts


def _broken_pieces(
    reader: StatementReader, begin: int, fault: Fault
) -> Iterator[tuple[StatementReader, Statement | Fault]]:
    """What is left of a piece after a fault, cut where a line begins with a misspelt word."""
    bounds = [begin, *_misspelt_starts(reader, begin + 1), reader.last + 1]
    if len(bounds) == 2 and begin == 0:
        yield reader, fault
        return
    for first, last in pairwise(bounds):
        piece = reader.piece(first, last)
        piece.remarks = []
        yield piece, _read(piece)


def _read(reader: StatementReader) -> Statement | Fault:
    try:
        if reader.words[reader.index].lower() not in STARTERS:
            raise _no_statement(reader)
        return reader.statement()
    except Fault as fault:
        return fault


def _reads(text: str) -> bool:
    words, starts = tokenize(text)
    return not any(isinstance(each, Fault) for _, each in _pieces(text, words, starts))


def _rule_reads(text: str) -> bool:
    try:
        StatementReader(text, *tokenize(text)).rule()
    except Fault:
        return False
    return True


def _first_fault(reader: Cursor, fault: Fault) -> Fault:
    from ocipolicy.language import suspects

    return suspects.first(reader, fault, _reads)


def _canonical(text: str) -> str | Fault:
    """The statements of a text in canonical form, or its first fault."""
    from ocipolicy.language import suspects

    lines: list[str] = []
    for reader, outcome in _pieces(text, *tokenize(text)):
        if isinstance(outcome, Fault):
            return _first_fault(reader, outcome)
        fatal = [each for each in suspects.hidden(reader) if each.rule in suspects.FATAL]
        if fatal:
            return fatal[0]
        lines.append(show(outcome))
    return "\n".join(lines)


def _canonical_rule(text: str) -> str | Fault:
    reader = StatementReader(text, *tokenize(text))
    try:
        return show_condition(reader.rule())
    except Fault as fault:
        return _first_rule_fault(reader, fault)


def _first_rule_fault(reader: Cursor, fault: Fault) -> Fault:
    from ocipolicy.language import suspects

    if reader.last >= 0:
        fault = suspects.stray_marks(reader, _RULE_BEGINNINGS) or fault
    return suspects.first(reader, fault, _rule_reads)


def _no_statement(reader: Cursor) -> Fault:
    """Text in front of the first statement, or instead of one."""
    from ocipolicy.language import suspects

    at = reader.index
    word = reader.words[at]
    marks = suspects.stray_marks(reader, STARTERS)
    if marks is not None:
        return marks
    near = closest(word.lower(), STARTERS)
    if near and reader.last > at:
        return reader.misspelt(at, near)
    return reader.fault(
        "unknown-statement",
        f"a statement begins with allow, deny, define, endorse or admit, not with"
        f" {reader.found(at)}",
        "begin with one of these words, or make it a comment with //",
        at=at,
        edit=reader.before(at, "allow") if word.lower() in SUBJECTS and reader.last > at else None,
    )


def _on_one_line(reader: Cursor) -> Fault:
    start = gap = reader.starts[0]
    while reader.text[gap - 1] in " \t":
        gap -= 1
    return reader.fault(
        "statements-on-one-line",
        "a second statement begins on the same line",
        "write every statement on a line of its own",
        at=0,
        edit=Edit(gap, start, "\n"),
    )


def _misspelt_starts(reader: Cursor, begin: int) -> Iterator[int]:
    """The later lines of a broken piece that begin like a statement, but for its spelling."""
    for index in range(begin, reader.last):
        if reader.words[index + 1].lower() in _BEHIND_STARTER:
            gap = reader.text[reader.after(index - 1) : reader.starts[index]]
            if _LINE_END.search(gap) and closest(reader.words[index].lower(), STARTERS):
                yield index
