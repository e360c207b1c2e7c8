"""Annotations of GitHub's Actions: a line for each finding, which shows up in the changed file."""

from collections.abc import Iterable

from ocipolicy.diagnostics import Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def of_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """`::error file=F,line=1,endLine=1,col=2,endColumn=9,title=RULE::message`, a line for each.

    Source: GitHub's documentation of workflow commands. The columns are those of one line only.
    """
    return "\n".join(map(_annotation, diagnostics))


def _annotation(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    where: dict[str, object] = {"file": span.source.origin} if span.source.origin else {}
    where |= {"line": span.line, "endLine": span.end_line}
    if span.line == span.end_line:
        where |= {"col": span.column, "endColumn": span.end_column}
    where["title"] = diagnostic.rule
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
    way_out = f"\nhelp: {diagnostic.help}" if diagnostic.help else ""
    return f"::{_COMMANDS[diagnostic.severity]} {properties}::{_text(diagnostic.message + way_out)}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
