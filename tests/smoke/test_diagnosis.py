"""Everything that goes wrong with a call, and the cause that is named first: a table to read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.outputs.smoke import fix
from ocipolicy.sandbox import Sandbox
from ocipolicy.smoke import CAUSES, Access, Trial
from tests.examples import cases, named
from tests.smoke.clients import client
from tests.smoke.states import put, run

_ID = re.compile(r"\b[0-9A-F]{32}(?:/[0-9A-F]{32}){2}\b")
_PORT = re.compile(r"127\.0\.0\.1:\d+")
_MADE_UP = re.compile(r"sandbox[0-9a-f]{32}")


def seen(found: Trial | Access, folder: Path) -> Mapping[str, Any]:
    """What is said of a call, as the cases have it, without what differs from run to run."""
    cause = found.cause
    assert cause is not None

    def plain(text: str) -> str:
        text = _ID.sub("REQUEST", _PORT.sub("127.0.0.1:PORT", text))
        return _MADE_UP.sub("sandbox", text).replace(str(folder), "FOLDER")

    observed = {"observed": found.observed} if isinstance(found, Trial) else {}
    return {
        "predicted": found.prediction.verdict,
        **observed,
        "cause": cause.name,
        "message": plain(cause.message),
        "evidence": [plain(each) for each in cause.evidence],
        "fix": plain(fix(cause) or ""),
    }


@pytest.mark.parametrize("case", cases("smoke/diagnosis.yaml"), ids=named)
def test_the_first_cause_is_the_right_one(
    case: dict[str, Any], sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox, case)
    with client(case.get("client"), sandbox, tmp_path, monkeypatch) as changes:
        report = run(sandbox, case, changes)

    found = report.access[0] if case.get("access") else report.trials[0]

    told = seen(found, sandbox.folder)
    assert told == {key: case.get(key) for key in told}
    assert report.code == case["exit"]


def test_every_cause_has_a_case() -> None:
    shown = {case["cause"] for case in cases("smoke/diagnosis.yaml")}

    assert {each.name for each in CAUSES} - shown == set()


def test_every_cause_says_where_it_was_read() -> None:
    assert [each.name for each in CAUSES if not each.source] == []
