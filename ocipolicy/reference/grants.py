"""What can be granted, and what it takes: resource types, operations and permissions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from ocipolicy.reference.facts import Fact, fact, read, rows

# In this order a bare operation's services come; generative-ai first, as people mean it.
SERVICES = (
    "generative-ai",
    "generative-ai-agents",
    "language",
    "digital-assistant",
    "identity",
)
# Of these every resource type is here, as far as Oracle's pages have them; of others many are not.
COMPLETE = frozenset({"generative-ai", "generative-ai-agents", "language", "digital-assistant"})
VERBS = ("inspect", "read", "use", "manage")
ALL_RESOURCES = "all-resources"

# The services that a config's `access:` can name.
_FOR_INSTANCES = ("generative-ai", "language")
_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Fact):
    """A resource type that can be granted alone: `chat` is `use generative-ai-chat`."""

    name: str
    type: str
    verb: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Fact):
    """A service that an instance may be given: as a whole `use generative-ai-family`, or in parts.

    `name` is its word in `access:` of a config; `parts` has the name of each part as key.
    """

    name: str
    type: str
    verb: str
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType(Fact):
    """A word that can stand behind a verb: `generative-ai-chat`, `generative-ai-family`.

    `permissions` has, for each verb, what that verb adds to the lower ones; a verb that adds
    nothing is absent. A family has the union of its `members`, which are single types, and
    `all-resources` has all types that the dictionary holds. `documented` tells whether any
    permission of it is known; `obsolete_for` names the word to write instead of this one.
    """

    name: str
    service: str
    family: bool = False
    members: tuple[str, ...] = ()
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING, hash=False)
    documented: bool = False
    obsolete_for: str | None = None

    def gives(self, verb: str) -> tuple[str, ...]:
        """Every permission that a verb gives: what it adds, and what the lower ones do."""
        verbs = VERBS[: VERBS.index(verb) + 1] if verb in VERBS else ()
        return tuple(chain.from_iterable(self.permissions.get(each, ()) for each in verbs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Fact):
    """An operation of the API and what it takes.

    It needs every one of `permissions`; where these are empty they are not documented, and
    `verb` on `resource_type` is what the documentation grants for it (None where not even that is
    known). `target` says whose compartment the request is about.
    """

    name: str
    service: str
    permissions: tuple[str, ...] = ()
    resource_type: str | None = None
    verb: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission(Fact):
    """A permission, and each single type with the verb that adds it: `granted_by`."""

    name: str
    granted_by: tuple[tuple[str, str], ...]


@cache
def services() -> Mapping[str, Service]:
    """The services that a config can name, by their names there.

    >>> services()["generative-ai"].parts["model"].verb
    'read'
    """
    found: dict[str, Service] = {}
    for name in _FOR_INSTANCES:
        data = read(name)
        parts = {
            row["part"]: Part(
                name=row["part"], type=row["type"], verb=row["verb"], note=row.get("note"), **known
            )
            for row, known in rows(name, "types")
            if "part" in row
        }
        family = data["family"]
        found[name] = Service(
            name=name,
            type=family["type"],
            verb=family["verb"],
            parts=MappingProxyType(parts),
            **fact(data, family),
        )
    return MappingProxyType(found)


@cache
def resource_types() -> Mapping[str, ResourceType]:
    """Every resource type and family that the dictionary knows as a word, by name."""
    found: dict[str, ResourceType] = {}
    families: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = []
    for service in SERVICES:
        data = read(service)
        members: list[str] = []
        for row, known in rows(service, "types"):
            found[row["type"]] = _single(service, row, known)
            if not row.get("outside_family"):
                members.append(row["type"])
        if "family" in data:
            families.append((service, data["family"], fact(data, data["family"]), members))
    for each in _others():
        found.setdefault(each.name, each)
    for service, row, known, members in families:
        found[row["type"]] = _family(found, row["type"], service, members, known)
    every = [each.name for each in found.values() if not each.family and not each.obsolete_for]
    everything = found.pop(ALL_RESOURCES)
    known = {"source": everything.source, "date": everything.date, "doubt": everything.doubt}
    found[ALL_RESOURCES] = _family(found, ALL_RESOURCES, everything.service, every, known)
    return MappingProxyType(found)


def resource_type(name: str) -> ResourceType | None:
    """A resource type or family by its name in lower case.

    >>> resource_type("generative-ai-chat").permissions["use"]
    ('GENERATIVE_AI_CHAT',)
    """
    return resource_types().get(name)


@cache
def operations() -> Mapping[str, tuple[Operation, ...]]:
    """Every operation by its bare name, in each service that has it, generative-ai first."""
    found: defaultdict[str, list[Operation]] = defaultdict(list)
    for service in SERVICES:
        for each in _operations_of(service):
            found[each.name].append(each)
    return MappingProxyType({name: tuple(each) for name, each in found.items()})


def operation(name: str) -> tuple[Operation, ...]:
    """The operations of a name (`Chat`), or the one of a service (`generative-ai:Chat`).

    Names are case-sensitive; an unknown one gives nothing, and one that several services have
    gives all of them.

    >>> [each.service for each in operation("Chat")]
    ['generative-ai', 'generative-ai-agents']
    """
    service, _, bare = name.rpartition(":")
    found = operations().get(bare, ())
    return tuple(each for each in found if service in ("", each.service))


@cache
def permissions() -> Mapping[str, Permission]:
    """Every permission, by its name in upper case."""
    granted: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    known: dict[str, ResourceType] = {}
    for each in resource_types().values():
        if not each.family:
            for verb, adds in each.permissions.items():
                for name in adds:
                    granted[name].append((each.name, verb))
                    known.setdefault(name, each)
    return MappingProxyType(
        {
            name: Permission(
                name=name,
                granted_by=tuple(granted_by),
                source=known[name].source,
                date=known[name].date,
                doubt=known[name].doubt,
            )
            for name, granted_by in granted.items()
        }
    )


def permission(name: str) -> Permission | None:
    """A permission by its name in upper case.

    >>> permission("GENERATIVE_AI_CHAT").granted_by
    (('generative-ai-chat', 'use'),)
    """
    return permissions().get(name)


def _single(service: str, row: dict[str, Any], known: dict[str, Any]) -> ResourceType:
    adds = {verb: tuple(each) for verb, each in row.get("permissions", {}).items()}
    return ResourceType(
        name=row["type"],
        service=service,
        permissions=MappingProxyType(adds),
        documented=bool(adds),
        obsolete_for=row.get("obsolete_for"),
        **known,
    )


def _family(
    types: Mapping[str, ResourceType],
    name: str,
    service: str,
    members: Iterable[str],
    known: dict[str, Any],
) -> ResourceType:
    here = tuple(each for each in members if not types[each].obsolete_for)
    adds: dict[str, tuple[str, ...]] = {}
    for verb in VERBS:
        every = (types[each].permissions.get(verb, ()) for each in here)
        adds[verb] = tuple(dict.fromkeys(chain.from_iterable(every)))
    return ResourceType(
        name=name,
        service=service,
        family=True,
        members=here,
        permissions=MappingProxyType({verb: each for verb, each in adds.items() if each}),
        documented=any(types[each].documented for each in here),
        **known,
    )


def _others() -> Iterator[ResourceType]:
    """Words that are known, and nothing about them."""
    for row, known in rows("other-types", "groups"):
        for name in (*row.get("families", ()), *row.get("types", ())):
            yield ResourceType(
                name=name,
                service=row["service"],
                family=name in row.get("families", ()),
                obsolete_for=row.get("obsolete_for"),
                **known,
            )


def _operations_of(service: str) -> Iterator[Operation]:
    """The operations behind each permission or type of a service, then those listed apart."""
    needs: defaultdict[str, list[str]] = defaultdict(list)
    first: dict[str, tuple[str, str, dict[str, Any]]] = {}
    for row, known in rows(service, "types"):
        for verb, adds in row.get("permissions", {}).items():
            for permission, names in adds.items():
                for name in names or ():
                    needs[name].append(permission)
                    first.setdefault(name, (row["type"], verb, known))
        for name in row.get("operations", ()):
            first.setdefault(name, (row["type"], row.get("operations_verb", "use"), known))
    targets = read(service).get("targets", {})
    apart = {row["operation"]: (row, known) for row, known in rows(service, "operations")}
    for name, (type_, verb, known) in first.items():
        said = apart.pop(name, ({}, known))[1]
        yield Operation(
            name=name,
            service=service,
            permissions=tuple(dict.fromkeys(needs[name])),
            resource_type=type_,
            verb=verb,
            target=targets.get(name),
            **said,
        )
    for name, (row, known) in apart.items():
        yield Operation(
            name=name,
            service=service,
            permissions=tuple(row.get("permissions", ())),
            resource_type=row.get("type"),
            verb=row.get("verb"),
            target=targets.get(name),
            **known,
        )
