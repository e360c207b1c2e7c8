"""The log of an apply, kept so that it can be undone: what each policy said before it was changed.

A journal is a file of JSON lines that only grows: who applies what, then for each step that it is
about to be taken (with the policy as it was) and that it was taken (with the OCID and the etag that
came of it), at last how the run ended. Every line is on the disk before the step that it speaks of,
so a run that was killed leaves a journal without an end, and shows how far it came. A rollback has
a journal too, which names the runs that it undoes: its end is theirs.

`plan` never reads it: what is live is what the API lists.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal

from ocipolicy.diagnostics import CannotGoOn, Unreadable, Unwritable
from ocipolicy.plan import Target
from ocipolicy.world import Tags

End = Literal["applied", "undone", "left"]
_SCHEMA = 1
_ELSEWHERE = "set XDG_STATE_HOME to a folder that can be written"


@dataclass(frozen=True, slots=True)
class Stored:
    """A policy as the service stores it: statements as texts, description, tags of both kinds."""

    statements: tuple[str, ...]
    description: str
    tags: Tags = field(hash=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A step of a run: what the policy said before and should say after, None where it is not.

    `ocid` is the policy's, None of one that is not known to be made; `etag` the one behind the
    step. `token` is the retry token of a create. `taken` is a step that is known to be done.
    """

    target: Target
    before: Stored | None
    after: Stored | None
    token: str
    ocid: str | None = None
    etag: str | None = None
    taken: bool = False
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What a journal tells: a run, its steps as far as it came, and its end if it has one.

    `end` is `applied`, `undone` (a step failed, and those before it were taken back) or `left`
    (some could not be taken back); None of a run that was killed. `undoes` has the runs that a
    rollback undoes, by the names of their files.
    """

    name: str
    origin: str
    started: datetime
    entries: tuple[Entry, ...]
    end: End | None
    undoes: tuple[str, ...]
    path: Path = field(compare=False)

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The steps that may have been taken and were not taken back."""
        return tuple(each for each in self.entries if not each.undone)

    @property
    def is_open(self) -> bool:
        """Whether it changed something, or may have, and did not come to its end."""
        return self.end in (None, "left") and bool(self.standing)


