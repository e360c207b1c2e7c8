"""The program in a process of its own, which is killed, or finds the disk full."""

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.terminals import OCIPOLICY, environment

_PATIENCE = 60.0


@contextmanager
def started(*arguments: str, largest: int | None = None, **variables: str) -> Iterator["Child"]:
    """A child that is killed at the end of the block; it can write no file over `largest` bytes."""

    def narrow() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    process = subprocess.Popen(
        [*OCIPOLICY, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1", **variables}),
        preexec_fn=narrow,  # noqa: PLW1509 - it calls nothing that another thread may hold
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        process.communicate()


class Child:
    """A process, and what there is to do with it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def wait_for(self, there: Callable[[], object]) -> None:
        """Wait until something is there; it must not end before."""
        deadline = time.monotonic() + _PATIENCE
        while not there():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "it never came so far"
            time.sleep(0.01)

    def kill_when(self, there: Callable[[], object]) -> None:
        """Kill it as soon as something is there."""
        self.wait_for(there)
        self.process.kill()
        self.process.wait()

    def ended(self) -> tuple[int, str, str]:
        """Its exit code, and what it said to the end."""
        out, err = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, out.decode(), err.decode()
