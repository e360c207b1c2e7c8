"""Decisions of the evaluator, for people and as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ocipolicy.evaluate import (
    Answer,
    Considered,
    Decision,
    PermissionNeed,
    Place,
    Reason,
    Request,
    Verdict,
)
from ocipolicy.language import show
from ocipolicy.outputs.lines import Width, compared, fold, table
from ocipolicy.outputs.text import Paint, labelled, plain

_MARKS = {True: "✓", False: "✗", None: "?"}
_NEAREST = 3


def as_data(decision: Decision) -> dict[str, Any]:
    """`{"verdict", "because", "missing", "undecided", "considered"}`."""
    return {
        "verdict": decision.verdict,
        "because": [_reason(each) for each in decision.because],
        "missing": [
            {"tenancy": each.tenancy, "compartment": "/", "statement": show(each.statement)}
            for each in decision.missing
        ],
        "undecided": list(decision.undecided),
        "considered": [_considered(each) for each in decision.considered],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    statement = reason.statement
    return {
        "tenancy": statement.tenancy.name,
        "policy": statement.policy.name,
        "statement": statement.text,
        "part": reason.part,
    }


def _considered(considered: Considered) -> dict[str, Any]:
    return {
        "tenancy": considered.statement.tenancy.name,
        "policy": considered.statement.policy.name,
        "statement": considered.statement.text,
        "parts": [
            {"part": each.part, "ok": each.ok, "expected": each.expected, "got": each.got}
            for each in considered.parts
        ],
    }


def as_text(request: Request, decision: Decision, paint: Paint = plain, width: Width = None) -> str:
    """The verdict in one line, what made it so, and what to do about it."""
    kind = {"allowed": "added", "denied": "removed", "unknown": "warning"}[decision.verdict]
    what = request.operation.name if request.operation else _needs(request.needs)
    who = f"{request.who.tenancy.name}/{request.who.principal.name}"
    said = fold(f"{decision.verdict}: {who} {what} in {_place(request.where)}", width, hang=2)
    said[0] = said[0].replace(decision.verdict, paint(decision.verdict, kind), 1)
    lines = ["\n".join(said)]
    for reason in decision.because:
        lines += ["", *fold(f"because of policy {_policy(reason)}", width)]
        lines.append(f"  {reason.statement.text}")
    if decision.undecided:
        known = ", ".join(decision.undecided)
        lines += ["", *fold(f"not known, and it decides: {known}", width, hang=2)]
        lines += labelled("help:", "say it with --given VARIABLE=VALUE", paint, width)
    if decision.missing:
        tenancies = dict.fromkeys(each.tenancy for each in decision.missing)
        for tenancy in tenancies:
            lines += ["", *fold(f"missing in the root compartment of {tenancy}:", width)]
            lines += (
                f"  {show(each.statement)}" for each in decision.missing if each.tenancy == tenancy
            )
    if decision.verdict != "allowed":
        lines += _nearest(decision.considered, paint, width)
    return "\n".join(lines)


def _nearest(considered: Sequence[Considered], paint: Paint, width: Width) -> Iterator[str]:
    near = [each for each in considered if each.truth is not True and each.misses <= 2]
    for each in near[:_NEAREST]:
        statement = each.statement
        yield ""
        yield from fold(
            f"nearest: policy {statement.policy.name} of {statement.tenancy.name}", width
        )
        yield f"  {statement.text}"
        for part in each.parts:
            head = f"{_MARKS[part.ok]} {part.part}"
            if part.ok is True:
                lines = fold(f"{head}: {part.expected}", width, 4, 8)
                yield from (paint(line, "comment") for line in lines)
            else:
                yield from compared(head, part.expected, part.got, width, 4)


def _policy(reason: Reason) -> str:
    return f"{reason.statement.policy.name} of {reason.statement.tenancy.name} ({reason.part}):"


def _place(place: Place) -> str:
    return "/".join((place.tenancy.name, ":".join(place.compartment.path))).rstrip("/")


def _needs(needs: Iterable[object]) -> str:
    return ", ".join(
        each.permission if isinstance(each, PermissionNeed) else str(each) for each in needs
    )


def answers_as_data(answers: Iterable[tuple[Answer, Verdict]]) -> dict[str, Any]:
    """`{"answers": [...]}`: what is allowed; what is unknown is not an answer."""
    return {"answers": [_answer(answer) for answer, verdict in answers if verdict == "allowed"]}


def _answer(answer: Answer) -> dict[str, Any]:
    permissions = [each.permission for each in answer.needs if isinstance(each, PermissionNeed)]
    return {
        "who": f"{answer.who.tenancy.name}/{answer.who.principal.name}",
        "operation": answer.operation.name if answer.operation else None,
        "permission": permissions[0] if permissions else None,
        "tenancy": answer.where.tenancy.name,
        "compartment": ":".join(answer.where.compartment.path) or "/",
        "because": [_reason(each) for each in answer.because],
    }


def answers_as_text(answers: Sequence[tuple[Answer, Verdict]], width: Width = None) -> str:
    """A line per answer; what is unknown stands apart."""
    every = [_row(answer) for answer, _ in answers]
    lines = dict(zip(every, table(every, width), strict=True))
    told = [lines[_row(answer)] for answer, verdict in answers if verdict == "allowed"]
    told = told or ["nobody and nothing"]
    unknown = [lines[_row(answer)] for answer, verdict in answers if verdict == "unknown"]
    if unknown:
        told += ["", "unknown (say more with --given VARIABLE=VALUE):", *unknown]
    return "\n".join(told)


def _row(answer: Answer) -> tuple[str, str, str]:
    operation = answer.operation
    return (
        f"{answer.who.tenancy.name}/{answer.who.principal.name}",
        f"{operation.service}:{operation.name}" if operation else _needs(answer.needs),
        _place(answer.where),
    )
