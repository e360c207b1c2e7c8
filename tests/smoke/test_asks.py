"""Which calls a config comes to, and which model and format each of them takes."""

from datetime import date
from typing import Any

import pytest

from ocipolicy.smoke import asks
from ocipolicy.smoke.asks import current_model
from tests.examples import cases, config, named

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("case", cases("smoke/asks.yaml"), ids=named)
def test_what_is_asked(case: dict[str, Any]) -> None:
    change: dict[str, Any] = {
        key: case[key] for key in ("access", "smoke", "region") if key in case
    }

    found = asks(config("same-tenancy", change), TODAY)

    assert [[each.call, each.model, each.format] for each in found.asks] == case["asks"]
    told = [f"{each.rule}: {each.message}" for each in found.diagnostics]
    assert told == case.get("diagnostics", [])


def test_calls_are_small_unless_the_config_says_otherwise() -> None:
    (small,) = asks(config("same-tenancy", {"smoke": {"calls": ["chat"]}}), TODAY).asks
    own = {"calls": ["chat"], "max_tokens": 7, "temperature": 0.5}
    (large,) = asks(config("same-tenancy", {"smoke": own}), TODAY).asks

    assert (small.max_tokens, small.temperature) == (20, 0)
    question = large.question("ocid1.compartment.oc1..x")
    assert (question.max_tokens, question.temperature) == (7, 0.5)


def test_a_model_is_current_until_its_day() -> None:
    before, behind = date(2024, 10, 1), date(2024, 10, 2)

    found = [current_model("text-generation", day) for day in (before, behind)]
    assert [each and each.name for each in found] == ["cohere.command"] * 2
    assert current_model("no-such-task", behind) is None
