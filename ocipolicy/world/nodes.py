"""Ways through the tree of a world file that pass over what is not as it should be."""

from collections.abc import Iterator

from ocipolicy.document import Document, Node, Path
from ocipolicy.world.tree import CompartmentPath


def named(document: Document, path: Path) -> Iterator[tuple[Path, str]]:
    """The entries of a mapping of mappings, each with its path and its key."""
    node = document.at(path)
    if node is not None and isinstance(node.value, dict):
        for key, entry in node.value.items():
            if isinstance(entry.node.value, dict):
                yield (*path, key), key


def text_at(document: Document, path: Path) -> str | None:
    """The text at a path, if there is one."""
    node = document.at(path)
    return node.value if node is not None and isinstance(node.value, str) else None


def texts_at(document: Document, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts of a list, each with its path."""
    node = document.at(path)
    items: list[Node] = node.value if node is not None and isinstance(node.value, list) else []
    for at, item in enumerate(items):
        if isinstance(item.value, str):
            yield (*path, at), item.value


def compartments(document: Document, tenancy: Path) -> Iterator[tuple[Path, CompartmentPath]]:
    """Every compartment below the root: its path in the file, and its path of names."""
    open_: list[tuple[Path, CompartmentPath]] = [(tenancy, ())]
    while open_:
        above, names = open_.pop()
        below = [(path, (*names, name)) for path, name in named(document, (*above, "compartments"))]
        yield from below
        open_ += below
