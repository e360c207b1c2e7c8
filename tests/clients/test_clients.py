"""Unmodified clients of OCI against the sandbox: refused until the policies exist, then not."""

from typing import Any

import pytest

from tests.clients import pages
from tests.clients.matrix import (
    CLIENTS,
    PHASES,
    REFUSED,
    Client,
    Results,
    all_results,
    as_table,
)
from tests.clients.tables import is_in_page
from tests.examples import ROOT

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "sandbox.md"
# Whose answer is always there; in OCI, too, no permission is needed for it.
FREE = {"list_regions"}
# langchain-community cannot read the `[DONE]` that ends a stream of Meta's models, here and in OCI.
DONE = "ChatOCIGenAI, stream, meta.llama-3.3-70b-instruct"


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[Client, Results]:
    return all_results(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    return pages.smoked(tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("config"))


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


@pytest.mark.parametrize("step", pages.STEPS, ids=lambda each: each["step"])
def test_a_step_of_a_page_works_by_its_own_client_and_by_smoke(
    step: dict[str, Any],
    matrix: dict[Client, Results],
    smoke: dict[str, dict[str, str]],
) -> None:
    wanted = {name: "ok" if each["allowed"] else REFUSED for name, each in pages.OWN.items()}
    own = pages.by_client(matrix, step)

    assert {phase: own[phase] for phase in pages.OWN} == wanted
    assert smoke[step["step"]] == wanted


def test_the_page_has_the_matrix(
    matrix: dict[Client, Results], request: pytest.FixtureRequest
) -> None:
    is_in_page(PAGE, "matrix", as_table(matrix), request)


def test_the_page_has_the_steps_of_the_pages(
    matrix: dict[Client, Results],
    smoke: dict[str, dict[str, str]],
    request: pytest.FixtureRequest,
) -> None:
    is_in_page(PAGE, "steps", pages.as_table(matrix, smoke), request)
