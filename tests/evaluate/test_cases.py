from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ocipolicy.evaluate import (
    Answer,
    Decision,
    Place,
    Statements,
    Verdict,
    Who,
    evaluate,
    may,
    what_can,
    who_can,
)
from ocipolicy.evaluate.decide import VERDICTS
from ocipolicy.language import show
from ocipolicy.world import World
from tests.evaluate import cases
from tests.evaluate.cases import Case
from tests.evaluate.pasting import pasted

CASES = [*cases.cases()]
ENOUGH = 160


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= ENOUGH
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    world = case.world
    statements = Statements(world)
    for row in case.rows("may"):
        decision = evaluate(cases.request(world, row), statements)
        assert found(decision, row) == expected(row), row
        makes_sense(world, row, decision)
    for row in case.rows("who"):
        needs, operation = cases.asked(row["do"])
        where = Place(*world.place(row["in"]))
        answers = who_can(needs, operation, where, statements, cases.given(row))
        assert names(answers) == (sorted(row["are"]), sorted(row.get("perhaps", []))), row
    for row in case.rows("what"):
        who = Who(*world.principal(row["who"]))
        answers = what_can(who, statements, cases.given(row))
        assert deeds(answers, row["of"]) == (sorted(row["are"]), sorted(row.get("perhaps", []))), (
            row
        )


def found(decision: Decision, row: Mapping[str, Any]) -> dict[str, Any]:
    """The decision, as far as the row speaks of it."""
    said: dict[str, Any] = {
        "is": decision.verdict,
        "because": [each.statement.text for each in decision.because],
        "missing": missing(decision),
        "undecided": [*decision.undecided],
        "fails": failing(decision),
    }
    return {key: value for key, value in said.items() if key in row}


def expected(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("is", "because", "missing", "undecided", "fails")
    return {key: row[key] for key in keys if key in row}


def missing(decision: Decision) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for each in decision.missing:
        texts.setdefault(each.tenancy, []).append(show(each.statement))
    return texts


def failing(decision: Decision) -> list[str]:
    """The parts in which the nearest statement fails that does not apply."""
    nearest = next((each for each in decision.considered if each.truth is not True), None)
    if nearest is None:
        return []
    return [each.part for each in nearest.parts if each.ok is False and each.part != "clause"]


def makes_sense(world: World, row: Mapping[str, Any], decision: Decision) -> None:
    """What is true of every decision, whatever it is."""
    request = cases.request(world, row)
    for reason in decision.because:
        same = [each for each in decision.considered if each.statement is reason.statement]
        assert [each.truth for each in same] == [True]
    match decision.verdict:
        case "allowed":
            assert decision.because
            assert not decision.missing
            assert not decision.undecided
        case "unknown":
            assert not decision.because
            assert not decision.missing
            assert decision.undecided
        case "denied":
            assert not decision.undecided
            if decision.missing:
                assert VERDICTS[may(request, Statements(pasted(world, decision)))] == "allowed"


def names(answers: Iterable[tuple[Answer, Verdict]]) -> tuple[list[str], list[str]]:
    rows = [(answer.who.label, verdict) for answer, verdict in answers]
    return apart(rows)


def deeds(answers: Iterable[tuple[Answer, Verdict]], service: str) -> tuple[list[str], list[str]]:
    """`Chat in caller/bots and below`, for the operations of one service."""
    rows = [
        (f"{answer.operation.name} in {answer.where.label}" + " and below" * answer.below, verdict)
        for answer, verdict in answers
        if answer.operation is not None and answer.operation.service == service
    ]
    return apart(rows)


def apart(rows: Iterable[tuple[str, Verdict]]) -> tuple[list[str], list[str]]:
    listed = [*rows]
    return (
        sorted(text for text, verdict in listed if verdict == "allowed"),
        sorted(text for text, verdict in listed if verdict == "unknown"),
    )
