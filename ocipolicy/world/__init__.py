"""What is there: a YAML file of tenancies read into a `World`, every mistake with its place.

1. `model` lays the file's shape on the text: keys, types and single values (`values`);
2. `across` compares values with each other: OCIDs, members, compartments;
3. `build` reads statements and matching rules, and makes the frozen values of `tree`.

`lookup` answers who and where a name means, `dump` writes a world as a file that loads back equal.
"""

from typing import TYPE_CHECKING

from ocipolicy.world.lookup import World
from ocipolicy.world.tree import (
    ADMINISTRATORS,
    DEFAULT_DOMAIN,
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Principal,
    Resource,
    Tags,
    Tenancy,
    User,
    label,
)

if TYPE_CHECKING:
    from ocipolicy.world.dump import dump_world
    from ocipolicy.world.load import LoadedWorld, load_world

__all__ = [
    "ADMINISTRATORS",
    "DEFAULT_DOMAIN",
    "Compartment",
    "CompartmentPath",
    "DynamicGroup",
    "Group",
    "LoadedWorld",
    "Policy",
    "Principal",
    "Resource",
    "Tags",
    "Tenancy",
    "User",
    "World",
    "dump_world",
    "label",
    "load_world",
]

_LATE = {"LoadedWorld": "load", "dump_world": "dump", "load_world": "load"}


def __getattr__(name: str) -> object:
    # A world that nobody reads from a file, such as that of a proof, needs no pydantic and YAML.
    if name in _LATE:
        import importlib

        return getattr(importlib.import_module(f"ocipolicy.world.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
