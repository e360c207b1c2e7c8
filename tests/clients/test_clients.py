"""Unmodified clients of OCI against the sandbox: refused until the policies exist, then not."""

import re

import pytest

from tests.clients.matrix import (
    CLIENTS,
    PHASES,
    REFUSED,
    Client,
    Results,
    all_results,
    as_table,
    without_versions,
)
from tests.examples import ROOT

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "sandbox.md"
MATRIX = re.compile(r"(?<=<!-- matrix -->\n).*(?=<!-- end of matrix -->)", re.DOTALL)
# Whose answer is always there; in OCI, too, no permission is needed for it.
FREE = {"list_regions"}
# langchain-community cannot read the `[DONE]` that ends a stream of Meta's models, here and in OCI.
DONE = "ChatOCIGenAI, stream, meta.llama-3.3-70b-instruct"


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[Client, Results]:
    return all_results(tmp_path_factory.mktemp("keys"))


def wanted(call: str, allowed: bool) -> str:
    if not allowed and call not in FREE:
        return REFUSED
    return "JSONDecodeError: Expecting value: line 1 column 2 (char 1)" if call == DONE else "ok"


@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.title)
def test_a_client_is_refused_until_the_policies_exist(
    client: Client, matrix: dict[Client, Results]
) -> None:
    allowed = {each["phase"]: each["allowed"] for each in PHASES[client.about]}
    calls = matrix[client].calls

    assert calls
    assert calls == {
        call: {phase: wanted(call, allowed[phase]) for phase in of} for call, of in calls.items()
    }
    assert {phase for of in calls.values() for phase in of} == {*allowed}


def test_the_page_has_the_matrix(
    matrix: dict[Client, Results], request: pytest.FixtureRequest
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = f"\n{as_table(matrix)}\n"
    (found,) = MATRIX.findall(page)
    if request.config.getoption("update_snapshots"):
        PAGE.write_text(MATRIX.sub(lambda _: table, page), encoding="utf-8")
    else:
        assert without_versions(found) == without_versions(table)
