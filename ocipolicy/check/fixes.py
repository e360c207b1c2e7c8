"""Fixes: the edits that findings carry, put into a text together, and the text read again."""

from collections.abc import Callable, Iterable

from ocipolicy.check.rules import BY_NAME
from ocipolicy.diagnostics import Diagnostic, Fix, Severity

# Of what cannot be read, that which has one way out only, whatever the author meant.
_CERTAIN = frozenset(
    {
        "compartment-without-id",
        "double-quote",
        "invisible-character",
        "ocid-without-id",
        "repeated-word",
        "smart-quote",
        "stray-mark",
        "trailing-comma",
        "trailing-semicolon",
        "unquoted-value",
    }
)
# The rounds that one fix may open for another one: a statement that reads has findings of its own.
_MOST_ROUNDS = 5

Check = Callable[[str], Iterable[Diagnostic]]


def fixed(text: str, check: Check) -> tuple[str, int]:
    """A text with every fix that can be made by machine, and how many that were.

    `check` says what is wrong with a text. Of fixes that overlap the first is made; all of them
    together must leave no more errors than there were, or else they are tried one by one.
    """
    made = 0
    for _ in range(_MOST_ROUNDS):
        diagnostics = [*check(text)]
        edits = [*_apart(text, diagnostics)]
        errors = _errors(diagnostics)
        better, count = _together(text, edits, errors, check)
        if not count:
            break
        text, made = better, made + count
    return text, made


def is_safe(diagnostic: Diagnostic) -> bool:
    """Whether the fix of a finding, if it has one, can be made without asking."""
    rule = BY_NAME.get(diagnostic.rule)
    return (
        diagnostic.severity is not Severity.ERROR
        or diagnostic.rule in _CERTAIN
        or (rule is not None and rule.statement is not None)
    )


def _apart(text: str, diagnostics: Iterable[Diagnostic]) -> Iterable[Fix]:
    """The fixes in a text that do not touch each other, the last one first."""
    fixes = {
        (each.fix.span.start, each.fix.span.end): each.fix
        for each in diagnostics
        if each.fix is not None and is_safe(each) and each.fix.span.source.text == text
    }
    kept: list[Fix] = []
    end = -1
    for start, last in sorted(fixes):
        if start > end or (start == end and last > start and kept[-1].span.start < end):
            kept.append(fixes[start, last])
            end = last
    return reversed(kept)


def _together(text: str, edits: list[Fix], errors: int, check: Check) -> tuple[str, int]:
    whole = text
    for edit in edits:
        whole = _applied(whole, edit)
    if edits and _errors(check(whole)) <= errors:
        return whole, len(edits)
    made = 0
    for edit in edits:
        one = _applied(text, edit)
        if _errors(check(one)) <= errors:
            text, made = one, made + 1
    return text, made


def _applied(text: str, edit: Fix) -> str:
    return text[: edit.span.start] + edit.text + text[edit.span.end :]


def _errors(diagnostics: Iterable[Diagnostic]) -> int:
    return sum(each.severity is Severity.ERROR for each in diagnostics)
