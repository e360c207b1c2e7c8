"""What a world is once it has been read: tenancies and what is in them, as frozen values.

Every mapping is read-only and outside hashes, so that each value can be a key itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ocipolicy.language.tree import Condition, Statement

DEFAULT_DOMAIN = "Default"
ADMINISTRATORS = "Administrators"

# The names of compartments from the root down; the root itself is the empty path.
CompartmentPath = tuple[str, ...]
Tags = Mapping[str, tuple[str, ...]]

_NO_TAGS: Tags = MappingProxyType({})


def _tags() -> Tags:
    return _NO_TAGS


def label(name: str, domain: str) -> str:
    """What a user, group or dynamic group is called: its name, with its domain if not Default.

    >>> label("admins", "Partners")
    'Partners/admins'
    """
    return name if domain == DEFAULT_DOMAIN else f"{domain}/{name}"


def name_and_domain(key: str, domain: str | None = None) -> tuple[str, str]:
    """What a label means, and what a key of a file means beside a `domain:`.

    >>> name_and_domain("Partners/admins"), name_and_domain("admins", "Partners")
    (('admins', 'Partners'), ('admins', 'Partners'))
    """
    if domain is not None:
        return key.removeprefix(f"{domain}/"), domain
    before, slash, after = key.partition("/")
    return (after, before) if slash else (key, DEFAULT_DOMAIN)


@dataclass(frozen=True, slots=True)
class Compartment:
    """A compartment by its path; the root has the path `()`, no parent and the tenancy's OCID.

    `tags` are defined tags, `namespace.key` to values, as everywhere in a world.
    """

    name: str
    ocid: str
    path: CompartmentPath
    parent: str | None
    tags: Tags = field(default_factory=_tags, hash=False)

    def holds(self, other: "Compartment") -> bool:
        """Whether another one of the same tenancy is this one or lies below it."""
        return other.path[: len(self.path)] == self.path


@dataclass(frozen=True, slots=True)
class User:
    """A user of an identity domain."""

    name: str
    ocid: str
    domain: str = DEFAULT_DOMAIN
    tags: Tags = field(default_factory=_tags, hash=False)

    @property
    def label(self) -> str:
        """Its key in `Tenancy.users`."""
        return label(self.name, self.domain)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an identity domain; `members` are keys of `Tenancy.users`."""

    name: str
    ocid: str
    domain: str = DEFAULT_DOMAIN
    members: tuple[str, ...] = ()
    tags: Tags = field(default_factory=_tags, hash=False)

    @property
    def label(self) -> str:
        """Its key in `Tenancy.groups`."""
        return label(self.name, self.domain)


@dataclass(frozen=True, slots=True)
class DynamicGroup:
    """A dynamic group with its matching rule, as a tree and as it was written."""

    name: str
    ocid: str
    domain: str
    rule: Condition
    rule_text: str
    tags: Tags = field(default_factory=_tags, hash=False)

    @property
    def label(self) -> str:
        """Its key in `Tenancy.dynamic_groups`."""
        return label(self.name, self.domain)


@dataclass(frozen=True, slots=True)
class Resource:
    """A principal that is no user: an instance, a function, a database, an API key.

    `type` is its principal type (`odainstance`), `compartment` the path of the one it is in.
    """

    name: str
    ocid: str
    type: str
    compartment: CompartmentPath
    tags: Tags = field(default_factory=_tags, hash=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy attached to a compartment; `statements` are the trees of its `texts`, one each.

    Its `tags` are defined ones (`namespace.key`) and free-form ones (words without a dot).
    `unread` are statements of a live policy that nobody here can read; they count for nothing.
    """

    name: str
    ocid: str | None
    compartment: CompartmentPath
    statements: tuple[Statement, ...]
    texts: tuple[str, ...]
    tags: Tags = field(default_factory=_tags, hash=False)
    description: str = ""
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenancy:
    """A tenancy and everything in it, each thing by its name.

    `compartments` has every compartment by its path, flat, the root at `()`; users, groups and
    dynamic groups have their `label` as key, resources and policies their name.
    """

    name: str
    ocid: str
    home_region: str | None
    regions: tuple[str, ...]
    compartments: Mapping[CompartmentPath, Compartment] = field(hash=False)
    users: Mapping[str, User] = field(hash=False)
    groups: Mapping[str, Group] = field(hash=False)
    dynamic_groups: Mapping[str, DynamicGroup] = field(hash=False)
    resources: Mapping[str, Resource] = field(hash=False)
    policies: tuple[Policy, ...]
    _by_ocid: Mapping[str, Compartment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_ocid = {each.ocid: each for each in self.compartments.values()}
        object.__setattr__(self, "_by_ocid", MappingProxyType(by_ocid))

    @property
    def root(self) -> Compartment:
        """The root compartment, which has the tenancy's OCID."""
        return self.compartments[()]

    def compartment(self, ocid: str) -> Compartment | None:
        """A compartment by its OCID, the root by the tenancy's."""
        return self._by_ocid.get(ocid)

    def groups_of(self, user: User) -> tuple[Group, ...]:
        """The groups that a user is a member of."""
        return tuple(each for each in self.groups.values() if user.label in each.members)

    def is_administrator(self, user: User) -> bool:
        """Whether a user is in the group Administrators of the Default domain."""
        group = self.groups.get(ADMINISTRATORS)
        return group is not None and user.label in group.members


Principal = User | Resource
