import pytest

from ocipolicy.outputs.plan_files import dump, load
from tests.plan import cases
from tests.plan.cases import Case

CASES = [*cases.cases()]


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    plan = case.plan

    assert cases.found(plan, case.live) == cases.expected(case.entry)
    assert load(dump(plan), "plan.json") == plan
