"""What smoke proved, for people and as data.

The three proofs stand apart in both: an administrator's own calls, calls by the instance
itself, and access that was read off the live policies without any call. Statements and commands
stay whole, since they are there to be pasted; all else fits the terminal.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ocipolicy.cloud import Refused
from ocipolicy.outputs.lines import Width, fold
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.smoke import Access, Cause, Prediction, Proof, Report, Trial

_SHOWN = 60
MARKS: Mapping[bool | None, tuple[str, str]] = {
    True: ("✓", "added"),
    False: ("✗", "error"),
    None: ("?", "warning"),
}
PROVES: Mapping[Proof, str] = {
    "own-call": "they prove endpoint, model, format and compartment, and nothing of the instance",
    "instance-call": "they prove what Digital Assistant gets, since it calls in the same way",
    "instance-access": "no call was made: this is what the live policies of the tenancies come to",
}


def as_text(report: Report, paint: Paint = plain, width: Width = None) -> str:
    """The whole report, the summary last."""
    blocks: list[str] = []
    told: dict[object, str] = {}
    if report.trials:
        blocks.append("\n".join(_trials(report, told, paint, width)))
    instances = dict.fromkeys(each.who for each in report.access)
    blocks += ("\n".join(_access(report, who, told, paint, width)) for who in instances)
    blocks.append(summary(report, paint, width))
    return "\n\n".join(blocks)


def summary(report: Report, paint: Paint = plain, width: Width = None) -> str:
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
    lines = fold(f"{word} {'; '.join(parts)}", width)
    if len(lines) > 1:
        hang = len(word) + 1
        ended = [f"{each};" for each in parts[:-1]] + parts[-1:]
        lines = [line for each in ended for line in fold(each, width, hang, hang)]
        lines[0] = f"{word} {lines[0].lstrip()}"
    return "\n".join(lines).replace(word, paint(word, kind), 1)


def _trials(report: Report, told: dict[object, str], paint: Paint, width: Width) -> Iterator[str]:
    first = report.trials[0]
    profile = report.profile
    if first.proof == "instance-call":
        head = f"calls by the instance itself, {first.who}"
    else:
        kind = profile.auth.replace("_", " ")
        head = f"your own calls, as {first.who} (profile {profile.name}, {kind})"
    yield from fold(head, width, hang=2)
    yield from fold(f"sent to {report.region}, charged to {report.where}", width, 2)
    yield from wrapped(PROVES[first.proof], 2, paint, width=width)
    yield ""
    for each in report.trials:
        yield from trial_lines(each, told, paint, width)


def trial_lines(
    trial: Trial, told: dict[object, str], paint: Paint = plain, width: Width = None
) -> Iterator[str]:
    """A call: what was predicted, what came of it, and where something is to be said, the cause."""
    model = f": {_model(trial)}" if trial.ask.model else ""
    mark, kind = MARKS[trial.ok]
    what = f"{trial.ask.call}{model}"
    yield from wrapped(what, 2, mark=paint(mark, kind), hang=6, width=width)
    yield from fold(predicted(trial, told), width, 6, 8)
    yield from fold(observed(trial), width, 6, 8)
    if trial.made.answer is not None:
        yield from wrapped(
            f"answer: {short(trial.made.answer.text)}", 6, paint, hang=8, width=width
        )
    yield from _request(trial, paint, width)
    word = "note:" if trial.ok else "cause:"
    yield from cause_lines(trial.cause, trial.ask.call, told, paint, width, word)


def _access(
    report: Report, who: str, told: dict[object, str], paint: Paint, width: Width
) -> Iterator[str]:
    yield from fold(f"access of the instance {who}", width, hang=2)
    yield from fold(f"in {report.where}, region {report.region}", width, 2)
    yield from wrapped(PROVES["instance-access"], 2, paint, width=width)
    yield ""
    for each in report.access:
        if each.who == who:
            what = f"{each.operation} ({', '.join(each.calls)})"
            mark, kind = MARKS[each.ok]
            yield from wrapped(what, 2, mark=paint(mark, kind), hang=6, width=width)
            yield from fold(said(each.prediction, told), width, 6, 8)
            yield from cause_lines(each.cause, each.operation, told, paint, width)


def wrapped(
    text: str,
    indent: int,
    paint: Paint = plain,
    *,
    mark: str = "",
    hang: int | None = None,
    width: Width = None,
) -> Iterator[str]:
    """A text on as many lines as it needs, painted as beside the point; `mark` is as it is."""
    for at, line in enumerate(fold(f"* {text}" if mark else text, width, indent, hang)):
        shown = line.lstrip(" ")
        before = line[: len(line) - len(shown)]
        if mark and not at:
            shown = mark + shown[1:]
        yield before + (paint(shown, "comment") if paint is not plain else shown)


def _request(trial: Trial, paint: Paint, width: Width) -> Iterator[str]:
    """The id of a request, to be handed to Oracle; of an answer the part that the client gave."""
    known = request_id(trial)
    shown = known.partition("/")[0] if trial.ok else known
    if shown:
        yield from wrapped(f"request id {shown}", 6, paint, hang=8, width=width)


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


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN].rstrip()}…"


def request_id(trial: Trial) -> str:
    """The id of the request that the service gave, if one came back."""
    made = trial.made
    if made.answer is not None:
        return made.answer.request_id
    return made.error.request_id if isinstance(made.error, Refused) else ""


def cause_lines(
    cause: Cause | None,
    of: str,
    told: dict[object, str],
    paint: Paint = plain,
    width: Width = None,
    word: str = "cause:",
) -> Iterator[str]:
    """The cause, what shows it, and the way out; what was told before is named only."""
    if cause is None:
        return
    kind = "error" if word == "cause:" else "note"
    if cause in told:
        yield from _labelled(
            word, kind, f"the same as of {told[cause]} [{cause.name}]", paint, width
        )
        return
    told[cause] = of
    yield from _labelled(word, kind, f"{cause.message} [{cause.name}]", paint, width)
    for each in cause.evidence:
        if each not in told:
            yield from _evidence(each, width)
    if cause.doubt:
        yield from wrapped(f"doubt: {cause.doubt}", 8, paint, hang=10, width=width)
    if cause.fix:
        yield from _labelled("fix:", "help", cause.fix, paint, width)
    for tenancy, ocid in dict.fromkeys((each.tenancy, each.ocid) for each in cause.statements):
        yield from fold(f"{tenancy} ({ocid}):" if ocid else f"{tenancy}:", width, 8, 12)
        yield from (
            f"          {each.statement}" for each in cause.statements if each.tenancy == tenancy
        )
    yield from (f"        $ {each}" for each in cause.commands)


def _labelled(word: str, kind: str, text: str, paint: Paint, width: Width) -> Iterator[str]:
    first, *rest = fold(f"{word} {text}", width, 6, 7 + len(word))
    yield first.replace(word, paint(word, kind), 1)
    yield from rest


def _evidence(text: str, width: Width) -> Iterator[str]:
    """Words that show a cause, or where a statement stands and it itself, whole."""
    words, _, statement = text.partition("\n")
    yield from fold(f"- {words}", width, 8, 10)
    if statement:
        yield f"          {statement}"


def as_data(report: Report) -> dict[str, Any]:
    """`{"calls": [...], "access": [...]}`; `calls` were made, `access` was read off policies."""
    return {
        "config": report.origin,
        "region": report.region,
        "compartment": report.where,
        "calls": [trial_as_data(each) for each in report.trials],
        "access": [_access_as_data(each) for each in report.access],
    }


def trial_as_data(trial: Trial) -> dict[str, Any]:
    """A call as it stands in `calls`."""
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
        "seconds": rounded(answer.seconds if answer else None),
        "first_token_seconds": rounded(answer.first if answer else None),
        "waited_seconds": rounded(made.waited),
        "answer": answer.text if answer else None,
        **cause_as_data(trial.cause),
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
        **cause_as_data(access.cause),
    }


def cause_as_data(cause: Cause | None) -> dict[str, Any]:
    """The keys of a cause, which are there without one as well."""
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


def rounded(seconds: float | None) -> float | None:
    """Seconds to the millisecond."""
    return None if seconds is None else round(seconds, 3)
