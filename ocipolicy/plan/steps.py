"""A plan as data: one step per policy, the access that changes, and what else there is to say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ocipolicy.config import Profile
from ocipolicy.diagnostics import Diagnostic, has_errors
from ocipolicy.evaluate import Verdict
from ocipolicy.language.tree import Statement
from ocipolicy.render.bundle import Side
from ocipolicy.world import Tags

Action = Literal["create", "update", "delete", "keep"]


@dataclass(frozen=True, slots=True)
class Version:
    """What a policy says at one time.

    `texts` are the statements as they are stored, or will be; `statements` the trees of those that
    can be read. `tags` has defined tags (`namespace.key`) and free-form ones (a bare key).
    """

    texts: tuple[str, ...]
    statements: tuple[Statement, ...]
    description: str
    tags: Tags = field(hash=False)

    @property
    def free_form_tags(self) -> Mapping[str, str]:
        """The free-form tags, as the service takes them; it replaces all of them together."""
        free = {key: "".join(values) for key, values in self.tags.items() if "." not in key}
        return MappingProxyType(free)


@dataclass(frozen=True, slots=True)
class Target:
    """A policy of one tenancy (its OCID), attached to its root compartment."""

    tenancy: str
    side: Side
    name: str
    compartment: str = "/"


@dataclass(frozen=True, slots=True)
class Create:
    """A policy that is not there yet."""

    target: Target
    after: Version


@dataclass(frozen=True, slots=True)
class Update:
    """A policy whose statements, description or tags change; only while it has this etag."""

    target: Target
    ocid: str
    etag: str
    before: Version
    after: Version


@dataclass(frozen=True, slots=True)
class Delete:
    """A policy that goes; only while it has this etag."""

    target: Target
    ocid: str
    etag: str
    before: Version


@dataclass(frozen=True, slots=True)
class Keep:
    """A policy that says what it should, however it is spaced, cased and ordered."""

    target: Target
    ocid: str
    etag: str
    before: Version


Step = Create | Update | Delete | Keep


def action(step: Step) -> Action:
    """The word for a step."""
    words: dict[type[Step], Action]
    words = {Create: "create", Update: "update", Delete: "delete", Keep: "keep"}
    return words[type(step)]


def versions(step: Step) -> tuple[Version | None, Version | None]:
    """What the policy says before a step and behind it; None where it is not there."""
    match step:
        case Create(after=after):
            return None, after
        case Update(before=before, after=after):
            return before, after
        case Delete(before=before):
            return before, None
        case Keep(before=before):
            return before, before


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A policy that is not ours to apply: what it should say, and what to ask of whom.

    `assumed` says that its tenancy was not read, and that all which is said of access takes it to
    be there already.
    """

    target: Target
    description: str
    statements: tuple[Statement, ...]
    instruction: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Access that principals gain or lose in a compartment, and `below` it.

    `operations` are `service:Operation`, `verbs` are `use buckets` where the dictionary does not
    know the permissions. It is gained or lost for certain, or perhaps, as the verdicts say.
    """

    who: tuple[str, ...]
    before: Verdict
    after: Verdict
    tenancy: str
    compartment: str
    below: bool
    operations: tuple[str, ...]
    permissions: tuple[str, ...]
    verbs: tuple[str, ...]

    @property
    def is_gain(self) -> bool:
        """Whether there is more access behind it than before."""
        return _RANK[self.after] > _RANK[self.before]


_RANK: Mapping[Verdict, int] = {"denied": 0, "unknown": 1, "allowed": 2}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An operation that the config wants for an instance, and whether it is allowed behind all."""

    who: str
    operation: str
    tenancy: str
    compartment: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Party:
    """A tenancy of the plan: how it is called, and how it is reached; by others where by none."""

    ocid: str
    name: str
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do, in its order, and what comes of it.

    `name` is that of the config, and the tag of its policies; `origin` the config's file. Where a
    diagnostic is an error, the plan must not be applied, and nothing is said of access.
    """

    name: str
    origin: str
    steps: tuple[Step, ...]
    parties: tuple[Party, ...] = ()
    access: tuple[Change, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    handed_over: tuple[HandedOver, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False)

    @property
    def refused(self) -> bool:
        """Whether it must not be applied."""
        return has_errors(self.diagnostics)

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(each for each in self.steps if not isinstance(each, Keep))

    def counts(self) -> Mapping[Action, int]:
        """How many steps of each kind there are."""
        found: dict[Action, int] = {"create": 0, "update": 0, "delete": 0, "keep": 0}
        for each in self.steps:
            found[action(each)] += 1
        return found

    def called(self, tenancy: str) -> str:
        """The name of a tenancy, its OCID where it has none."""
        return next((each.name for each in self.parties if each.ocid == tenancy), tenancy)


def touched(steps: tuple[Step, ...]) -> Iterator[tuple[Target, Version | None, Version | None]]:
    """Each policy that changes, before and after."""
    for step in steps:
        before, after = versions(step)
        if before != after:
            yield step.target, before, after
