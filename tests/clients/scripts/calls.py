"""How a script hears what to do and tells what came of it: in JSON, a line each.

The first argument has the facts (endpoint, files, profiles). Each line of standard input begins a
phase, with what is different in it; then the script makes all its calls.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

FACTS: dict[str, Any] = json.loads(sys.argv[1])
PHASE: dict[str, Any] = {}
# Libraries may print; what is told goes its own way.
_OUT = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
os.dup2(2, 1)


def phases(*packages: str) -> Iterator[None]:
    """Fill PHASE with one phase after the other; `packages` are those whose versions matter."""
    _tell({"versions": {name: version(name) for name in packages}})
    for line in sys.stdin:
        PHASE.update(json.loads(line))
        yield
        _tell({"end": True})


@contextmanager
def call(name: str) -> Iterator[None]:
    """Make a call in the block, with the checks of its answer, and tell what came of it."""
    try:
        yield
    except Exception as error:
        _tell({"call": name, "result": _refusal(error)})
    else:
        _tell({"call": name, "result": "ok"})


@contextmanager
def proxied(who: str) -> Iterator[None]:
    """Be a principal of the facts in the block, whose Oracle hosts are those of the sandbox."""
    before = dict(os.environ)
    os.environ.update(FACTS["proxy_environ"][who])
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Refused(Exception):
    """What a client without exceptions of its own was refused with."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


def check(answer: object, wanted: object = True) -> None:
    """Fail unless an answer is what was wanted."""
    if answer != wanted:
        raise ValueError(f"{answer!r} is not {wanted!r}")


def _refusal(error: BaseException) -> str:
    """Status and code, however a client wraps them; else all that is known."""
    found: BaseException | None = error
    while found is not None:
        status = getattr(found, "status", None) or getattr(found, "status_code", None)
        if isinstance(status, int):
            return f"{status} {getattr(found, 'code', None) or _code(found)}"
        found = found.__cause__ or found.__context__
    return f"{type(error).__name__}: {error}"


def _code(error: BaseException) -> str | None:
    """The code in the body of an error, where that is all that a client hands on."""
    try:
        return str(json.loads(getattr(error, "body", ""))["code"])
    except (ValueError, TypeError, KeyError):
        return None


def _tell(what: dict[str, Any]) -> None:
    _OUT.write(json.dumps(what) + "\n")
