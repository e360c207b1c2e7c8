"""Every fault of `faults`: what the user sees, what is lost, whether a second run puts it right.

What comes out is the table of docs/reliability.md: with `--snapshot-update` it is written.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.apply import faults
from tests.apply.faults import Row, Seen
from tests.apply.place import Place
from tests.commands import call
from tests.examples import ROOT

_RUNS = {"create": "first apply", "update": "later apply", "destroy": "destroy"}
PAGE = ROOT / "docs" / "reliability.md"
HEAD = (
    "| fault | run | exit | what the user sees | live then | foreign statements lost | converges |"
)
ROWS = [*faults.rows()]
_WANTED: dict[faults.Run, object] = {}


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    row: Row
    seen: Seen
    live: str
    lost: int
    converges: bool

    def __str__(self) -> str:
        code, words = self.seen[0], shown(self.seen)
        cells = (
            self.row.what,
            _RUNS[self.row.run],
            "" if code < 0 else str(code),
            words.replace("|", "\\|"),
            self.live,
            str(self.lost),
            "yes" if self.converges else "NO",
        )
        return f"| {' | '.join(cells)} |"


def shown(seen: Seen) -> str:
    """The line that matters of all that the user sees, without what is another one in each run."""
    _, out, err = seen
    whole = re.sub(r"\n {6}(?=\S)", " ", out)  # a sentence that goes on in the next line
    lines = [*err.splitlines(), *whole.splitlines()]
    marks = ("error: ", "because ")
    found = next((line for mark in marks for line in lines if mark in line), lines[-1])
    words = re.sub(r"^.*?(?=error: )|^ *because ", "", found).removeprefix("error: ")
    words = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", words)
    words = re.sub(r"(?<= )/\S*/(?=\S)", "", words)
    words = re.sub(r" \(request id [\w/]+\)", "", words)
    words = re.sub(r"\b\d{8}T\d{6}\.\d{6}\.jsonl", "TIME.jsonl", words)
    return re.sub(r" \[[a-z-]+\]$", "", words)


def live(place: Place, before: object, wanted: object) -> str:
    now = place.said()
    if now == before:
        return "as before"
    return "as wanted" if now == wanted else "one side alone"


@pytest.fixture(scope="module")
def lines(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The lines of the page by their rows, put into it where it is to be written."""
    head, _, rest = PAGE.read_text("utf-8").partition(HEAD)
    _, rule, *written = rest.split("\n\n")[0].split("\n")
    found = dict(zip((row.name for row in ROWS), written, strict=False))
    yield found
    if request.config.getoption("--snapshot-update"):
        table = "\n".join((HEAD, rule, *(found[row.name] for row in ROWS)))
        end = rest.partition("\n\n")[2]
        PAGE.write_text(f"{head}{table}\n\n{end}", "utf-8")


def wanted_of(place: Place, run: faults.Run) -> object:
    """What is there behind a run without a fault."""
    if run not in _WANTED:
        with place.kept():
            assert call(*faults.command(run)).exit_code == 0
            _WANTED[run] = place.said()
    return _WANTED[run]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_fault(
    row: Row,
    place: Place,
    lines: dict[str, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCIPOLICY_PATIENCE", "1")
    faults.begin(place, row.run)
    before, wanted = place.said(), wanted_of(place, row.run)
    row.cause(place, row.run)

    seen = row.go(place, row.run)

    left = live(place, before, wanted)
    faults.mend(place, row.run)
    again = call(*faults.command(row.run))
    converges = again.exit_code == 0 and place.said() == wanted
    converges &= place.verdicts() == {"denied" if row.run == "destroy" else "allowed"}
    line = Line(row, seen, left, place.lost(), converges)
    sys.stdout.write(f"{line}\n")
    assert (line.lost, line.converges) == (0, True), (seen, again.output)
    assert "Traceback" not in seen[2]
    if request.config.getoption("--snapshot-update"):
        lines[row.name] = str(line)
    assert lines.get(row.name) == str(line)


def test_the_page_has_no_other_lines() -> None:
    _, _, rest = PAGE.read_text("utf-8").partition(HEAD)
    _, _, *written = rest.split("\n\n")[0].split("\n")
    assert len(written) == len(ROWS)
