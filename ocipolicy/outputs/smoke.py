"""What smoke proved, for people and as data.

The three proofs stand apart in both: an administrator's own calls, calls by the instance
itself, and access that was read off the live policies without any call. Statements and commands
stay whole, since they are there to be pasted; every other line has at most 80 columns where names
allow it.
"""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from ocipolicy.cloud import Refused
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.smoke import Access, Cause, Prediction, Proof, Report, Trial

_WIDEST = 80
_SHOWN = 60
_MARKS: Mapping[bool | None, tuple[str, str]] = {
    True: ("✓", "added"),
    False: ("✗", "error"),
    None: ("?", "warning"),
}
PROVES: Mapping[Proof, str] = {
    "own-call": "they prove endpoint, model, format and compartment, and nothing of the instance",
    "instance-call": "they prove what Digital Assistant gets, since it calls in the same way",
    "instance-access": "no call was made: this is what the live policies of the tenancies come to",
}


def as_text(report: Report, paint: Paint = plain) -> str:
    """The whole report, the summary last."""
    blocks: list[str] = []
    told: dict[object, str] = {}
    if report.trials:
        blocks.append("\n".join(_trials(report, told, paint)))
    instances = dict.fromkeys(each.who for each in report.access)
    blocks += ("\n".join(_access(report, who, told, paint)) for who in instances)
    blocks.append(summary(report, paint))
    return "\n\n".join(blocks)


def summary(report: Report, paint: Paint = plain) -> str:
    """One line over all of it."""
    parts: list[str] = []
    trials = report.trials
    if trials:
        done = sum(each.ok for each in trials)
        whose = "of the instance's own" if trials[0].proof == "instance-call" else "of your own"
        parts.append(f"{done} of {len(trials)} {whose} calls answered")
    access = report.access
    if access:
        may = sum(each.ok is True for each in access)
        unknown = sum(each.ok is None for each in access)
        more = f", {unknown} not known" if unknown else ""
        parts.append(f"the policies give the instances {may} of {len(access)} operations{more}")
    word, kind = {0: ("smoke:", "added"), 1: ("smoke failed:", "error")}.get(
        report.code, ("no answer:", "warning")
    )
    return "\n".join(_wrapped(f"{word} {'; '.join(parts)}", 0)).replace(word, paint(word, kind), 1)


def _trials(report: Report, told: dict[object, str], paint: Paint) -> Iterator[str]:
    first = report.trials[0]
    profile = report.profile
    if first.proof == "instance-call":
        head = f"calls by the instance itself, {first.who}"
    else:
        kind = profile.auth.replace("_", " ")
        head = f"your own calls, as {first.who} (profile {profile.name}, {kind})"
    yield from _wrapped(head, 0)
    yield from _wrapped(f"sent to {report.region}, charged to {report.where}", 2)
    yield from _wrapped(PROVES[first.proof], 2, paint)
    yield ""
    for each in report.trials:
        mark, kind = _MARKS[each.ok]
        model = f": {_model(each)}" if each.ask.model else ""
        yield from _wrapped(f"{each.ask.call}{model}", 2, mark=paint(mark, kind), hang=6)
        yield from _wrapped(predicted(each, told), 6, hang=8)
        yield from _wrapped(observed(each), 6, hang=8)
        if each.made.answer is not None:
            yield from _wrapped(f"answer: {_short(each.made.answer.text)}", 6, paint)
        yield from _request(each, paint)
        yield from _cause(each.cause, each.ask.call, told, paint, "note:" if each.ok else "cause:")


def _access(report: Report, who: str, told: dict[object, str], paint: Paint) -> Iterator[str]:
    yield from _wrapped(f"access of the instance {who}", 0)
    yield from _wrapped(f"in {report.where}, region {report.region}", 2)
    yield from _wrapped(PROVES["instance-access"], 2, paint)
    yield ""
    for each in report.access:
        if each.who == who:
            mark, kind = _MARKS[each.ok]
            what = f"{each.operation} ({', '.join(each.calls)})"
            yield from _wrapped(what, 2, mark=paint(mark, kind), hang=6)
            yield from _wrapped(said(each.prediction, told), 6)
            yield from _cause(each.cause, each.operation, told, paint)


def _request(trial: Trial, paint: Paint) -> Iterator[str]:
    """The id of a request; of one that was answered the part that the client gave it.

    Whole it is longer than a line, and then stands on two.
    """
    first, slash, rest = request_id(trial).partition("/")
    if first:
        whole = slash and not trial.ok
        yield "      " + paint(f"request id {first}{slash if whole else ''}", "comment")
        if whole:
            yield "        " + paint(rest, "comment")


def _model(trial: Trial) -> str:
    ask = trial.ask
    more = [each for each in (ask.format, ask.note) if each]
    return ask.model + (f" ({', '.join(more)})" if more else "")


def predicted(trial: Trial, told: dict[object, str] | None = None) -> str:
    """What the policies say of a call."""
    return f"predicted {said(trial.prediction, told)}"


def observed(trial: Trial) -> str:
    """What came of a call, and how long it took."""
    made = trial.made
    came = f"observed {trial.observed}"
    if isinstance(made.error, Refused):
        came += f": {made.error.brief}"
    if made.answer is not None:
        seconds = f"{made.answer.seconds:.2f} s"
        first = made.answer.first
        came += f" in {seconds}" if first is None else f": first token {first:.2f} s, all {seconds}"
    return came + (f", tried for {made.waited:.0f} s" if made.waited else "")


