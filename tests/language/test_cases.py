"""The written cases: each as it reads, as it is printed, and with every finding in full."""

from pathlib import Path

import pytest

from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, parse_rule, show, show_condition, show_file
from ocipolicy.language.tree import Define
from tests.language import cases
from tests.language.cases import CASES, Case, Finding

VALID = cases.valid()
BROKEN = cases.broken()
RULES = [
    line
    for line in (CASES / "rules.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
FORMATTED = sorted((CASES / "format").glob("*.policy"))


@pytest.mark.parametrize("line", VALID)
def test_a_canonical_statement_reads_and_prints_as_itself(line: str) -> None:
    parsed = parse(line)
    assert parsed.diagnostics == ()
    assert [show(statement) for statement in parsed.statements] == [line]


def test_no_case_stands_there_twice_and_there_are_enough_of_them() -> None:
    assert len(VALID) == len(set(VALID)) >= 300
    texts = [case.text for case in BROKEN]
    assert len(texts) == len(set(texts)) >= 140


def test_the_cases_hold_every_kind_of_statement() -> None:
    statements = [parse(line).statements[0] for line in VALID]
    kinds = {"define" if isinstance(each, Define) else each.kind for each in statements}
    assert kinds == {
        *("allow", "deny", "define", "endorse", "admit", "deny-endorse", "deny-admit"),
    }


@pytest.mark.parametrize("case", cases.written(CASES / "spelling.yaml"), ids=lambda case: case.text)
def test_another_spelling_becomes_canonical(case: Case) -> None:
    parsed = parse(case.text)
    assert [Finding.of(each) for each in parsed.diagnostics] == case.findings
    assert "\n".join(map(show, parsed.statements)) == case.canonical
    assert not has_errors(parsed.diagnostics)
    assert parsed.broken == ()


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.text)
def test_a_mistake_is_found_where_it_is_and_help_is_given(case: Case) -> None:
    parsed = parse(case.text)
    assert [Finding.of(each) for each in parsed.diagnostics] == case.findings
    assert parsed.broken
    for start, end in parsed.broken:
        assert not any(start <= node.start < end for node in parsed.statements)


@pytest.mark.parametrize("line", RULES)
def test_a_matching_rule_reads_and_prints_as_itself(line: str) -> None:
    parsed = parse_rule(line)
    assert parsed.diagnostics == ()
    assert parsed.rule is not None
    assert show_condition(parsed.rule) == line


@pytest.mark.parametrize(
    "case", cases.written(CASES / "broken" / "rules.yaml"), ids=lambda case: case.text
)
def test_a_mistake_in_a_matching_rule_is_found(case: Case) -> None:
    parsed = parse_rule(case.text)
    assert [Finding.of(each) for each in parsed.diagnostics] == case.findings
    assert parsed.rule is None


@pytest.mark.parametrize("path", FORMATTED, ids=lambda path: path.stem)
def test_a_file_is_printed_with_its_comments_and_its_mistakes(path: Path) -> None:
    text = path.read_bytes().decode()
    expected = path.with_suffix(".expected").read_bytes().decode()
    assert show_file(parse(text)) == expected
    assert show_file(parse(expected)) == expected
