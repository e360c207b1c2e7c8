"""A sandbox, for people: who is in it, what its clients need, and what happened to each request."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ocipolicy.outputs.lines import Width, compared, fold, message, table
from ocipolicy.outputs.text import Paint, plain

# A request can have anything in its target, also what a terminal takes for an order.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Why it was so stands below who it was.
_BELOW = 13
_KINDS = {"allowed": "added", "denied": "removed", "unknown": "warning"}


def started(
    endpoint: str,
    principals: Iterable[tuple[str, str]],
    use: Iterable[tuple[str, str]],
    width: Width = None,
) -> str:
    """Where a sandbox is, who is in it, and how to use it; each a pair of what and its comment."""
    lines = [f"sandbox: {endpoint}"]
    lines += (f"  {line}" for line in table([*principals], width))
    for command, purpose in use:
        lines += ["", f"# {purpose}", command]
    return "\n".join(lines)


def exports(environ: Mapping[str, str | None]) -> str:
    """Lines for a shell that set variables, and unset those that are None."""
    return "\n".join(
        f"unset {name}" if text is None else f"export {name}={shlex.quote(text)}"
        for name, text in sorted(environ.items())
    )


def entry(data: Mapping[str, Any], paint: Paint = plain, width: Width = None) -> str:
    """What happened to a request, in a line, and below it why."""
    time = str(data["time"])[11:19]
    status = str(data["status"] or "---")
    who = data["principal"] or "nobody known"
    what = data["operation"] or f"{data['method']} {data['target']}"
    where = f" in {data['compartment']}" if data["compartment"] else ""
    line = _shown(f"{time} {status} {who} {what}{where}")
    said = message(line + _verdict(data), width, hang=_BELOW)
    if data["verdict"]:
        told = f": {paint(data['verdict'], _KINDS[data['verdict']])}"
        said[-1] = told.join(said[-1].rsplit(f": {data['verdict']}", 1))
    said += (paint(_shown(why), "comment") for why in _why(data, width))
    return "\n".join(said)


def _verdict(data: Mapping[str, Any]) -> str:
    said = f": {data['verdict']}" if data["verdict"] else ""
    if data["exempt"]:
        said += ", an administrator"
    if data["fault"]:
        said += ", a fault"
    if data["status"] is None:
        said += ", the connection was dropped"
    return said


def _why(data: Mapping[str, Any], width: Width) -> Iterator[str]:
    for line in str(data["failure"] or "").splitlines():
        yield from fold(line, width, _BELOW)
    for each in data["because"]:
        yield from fold(f"{each['part']} by {each['policy']} of {each['tenancy']}:", width, _BELOW)
        yield f"{'':{_BELOW + 2}}{each['statement']}"
    for tenancy in dict.fromkeys(each["tenancy"] for each in data["missing"]):
        yield from fold(f"missing in {tenancy}:", width, _BELOW)
        for each in data["missing"]:
            if each["tenancy"] == tenancy:
                yield f"{'':{_BELOW + 2}}{each['statement']}"
    if data["undecided"]:
        known = ", ".join(data["undecided"])
        yield from fold(f"not known, and it decides: {known}", width, _BELOW, _BELOW + 2)
    near = data["nearest"]
    if near:
        yield from fold(f"nearest: {near['policy']} of {near['tenancy']}:", width, _BELOW)
        yield f"{'':{_BELOW + 2}}{near['statement']}"
        for part in near["parts"]:
            head = f"{'✗' if part['ok'] is False else '?'} {part['part']}"
            yield from compared(head, part["expected"], part["got"], width, _BELOW + 2)


def _shown(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
