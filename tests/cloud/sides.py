"""Sides of a sandbox as clouds, with retries that take no time."""

from typing import Any

from ocipolicy.cloud import Cloud, OnAttempt, Retries
from ocipolicy.config import Profile
from ocipolicy.sandbox import Sandbox
from tests.examples import CASES

WORLD = CASES / "cloud" / "acme.world.yaml"
TENANCY = "ocid1.tenancy.oc1..acme"
QUICK = Retries(attempts=4, pause=0.01, longest=0.05, total=20)


def profile(sandbox: Sandbox, who: str, **changes: Any) -> Profile:
    """The profile of a principal, with its calls sent to the sandbox, each to its region."""
    principal = sandbox.principal(who)
    file = str(principal.config_file)
    values = {
        "name": principal.profile,
        "config_file": file,
        "endpoint": f"{sandbox.endpoint}/r/{{region}}",
        **changes,
    }
    return Profile(**values)


def cloud(
    sandbox: Sandbox,
    who: str = "acme/admin",
    *,
    on_attempt: OnAttempt | None = None,
    page: int = 1000,
    **changes: Any,
) -> Cloud:
    """A side of the sandbox."""
    side = profile(sandbox, who, **changes)
    return Cloud(side, retries=QUICK, on_attempt=on_attempt, page=page)
