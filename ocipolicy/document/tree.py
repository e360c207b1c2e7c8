"""A YAML file as a tree of nodes that know their places, and the way to the place of any value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ocipolicy.diagnostics import Source, Span, without_secrets

Path = tuple[str | int, ...]
Scalar = str | int | float | bool | None

_WIDEST = 60


@dataclass(slots=True)
class Node:
    """A value and its place; `size` and `depth` count what hangs below it, aliases followed."""

    value: "Scalar | list[Node] | dict[str, Entry]"
    start: int
    end: int
    size: int = 1
    depth: int = 0

    def plain(self) -> Any:
        """It and everything below as plain data: dicts, tuples for lists, scalars."""
        match self.value:
            case dict() as entries:
                return {key: entry.node.plain() for key, entry in entries.items()}
            case list() as items:
                return tuple(item.plain() for item in items)
            case scalar:
                return scalar

    @property
    def kind(self) -> str:
        """What it is, in words for a sentence."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "true or false"
            case int():
                return "a number"
            case float():
                return "a decimal number"
            case str():
                return "text"
            case list():
                return "a list"
            case dict():
                return "a mapping"


@dataclass(slots=True)
class Entry:
    """A key of a mapping and what stands behind it."""

    key: Node
    node: Node


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML text as a tree; `root` is None where the text could not be read to its end."""

    source: Source
    root: Node | None

    def at(self, path: Path) -> Node | None:
        """The node at a path, if there is one."""
        node, _, found = self._walk(path)
        return node if found else None

    def deepest(self, path: Path) -> Node | None:
        """The last node there is on the way along a path."""
        return self._walk(path)[0]

    def span(self, path: Path) -> Span:
        """The place of the value at a path, or else of the nearest key above it.

        A value of no width (`region:` and nothing behind it) is shown by its key as well.
        """
        node, key, found = self._walk(path)
        keyed = bool(path) and isinstance(path[-1], str)
        if found and node and (node.end > node.start or not keyed):
            return Span(self.source, node.start, node.end)
        return Span(self.source, key.start, key.end) if key else Span(self.source, 0, 0)

    def key_span(self, path: Path) -> Span:
        """The place of the key that a path ends with, or of the nearest one above it."""
        key = self._walk(path)[1]
        return Span(self.source, key.start, key.end) if key else Span(self.source, 0, 0)

    def nodes(self) -> Iterator[tuple[Path, Node]]:
        """Every node with its path, from the top down."""
        open_nodes: list[tuple[Path, Node]] = [((), self.root)] if self.root else []
        while open_nodes:
            path, node = open_nodes.pop()
            yield path, node
            match node.value:
                case dict() as entries:
                    open_nodes += [((*path, key), entry.node) for key, entry in entries.items()]
                case list() as items:
                    open_nodes += [((*path, at), item) for at, item in enumerate(items)]

    def _walk(self, path: Path) -> tuple[Node | None, Node | None, bool]:
        node, key = self.root, None
        for step in path:
            match node and node.value, step:
                case dict() as entries, str() if step in entries:
                    key, node = entries[step].key, entries[step].node
                case list() as items, int() if 0 <= step < len(items):
                    node = items[step]
                case _:
                    return node, key, False
        return node, key, node is not None


def shown(text: str) -> str:
    """A text of the user's in backticks, short, on one line and without what looks like a secret.

    >>> shown("us\\nchicago")
    "`'us\\\\nchicago'`"
    """
    text = without_secrets(text)
    short = text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
    return f"`{short}`" if short.isprintable() else f"`{short!r}`"
