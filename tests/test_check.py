"""Every rule in its four places: a function, a page, a case file, and the page that is printed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocipolicy.check import RULES, Rule, check, manual
from ocipolicy.check.others import OTHERS
from ocipolicy.diagnostics import Diagnostic, Severity
from tests import rules
from tests.examples import EXAMPLES, ROOT

CASES = ROOT / "tests" / "cases" / "check"
NOT_OF_A_RULE = {"corpus"}
KINDS = tuple(each.value for each in Severity)


def read(name: str) -> Any:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))


def written(diagnostic: Diagnostic) -> dict[str, str]:
    """A finding as the cases have it: weight and rule, place, words, help and fix."""
    span = diagnostic.span
    found = {
        diagnostic.severity.value: diagnostic.rule,
        "at": f"{span.line}:{span.column}",
        "marks": span.text,
        "says": diagnostic.message,
    }
    if diagnostic.help:
        found["help"] = diagnostic.help
    if diagnostic.fix:
        found["fix"] = diagnostic.fix.text
    return found


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(rule.name, case, id=f"{rule.name}-{number}")
        for rule in RULES
        for number, case in enumerate(read(rule.name)[kind])
    ]


@pytest.mark.parametrize(("rule", "case"), cases("wrong"))
def test_what_is_wrong_is_found_in_full(rule: str, case: dict[str, Any]) -> None:
    found = check(case["text"], case.get("file", "x.policy")).diagnostics

    assert [written(each) for each in found] == case["findings"]
    assert rule in {each.rule for each in found}


@pytest.mark.parametrize(("rule", "case"), cases("right"))
def test_what_is_right_is_let_alone(rule: str, case: dict[str, Any]) -> None:
    found = check(case["text"], case.get("file", "x.policy")).diagnostics

    assert [written(each) for each in found] == [], rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_has_two_cases_of_each_kind_at_least(rule: Rule) -> None:
    file = read(rule.name)

    assert min(len(file["wrong"]), len(file["right"])) >= 2


def test_a_case_file_is_of_a_rule() -> None:
    files = {path.stem for path in CASES.glob("*.yaml")}

    assert files - NOT_OF_A_RULE == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_page_says_what_and_why_and_what_to_do(rule: Rule) -> None:
    title, blank, *rest = rule.page.splitlines()

    assert title.endswith(".")
    assert blank == ""
    assert any(line.startswith("Wrong") for line in rest)
    assert any(line.startswith("Right") for line in rest)
    assert "Fix: " in rule.page


def examples(page: str, title: str) -> list[str]:
    """The statements below `Wrong:` or `Right:`, where they stand for themselves."""
    found = re.search(rf"^{title}:\n((?:    .*\n)+)", page + "\n", re.MULTILINE)
    return found[1].replace("    ", "").splitlines() if found else []


OF_THE_TEXT = [rule for rule in RULES if rule.world is None and examples(rule.page, "Wrong")]


@pytest.mark.parametrize("rule", OF_THE_TEXT, ids=lambda rule: rule.name)
def test_the_wrong_example_of_a_page_is_found(rule: Rule) -> None:
    found = check("\n".join(examples(rule.page, "Wrong")), "x.policy").diagnostics

    assert rule.name in {each.rule for each in found}


@pytest.mark.parametrize("rule", OF_THE_TEXT, ids=lambda rule: rule.name)
def test_the_right_example_of_a_page_is_let_alone(rule: Rule) -> None:
    found = check("\n".join(examples(rule.page, "Right")), "x.policy").diagnostics

    assert rule.name not in {each.rule for each in found}


def test_the_page_of_all_rules_is_made_of_theirs() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")

    assert page == manual(), "write what ocipolicy.check.manual() gives to docs/rules.md"
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert titles == [rule.name for rule in RULES]


def test_names_are_words_and_stand_once() -> None:
    names = [rule.name for rule in RULES]

    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


def test_the_names_of_other_rooms_are_all_known() -> None:
    own = {rule.name for rule in RULES}
    said = rules.rules()

    assert said - own == OTHERS


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_clean(path: Path) -> None:
    found = check(path.read_text(encoding="utf-8"), str(path)).diagnostics

    assert [written(each) for each in found if each.severity is not Severity.NOTE] == []
