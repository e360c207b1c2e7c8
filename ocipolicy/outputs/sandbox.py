"""A sandbox, for people: who is in it, what its clients need, and what happened to each request."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ocipolicy.outputs.text import Paint, plain

# A request can have anything in its target, also what a terminal takes for an order.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KINDS = {"allowed": "added", "denied": "removed", "unknown": "warning"}


def started(
    endpoint: str, principals: Iterable[tuple[str, str]], use: Iterable[tuple[str, str]]
) -> str:
    """Where a sandbox is, who is in it, and how to use it; each a pair of what and its comment."""
    commands = [*use]
    width = max(len(command) for command, _ in commands)
    return "\n".join(
        (
            f"sandbox: {endpoint}",
            *(f"  {name:<24} {kind}" for name, kind in principals),
            *(f"{command:<{width}}  # {purpose}" for command, purpose in commands),
        )
    )


def exports(environ: Mapping[str, str | None]) -> str:
    """Lines for a shell that set variables, and unset those that are None."""
    return "\n".join(
        f"unset {name}" if text is None else f"export {name}={shlex.quote(text)}"
        for name, text in sorted(environ.items())
    )


def entry(data: Mapping[str, Any], paint: Paint = plain) -> str:
    """What happened to a request, in a line, and below it why."""
    time = str(data["time"])[11:19]
    status = str(data["status"] or "---")
    who = data["principal"] or "nobody known"
    what = data["operation"] or f"{data['method']} {data['target']}"
    where = f" in {data['compartment']}" if data["compartment"] else ""
    line = _shown(f"{time} {status} {who} {what}{where}")
    said = [line + _verdict(data, paint)]
    said += (paint(f"{'':13}{_shown(why)}", "comment") for why in _why(data))
    return "\n".join(said)


def _verdict(data: Mapping[str, Any], paint: Paint) -> str:
    verdict = data["verdict"]
    said = f": {paint(verdict, _KINDS[verdict])}" if verdict else ""
    if data["exempt"]:
        said += ", an administrator"
    if data["fault"]:
        said += ", a fault"
    if data["status"] is None:
        said += ", the connection was dropped"
    return said


def _why(data: Mapping[str, Any]) -> Iterator[str]:
    if data["failure"]:
        yield from str(data["failure"]).splitlines()
    for each in data["because"]:
        yield f"{each['part']} by {each['policy']} of {each['tenancy']}: {each['statement']}"
    for each in data["missing"]:
        yield f"missing in {each['tenancy']}: {each['statement']}"
    if data["undecided"]:
        yield "not known, and it decides: " + ", ".join(data["undecided"])
    near = data["nearest"]
    if near:
        yield f"nearest: {near['policy']} of {near['tenancy']}: {near['statement']}"
        for part in near["parts"]:
            yield f"  {part['part']}: expected {part['expected']}; got {part['got']}"


def _shown(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
