"""Files to write: all of them, or none."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ocipolicy.diagnostics import Unwritable


@dataclass(frozen=True, slots=True)
class File:
    """A text and the name of the file that it belongs in, without a folder."""

    name: str
    text: str


def write(files: Sequence[File], folder: Path) -> tuple[Path, ...]:
    """Write files into a folder, which is made if it is not there; the paths that were written.

    Every text goes to a temporary file first, and these get their names only when all of them could
    be written. Raises Unwritable, with nothing changed.
    """
    paths = tuple(folder / file.name for file in files)
    made = _missing(folder)
    with _unwritable(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _put({path: file.text for path, file in zip(paths, files, strict=True)})
        except BaseException:
            for each in made:
                with suppress(OSError):
                    each.rmdir()
            raise
    return paths


def replace(path: Path, text: str) -> None:
    """Put a new text into a file, whole or not at all. Raises Unwritable."""
    with _unwritable(path):
        _put({path: text})


def _missing(folder: Path) -> list[Path]:
    """The folders that would have to be made, the deepest first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def _put(texts: dict[Path, str]) -> None:
    """Give every path its text; a link stays, and what it leads to gets the text."""
    targets = [path.resolve() for path in texts]
    for path, target in zip(texts, targets, strict=True):
        if target.is_dir():
            raise Unwritable(f"{path} is a folder, so no file can be written there")
        if target.exists() and not target.is_file():
            raise Unwritable(f"{path} is no regular file", "name a file, or - for the terminal")
    temporary: list[Path] = []
    try:
        for text, target in zip(texts.values(), targets, strict=True):
            temporary.append(_write_beside(target, text))
        for path, target in zip(temporary, targets, strict=True):
            path.replace(target)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def _write_beside(target: Path, text: str) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=".ocipolicy-", dir=target.parent)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        path.chmod(_mode(target))
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return path


def _mode(target: Path) -> int:
    """The permissions of the file that is there; for a new one, those that the umask lets it."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # a RuntimeError is a loop of links
        reason = getattr(error, "strerror", None) or error
        raise Unwritable(f"{path} cannot be written: {reason}") from error
