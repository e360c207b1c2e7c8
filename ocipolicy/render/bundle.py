"""What a config comes to: the policies of each tenancy, and the letters that have to be written."""

from dataclasses import dataclass
from typing import Literal

from ocipolicy.language.tree import Statement

Side = Literal["caller", "service"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A named list of statements, attached to the root compartment of a tenancy.

    `tenancy` is an OCID, or None while it is not known. `apply` is False for a policy that Oracle
    manages: it says what to expect there. `profile` is the side's OCI profile, if one is given.
    """

    side: Side
    tenancy: str | None
    name: str
    description: str
    statements: tuple[Statement, ...]
    apply: bool
    profile: str | None = None
    compartment: str = "/"


@dataclass(frozen=True, slots=True)
class Letter:
    """A text for a person, such as the request to Oracle Support; `name` is that of its file."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The policies that a config renders, in the order in which they are applied.

    `name` is the config's own, and the tag by which its policies are known. `unknown` has the keys
    of the config that are left out because nobody knows them yet; their stand-ins are in the
    statements, which must not be applied.
    """

    name: str
    policies: tuple[Policy, ...]
    letters: tuple[Letter, ...] = ()
    unknown: tuple[str, ...] = ()
