"""Text to tree: cuts a text into pieces, reads each as a statement, and goes on after a mistake."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from ocipolicy.diagnostics import Diagnostic, Severity, Source, closest, has_errors
from ocipolicy.language import suspects
from ocipolicy.language.lexer import Cursor, Edit, Fault, comments, tokenize
from ocipolicy.language.mistakes import SUBJECTS
from ocipolicy.language.printer import show, show_condition
from ocipolicy.language.repair import corrected, diagnostic, explain
from ocipolicy.language.statements import STARTERS, StatementReader
from ocipolicy.language.tree import Condition, Parsed, ParsedRule, Statement

_STARTS = re.compile(
    rf"^[ \t]*(?=(?:{'|'.join(STARTERS)})(?![A-Za-z0-9_.@-]))", re.IGNORECASE | re.MULTILINE
)
_LINE_END = re.compile(r"[\r\n]")


def parse(text: str, origin: str = "") -> Parsed:
    """The statements of a text, and everything that is wrong with it.

    A statement begins at a line whose first word is allow, deny, define, endorse or admit, or right
    behind another statement, and may go on over several lines. `//` and `#` begin a comment.
    Nothing is raised, whatever the text: what could not be read is in `diagnostics` and `broken`.

    >>> parse("allow group Admins to manage all-resources in tenancy").diagnostics
    ()
    """
    source = Source(text, origin)
    words, starts = tokenize(text)
    hides = suspects.may_hide(text)
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
            remarks = sorted(reader.remarks + suspects.hidden(reader), key=lambda each: each.start)
            fatal = next((each for each in remarks if each.rule in suspects.FATAL), None)
            if fatal is None:
                edits = [each.edit for each in remarks if each.edit]
                right = corrected(reader, edits, _canonical)
                diagnostics += (
                    diagnostic(source, each, Severity.WARNING, right if each.edit else None)
                    for each in remarks
                )
                statements.append(outcome)
                continue
            fault = fatal
        diagnostics += explain(source, reader, fault, _canonical)
        broken.append((reader.starts[0], reader.after(reader.last)))
    notes = comments(text, words, starts)
    return Parsed(source, tuple(statements), tuple(diagnostics), tuple(notes), tuple(broken))


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
        first = suspects.first(reader, fault, _rule_reads)
        return ParsedRule(source, None, tuple(explain(source, reader, first, _canonical_rule)))
    for each in suspects.hidden(reader):
        severity = Severity.ERROR if each.rule in suspects.FATAL else Severity.WARNING
        diagnostics.append(diagnostic(source, each, severity, None))
    return ParsedRule(source, None if has_errors(diagnostics) else rule, tuple(diagnostics))


def _pieces(
    text: str, words: list[str], starts: list[int]
) -> Iterator[tuple[StatementReader, Statement | Fault]]:
    """Each piece of a text with what it reads as; the reader holds the tokens of that piece alone."""
    if not words:
        return
    cuts = [bisect_left(starts, match.end()) for match in _STARTS.finditer(text)]
    if not cuts or cuts[0] > 0:
        cuts.insert(0, 0)
    cuts.append(len(words))
    for cut, last in pairwise(cuts):
        first = cut
        while first < last:
            reader = StatementReader(text, words[first:last], starts[first : last + 1])
            if first > cut and words[first].lower() in STARTERS:
                reader.remarks.append(_on_one_line(reader))
            outcome = _read(reader)
            if isinstance(outcome, Fault):
                until = _next_misspelt_start(reader)
                if until <= reader.last:
                    reader = reader.piece(until)
                    outcome = _read(reader)
            elif reader.index <= reader.last:
                reader = reader.piece(reader.index)
            first += reader.last + 1
            yield reader, outcome


def _read(reader: StatementReader) -> Statement | Fault:
    try:
        if reader.words[0].lower() not in STARTERS:
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
    return suspects.first(reader, fault, _reads)


def _canonical(text: str) -> str | Fault:
    """The statements of a text in canonical form, or its first fault."""
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
        return suspects.first(reader, fault, _rule_reads)


def _no_statement(reader: Cursor) -> Fault:
    """Text in front of the first statement, or instead of one."""
    word = reader.words[0]
    near = closest(word.lower(), STARTERS)
    if near and reader.last > 0:
        return reader.misspelt(0, near)
    return reader.fault(
        "unknown-statement",
        f"a statement begins with allow, deny, define, endorse or admit, not with {reader.found(0)}",
        "begin with one of these words, or make it a comment with //",
        at=0,
        edit=reader.before(0, "allow") if word.lower() in SUBJECTS and reader.last > 0 else None,
    )


def _on_one_line(reader: Cursor) -> Fault:
    return reader.fault(
        "statements-on-one-line",
        "a second statement begins on the same line",
        "write every statement on a line of its own",
        at=0,
        edit=Edit(reader.starts[0], reader.starts[0], "\n"),
    )


def _next_misspelt_start(reader: Cursor) -> int:
    """The first later line of a broken piece that begins like a statement, but for its spelling."""
    for index in range(1, reader.last):
        gap = reader.text[reader.after(index - 1) : reader.starts[index]]
        if _LINE_END.search(gap) and closest(reader.words[index].lower(), STARTERS):
            following = reader.words[index + 1].lower()
            if following in SUBJECTS or following == "tenancy":
                return index
    return reader.last + 1
