"""Smoke sends to OpenAI, Azure OpenAI, NVIDIA and Cohere what their own clients send."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.recorder import TEXT, Recorder, Request
from tests.clients.sending import (
    SCRIPTS,
    Script,
    Smoked,
    differences,
    entries,
    facts,
    identity,
    keys,
    scripted,
    smoked,
)
from tests.clients.tables import is_in_page
from tests.examples import ROOT, cases, named

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "other-providers.md"
CASES = cases("clients/differences.yaml")


@dataclass(frozen=True)
class Sent:
    """What smoke said and sent, and each of the clients."""

    smoke: Smoked
    ours: dict[tuple[str, str], Request]
    scripts: dict[str, Script]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as opened:
        yield opened


@pytest.fixture(scope="module")
def sent(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    folder = tmp_path_factory.mktemp("smoke")
    variables = {**keys(), **identity(recorder)}
    smoke = smoked(entries(recorder), variables, folder, recorder)
    lists = smoked(entries(recorder), variables, folder, recorder, "--models")
    told = facts(recorder, smoke)
    scripts = {each: scripted(each, recorder, told) for each in SCRIPTS}
    return Sent(smoke, {**smoke.sent(), **lists.sent()}, scripts)


def test_every_service_answers_smoke(sent: Sent) -> None:
    calls = sent.smoke.data["calls"]

    assert (sent.smoke.code, sent.smoke.said) == (0, "")
    assert [(e["service"], e["call"], e["observed"], e["answer"].strip()) for e in calls] == [
        (service, call, "allowed", TEXT) for service, call in sent.smoke.sent()
    ]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_client_sends_what_smoke_sends(case: dict[str, Any], sent: Sent) -> None:
    script = sent.scripts[case["script"]]
    service, call = case["as"]

    found = differences(sent.ours[service, call], script.sent()[case["case"]])

    assert script.results[case["case"]] == "ok"
    assert [*found] == [{k: each[k] for k in ("at", "ours", "theirs")} for each in case["differ"]]


def test_every_call_of_the_clients_is_compared(sent: Sent) -> None:
    made = [(name, call) for name, each in sent.scripts.items() for call in each.results]

    assert made == [(each["script"], each["case"]) for each in CASES]


def test_the_page_says_what_was_compared(sent: Sent, request: pytest.FixtureRequest) -> None:
    rows = ["| call of the client | call of smoke | what the client sends otherwise |"]
    rows.append("| --- | --- | --- |")
    for case in CASES:
        other = [_told(each) for each in case["differ"]]
        rows.append(
            f"| {case['case']} | {' '.join(case['as'])} | {'; '.join(other) or 'nothing'} |"
        )
    versions = {k: v for each in sent.scripts.values() for k, v in each.versions.items()}
    said = ", ".join(f"{name} {number}" for name, number in versions.items())

    is_in_page(PAGE, "compared", f"With {said}.\n\n" + "\n".join(rows) + "\n", request)


def _told(difference: dict[str, Any]) -> str:
    where, _, name = difference["at"].partition(" ")
    if difference["theirs"] is None:
        return f"no `{name}`"
    value = difference["theirs"]
    return f"`{name}: {value}`" if where == "header" else f"`{name}` {value!r}"
