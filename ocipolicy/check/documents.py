"""Worlds, and lists of statements in JSON or YAML: what rules look at, with its way to the file."""

from collections.abc import Iterator
from functools import partial

from ocipolicy import reference
from ocipolicy.check.seen import Mover, Read, Ready, Seen, SeenPolicy, SeenWorld
from ocipolicy.diagnostics import Diagnostic, Source, has_errors
from ocipolicy.document import Document, Node
from ocipolicy.document.reader import read as read_document
from ocipolicy.evaluate.compiled import compiled_policy
from ocipolicy.language import parse
from ocipolicy.language.tree import Define, Parsed
from ocipolicy.world import CompartmentPath, Tenancy, load_world
from ocipolicy.world.places import moved

_LARGEST = 1_000_000
_COMPARTMENT_KEYS = ("compartmentId", "compartment-id", "compartment_id")


def document_of(source: Source) -> Read | None:
    """A world or lists of statements; what is broken where that is all; None for a config."""
    document, diagnostics = read_document(source, _LARGEST)
    if _is_world(document):
        return world(source.text, source.origin)
    found = [*_lists(document)]
    if found:
        return _statements(source, found)
    if has_errors(diagnostics) and not source.origin.endswith((".yaml", ".yml")):
        return Read("statements", source, diagnostics=diagnostics)
    return None


def is_ours(source: Source) -> bool:
    """Whether a file looks like a world, a config or lists of statements."""
    document, _ = read_document(source, _LARGEST)
    config = {"scenario", "caller"} <= _keys(document)
    return config or _is_world(document) or any(_lists(document))


def _is_world(document: Document) -> bool:
    """A saved plan has tenancies too, and like all that we print it says by which `schema`."""
    keys = _keys(document)
    return "tenancies" in keys and "schema" not in keys


def _keys(document: Document) -> set[str]:
    root = document.root
    return set(root.value) if root is not None and isinstance(root.value, dict) else set()


def _lists(document: Document) -> Iterator[tuple[dict[str, Node], list[Node]]]:
    """Every mapping with a list of texts under `statements`, in the order of the file."""
    found = []
    for _, node in document.nodes():
        entries = node.value if isinstance(node.value, dict) else {}
        below = entries["statements"].node if "statements" in entries else None
        if below is None or not isinstance(below.value, list):
            continue
        if below.value and all(isinstance(each.value, str) for each in below.value):
            siblings = {key: entry.node for key, entry in entries.items()}
            found.append((below.start, siblings, below.value))
    for _, siblings, items in sorted(found, key=lambda each: each[0]):
        yield siblings, items


def _statements(source: Source, found: list[tuple[dict[str, Node], list[Node]]]) -> Read:
    diagnostics: list[Diagnostic] = []
    policies = []
    for siblings, items in found:
        seen: list[Seen] = []
        complete = True
        for item in items:
            parsed = parse(str(item.value))
            mover = partial(_moved, source, item)
            diagnostics += map(mover, parsed.diagnostics)
            complete = complete and not parsed.broken
            seen += _seen(parsed, mover)
        policies.append(SeenPolicy(tuple(seen), _at_root(siblings), complete))
    return Read("statements", source, tuple(policies), tuple(diagnostics))


def _moved(source: Source, item: Node, diagnostic: Diagnostic) -> Diagnostic:
    return moved(diagnostic, source, item)


def _seen(parsed: Parsed, mover: Mover) -> Iterator[Seen]:
    yield from (Seen(each, parsed.source, mover) for each in parsed.statements)


def _at_root(siblings: dict[str, Node]) -> bool | None:
    """Whether a policy is attached to the root, where the keys beside its statements say so."""
    for key in _COMPARTMENT_KEYS:
        value = siblings[key].value if key in siblings else None
        parts = reference.ocid_parts(value) if isinstance(value, str) else None
        if parts is not None:
            return parts.kind == "tenancy"
    return None


def world(text: str, origin: str) -> Read:
    """A world; where it has mistakes, its statements one by one."""
    loaded = load_world(text, origin)
    if loaded.world is None:
        # Its statements can still be looked at one by one.
        document, _ = read_document(loaded.source, _LARGEST)
        policies = _statements(loaded.source, [*_lists(document)]).policies
        return Read("world", loaded.source, policies, loaded.diagnostics)
    statements: list[Ready] = []
    defines: list[tuple[Tenancy, Seen, Define]] = []
    seen_policies: list[tuple[Tenancy, CompartmentPath, SeenPolicy]] = []
    for name, tenancy in loaded.world.tenancies.items():
        for policy in tenancy.policies:
            path = ("tenancies", name, "policies", policy.name, "statements")
            seen = tuple(
                Seen(statement, Source(written), partial(loaded.moved, (*path, at)))
                for at, (statement, written) in enumerate(
                    zip(policy.statements, policy.texts, strict=True)
                )
            )
            whole = SeenPolicy(seen, not policy.compartment, not policy.unread)
            seen_policies.append((tenancy, policy.compartment, whole))
            defines += ((tenancy, *each) for each in whole.defines())
            compiled = compiled_policy(loaded.world, tenancy, policy)
            pairs = zip(whole.accesses(), compiled, strict=True)
            statements += (Ready(each, ready) for (each, _), ready in pairs)
    world = SeenWorld(loaded.world, tuple(statements), tuple(defines), tuple(seen_policies))
    every = tuple(policy for _, _, policy in seen_policies)
    return Read("world", loaded.source, every, loaded.diagnostics, world)
