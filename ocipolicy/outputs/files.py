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
    targets = tuple(folder / file.name for file in files)
    with _unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            if target.is_dir():
                raise Unwritable(f"{target} is a folder, so no file can be written there")
        temporary: list[Path] = []
        try:
            for file, target in zip(files, targets, strict=True):
                temporary.append(_write_beside(target, file.text))
            for path, target in zip(temporary, targets, strict=True):
                path.replace(target)
        finally:
            for path in temporary:
                path.unlink(missing_ok=True)
    return targets


def replace(path: Path, text: str) -> None:
    """Put a new text into a file that is there, whole or not at all. Raises Unwritable."""
    with _unwritable(path):
        target = path.resolve()
        temporary = _write_beside(target, text)
        try:
            temporary.chmod(target.stat().st_mode & 0o7777)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def _write_beside(target: Path, text: str) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes private files; these are to be read by whoever the umask lets.
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(0o666 & ~umask)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return path


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror or error}") from error
