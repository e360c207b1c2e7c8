"""What holds for every text and every tree, whatever it is."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.diagnostics import Diagnostic, has_errors
from ocipolicy.language import parse, parse_rule, show, show_condition, show_file
from ocipolicy.language.lexer import tokenize
from ocipolicy.language.tree import Condition, Parsed, Statement
from tests.language import cases, trees

VALID = cases.valid()
PIECES = [
    *trees.KEYWORDS,
    *("{", "}", "(", ")", ",", ":", "=", "!=", "!", "/", "'", '"', ";", "<", ">", ".", "#", "//"),
    *("request.region", "'FRA'", "/a*/", "ocid1.group.oc1..a", "\n", "\r\n", "\r", " ", "\t"),
    *("{{", "}}", "${", "\u00a0", "\u200b", "\u2018", "ä", "\0", "- ", "1. ", "\\", "\\'"),
]
SCRAPS = st.lists(st.sampled_from(PIECES) | trees.names, max_size=30).flatmap(
    lambda scraps: st.sampled_from(("", " ", "\n")).map(lambda joint: joint.join(scraps))
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid statement, or some, with tokens or characters lost, doubled, replaced or swapped."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 3))):
        words = [text[start:end] for start, end in _pieces(text)]
        if draw(st.booleans()):
            words = list(text)
        at = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(("drop", "double", "replace", "swap", "insert", "append"))):
            case "drop":
                del words[at]
            case "double":
                words.insert(at, words[at])
            case "replace":
                words[at] = draw(st.sampled_from(PIECES))
            case "swap":
                words[at : at + 2] = reversed(words[at : at + 2])
            case "insert":
                words.insert(at, draw(st.sampled_from(PIECES)))
            case _:
                words += [draw(st.sampled_from(("\n", " "))), draw(st.sampled_from(VALID))]
        text = "".join(words) or " "
    return text


def _pieces(text: str) -> list[tuple[int, int]]:
    """The tokens with the blanks behind them, and the blanks in front."""
    _, starts = tokenize(text)
    bounds = sorted({0, *starts, len(text)})
    return list(pairwise(bounds)) or [(0, len(text))]


TEXTS = st.one_of(st.text(), SCRAPS, mutated())


@given(st.lists(trees.statements, min_size=1, max_size=4))
def test_trees_print_and_read_back_as_they_were(statements: list[Statement]) -> None:
    parsed = parse("\n".join(map(show, statements)))
    assert not has_errors(parsed.diagnostics)
    assert list(parsed.statements) == statements


@given(trees.conditions)
def test_conditions_print_and_read_back_as_they_were(condition: Condition) -> None:
    parsed = parse_rule(show_condition(condition))
    assert not has_errors(parsed.diagnostics)
    assert parsed.rule == condition


@given(TEXTS)
def test_whatever_reads_prints_as_something_that_reads_the_same(text: str) -> None:
    statements = parse(text).statements
    printed = "\n".join(map(show, statements))
    again = parse(printed)
    assert again.statements == statements
    assert not has_errors(again.diagnostics)
    assert "\n".join(map(show, again.statements)) == printed


@given(TEXTS)
def test_every_place_lies_in_the_text_and_no_two_pieces_overlap(text: str) -> None:
    parsed = parse(text)
    pieces = sorted([(node.start, node.end) for node in parsed.statements] + [*parsed.broken])
    for stretches in (pieces, [*parsed.comments]):
        ends = [0, *(bound for stretch in stretches for bound in stretch), len(text)]
        assert ends == sorted(ends)
    for start, end in parsed.comments:
        assert text[start:end].startswith(("//", "#"))
    for diagnostic in parsed.diagnostics:
        _check(diagnostic, text)


@given(TEXTS)
def test_what_help_offers_reads_without_an_error(text: str) -> None:
    for diagnostic in parse(text).diagnostics:
        if diagnostic.help and diagnostic.help.startswith("write: "):
            offered = parse(diagnostic.help.removeprefix("write: "))
            assert not has_errors(offered.diagnostics)
            assert offered.statements


@given(TEXTS)
def test_a_broken_piece_has_an_error_and_an_error_a_broken_piece(text: str) -> None:
    parsed = parse(text)
    errors = [each.span for each in parsed.diagnostics if each.severity == "error"]
    for span in errors:
        assert any(start <= span.start and span.end <= end for start, end in parsed.broken)
    for start, end in parsed.broken:
        assert any(start <= span.start and span.end <= end for span in errors)


@given(TEXTS)
def test_a_fix_that_help_stands_for_leads_there(text: str) -> None:
    parsed = parse(text)
    for diagnostic in parsed.diagnostics:
        fix = diagnostic.fix
        if fix is not None:
            fixed = text[: fix.span.start] + fix.text + text[fix.span.end :]
            assert fixed != text
            for each in parse(fixed).diagnostics:
                _check(each, fixed)


@given(TEXTS)
def test_a_file_is_printed_once_and_for_all(text: str) -> None:
    parsed = parse(text)
    printed = show_file(parsed)
    again = parse(printed)
    assert show_file(again) == printed
    assert again.statements == parsed.statements
    assert _notes(again) == _notes(parsed)
    for start, end in parsed.broken:
        assert text[start:end] in printed


@given(TEXTS)
def test_any_text_as_a_matching_rule(text: str) -> None:
    parsed = parse_rule(text)
    for diagnostic in parsed.diagnostics:
        _check(diagnostic, text)
        if diagnostic.help and diagnostic.help.startswith("write: "):
            assert parse_rule(diagnostic.help.removeprefix("write: ")).rule is not None
    if parsed.rule is None:
        assert has_errors(parsed.diagnostics)
    else:
        assert parse_rule(show_condition(parsed.rule)).rule == parsed.rule


def _check(diagnostic: Diagnostic, text: str) -> None:
    """Its place and that of its fix can be drawn: lines and columns count from one."""
    assert diagnostic.message
    assert diagnostic.help
    spans = [diagnostic.span]
    if diagnostic.fix is not None:
        spans.append(diagnostic.fix.span)
    for span in spans:
        assert 0 <= span.start <= span.end <= len(text)
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)


def _notes(parsed: Parsed) -> list[str]:
    text = parsed.source.text
    return sorted(text[start:end].rstrip() for start, end in parsed.comments)