def said(prediction: Prediction, told: dict[object, str] | None = None) -> str:
    """`allowed: endorse in ...`, or `not known: ...`; a reason that was told is not repeated."""
    word = "not known" if prediction.verdict == "unknown" else prediction.verdict
    if told is not None and prediction.why in told:
        return f"{word}, as above"
    if told is not None and len(prediction.why) > _SHOWN:
        told[prediction.why] = word
    return f"{word}: {prediction.why}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN].rstrip()}…"


def request_id(trial: Trial) -> str:
    """The id of the request that the service gave, if one came back."""
    made = trial.made
    if made.answer is not None:
        return made.answer.request_id
    return made.error.request_id if isinstance(made.error, Refused) else ""


def _cause(
    cause: Cause | None, of: str, told: dict[object, str], paint: Paint, word: str = "cause:"
) -> Iterator[str]:
    """The cause, what shows it, and the way out; what was told before is named only."""
    if cause is None:
        return
    painted = paint(word, "error" if word == "cause:" else "note")
    if cause in told:
        yield f"      {painted} the same as of {told[cause]} [{cause.name}]"
        return
    told[cause] = of
    first, *rest = _wrapped(f"{word} {cause.message} [{cause.name}]", 6)
    yield first.replace(word, painted, 1)
    yield from rest
    for each in cause.evidence:
        if each not in told:
            yield from _evidence(each)
    if cause.doubt:
        yield from _wrapped(f"doubt: {cause.doubt}", 8, paint)
    if cause.fix:
        first, *rest = _wrapped(f"fix: {cause.fix}", 6)
        yield first.replace("fix:", paint("fix:", "help"), 1)
        yield from rest
    for tenancy, ocid in dict.fromkeys((each.tenancy, each.ocid) for each in cause.statements):
        yield from _wrapped(f"{tenancy} ({ocid}):" if ocid else f"{tenancy}:", 8)
        yield from (
            f"          {each.statement}" for each in cause.statements if each.tenancy == tenancy
        )
    yield from (f"        $ {each}" for each in cause.commands)


def _evidence(text: str) -> Iterator[str]:
    """Words that show a cause, or where a statement stands and it itself, whole."""
    words, _, statement = text.partition("\n")
    yield from _wrapped(f"- {words}", 8, hang=10)
    if statement:
        yield f"          {statement}"


def _wrapped(
    text: str,
    indent: int,
    paint: Paint = plain,
    *,
    mark: str = "",
    hang: int | None = None,
) -> Iterator[str]:
    """A text on as many lines as it needs; `mark` stands in front of the first one."""
    lines = wrap(
        f"* {text}" if mark else text,
        _WIDEST,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if hang is None else hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for at, line in enumerate(lines):
        shown = line.lstrip()
        before = line[: len(line) - len(shown)]
        if mark and not at:
            shown = mark + shown[1:]
        yield before + (paint(shown, "comment") if paint is not plain else shown)


def as_data(report: Report) -> dict[str, Any]:
    """`{"calls": [...], "access": [...]}`; `calls` were made, `access` was read off policies."""
    return {
        "config": report.origin,
        "region": report.region,
        "compartment": report.where,
        "calls": [_trial_as_data(each) for each in report.trials],
        "access": [_access_as_data(each) for each in report.access],
    }


def _trial_as_data(trial: Trial) -> dict[str, Any]:
    made = trial.made
    refused = made.error if isinstance(made.error, Refused) else None
    answer = made.answer
    return {
        "call": trial.ask.call,
        "as": trial.who,
        "proof": trial.proof,
        "operation": trial.ask.operation.name,
        "model": trial.ask.model or None,
        "api_format": trial.ask.format,
        "note": trial.ask.note or None,
        "predicted": trial.prediction.verdict,
        "predicted_since": trial.prediction.why,
        "observed": trial.observed,
        "ok": trial.ok,
        "status": refused.status if refused else 200 if answer else None,
        "code": refused.code if refused else None,
        "said": made.error.message if made.error else None,
        "request_id": request_id(trial) or None,
        "seconds": _rounded(answer.seconds if answer else None),
        "first_token_seconds": _rounded(answer.first if answer else None),
        "waited_seconds": _rounded(made.waited),
        "answer": answer.text if answer else None,
        **_cause_as_data(trial.cause),
    }


def _access_as_data(access: Access) -> dict[str, Any]:
    decision = access.prediction.decision
    return {
        "as": access.who,
        "proof": "instance-access",
        "operation": access.operation,
        "calls": [*access.calls],
        "verdict": access.verdict,
        "since": access.prediction.why,
        "provided": access.prediction.provided,
        "ok": access.ok,
        "because": [
            {
                "tenancy": each.statement.tenancy.name,
                "policy": each.statement.policy.name,
                "statement": each.statement.text,
                "part": each.part,
            }
            for each in (decision.because if decision else ())
        ],
        **_cause_as_data(access.cause),
    }


def _cause_as_data(cause: Cause | None) -> dict[str, Any]:
    return {
        "cause": cause.name if cause else None,
        "message": cause.message if cause else None,
        "evidence": [*cause.evidence] if cause else [],
        "fix": fix(cause) if cause else None,
        "statements": [
            {"tenancy": each.tenancy, "compartment": "/", "statement": each.statement}
            for each in (cause.statements if cause else ())
        ],
        "commands": [*cause.commands] if cause else [],
        "source": cause.source if cause else None,
        "doubt": cause.doubt if cause else None,
    }


def fix(cause: Cause) -> str | None:
    """The way out in one text: what to do, the statements, the commands, a line each."""
    lines = [cause.fix] if cause.fix else []
    lines += [f"{each.tenancy}: {each.statement}" for each in cause.statements]
    lines += cause.commands
    return "\n".join(lines) or None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