class Journal:
    """The journal of a run that is going on; every line is on the disk when a method returns.

    The methods raise Unwritable where it cannot be written; what was to follow must not be done.
    """

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._size = stream.seek(0, os.SEEK_END)
        self.path = path

    def begin(self, name: str, origin: str, started: datetime, undoes: Iterable[str]) -> None:
        """Say whose journal this is."""
        head = {"schema": _SCHEMA, "name": name, "origin": origin, "undoes": [*undoes]}
        self._write({**head, "time": started.isoformat()})

    def intend(self, number: int, entry: Entry) -> None:
        """Say that a step is about to be taken."""
        self._write(
            {
                "step": number,
                "tenancy": entry.target.tenancy,
                "side": entry.target.side,
                "compartment": entry.target.compartment,
                "name": entry.target.name,
                "ocid": entry.ocid,
                "token": entry.token,
                "before": _stored(entry.before),
                "after": _stored(entry.after),
            }
        )

    def took(self, number: int, ocid: str | None, etag: str | None) -> None:
        """Say that a step was taken, and what came of it."""
        self._write({"took": number, "ocid": ocid, "etag": etag})

    def undid(self, number: int) -> None:
        """Say that a step was taken back, or turned out never to have been taken."""
        self._write({"undid": number})

    def close(self, end: End) -> None:
        """Say how the run ended."""
        self._write({"end": end, "time": _now().isoformat()})

    def _write(self, line: Mapping[str, object]) -> None:
        rest = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        try:
            # A line that was cut off, by a full disk or a kill, must not run into this one.
            self._stream.truncate(self._size)
            self._stream.seek(self._size)
            while rest:  # on a disk that is nearly full, a part of it fits
                rest = rest[self._stream.write(rest) or 0 :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(
                "journal", self.path, error, "without it nothing could be undone; make room for it"
            ) from error
        self._size = self._stream.tell()


class Journals:
    """The journals of a config, in a folder of its own that nobody else may read.

    Configs of other tenancies may have the same name, so the folder is called after both.
    """

    def __init__(self, folder: Path, name: str, tenancies: Collection[str]) -> None:
        of = sha256("\n".join(sorted(tenancies)).encode()).hexdigest()[:8]
        self.folder = folder / f"{name}-{of}"
        self.name = name

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs for this config off, on this machine. Raises CannotGoOn where one is on.

        On other machines the etags keep them apart.
        """
        self._make()
        path = self.folder / "lock"
        try:
            lock = path.open("wb")
        except OSError as error:
            raise _unwritable("file", path, error, _ELSEWHERE) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CannotGoOn(
                    f"another run for {self.name} is going on", "wait for it, then run this again"
                ) from error
            except OSError as error:
                raise _unwritable("file", path, error, _ELSEWHERE) from error
            yield

    @contextlib.contextmanager
    def open(self, origin: str, undoes: Iterable[Run] = ()) -> Iterator[Journal]:
        """A new journal; `undoes` has the runs that a rollback undoes."""
        self._make()
        started = _now()
        path = self.folder / f"{started:%Y%m%dT%H%M%S}.{started.microsecond:06}.jsonl"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            _sync(self.folder)
        except OSError as error:
            raise _unwritable("journal", path, error, _ELSEWHERE) from error
        # Without a buffer: bytes that could not be written must not come after us when it closes.
        with open(descriptor, "wb", buffering=0) as stream:  # noqa: PTH123 - it is a descriptor
            journal = Journal(stream, path)
            try:
                journal.begin(self.name, origin, started, [each.path.name for each in undoes])
            except Unwritable:
                path.unlink()
                raise
            yield journal

    def runs(self) -> tuple[Run, ...]:
        """Every run that is still on record, the newest first. Raises Unreadable.

        Those that a rollback has undone to its end have the end `undone`, and so has the rollback.
        """
        try:
            every = sorted(self.folder.iterdir(), reverse=True)
        except FileNotFoundError:
            return ()
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unreadable(f"the folder {self.folder} cannot be read: {reason}") from error
        paths = [each for each in every if each.suffix == ".jsonl"]
        found = [run for path in paths if (run := _read(path)) is not None]
        undone = {
            name
            for run in found
            if run.undoes and run.end == "applied"
            for name in (*run.undoes, run.path.name)
        }
        return tuple(
            replace(run, end="undone") if run.path.name in undone else run for run in found
        )

    def close(self, runs: Iterable[Run], end: End) -> None:
        """Say of runs how they ended after all. Raises Unwritable."""
        for run in runs:
            try:
                size = run.path.read_bytes().rfind(b"\n") + 1
                with run.path.open("r+b", buffering=0) as stream:
                    stream.truncate(size)
                    Journal(stream, run.path).close(end)
            except OSError as error:
                raise _unwritable("journal", run.path, error) from error

    def _make(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable("folder", self.folder, error, _ELSEWHERE) from error


def _unwritable(what: str, path: Path, error: OSError, hint: str | None = None) -> Unwritable:
    reason = error.strerror or str(error)
    return Unwritable(f"the {what} {path} cannot be written: {reason}", hint)


def _sync(folder: Path) -> None:
    """Have the names of the files in a folder on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> datetime:
    return datetime.now(UTC)


def _read(path: Path) -> Run | None:
    """The run of a journal; None for one that was killed before its first line was whole.

    A line that was cut off at the end is one that was never acted on.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise Unreadable(f"the journal {path} cannot be read: {error.strerror}") from error
    if not lines:
        return None
    try:
        head, *rest = (json.loads(line) for line in lines)
        started = datetime.fromisoformat(head["time"])
        undoes = tuple(str(each) for each in head["undoes"])
        run = Run(head["name"], head["origin"], started, (), None, undoes, path)
        for line in rest:
            run = _with_line(run, line)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Unreadable(
            f"the journal {path} is damaged: {type(error).__name__} {error}",
            "move it away; what it speaks of is undone by hand then",
        ) from error
    return run


def _with_line(run: Run, line: object) -> Run:
    entries = list(run.entries)
    match line:
        case {
            "step": int(number),
            "tenancy": str(tenancy),
            "side": "caller" | "service" as side,
            "compartment": str(compartment),
            "name": str(name),
            "ocid": str() | None as ocid,
            "token": str(token),
            "before": before,
            "after": after,
        } if number == len(entries):
            target = Target(tenancy, side, name, compartment)
            entries.append(Entry(target, _from(before), _from(after), token, ocid))
        case {"took": int(number), "ocid": str() | None as ocid, "etag": str() | None as etag}:
            entries[number] = replace(entries[number], ocid=ocid, etag=etag, taken=True)
        case {"undid": int(number)}:
            entries[number] = replace(entries[number], undone=True)
        case {"end": "applied" | "undone" | "left" as end}:
            return replace(run, end=end)
        case _:
            raise ValueError("a line that no journal has")
    return replace(run, entries=tuple(entries))


def _from(line: object) -> Stored | None:
    match line:
        case None:
            return None
        case {"statements": list(statements), "description": str(description), "tags": dict(tags)}:
            texts = tuple(str(each) for each in statements)
            return Stored(texts, description, {key: tuple(tags[key]) for key in tags})
    raise ValueError("a policy that no journal has")


def _stored(stored: Stored | None) -> dict[str, object] | None:
    if stored is None:
        return None
    return {
        "statements": list(stored.statements),
        "description": stored.description,
        "tags": {key: list(values) for key, values in stored.tags.items()},
    }
