"""Every call in every format, by the four kinds of credentials, and by the instance itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from ocipolicy.cloud import CloudError
from ocipolicy.sandbox import Sandbox
from ocipolicy.smoke import Ask, Report
from tests.smoke.states import OWN, SALES, put, run

COHERE, LLAMA = "cohere.command-a-03-2025", "meta.llama-3.3-70b-instruct"
CALLS = ["chat", "chat-stream", "embed", "rerank", "language"]
RETIRED = ["generate-text", "generate-text-stream", "summarize"]


def answers(report: Report) -> list[tuple[str, str, str | None, str]]:
    """Call, model, format, and how the answer begins."""
    assert [each.cause for each in report.trials] == [None] * len(report.trials)
    return [
        (each.ask.call, each.ask.model, each.ask.format, each.made.answer.text.strip()[:24])
        for each in report.trials
        if each.made.answer
    ]


SANDBOX = "Sandbox answer for meta."
ADMIT = (
    "admit any-user of tenancy a to use generative-ai-family in compartment ai:genai"
    f" where request.principal.id = '{SALES}'"
)


@pytest.mark.parametrize(
    ("model", "form", "begins"),
    [
        (COHERE, "COHERE", "Sandbox answer for coher"),
        ("cohere.command-a-vision", "COHEREV2", "Sandbox answer for coher"),
        (LLAMA, "GENERIC", SANDBOX),
    ],
)
def test_every_call_of_today(sandbox: Sandbox, model: str, form: str, begins: str) -> None:
    put(sandbox, {})

    report = run(sandbox, {"config": {"smoke.calls": CALLS, "smoke.model": model}})

    assert answers(report) == [
        ("chat", model, form, begins),
        ("chat-stream", model, form, begins),
        ("embed", "cohere.embed-v4.0", None, "a vector of 1536 numbers"),
        ("rerank", "cohere.rerank-v3.5", None, "2 documents ranked"),
        ("language", "", None, "English"),
    ]
    assert [each.ask.note for each in report.trials][1:3] == ["", f"{model} is not for it"]
    assert report.code == 0


@pytest.mark.parametrize(
    ("model", "form", "calls"),
    [
        ("cohere.command", "COHERE", RETIRED),
        ("meta.llama-2-70b-chat", "LLAMA", RETIRED[:2]),
    ],
)
def test_every_call_of_yesterday(sandbox: Sandbox, model: str, form: str, calls: list[str]) -> None:
    state = {"serve_retired": True, "config": {"smoke.calls": calls, "smoke.model": model}}
    put(sandbox, state)

    assert [each[:3] for each in answers(run(sandbox, state))] == [
        (call, model, None if call == "summarize" else form) for call in calls
    ]


def test_a_dedicated_endpoint(sandbox: Sandbox) -> None:
    endpoint = "ocid1.generativeaiendpoint.oc1.us-chicago-1.llm"
    calls = ["chat", "chat-stream", "generate-text", "summarize"]
    state = {
        "user": "service/carol",
        "config": {"smoke.calls": calls, "smoke.model": endpoint, "smoke.api_format": "GENERIC"},
    }
    put(sandbox, state)

    assert answers(run(sandbox, state)) == [
        ("chat", endpoint, "GENERIC", "Sandbox answer for llm: "),
        ("chat-stream", endpoint, "GENERIC", "Sandbox answer for llm: "),
        ("generate-text", endpoint, "LLAMA", "Sandbox answer for llm: "),
        ("summarize", endpoint, None, "Sandbox answer for llm: "),
    ]


def test_an_endpoint_that_makes_vectors(sandbox: Sandbox) -> None:
    endpoint = "ocid1.generativeaiendpoint.oc1.us-chicago-1.llm"
    state = {"config": {"smoke.calls": ["embed"], "smoke.model": endpoint}}
    put(sandbox, state)

    assert answers(run(sandbox, state)) == [("embed", endpoint, None, "a vector of 1536 numbers")]


AUTHS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "api_key": ("service/carol", {}),
    "security_token": ("service/carol", {"auth": "security_token"}),
    "instance_principal": ("service/host", {"auth": "instance_principal"}),
    "resource_principal": ("service/function", {"auth": "resource_principal"}),
}


@pytest.mark.parametrize("auth", AUTHS)
def test_the_four_kinds_of_credentials(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    put(sandbox, {})
    who, changes = AUTHS[auth]
    principal = sandbox.principal(who)
    if auth.endswith("principal"):
        for name, value in principal.environ.items():
            monkeypatch.setenv(name, value)
    if auth == "security_token":
        changes = {**changes, "name": f"session:{principal.profile}"}

    report = run(
        sandbox, {"user": who, "config": {"smoke.calls": ["chat", "chat-stream"]}}, changes
    )

    assert [(each.prediction.verdict, each.observed) for each in report.trials] == [
        ("allowed", "allowed"),
        ("allowed", "allowed"),
    ]
    named = who if auth in ("api_key", "security_token") else principal.who.principal.ocid
    assert (report.trials[0].who, report.profile.auth) == (named, auth)
    chats = [each for each in sandbox.log if each.operation == "generative-ai:Chat"]
    assert {each.principal for each in chats} == {who}


def test_the_instance_itself_calls_as_digital_assistant_does(sandbox: Sandbox) -> None:
    state = {"instance": "caller/sales", "config": {"smoke.calls": CALLS}}
    put(sandbox, state)

    report = run(sandbox, state)

    assert [each.proof for each in report.trials] == ["instance-call"] * 5
    assert {each.who for each in report.trials} == {SALES}
    assert report.access == ()
    calls = [each for each in sandbox.log if (each.operation or "").startswith("generative-ai:")]
    assert {(each.principal, each.authentication) for each in calls} == {
        ("caller/sales", "resource principal")
    }


def test_an_instance_that_the_config_does_not_name_is_refused(sandbox: Sandbox) -> None:
    state = {"instance": "caller/support"}
    put(sandbox, state)

    (trial,) = run(sandbox, state).trials

    assert trial.cause is not None
    assert (trial.observed, trial.cause.name) == ("denied", "wrong-instance")


def test_the_administrators_call_says_nothing_of_the_instance(sandbox: Sandbox) -> None:
    state = {"world": {"caller": {"policies": {"sales-assistant-caller": None}}}}
    put(sandbox, state)

    report = run(sandbox, state)

    assert [(each.proof, each.ok) for each in report.trials] == [("own-call", True)]
    assert [(each.who, each.ok) for each in report.access] == [(SALES, False)]
    assert report.code == 1


def test_access_is_told_for_each_instance_and_operation(sandbox: Sandbox) -> None:
    state = {
        "scenario": "same-tenancy",
        "config": {"smoke.calls": ["chat", "chat-stream", "language"]},
    }
    put(sandbox, state)

    report = run(sandbox, state)

    assert [(each.who, each.operation, each.calls, each.verdict) for each in report.access] == [
        (OWN, "Chat", ("chat", "chat-stream"), "allowed"),
        (OWN, "BatchDetectDominantLanguage", ("language",), "denied"),
    ]


def test_a_side_that_oracle_manages_is_not_guessed_and_no_failure(sandbox: Sandbox) -> None:
    state = {"scenario": "paired"}
    put(sandbox, state)

    report = run(sandbox, state)

    (access,) = report.access
    assert (access.verdict, access.ok, access.cause) == ("unknown", None, None)
    assert access.prediction.provided == "caller"
    assert report.code == 0


def test_a_callers_tenancy_that_oracle_has_not_told_yet(sandbox: Sandbox) -> None:
    state = {"scenario": "paired", "config": {"caller.tenancy": None}}
    put(sandbox, state)

    report = run(sandbox, state)

    assert [(each.verdict, each.prediction.why) for each in report.access] == [
        ("unknown", "`caller.tenancy` is not known yet: send the letter that `render` writes")
    ]
    assert (report.trials[0].ok, report.code) == (True, 0)


def test_policies_on_their_way_are_waited_for_and_the_time_is_told(sandbox: Sandbox) -> None:
    late = {
        "seconds": 2,
        "policy": "sales-assistant-service",
        "statements": [
            "define tenancy a as ocid1.tenancy.oc1..caller",
            ADMIT,
        ],
    }
    state = {
        "instance": "caller/sales",
        "world": {"service": {"policies": {"sales-assistant-service": None}}},
        "late": late,
    }
    put(sandbox, state)
    left: list[float] = []

    def waiting(ask: Ask, error: CloudError, seconds: float) -> None:
        assert (ask.call, error.brief) == ("chat", "404 NotAuthorizedOrNotFound")
        left.append(seconds)

    report = run(sandbox, state, wait=20, on_wait=waiting)

    (trial,) = report.trials
    assert (trial.observed, trial.cause, report.code) == ("allowed", None, 0)
    assert 0.2 < trial.made.waited < 6
    assert left == sorted(left, reverse=True)
    assert 12 < left[-1] <= left[0] <= 20


def test_what_the_policies_deny_is_not_waited_for(sandbox: Sandbox) -> None:
    state = {
        "instance": "caller/sales",
        "world": {"service": {"policies": {"sales-assistant-service": None}}},
    }
    put(sandbox, state)

    (trial,) = run(sandbox, state, wait=60).trials

    assert (trial.observed, trial.made.waited) == ("denied", 0)


def test_after_a_minute_it_is_not_late_any_more(sandbox: Sandbox) -> None:
    state = {"user": "service/carol", "fault": {"operation": "Chat", "status": 404}}
    put(sandbox, state)

    (trial,) = run(sandbox, state, wait=1.5).trials

    assert trial.cause is not None
    assert trial.cause.name == "not-yet-propagated"
    assert trial.cause.evidence[-1] == f"tried for {trial.made.waited:.0f} s"
