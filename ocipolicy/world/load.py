"""A YAML text to a `World`, or everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from ocipolicy.diagnostics import Diagnostic, Source, Span, has_errors
from ocipolicy.document import Document, Manual, Path, lay
from ocipolicy.world import across
from ocipolicy.world.lookup import World
from ocipolicy.world.model import CompartmentEntry, TenancyEntry, WorldFile
from ocipolicy.world.places import inside, moved
from ocipolicy.world.sentences import Sentences, read_sentences
from ocipolicy.world.tree import (
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Resource,
    Tags,
    Tenancy,
    User,
    name_and_domain,
)


@dataclass(frozen=True, slots=True)
class LoadedWorld:
    """A world file as it was read; `world` is None exactly when a diagnostic is an error."""

    source: Source
    world: World | None
    diagnostics: tuple[Diagnostic, ...]
    _document: Document = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """The place of the value at a path of the file, or of the nearest key above that exists.

        A path is that of the file: `("tenancies", "caller", "policies", "genai", "statements", 0)`.
        """
        return self._document.span(path)

    def key_span(self, *path: str | int) -> Span:
        """The place of the key that a path ends with, or of the nearest one above it."""
        return self._document.key_span(path)

    def inside(self, path: Path, start: int, end: int) -> Span:
        """The place of a piece of the text at a path, as the nodes of a statement's tree have it.

        Where the text cannot be followed into the file (an escape), it is the whole text's place.
        """
        node = self._document.at(path)
        return inside(self.source, node, start, end) if node else self._document.span(path)

    def moved(self, path: Path, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic about the text at a path, and its fix, as ones about the file."""
        node = self._document.at(path)
        return moved(diagnostic, self.source, node) if node else diagnostic


def load_world(text: str, origin: str = "") -> LoadedWorld:
    """The world that a YAML text holds, and everything that is wrong with it, in the text's order.

    Raises nothing: whatever the text is, the answer is a `LoadedWorld`.
    """
    source = Source(text, origin)
    file, document, found = lay(_MANUAL, source)
    sentences = Sentences()
    if document.root and isinstance(document.root.value, dict):
        found += across.compare(document)
        sentences = read_sentences(document)
        found += sentences.diagnostics
    found.sort(key=lambda diagnostic: (diagnostic.span.start, diagnostic.span.end))
    world = None
    if file is not None and not has_errors(found):
        world = World(
            _frozen(
                {
                    name: _Builder(document, ("tenancies", name), entry, sentences).tenancy()
                    for name, entry in file.tenancies.items()
                }
            )
        )
    return LoadedWorld(source, world, tuple(found), document)


class _Builder:
    """One tenancy of a file without errors, as the frozen value."""

    def __init__(
        self, document: Document, path: Path, entry: TenancyEntry, sentences: Sentences
    ) -> None:
        self._path = path
        self._entry = entry
        self._sentences = sentences
        self._places = across.place_keys(document, path)
        self._users = across.user_labels(document, path)

    def tenancy(self) -> Tenancy:
        entry, name = self._entry, str(self._path[-1])
        root = Compartment(name, entry.ocid, (), None, _tags(entry.tags))
        compartments: dict[CompartmentPath, Compartment] = {(): root}
        self._compartments(compartments, root, entry.compartments)
        users = [
            User(*self._named(key, each.domain, each.ocid), _tags(each.tags))
            for key, each in entry.users.items()
        ]
        groups = [self._group(key) for key in entry.groups]
        dynamic_groups = [self._dynamic_group(key) for key in entry.dynamic_groups]
        resources = {
            key: Resource(
                key, each.ocid, each.type, self._places[each.compartment], _tags(each.tags)
            )
            for key, each in entry.resources.items()
        }
        home = entry.home_region
        return Tenancy(
            name,
            entry.ocid,
            home,
            entry.regions or ((home,) if home else ()),
            _frozen(compartments),
            _frozen({each.label: each for each in users}),
            _frozen({each.label: each for each in groups}),
            _frozen({each.label: each for each in dynamic_groups}),
            _frozen(resources),
            tuple(self._policy(key) for key in entry.policies),
        )

    def _compartments(
        self,
        found: dict[CompartmentPath, Compartment],
        parent: Compartment,
        below: Mapping[str, CompartmentEntry],
    ) -> None:
        for name, entry in below.items():
            path = (*parent.path, name)
            here = Compartment(name, entry.ocid, path, parent.ocid, _tags(entry.tags))
            found[path] = here
            self._compartments(found, here, entry.compartments)

    def _named(self, key: str, domain: str | None, ocid: str) -> tuple[str, str, str]:
        name, where = name_and_domain(key, domain)
        return name, ocid, where

    def _group(self, key: str) -> Group:
        entry = self._entry.groups[key]
        name, domain = name_and_domain(key, entry.domain)
        members = [across.member(each, domain, self._users) for each in entry.members]
        return Group(
            name,
            entry.ocid,
            domain,
            tuple(each for each in members if each is not None),
            _tags(entry.tags),
        )

    def _dynamic_group(self, key: str) -> DynamicGroup:
        entry = self._entry.dynamic_groups[key]
        name, domain = name_and_domain(key, entry.domain)
        rule = self._sentences.rules[(*self._path, "dynamic_groups", key, "rule")]
        return DynamicGroup(name, entry.ocid, domain, rule, entry.rule, _tags(entry.tags))

    def _policy(self, key: str) -> Policy:
        entry = self._entry.policies[key]
        path = (*self._path, "policies", key, "statements")
        return Policy(
            entry.name or key,
            entry.ocid,
            self._places[entry.compartment],
            tuple(self._sentences.statements[(*path, at)] for at in range(len(entry.statements))),
            entry.statements,
            _tags(entry.tags),
            entry.description,
            entry.unread,
        )


def _tags(tags: Mapping[str, tuple[str, ...]]) -> Tags:
    return _frozen({key: tuple(each) for key, each in tags.items()})


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _frozen(values: dict[_Key, _Value]) -> Mapping[_Key, _Value]:
    return MappingProxyType(values)


def _as_written(document: Document, path: Path) -> Path:
    """The path in the file for one in the models, where a single value stands for a list of one."""
    above = document.at(path[:-1])
    single = path[-1] == 0 and above is not None and not isinstance(above.value, list)
    return path[:-1] if single else path


_MANUAL = Manual(
    "world",
    WorldFile,
    missing={
        "": "begin with `tenancies:`, and below it a name and its `ocid:`",
        "tenancies": "add `tenancies:` and below it a name and its `ocid:`",
        "ocid": "add its OCID: `ocid: ocid1...`",
        "rule": "add the matching rule: `rule: \"ALL {resource.type = 'fnfunc'}\"`",
        "type": "add the type word of its OCID: `type: odainstance`",
        "statements": 'add the statements: `statements: ["allow ..."]`',
    },
    as_written=_as_written,
    # A snapshot of a large tenancy has tens of thousands of users and members.
    largest=1_000_000,
)
