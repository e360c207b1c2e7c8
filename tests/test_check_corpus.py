"""Rules over statements as people wrote them: every error that they find was looked at."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml

from ocipolicy.check import RULES
from ocipolicy.check.seen import Seen
from ocipolicy.diagnostics import Severity
from ocipolicy.language import parse
from tests.examples import CASES
from tests.language.test_corpus import CORPUS

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the collection of public statements is not beside this checkout"
)

REVIEWED = yaml.safe_load((CASES / "check" / "corpus.yaml").read_text(encoding="utf-8"))
# Warnings of these make no claim that a row could refute: they ask whether it is meant so.
AT_MOST = {"all-resources": 7, "unconditioned-any-user": 25}


def findings() -> Iterator[tuple[str, str, Severity]]:
    """Row, rule and weight of everything that rules of single statements find."""
    lines = (CORPUS / "statements.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        parsed = parse(row["filled"])
        for statement in parsed.statements:
            seen = Seen(statement, parsed.source)
            for rule in RULES:
                for each in rule.statement(seen) if rule.statement else ():
                    yield row["id"], rule.name, each.severity or rule.severity


def test_every_error_was_reviewed_and_none_is_wrong() -> None:
    errors = {(row, rule) for row, rule, weight in findings() if weight is Severity.ERROR}

    assert errors == {(each["row"], each["rule"]) for each in REVIEWED}
    assert {each["verdict"] for each in REVIEWED} == {"right"}


def test_warnings_are_few() -> None:
    counts = Counter(rule for _, rule, weight in findings() if weight is Severity.WARNING)

    assert counts == AT_MOST
