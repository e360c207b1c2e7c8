"""Texts that nobody writes: nothing may crash, hang, or take more than its share of time."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, parse_rule, show_file

MANY = 100_000
_WHERE = "allow group A to read buckets in tenancy where "

LONG: dict[str, str] = {
    "a condition": _WHERE + "all {" + ", ".join(f"request.x = 'v{n}'" for n in range(50_000)) + "}",
    "a list": _WHERE + "request.x in (" + ", ".join(f"'v{n}'" for n in range(MANY)) + ")",
    "a string": f"{_WHERE}request.x = '{'x' * 1_000_000}'",
    "a name": f"allow group {'x' * 1_000_000} to read buckets in tenancy",
    "names": f"allow group {'A, ' * MANY}A to read buckets in tenancy",
    "a path": f"allow group A to read buckets in compartment a{':a' * MANY}",
    "statements on one line": "allow group A to read buckets in tenancy " * 10_000,
    "statements": "allow group A to read buckets in tenancy\n" * 20_000,
    "comments": "// nothing\n" * MANY,
    "lines": "\r\n" * MANY,
    "escaped quotes": f"{_WHERE}request.x = '{chr(92)}'{(chr(92) + chr(39)) * MANY}'",
}
HOSTILE: dict[str, str] = {
    "braces": _WHERE + "all {" * 10_000,
    "braces that close": _WHERE + "all {" * 10_000 + "request.x = 'a'" + "}" * 10_000,
    "bare braces": _WHERE + "{" * MANY,
    "brackets": _WHERE + "request.x in " + "(" * MANY,
    "quotes": _WHERE + "'" * (MANY + 1),
    "lone quotes": "'\n" * MANY,
    "statements with a lone quote": "allow group A' to read buckets in tenancy\n" * 500,
    "slashes": _WHERE + "request.x = " + "/ " * MANY,
    "slashes that touch": _WHERE + "=/" * MANY,
    "names and slashes": "a/" * MANY,
    "escaped slashes": "/" + "\\/" * MANY,
    "slashes and quotes": "/'" * MANY,
    "junk": "these are no statements\n" * MANY,
    "misspelt statements": "alow group A to read buckets in tenancy\n" * 1_000,
    "first words": "allow\n" * 10_000,
    "first words on one line": "allow " * MANY,
    "deny after deny": "deny\nendorse\n" * 5_000,
    "a condition without its end": _WHERE + "all {" + "request.x = 'v', " * 50_000,
    "a string without its end": f"{_WHERE}request.x = '{'x' * 1_000_000}",
    "words": "allow group " + "word " * MANY,
    "permissions": "allow group A to {" + "A," * MANY,
    "commas": _WHERE + "all {" + "," * MANY,
    "ands": _WHERE + "request.x = 'v'" + " and request.x = 'v'" * 20_000,
    "types": "allow group A to read a" + ", a" * MANY + " in tenancy",
    "an OCID": "define tenancy a as ocid1.a" + ".a" * MANY + "@",
    "templates": _WHERE + "request.x = " + "{{" * MANY,
    "placeholders": "<" * MANY,
    "links": "[a](" * MANY,
    "square brackets": "[" * MANY,
    "dots": "." * MANY,
    "blanks of other alphabets": "allow\u00a0group" * 10_000,
    "typographic quotes": "\u2018" * MANY,
    "double quotes": '"' * MANY,
    "backquotes": "`" * MANY,
    "nothing but NUL": "\0" * MANY,
    "letters of other alphabets": "ä" * MANY,
    "surrogates": "\ud800" * 1_000,
    "list marks": '- "' * MANY,
    "numbers": "1. " * MANY,
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_read(name: str) -> None:
    parsed = parse(LONG[name])
    assert not has_errors(parsed.diagnostics)
    assert parsed.broken == ()
    again = parse(show_file(parsed))
    assert again.statements == parsed.statements


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused(name: str) -> None:
    text = HOSTILE[name]
    parsed = parse(text)
    assert has_errors(parsed.diagnostics)
    for diagnostic in parsed.diagnostics[:100]:
        span = diagnostic.span
        assert 0 <= span.start <= span.end <= len(text)
        assert span.line <= span.end_line
        assert len(diagnostic.message) < 300
    show_file(parsed)
    assert parse_rule(text).rule is None


@pytest.mark.parametrize(
    "text",
    [
        "allow group A{n} to read buckets in tenancy where all {{request.x = 'v', request.y}}\n",
        "allow group A{n} to read buckets in tenacy\n",
        "allow group A{n} to read buckets in tenancy ",
        "alow group A{n} to read buckets in tenancy\n",
        "allow group A{n}' to read buckets in tenancy\n",
        "// {n}\n",
        "junk {n}\n",
        "all {{ ",
        "'a{n}' ",
        "\u2018a{n}\u2019 ",
        "{{{{ {n} ",
    ],
)
def test_twice_the_text_takes_twice_the_steps(text: str) -> None:
    few, many = ("".join(text.format(n=n) for n in range(count)) for count in (200, 400))
    assert steps(lambda: parse(many)) < 2.3 * steps(lambda: parse(few))


def steps(work: Callable[[], object]) -> int:
    """How many calls something makes, of functions in Python and in C."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_no_more_is_repaired_than_can_be_read_again_in_time() -> None:
    mistakes = ", ".join(f"request.x{n} == 'v'" for n in range(20))
    found = parse(f"{_WHERE}all {{{mistakes}}}").diagnostics
    assert [each.rule for each in found] == ["unknown-operator"] * 9
    assert found[0].help == "the operators are =, !=, in, not in, before, after and between"


def test_a_very_long_statement_gets_a_hint_instead_of_its_text() -> None:
    values = ", ".join(f"'v{n}'" for n in range(1_000))
    [found] = parse(f"{_WHERE}request.x in ({values}").diagnostics
    assert found.rule == "unclosed-brace"
    assert found.help == "close it with )"
    [found] = parse(f"allow any user to use b in tenancy where request.x in ({values})").diagnostics
    assert found.rule == "spelling"
    assert found.help == "write any-user"


def test_a_quote_that_cannot_be_found_is_said_to_be_alone() -> None:
    [found] = parse("allow group 'a " + "word " * 100).diagnostics
    assert found.rule == "lost-quote"
    assert found.message == "this single quote has no partner on its line"
    assert found.span.text == "'"
