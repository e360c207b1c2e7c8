"""Everything that goes wrong with a provider, and the cause that is named: a table to read.

What the servers say is what the providers document, or what users report of them.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.smoke.services import CAUSES, Call
from tests.examples import cases, named
from tests.providers.server import MODELS, Provider
from tests.providers.services import run
from tests.providers.states import closed_port, identity, secured, seen


def called(
    case: dict[str, Any], provider: Provider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Call, int]:
    """The call of a case, made in its state, and the exit code."""
    provider.reply = case.get("reply")
    provider.models = case.get("models", MODELS)
    with ExitStack() as stack:
        if "identity" in case:
            stack.enter_context(identity(case["identity"] == "somebody", monkeypatch))
        words = {"CLOSED": str(closed_port()), "PORT": provider.endpoint.rpartition(":")[2]}
        entry = dict(case["entry"])
        if "TLS" in str(entry.get("endpoint")):
            words["TLS"] = str(stack.enter_context(secured(folder)))

        def filled(text: str) -> str:
            for word, value in words.items():
                text = text.replace(f":{word}", f":{value}")
            return text

        for name, value in case.get("environment", {}).items():
            monkeypatch.setenv(name, filled(value))
        if entry.get("endpoint"):
            entry["endpoint"] = filled(entry["endpoint"])
        report = run(provider, entry)
    (tried,) = report.services
    call = tried.calls[1 if case.get("stream") else 0]
    assert isinstance(call, Call)
    return call, report.code


@pytest.mark.parametrize("case", cases("providers/diagnosis.yaml"), ids=named)
def test_the_first_cause_is_the_right_one(
    case: dict[str, Any], provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, code = called(case, provider, tmp_path, monkeypatch)

    told = seen(call)
    assert told == {key: case.get(key) for key in told}
    assert code == case["exit"]


def test_every_cause_has_a_case() -> None:
    shown = {case["cause"] for case in cases("providers/diagnosis.yaml")}

    # Whether azure-identity is there is a matter of the whole interpreter: see test_entra_id.
    assert {each.name for each in CAUSES} - shown == {"azure-identity-missing"}


def test_every_cause_says_where_it_was_read() -> None:
    assert [each.name for each in CAUSES if not each.source] == []
