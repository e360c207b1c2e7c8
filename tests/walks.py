"""The pages of docs/ that are walked from top to bottom: their blocks, and what is to come of each.

```sh         commands, run in order in one folder; a command that ends in `# exit code N` is to
              have that exit code, every other 0. `needs=oci-cli` behind `sh` is for blocks that
              are run where the real clients are
```text       what the commands before it print; a line `...` stands for what is left out
```policy     statements, which are right
```yaml, python, csv    a file, called as the comment in its first line says
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.examples import ROOT

INDEX = ROOT / "docs" / "README.md"
WALKS = (
    "same-tenancy",
    "cross-tenancy",
    "paired",
    "least-privilege",
    "diagnose-404",
    "ci",
    "many-tenancies",
    "testing",
)

_FENCE = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<info>.*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAME = re.compile(r"# ([\w./-]+)\n")
_EXIT_CODE = re.compile(r"#.*\bexit code (\d)")
_HERE = re.compile(r"<<'(\w+)'")
_PASSING = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?m)^// ", ""),  # of a comment, as wide as there is room
        (r"\b[0-9A-F]{32}(/[0-9A-F]{32})*\b", "ID"),
        (r"\b\d+\.\d+ ?s\b", "N s"),
        (r"\b\d{4}-\d\d-\d\d[T ][\d:]+(\.\d+)?( UTC|Z)?", "TIME"),
    )
)


@dataclass(frozen=True)
class Block:
    """A fenced block; `start` and `end` are the place of its text in the page."""

    kind: str
    info: str
    text: str
    start: int
    end: int
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, as its first line says."""
        named = _NAME.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class Command:
    """A command of a block, with the exit code that it is to have."""

    text: str
    exit_code: int
    line: int


def path_of(walk: str) -> Path:
    return ROOT / "docs" / f"{walk}.md"


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [
        Block(
            found["kind"],
            found["info"] or "",
            found["text"],
            found.start("text"),
            found.end("text"),
            page.count("\n", 0, found.start("text")) + 1,
        )
        for found in _FENCE.finditer(page)
    ]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block: one a line, or as many lines as backslashes and `<<'EOF'` say."""
    lines = iter(enumerate(block.text.splitlines(), block.line))
    for number, line in lines:
        whole = line
        while whole.endswith("\\"):
            whole += "\n" + next(lines)[1]
        if here := _HERE.search(whole):
            while not whole.endswith(f"\n{here[1]}"):
                whole += "\n" + next(lines)[1]
        said = _EXIT_CODE.search(whole)
        if whole.strip() and not whole.startswith("#"):
            yield Command(whole, int(said[1]) if said else 0, number)


def shows(shown: str, printed: str) -> bool:
    """Whether a block shows what was printed, but for where lines break, ids and times."""
    words = _passing(printed).split()
    first, *others = (part.split() for part in _parts(_passing(shown)))
    if not others:
        return first == words
    *between, last = others
    at = len(first)
    if words[:at] != first:
        return False
    for part in between:
        places = range(at, len(words) - len(part) + 1)
        found = next((each for each in places if words[each : each + len(part)] == part), None)
        if found is None:
            return False
        at = found + len(part)
    return len(words) - len(last) >= at and words[len(words) - len(last) :] == last


def rewritten(shown: str, printed: str) -> str:
    """The block that shows as much of what was printed: all, or the lines most like its own."""
    parts = _parts(shown)
    return "...".join(_anew(part, printed) for part in parts) if len(parts) > 1 else printed


def _anew(part: str, printed: str) -> str:
    if shows(f"...\n{part}\n...", printed):
        return part
    found: list[str] = []
    rest = printed.splitlines()
    for line in part.strip("\n").splitlines():
        if near := difflib.get_close_matches(line, rest, 1, 0.4):
            found.append(near[0])
            rest = rest[rest.index(near[0]) + 1 :]
    begin = "\n" if part.startswith("\n") else ""
    return begin + "".join(f"{line}\n" for line in found)


def _parts(shown: str) -> list[str]:
    return re.split(r"^[ \t]*\.\.\.[ \t]*$", shown, flags=re.MULTILINE)


def _passing(text: str) -> str:
    for pattern, instead in _PASSING:
        text = pattern.sub(instead, text)
    return text
