"""What came of the services of `llm_services:`, for people and as data.

It looks as what smoke proved does: a block for each service, a line for each call, and under what
failed the cause and the way out. No key is in any of it: only the name of its variable is known
here.
"""

from collections.abc import Iterator
from typing import Any, assert_never

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.outputs.lines import Width, fold
from ocipolicy.outputs.smoke import (
    MARKS,
    cause_as_data,
    cause_lines,
    rounded,
    short,
    trial_as_data,
    trial_lines,
    wrapped,
)
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.providers import ProviderError, Refused
from ocipolicy.render.llm_services import KeyService, OciService, Service
from ocipolicy.smoke import Cause, Trial
from ocipolicy.smoke.services import NAMES, Call, Listed, ListReport, ServiceReport, Tried


def as_text(report: ServiceReport, paint: Paint = plain, width: Width = None) -> str:
    """The whole report, the summary last."""
    told: dict[object, str] = {}
    blocks = ["\n".join(_service(each, told, paint, width)) for each in report.services]
    return "\n\n".join([*blocks, summary(report, paint, width)])


def summary(report: ServiceReport, paint: Paint = plain, width: Width = None) -> str:
    """One line over all of it."""
    wanted = [each for each in report.calls if each.ok is not None]
    done = sum(each.ok is True for each in wanted)
    lost = sum(each.failure is not None for each in report.services)
    more = f"; {lost} could not be called" if lost else ""
    word, kind = _word(report.code, "smoke")
    text = f"{word} {done} of {len(wanted)} calls of {_services(report)} answered{more}"
    return "\n".join(fold(text, width)).replace(word, paint(word, kind), 1)


def _services(report: ServiceReport) -> str:
    count = len(report.services)
    return "1 service" if count == 1 else f"{count} services"


def _word(code: int, what: str) -> tuple[str, str]:
    """How the last line begins, and in which colour."""
    return {0: (f"{what}:", "added"), 1: (f"{what} failed:", "error")}.get(
        code, ("no answer:", "warning")
    )


def _service(tried: Tried, told: dict[object, str], paint: Paint, width: Width) -> Iterator[str]:
    whose = next((each.who for each in tried.calls if isinstance(each, Trial)), None)
    yield from _head(tried.service, paint, width, whose)
    for each in tried.calls:
        match each:
            case Trial():
                yield from trial_lines(each, told, paint, width)
            case Call():
                yield from _call(tried.service, each, told, paint, width)
            case _:
                assert_never(each)
    if tried.failure is not None:
        mark, kind = MARKS[None]
        yield from wrapped("not called", 2, mark=paint(mark, kind), hang=6, width=width)
        yield from fold(f"cause: {tried.failure.message}", width, 6, 8)
        if tried.failure.help:
            yield from fold(f"fix: {tried.failure.help}", width, 6, 8)


def _head(service: Service, paint: Paint, width: Width, whose: str | None = None) -> Iterator[str]:
    yield from fold(f"{service.name} ({NAMES[_provider(service)]})", width, hang=2)
    yield from fold(f"POST {service.url}", width, 2, 4)
    yield from wrapped(_signed(service, whose), 2, paint, hang=4, width=width)
    yield ""


def _provider(service: Service) -> str:
    return service.provider if isinstance(service, KeyService) else "oci"


def _signed(service: Service, whose: str | None) -> str:
    match service:
        case OciService():
            return f"signed as {whose}" if whose else "to be signed by a profile of OCI"
        case KeyService(auth="entra-id"):
            return "with a token of Entra ID"
        case KeyService(provider="azure-openai", key_env=str(name)):
            return f"with the key in {name}, in the header api-key"
        case KeyService(key_env=str(name)):
            return f"with the key in {name}, as a bearer token"
        case KeyService():
            return "with a key that no variable is named for"
        case _:
            assert_never(service)


def _call(
    service: Service, call: Call, told: dict[object, str], paint: Paint, width: Width
) -> Iterator[str]:
    mark, kind = MARKS[call.ok] if not call.note else ("-", "comment")
    what = f"{call.call}: {service.model}"
    yield from wrapped(what, 2, mark=paint(mark, kind), hang=6, width=width)
    if call.note:
        yield from wrapped(call.note, 6, paint, hang=8, width=width)
        return
    yield from fold(observed(call), width, 6, 8)
    if call.answer is not None:
        answer = f"answer: {short(call.answer.text) or '(no text)'}"
        yield from wrapped(answer, 6, paint, hang=8, width=width)
        if call.answer.model and call.answer.model != service.model:
            served = f"served by {call.answer.model}"
            yield from wrapped(served, 6, paint, hang=8, width=width)
    if request_id(call):
        yield from wrapped(f"request id {request_id(call)}", 6, paint, hang=8, width=width)
    yield from cause_lines(call.cause, f"{call.call} of {service.name}", told, paint, width)


