"""Decisions of the evaluator, for people and as JSON."""

from collections.abc import Iterable, Sequence
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
from ocipolicy.outputs.text import Paint, plain

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


def as_text(request: Request, decision: Decision, paint: Paint = plain) -> str:
    """The verdict in one line, what made it so, and what to do about it."""
    kind = {"allowed": "added", "denied": "removed", "unknown": "warning"}[decision.verdict]
    what = request.operation.name if request.operation else _needs(request.needs)
    who = f"{request.who.tenancy.name}/{request.who.principal.name}"
    lines = [f"{paint(decision.verdict, kind)}: {who} {what} in {_place(request.where)}"]
    for reason in decision.because:
        lines.append("\nbecause of policy " + _policy(reason))
        lines.append(f"  {reason.statement.text}")
    if decision.undecided:
        lines.append("\nnot known, and it decides: " + ", ".join(decision.undecided))
        lines.append(paint("help: ", "help") + "say it with --given VARIABLE=VALUE")
    if decision.missing:
        tenancies = dict.fromkeys(each.tenancy for each in decision.missing)
        for tenancy in tenancies:
            lines.append(f"\nmissing in the root compartment of {tenancy}:")
            lines += (
                f"  {show(each.statement)}" for each in decision.missing if each.tenancy == tenancy
            )
    if decision.verdict != "allowed":
        lines += _nearest(decision.considered, paint)
    return "\n".join(lines)


def _nearest(considered: Sequence[Considered], paint: Paint) -> Iterable[str]:
    near = [each for each in considered if each.truth is not True and each.misses <= 2]
    for each in near[:_NEAREST]:
        statement = each.statement
        yield f"\nnearest: policy {statement.policy.name} of {statement.tenancy.name}"
        yield f"  {statement.text}"
        for part in each.parts:
            mark = _MARKS[part.ok]
            if part.ok is True:
                yield paint(f"    {mark} {part.part}: {part.expected}", "comment")
            else:
                yield f"    {mark} {part.part}: expected {part.expected}; got {part.got}"


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


def answers_as_text(answers: Sequence[tuple[Answer, Verdict]]) -> str:
    """A line per answer; what is unknown stands apart."""
    lines = [_line(answer) for answer, verdict in answers if verdict == "allowed"]
    lines = lines or ["nobody and nothing"]
    unknown = [_line(answer) for answer, verdict in answers if verdict == "unknown"]
    if unknown:
        lines += ["", "unknown (say more with --given VARIABLE=VALUE):", *unknown]
    return "\n".join(lines)


def _line(answer: Answer) -> str:
    who = f"{answer.who.tenancy.name}/{answer.who.principal.name}"
    operation = answer.operation
    what = f"{operation.service}:{operation.name}" if operation else _needs(answer.needs)
    return f"{who:<28} {what:<40} {_place(answer.where)}"
