"""A scenario: a folder of templates, and what its `scenario.yaml` says of each side.

Nothing of the program knows a scenario by name: whoever adds a folder adds a scenario.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ocipolicy.diagnostics import Diagnostic, Source, has_errors
from ocipolicy.document import Manual, lay
from ocipolicy.render.bundle import Side


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class SideOf(_Model):
    """One side: whether its policies are ours to apply, and how the Console describes them."""

    apply: bool
    description: Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[ -~]+$")]


class Unknown(_Model):
    """What is done while a value is not known: its stand-in, and the letter that asks for it."""

    stand_in: Annotated[str, Field(alias="stand-in")]
    ask_with: Annotated[str, Field(alias="ask-with")]


class Doubt(_Model):
    """What is not documented about the statements for a service."""

    service: str
    text: str


class Scenario(_Model):
    """What `scenario.yaml` says; its sides are in the order of applying.

    `needs` and `takes` are dotted config keys: the first must be there, the second may be, and
    others have no meaning here. Only keys that not every scenario has are listed.
    """

    summary: str
    sides: Mapping[Side, SideOf]
    source: str | None = None
    date: str | None = None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    unknown: Mapping[str, Unknown] = {}
    doubts: tuple[Doubt, ...] = ()


_MANUAL = Manual(
    "scenario",
    Scenario,
    missing={
        "": "write one key a line, beginning with `summary:` and `sides:`",
        "summary": "add `summary: who holds what, in one line`",
        "sides": "add `sides:` and below it caller, service or both",
        "apply": "add `apply: true`, or false where Oracle manages the side",
    },
)


def read_scenario(source: Source) -> tuple[Scenario | None, list[Diagnostic]]:
    """The scenario of a `scenario.yaml`, and what is wrong with that file."""
    scenario, _, found = lay(_MANUAL, source)
    return (None if has_errors(found) else scenario), found
