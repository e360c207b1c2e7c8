"""A live tenancy as a world: read in parallel, and with what may not be read left out and named.

    taken = snapshot(Cloud(Profile(name="CALLER")))
    Path("w.yaml").write_text(text_of(taken))

Users, groups and dynamic groups are those of the Default domain: the API that lists them knows no
other. Principals that are no users are not listed at all; who asks about one adds it to the file.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from ocipolicy.cloud.errors import CloudError, Refused, grant
from ocipolicy.cloud.identity import Cloud, Listed, LivePolicy, Subscription
from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, parse_rule
from ocipolicy.world import (
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Tenancy,
    User,
    World,
    dump_world,
)
from ocipolicy.world.tree import name_and_domain
from ocipolicy.world.values import name_fault

_AT_ONCE = 8
_UNNAMED = "tenancy"
# What is left out where the policies of the tenancy itself cannot be read.
POLICIES_OF_ROOT = "policies of the root compartment"

# How much is read, of how much that is known of so far.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not in a snapshot, why, and what would let the caller read it."""

    what: str
    why: str
    needs: str = ""

    def __str__(self) -> str:
        """As a sentence."""
        return f"{self.what}: {self.why}" + (f"; it takes `{self.needs}`" if self.needs else "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A tenancy as it was at a time, and what is not in it."""

    tenancy: Tenancy
    left_out: tuple[LeftOut, ...]
    taken: datetime
    reader: str = ""


def world_of(*taken: Snapshot) -> World:
    """The world of these tenancies; one that is called like another before it goes by its OCID."""
    tenancies: dict[str, Tenancy] = {}
    for each in taken:
        tenancy = each.tenancy
        if tenancy.name in tenancies:
            tenancy = replace(tenancy, name=tenancy.ocid)
        tenancies[tenancy.name] = tenancy
    return World(MappingProxyType(tenancies))


def text_of(*taken: Snapshot) -> str:
    """The world file: what was left out stands in comments, the rest loads back equal."""
    head: list[str] = []
    for each in taken:
        by = f" by {each.reader}" if each.reader else ""
        head.append(f"Tenancy {each.tenancy.name} as of {each.taken:%Y-%m-%d %H:%M} UTC, read{by}.")
        head += [f"Not in it: {left_out}" for left_out in each.left_out]
    comments = "".join(f"# {' '.join(line.split())}\n" for line in map(_printable, head))
    return comments + dump_world(world_of(*taken))


def snapshot(
    cloud: Cloud, *, on_progress: OnProgress | None = None, now: datetime | None = None
) -> Snapshot:
    """Read a tenancy. Raises CloudError, also where the caller may read nothing of it at all."""
    taken = now or datetime.now(UTC)
    reading = _Reading(cloud, on_progress)
    tenancy = reading.tenancy()
    return Snapshot(
        tenancy, tuple(sorted(reading.left_out, key=str)), taken, cloud.whoami().principal
    )


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Task:
    """One thing to read: how, what it is in words, and the operation that may be denied."""

    read: Callable[[], Any]
    what: str
    operation: str


class _Reading:
    """One tenancy while it is read."""

    def __init__(self, cloud: Cloud, on_progress: OnProgress | None) -> None:
        self.cloud = cloud
        self.left_out: list[LeftOut] = []
        self._on_progress = on_progress
        self._done = self._known = 0
        self._denied: Refused | None = None

    def tenancy(self) -> Tenancy:
        """Everything, put together."""
        cloud = self.cloud
        ocid = cloud.whoami().tenancy
        _ = cloud.region  # found before threads would all look for it
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="snapshot") as pool:
            first = self._each(
                pool,
                {
                    "tenancy": _Task(cloud.tenancy, "its name and tags", "GetTenancy"),
                    "regions": _Task(cloud.regions, "its regions", "ListRegionSubscriptions"),
                    "compartments": _Task(
                        self._compartments_there, "compartments", "ListCompartments"
                    ),
                    "users": _Task(cloud.users, "users", "ListUsers"),
                    "groups": _Task(cloud.groups, "groups", "ListGroups"),
                    "dynamic_groups": _Task(
                        cloud.dynamic_groups, "dynamic groups", "ListDynamicGroups"
                    ),
                },
            )
            root = first.get("tenancy") or Listed(ocid, _UNNAMED, {})
            name = self._fitting("the tenancy", root.name, "/:") or _UNNAMED
            top = Compartment(name, ocid, (), None, root.tags)
            compartments = self._compartments(top, first.get("compartments", ()))
            users = self._users(first.get("users", ()))
            policies = self._each(pool, dict(self._policy_tasks(compartments)))
            members = self._each(pool, dict(self._member_tasks(first)))
        if self._denied is not None and not any((first, policies)):
            raise CloudError(
                f"the caller may read nothing of the tenancy {ocid}: every answer is "
                f"{self._denied.brief}",
                "look at the profile, or ask an administrator for "
                "`allow group <yours> to inspect all-resources in tenancy`",
            )
        home, regions = _regions(first.get("regions", ()))
        return Tenancy(
            name,
            ocid,
            home,
            regions,
            MappingProxyType(compartments),
            _labelled(users),
            _labelled(self._groups(first.get("groups", ()), members, users)),
            _labelled(self._dynamic_groups(first.get("dynamic_groups", ()))),
            MappingProxyType({}),
            tuple(self._policies(compartments, policies)),
        )

    def _each(self, pool: ThreadPoolExecutor, tasks: Mapping[_Key, _Task]) -> dict[_Key, Any]:
        """What each task read, without those that were denied; in the order of the tasks."""
        self._known += len(tasks)
        self._tell()
        futures: dict[Future[Any], _Key] = {
            pool.submit(task.read): key for key, task in tasks.items()
        }
        found: dict[_Key, Any] = {}
        try:
            for future in as_completed(futures):
                key = futures[future]
                try:
                    found[key] = future.result()
                except Refused as error:
                    if not error.is_denied:
                        raise
                    self._deny(tasks[key], error)
                self._done += 1
                self._tell()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return {key: found[key] for key in tasks if key in found}

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._done, self._known)

    def _deny(self, task: _Task, error: Refused) -> None:
        self._denied = self._denied or error
        needs = grant(task.operation)
        self._leave_out(task.what, error.brief, f"{needs} in tenancy" if needs else "")

    def _leave_out(self, what: str, why: str, needs: str = "") -> None:
        self.left_out.append(LeftOut(what, why, needs))

    def _compartments_there(self) -> tuple[Listed, ...]:
        """All compartments; where the caller may not list these, those that he may inspect."""
        try:
            return self.cloud.compartments()
        except Refused as error:
            if not error.is_denied:
                raise
            found = self.cloud.compartments(accessible=True)
            needs = f"{grant('ListCompartments')} in tenancy"
            what = "compartments that the caller may not inspect"
            self._leave_out(what, error.brief, needs)
            return found

    def _fitting(self, what: str, name: str, taken: str = "") -> str | None:
        """The name, if a world can have it; if not, that is noted."""
        fault = name_fault(name, taken)
        if fault is None:
            return name
        self._leave_out(f"{what} {name!r}", f"its name {fault[0]}")
        return None

    def _compartments(
        self, root: Compartment, listed: Iterable[Listed]
    ) -> dict[CompartmentPath, Compartment]:
        below: dict[str, list[Listed]] = {}
        for each in sorted(listed, key=lambda each: each.name):
            below.setdefault(each.above, []).append(each)
        found: dict[CompartmentPath, Compartment] = {(): root}
        open_ = [root]
        while open_:
            above = open_.pop(0)
            for each in below.pop(above.ocid, ()):
                path = (*above.path, each.name)
                if self._fitting("compartment", each.name, ":/'\\") is None:
                    continue
                found[path] = Compartment(each.name, each.ocid, path, above.ocid, each.tags)
                open_.append(found[path])
        for each in (each for several in below.values() for each in several):
            self._leave_out(f"compartment {each.name}", "the one that it is in could not be read")
        return found

    def _users(self, listed: Iterable[Listed]) -> dict[str, User]:
        """The users by OCID."""
        found = {}
        for each, name, domain in self._named("user", listed):
            found[each.ocid] = User(name, each.ocid, domain, each.tags)
        return found

    def _groups(
        self,
        listed: Iterable[Listed],
        members: Mapping[str, Iterable[str]],
        users: Mapping[str, User],
    ) -> Iterator[Group]:
        for each, name, domain in self._named("group", listed):
            labels = {users[ocid].label for ocid in members.get(each.ocid, ()) if ocid in users}
            yield Group(name, each.ocid, domain, tuple(sorted(labels)), each.tags)

    def _dynamic_groups(self, listed: Iterable[Listed]) -> Iterator[DynamicGroup]:
        for each, name, domain in self._named("dynamic group", listed):
            parsed = parse_rule(each.rule)
            if parsed.rule is None:
                self._leave_out(
                    f"dynamic group {each.name}", f"its rule cannot be read: {each.rule}"
                )
                continue
            yield DynamicGroup(name, each.ocid, domain, parsed.rule, each.rule, each.tags)

    def _named(self, what: str, listed: Iterable[Listed]) -> Iterator[tuple[Listed, str, str]]:
        """Things of identity domains that a world can have, by name, with name and domain."""
        seen: set[tuple[str, str]] = set()
        for each in sorted(listed, key=lambda each: each.name):
            name, domain = name_and_domain(each.name)
            if self._fitting(what, each.name) is None:
                continue
            if not name or not domain or (name, domain) in seen:
                self._leave_out(
                    f"{what} {each.name}", "it has the name of another one, or half a name"
                )
                continue
            seen.add((name, domain))
            yield each, name, domain

    def _policy_tasks(
        self, compartments: Mapping[CompartmentPath, Compartment]
    ) -> Iterator[tuple[CompartmentPath, _Task]]:
        for path, each in compartments.items():
            what = f"policies of {':'.join(path)}" if path else POLICIES_OF_ROOT
            yield path, _Task(partial(self.cloud.policies, each.ocid), what, "ListPolicies")

    def _member_tasks(self, first: Mapping[str, Any]) -> Iterator[tuple[str, _Task]]:
        # Members are users; where these could not be read, nothing can be said of them.
        for each in first.get("groups", ()) if "users" in first else ():
            read = partial(self.cloud.members, each.ocid)
            yield each.ocid, _Task(read, f"members of {each.name}", "ListUserGroupMemberships")

    def _policies(
        self,
        compartments: Mapping[CompartmentPath, Compartment],
        found: Mapping[CompartmentPath, tuple[LivePolicy, ...]],
    ) -> Iterator[Policy]:
        for path in compartments:
            for each in sorted(found.get(path, ()), key=lambda each: each.name):
                if self._fitting("policy", each.name) is not None:
                    yield as_policy(each, path)


