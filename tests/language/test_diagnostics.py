"""Where things are: lines, columns, and the words of the exceptions."""

import pytest

from ocipolicy.diagnostics import (
    CannotGoOn,
    Diagnostic,
    Severity,
    Source,
    Span,
    Unreadable,
    Unwritable,
    closest,
    has_errors,
)
from ocipolicy.language import parse, parse_rule


def test_lines_end_as_on_any_system() -> None:
    source = Source("one\ntwo\r\nthree\rfour", "a.policy")
    assert [source.line(number) for number in (1, 2, 3, 4)] == ["one", "two", "three", "four"]
    assert [source.position(offset) for offset in (0, 3, 4, 9, 15, 19)] == [
        *((1, 1), (1, 4), (2, 1), (3, 1), (4, 1), (4, 5)),
    ]


def test_columns_are_code_points() -> None:
    source = Source("äöü\n\U0001f600x")
    span = Span(source, 5, 6)
    assert (span.line, span.column, span.end_line, span.end_column) == (2, 2, 2, 3)
    assert span.text == "x"


def test_a_diagnostic_knows_its_file() -> None:
    assert parse("junk", "a.policy").diagnostics[0].span.source.origin == "a.policy"
    assert parse_rule("junk", "a.txt").source.origin == "a.txt"
    assert parse("junk").source.origin == ""


def test_a_severity_is_its_word() -> None:
    assert str(Severity.ERROR) == "error"
    assert parse("junk").diagnostics[0].severity == "error"


def test_only_errors_are_errors() -> None:
    span = Span(Source("x"), 0, 1)
    [error, warning] = (
        Diagnostic("rule", severity, "message", span)
        for severity in (Severity.ERROR, Severity.WARNING)
    )
    assert has_errors([warning, error])
    assert not has_errors([warning])


@pytest.mark.parametrize(
    ("word", "meant"), [("tenacy", "tenancy"), ("compartement", "compartment"), ("xyz", None)]
)
def test_the_closest_word(word: str, meant: str | None) -> None:
    assert closest(word, ("tenancy", "compartment")) == meant


@pytest.mark.parametrize("kind", [Unreadable, Unwritable])
def test_what_cannot_go_on_says_why_and_what_to_do(kind: type[CannotGoOn]) -> None:
    problem = kind("a.policy is no text", "save it as UTF-8")
    assert isinstance(problem, CannotGoOn)
    assert str(problem) == problem.message == "a.policy is no text"
    assert problem.help == "save it as UTF-8"
    assert kind("gone").help is None
