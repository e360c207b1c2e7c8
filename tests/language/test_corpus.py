"""Statements as people wrote them, where the collection of them lies beside the checkout."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, parse_rule, show, show_condition

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the collection of public statements is not beside this checkout"
)

_UNFILLED = "the author left `<>` to be filled in"
_UNFILLED_JAPANESE = "the author left `[name of the compartment]` to be filled in, in Japanese"
_FORMAT = "`%%s` belongs to a format string that was not filled"
_PREFIX = "a placeholder inside the keyword (`${prefix}group`) was filled with its own name"
_TYPES = "a list of resource types; a statement names one"
_SPACED = "`! =` with a blank in it"

# Rows that nobody doubted, and that are no statements all the same.
NO_STATEMENTS = {
    **dict.fromkeys(
        ("e7ab7381b090", "c6bc9401ca88", "e870751bab7c", "9e3793523e2d", "03bd77a86ec9"), _UNFILLED
    ),
    "ef737b93b318": _UNFILLED_JAPANESE,
    "62d36be8e674": _FORMAT,
    **dict.fromkeys(
        (
            *("dc1161e138e1", "98b8ea5de74a", "ea572be415dd", "2b103dd7d5fe", "dd1915c70e4e"),
            *("f41a7cba3d14", "5647cd2239be", "cefe486351e7", "2236c9e6c558", "6b62a66caaf8"),
            *("2f79ebe3ef2a", "4d87f81745ad", "ff997da5faae"),
        ),
        _PREFIX,
    ),
    **dict.fromkeys(("5a68f0974ce9", "bc6085e30ff6", "0a1b42321c49", "a59ed28eb709"), _TYPES),
    "b630f24111f6": _SPACED,
}

# Every row that is doubted, and the first thing to be said about it.
SUSPECTS = {
    "262a1fef90ae": "placeholder",
    "b911ef2f3e45": "placeholder",
    "eaf3e446fa3a": "missing-word",
    "a90a52c19d18": "missing-value",
    "56d00e3ae825": "several-verbs",
    "8e18934c4870": "spelling",
    "b7b2645296de": "missing-word",
    "0f569b886bd1": "missing-word",
    "daafd044f0b6": "missing-word",
    "aa90eb0cdb7f": "missing-word",
    "ee7624d3cf33": "missing-word",
    "c881cc78d297": "unquoted-name",
    "709ab4262c0e": "spelling",
    "4179f37489de": "spelling",
    "1b6010fb046d": "double-quote",
    "39098061987e": "double-quote",
    "145fa4dd40a5": "unknown-verb",
    "e2e4e28cd8d7": "missing-word",
    "18de124ed839": "unexpected-text",
    "ad6fcb4df2bc": "missing-word",
    "3b0e449a07e7": "missing-name",
    "a264ce700610": "placeholder",
    "71e87f69d6b9": "placeholder",
    "435427516cd7": "placeholder",
    "e91db612e5a1": "placeholder",
    "45e48580454b": "placeholder",
    "03af39497538": "placeholder",
    "cc311d958f81": "missing-location",
    "5c167d09fbc2": "missing-location",
    "9bd064274de6": "several-verbs",
    "bd54d3cb025e": "unexpected-text",
    "7888f0a5e8d5": "smart-quote",
    "df78ac0d85a3": "smart-quote",
    "29695ff0cb4b": "placeholder",
    "c7ad1ade2159": "lost-quote",
    "2bfef1e84b3b": "lost-quote",
    "98e4920e022e": "lost-quote",
    "2c39eb06132a": "lost-quote",
    "9777d29173d8": "lost-quote",
    "41adf82cb088": "placeholder",
    "d42df3b6ecf2": "and-or",
    "c6ac8aeea442": "and-or",
    "91250fb6462e": "missing-word",
    "da35b99d2255": "unknown-verb",
    "6601e3bfec1f": "smart-quote",
    "1ad00744a876": "smart-quote",
    "1130f26156f3": "smart-quote",
}

# Matching rules with a mistake in them.
RULES = {
    "12b90ee1b3f0": "smart-quote",
    "871302f2a5b4": "markdown-link",
    "e5c7245926ee": "smart-quote",
    "161148adf6c0": "smart-quote",
    "bbb314c5ba24": "smart-quote",
    "5782d4facb58": "smart-quote",
}


def rows(name: str) -> list[dict[str, Any]]:
    lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_row_that_nobody_doubts_reads() -> None:
    refused = {
        row["id"]
        for row in rows("statements.jsonl")
        if not row["suspect"] and has_errors(parse(row["filled"]).diagnostics)
    }
    assert refused == set(NO_STATEMENTS)


def test_every_row_that_reads_prints_as_something_that_reads_the_same() -> None:
    for row in rows("statements.jsonl"):
        for statement in parse(row["filled"]).statements:
            again = parse(show(statement))
            assert again.statements == (statement,)
            assert not has_errors(again.diagnostics)
            assert show(again.statements[0]) == show(statement)


def test_every_row_that_is_doubted_is_found_wanting_for_the_right_reason() -> None:
    found = {
        row["id"]: next((each.rule for each in parse(row["filled"]).diagnostics), None)
        for row in rows("statements.jsonl")
        if row["suspect"]
    }
    assert found == SUSPECTS


def test_no_row_reads_while_its_placeholders_are_still_in_it() -> None:
    for row in rows("statements.jsonl"):
        if row["class"] != "concrete":
            assert parse(row["text"]).diagnostics


def test_matching_rules_read_but_for_those_with_a_mistake() -> None:
    found: dict[str, str] = {}
    for row in rows("matching_rules.jsonl"):
        parsed = parse_rule(row["filled"])
        if parsed.rule is None:
            found[row["id"]] = parsed.diagnostics[0].rule
        else:
            assert parsed.diagnostics == ()
            assert parse_rule(show_condition(parsed.rule)).rule == parsed.rule
    assert found == RULES