def as_policy(stored: LivePolicy, path: CompartmentPath) -> Policy:
    """A stored policy as a world has it; statements that cannot be read are in `unread`."""
    read, unread = [], []
    for text in stored.statements:
        parsed = parse(text)
        if len(parsed.statements) == 1 and not has_errors(parsed.diagnostics):
            read.append((parsed.statements[0], text))
        else:
            unread.append(text)
    return Policy(
        stored.name,
        stored.ocid,
        path,
        tuple(statement for statement, _ in read),
        tuple(text for _, text in read),
        stored.tags,
        stored.description,
        tuple(unread),
    )


def _regions(listed: Collection[Subscription]) -> tuple[str | None, tuple[str, ...]]:
    ready = [each for each in listed if each.is_ready]
    home = next((each.region for each in ready if each.is_home), None)
    names = sorted(each.region for each in ready)
    return home, tuple(dict.fromkeys([*([home] if home else []), *names]))


_Named = TypeVar("_Named", User, Group, DynamicGroup)


def _labelled(things: Mapping[str, _Named] | Iterator[_Named]) -> Mapping[str, _Named]:
    each = things.values() if isinstance(things, Mapping) else things
    return MappingProxyType({thing.label: thing for thing in each})


def _printable(text: str) -> str:
    """A text that can stand in a comment of YAML, whatever the name or statement in it."""
    return "".join(each if each.isprintable() else " " for each in text)