def observed(call: Call) -> str:
    """What came of a call, and how long it took."""
    came = f"observed {call.observed}"
    if isinstance(call.error, Refused):
        came += f": {call.error.brief}"
    if call.answer is None:
        return came
    seconds = f"{call.answer.seconds:.2f} s"
    if call.answer.first is None:
        return f"{came} in {seconds}"
    return f"{came}: first token {call.answer.first:.2f} s, all {seconds}"


def request_id(call: Call) -> str:
    """The id of the request that the provider gave, if one came back."""
    answered = call.answer or call.error
    return answered.request_id if answered else ""


def as_data(report: ServiceReport) -> dict[str, Any]:
    """`{"calls": [...]}`, each with the name of its service, those that nobody could make too."""
    calls: list[dict[str, Any]] = []
    for tried in report.services:
        about = {"service": tried.service.name, "provider": _provider(tried.service)}
        for each in tried.calls:
            data = trial_as_data(each) if isinstance(each, Trial) else _as_data(tried, each)
            calls.append({**about, **data, "url": tried.service.url})
        if tried.failure is not None:
            calls.append({**about, **_unmade(tried, tried.failure), "url": tried.service.url})
    return {"config": report.origin, "calls": calls}


def _unmade(tried: Tried, failure: CannotGoOn) -> dict[str, Any]:
    """The row of a service that nobody can call."""
    cause = Cause(failure.message, fix=failure.help, name="no-credentials")
    return {
        "call": tried.service.kind,
        "as": None,
        "model": tried.service.model,
        "predicted": "unknown",
        "observed": "not sent",
        "ok": False,
        **cause_as_data(cause),
    }


def _as_data(tried: Tried, call: Call) -> dict[str, Any]:
    answer, error = call.answer, call.error
    refused = error if isinstance(error, Refused) else None
    return {
        "call": call.call,
        "as": call.who,
        "proof": "own-call",
        "model": tried.service.model,
        "served_by": answer.model or None if answer else None,
        "note": call.note or None,
        "predicted": "unknown",
        "observed": call.observed,
        "ok": call.ok,
        "status": refused.status if refused else 200 if answer else None,
        "code": (refused.code or refused.kind or None) if refused else None,
        "said": (refused.said if refused else error.message) if error else None,
        "request_id": request_id(call) or None,
        "seconds": rounded(answer.seconds if answer else None),
        "first_token_seconds": rounded(answer.first if answer else None),
        "pieces": answer.pieces if answer else error.pieces if error else 0,
        "finish": answer.finish or None if answer else None,
        "answer": answer.text if answer else None,
        **cause_as_data(call.cause),
    }


def list_as_text(report: ListReport, paint: Paint = plain, width: Width = None) -> str:
    """The models of every service, a line each; its own is marked."""
    told: dict[object, str] = {}
    blocks = ["\n".join(_list(each, told, paint, width)) for each in report.services]
    word, kind = _word(report.code, "models")
    count = sum(bool(each.models) for each in report.services)
    text = f"{word} {count} of {len(report.services)} services list what their keys may use"
    last = "\n".join(fold(text, width)).replace(word, paint(word, kind), 1)
    return "\n\n".join([*blocks, last])


def _list(listed: Listed, told: dict[object, str], paint: Paint, width: Width) -> Iterator[str]:
    service = listed.service
    yield from fold(f"{service.name} ({NAMES[_provider(service)]})", width, hang=2)
    if listed.note:
        yield from wrapped(listed.note, 2, paint, hang=4, width=width)
        return
    if isinstance(service, KeyService) and service.models_url:
        yield from fold(f"GET {service.models_url}", width, 2, 4)
    if listed.cause is not None:
        yield from cause_lines(listed.cause, service.name, told, paint, width)
        return
    yield ""
    for name in listed.models:
        mark = paint("✓", "added") if name == service.model else " "
        yield f"  {mark} {name}"
    if listed.has_own is False:
        mark, kind = MARKS[False]
        text = f"{service.model} is not among them"
        yield from wrapped(text, 2, mark=paint(mark, kind), hang=6, width=width)


def list_as_data(report: ListReport) -> dict[str, Any]:
    """`{"models": [...]}`: the names for each service, and whether its own model is one of them."""
    return {
        "config": report.origin,
        "models": [
            {
                "service": each.service.name,
                "provider": _provider(each.service),
                "model": each.service.model,
                "models": [*each.models],
                "has_own": each.has_own,
                "note": each.note or None,
                "said": _said(each.error),
                **cause_as_data(each.cause),
            }
            for each in report.services
        ],
    }


def _said(error: ProviderError | None) -> str | None:
    return error.message if error else None
