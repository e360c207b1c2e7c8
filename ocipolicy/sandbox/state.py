"""The tenancies of a sandbox as they are now, and what the API says of each thing in them.

What is there is a `World`, an immutable one: a write makes the next. That gives a delay until
policies take effect for free: the statements in force are those of the newest world that is old
enough. What a world has no room for (etags, times, descriptions, free-form tags) is the `Record` of
each thing. The functions here make the next world; none of them looks whether it is a sound one,
which is for the caller to see to while it holds `State.lock`.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import TypeVar
from uuid import uuid4

from ocipolicy.evaluate import Place, Statements
from ocipolicy.sandbox.keys import Keys
from ocipolicy.world import (
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Tags,
    Tenancy,
    User,
    World,
)

REALM = "oc0"  # nobody's: an OCID of the sandbox cannot be taken for a real one
_HOME = "us-ashburn-1"  # of a tenancy whose world names no region

Named = User | Group | DynamicGroup


def mint(kind: str) -> str:
    """A new OCID.

    >>> mint("policy").startswith("ocid1.policy.oc0..sandbox")
    True
    """
    return f"ocid1.{kind}.{REALM}..sandbox{uuid4().hex}"


def membership_ocid(group: str, user: str) -> str:
    """The OCID of a user's membership in a group, which a world does not have: made from theirs."""
    text = f"{group} {user}".encode()
    return f"ocid1.groupmembership.{REALM}..sandbox{sha256(text).hexdigest()[:32]}"


def etag() -> str:
    """A new etag."""
    return uuid4().hex[:16]


def home_region(tenancy: Tenancy) -> str:
    """The home region of a tenancy; where its world says nothing, its first region or Ashburn."""
    return tenancy.home_region or next(iter(tenancy.regions), _HOME)


@dataclass(frozen=True, slots=True)
class Record:
    """What the API tells of a thing beyond what a world holds."""

    etag: str
    time_created: datetime
    description: str = ""
    version_date: str | None = None
    freeform_tags: Mapping[str, str] = field(default_factory=dict)
    defined_tags: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def tags(self) -> Tags:
        """The defined tags as a world has them."""
        return MappingProxyType(
            {
                f"{namespace}.{key}": _texts(value)
                for namespace, keys in self.defined_tags.items()
                for key, value in keys.items()
            }
        )

    @property
    def tags_of_policy(self) -> Tags:
        """The tags as a policy of a world has them, the free-form ones among them."""
        free = {key: (value,) for key, value in self.freeform_tags.items()}
        return MappingProxyType({**free, **self.tags})


@dataclass(frozen=True, slots=True)
class Retry:
    """What a request with an `opc-retry-token` came to: the thing that it made, as it was then."""

    at: datetime
    body: bytes
    ocid: str
    etag: str


class State:
    """A world that changes, with the record of everything in it by OCID."""

    def __init__(self, world: World, clock: Callable[[], datetime] | None = None) -> None:
        self.lock = threading.RLock()  # held while a write reads, decides and changes
        self.now = clock or (lambda: datetime.now(UTC))
        self.propagation = timedelta(0)
        # Of Generative AI: whether models that Oracle has retired answer all the same, and whether
        # a streamed chat of Meta's models ends with `data: [DONE]`, as in OCI (langchain-oci 0.4).
        self.serve_retired = False
        self.stream_done = True
        self.keys: Keys | None = None  # where the API keys of users are, for their list
        self.retries: dict[tuple[str, str, str], Retry] = {}  # by principal, operation and token
        world = _with_ocids(world)
        self.records: dict[str, Record] = _records(world, self.now())
        self._worlds: deque[tuple[datetime, World]] = deque(
            [(datetime.min.replace(tzinfo=UTC), world)]
        )
        self._statements: tuple[World, Statements] | None = None

    @property
    def world(self) -> World:
        """What the API shows: the newest world."""
        return self._worlds[-1][1]

    def change(self, world: World) -> None:
        """Replace the world; its policies take effect after the propagation delay."""
        with self.lock:
            self._worlds.append((self.now() + self.propagation, world))

    def statements(self) -> Statements:
        """The statements in force."""
        with self.lock:
            while len(self._worlds) > 1 and self._worlds[1][0] <= self.now():
                self._worlds.popleft()
            world = self._worlds[0][1]
            if self._statements is None or self._statements[0] is not world:
                self._statements = (world, Statements(world))
            return self._statements[1]

    def place(self, ocid: str) -> Place | None:
        """The compartment of an OCID, the root for a tenancy's."""
        tenancy = self.world.tenancy_of(ocid)
        compartment = tenancy.compartment(ocid) if tenancy else None
        return Place(tenancy, compartment) if tenancy and compartment else None

    def policy(self, ocid: str) -> tuple[Tenancy, Policy] | None:
        """A policy by its OCID, with its tenancy."""
        tenancy = self.world.tenancy_of(ocid)
        found = (each for each in tenancy.policies if each.ocid == ocid) if tenancy else ()
        return next(((tenancy, each) for each in found if tenancy), None)


