"""Why a policy is not taken when it is saved, by OCI's own words."""

from typing import Any

import pytest

from ocipolicy.cloud.errors import Refused
from ocipolicy.cloud.saving import OBJECTIONS
from tests.examples import cases


@pytest.mark.parametrize("case", cases("cloud/saving.yaml"), ids=lambda case: case["said"][:40])
@pytest.mark.parametrize("operation", ["CreatePolicy", "UpdatePolicy"])
def test_what_oci_objects_to(case: dict[str, Any], operation: str) -> None:
    error = Refused(operation, 400, case["code"], case["said"], request_id="A")

    assert (error.cause, error.help) == (case["cause"], f"{case['fix']} (request id A)")


def test_every_objection_has_a_case() -> None:
    shown = {case["cause"] for case in cases("cloud/saving.yaml")}

    assert {each.cause for each in OBJECTIONS} == shown


def test_of_other_operations_the_words_mean_nothing() -> None:
    said = cases("cloud/saving.yaml")[0]["said"]

    assert Refused("ListUsers", 400, "InvalidParameter", said).cause == (
        "the service does not accept what was sent"
    )