def with_policy(world: World, tenancy: Tenancy, policy: Policy) -> World:
    """The world where a tenancy has this policy, in the place of the one with its OCID if any."""
    listed = tenancy.policies
    if any(each.ocid == policy.ocid for each in listed):
        policies = tuple(policy if each.ocid == policy.ocid else each for each in listed)
    else:
        policies = (*listed, policy)
    return _with_tenancy(world, replace(tenancy, policies=policies))


def without_policy(world: World, tenancy: Tenancy, policy: Policy) -> World:
    """The world where a tenancy has this policy no more."""
    left = tuple(each for each in tenancy.policies if each.ocid != policy.ocid)
    return _with_tenancy(world, replace(tenancy, policies=left))


def with_compartment(world: World, tenancy: Tenancy, compartment: Compartment) -> World:
    """The world where a tenancy has this compartment, in the place of the one with its OCID if any.

    Where it has another path than that one, all that is in it moves with it.
    """
    old = tenancy.compartment(compartment.ocid)
    if old is None or old.path == compartment.path:
        return _with_tenancy(
            world,
            replace(
                tenancy, compartments=_put(tenancy.compartments, compartment.path, compartment)
            ),
        )
    above = old.path

    def moved(path: CompartmentPath) -> CompartmentPath:
        inside = path[: len(above)] == above
        return (*compartment.path, *path[len(above) :]) if inside else path

    compartments = {
        moved(path): replace(each, path=moved(path)) for path, each in tenancy.compartments.items()
    }
    compartments[compartment.path] = compartment
    resources = {
        name: replace(each, compartment=moved(each.compartment))
        for name, each in tenancy.resources.items()
    }
    return _with_tenancy(
        world,
        replace(
            tenancy,
            compartments=MappingProxyType(compartments),
            resources=MappingProxyType(resources),
            policies=tuple(
                replace(each, compartment=moved(each.compartment)) for each in tenancy.policies
            ),
        ),
    )


def without_compartment(world: World, tenancy: Tenancy, compartment: Compartment) -> World:
    """The world where a tenancy has this compartment, an empty one, no more."""
    left = _without(tenancy.compartments, compartment.path)
    return _with_tenancy(world, replace(tenancy, compartments=left))


def with_named(world: World, tenancy: Tenancy, each: Named) -> World:
    """The world where a tenancy has this user, group or dynamic group under its label."""
    match each:
        case User():
            tenancy = replace(tenancy, users=_put(tenancy.users, each.label, each))
        case Group():
            tenancy = replace(tenancy, groups=_put(tenancy.groups, each.label, each))
        case DynamicGroup():
            groups = _put(tenancy.dynamic_groups, each.label, each)
            tenancy = replace(tenancy, dynamic_groups=groups)
    return _with_tenancy(world, tenancy)


def without_named(world: World, tenancy: Tenancy, each: Named) -> World:
    """The world where a tenancy has this user (in no group), group or dynamic group no more."""
    match each:
        case User():
            tenancy = replace(tenancy, users=_without(tenancy.users, each.label))
        case Group():
            tenancy = replace(tenancy, groups=_without(tenancy.groups, each.label))
        case DynamicGroup():
            groups = _without(tenancy.dynamic_groups, each.label)
            tenancy = replace(tenancy, dynamic_groups=groups)
    return _with_tenancy(world, tenancy)


def _with_tenancy(world: World, tenancy: Tenancy) -> World:
    return World(_put(world.tenancies, tenancy.name, tenancy))


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _put(values: Mapping[_Key, _Value], key: _Key, value: _Value) -> Mapping[_Key, _Value]:
    return MappingProxyType({**values, key: value})


def _without(values: Mapping[_Key, _Value], key: _Key) -> Mapping[_Key, _Value]:
    return MappingProxyType({each: value for each, value in values.items() if each != key})


def _with_ocids(world: World) -> World:
    """A world whose policies all have an OCID, since the API names them by it."""
    tenancies = {
        name: replace(
            tenancy,
            policies=tuple(
                each if each.ocid else replace(each, ocid=mint("policy"))
                for each in tenancy.policies
            ),
        )
        for name, tenancy in world.tenancies.items()
    }
    return World(MappingProxyType(tenancies))


def _records(world: World, now: datetime) -> dict[str, Record]:
    """The records of everything that is in a world from the beginning."""
    found: dict[str, Record] = {}
    for tenancy in world.tenancies.values():
        named: tuple[Compartment | Named, ...] = (
            *tenancy.compartments.values(),
            *tenancy.users.values(),
            *tenancy.groups.values(),
            *tenancy.dynamic_groups.values(),
        )
        for each in named:
            found[each.ocid] = Record(etag(), now, each.name, defined_tags=_defined(each.tags))
        for policy in tenancy.policies:
            free = {key: ",".join(values) for key, values in policy.tags.items() if "." not in key}
            found[policy.ocid or ""] = Record(
                etag(),
                now,
                policy.description,
                freeform_tags=free,
                defined_tags=_defined(policy.tags),
            )
        for group in tenancy.groups.values():
            for member in group.members:
                found[membership_ocid(group.ocid, tenancy.users[member].ocid)] = Record(etag(), now)
    return found


def _defined(tags: Tags) -> Mapping[str, Mapping[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, values in tags.items():
        namespace, dot, key = name.partition(".")
        if dot:
            value = values[0] if len(values) == 1 else [*values]
            found.setdefault(namespace, {})[key] = value
    return found


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
