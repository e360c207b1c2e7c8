"""Every command as it stands on a terminal of 80 and of 120 columns, kept in docs/transcripts.

With `--snapshot-update` the pages are written. They are made with colours, and kept without: what
is there has to be read without them.
"""

import re
import shlex
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from ocipolicy.cli import COMMANDS
from ocipolicy.cli.sandboxes import PORT as USUAL_PORT
from ocipolicy.language import parse
from ocipolicy.outputs.lines import columns
from ocipolicy.sandbox import Sandbox
from tests.examples import ROOT
from tests.plays import BEGUN, CONFIG, LONG, PLAYS, PORT, WORLD, Desk, Scene, lengthened
from tests.sandboxes import Running
from tests.terminals import at_terminal, left

PAGES = ROOT / "docs" / "transcripts"
WIDTHS = (80, 120)
HOME = "/home/adabyron"
# Between them nothing but a blank may stand before what is to be pasted.
MARK = re.compile(r"^(?://|[-+~=?$│✓✗])? ?")
COMMAND = ("ocipolicy ", "oci ", "export ")


class Stage:
    """Where pages are played: those of all widths of a command at once, and none of them twice."""

    def __init__(self, sandboxes: Mapping[int, Sandbox]) -> None:
        self._sandboxes = sandboxes
        self._played: dict[str, dict[int, str]] = {}

    def page(self, name: str, width: int) -> str:
        """The page of a command at a width."""
        if name not in self._played:
            with ThreadPoolExecutor(len(WIDTHS)) as pool:
                pages = pool.map(lambda each: self._page(name, each), WIDTHS)
                self._played[name] = dict(zip(WIDTHS, pages, strict=True))
        return self._played[name][width]

    def _page(self, name: str, width: int) -> str:
        with desk(self._sandboxes[width]) as found:
            return "\n".join(played(scene, found, width) for scene in PLAYS[name])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        # The port that sandboxes have by themselves is taken, as it may be anyhow.
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", USUAL_PORT)))
        yield Stage({width: stack.enter_context(Sandbox(BEGUN)) for width in WIDTHS})


@contextmanager
def desk(sandbox: Sandbox, config: str = CONFIG, world: str = WORLD) -> Iterator[Desk]:
    """A folder with a config and a world, and the cloud that a config's profiles lead to."""
    sandbox.reset()
    sandbox.faults.clear()
    with (
        tempfile.TemporaryDirectory(prefix="a", dir="/tmp") as name,
        socket.socket() as probe,
    ):
        home = Path(name)
        file = home / "oci-config"
        sections = [
            "\n".join([f"[{side.upper()}]", *(f"{key}={value}" for key, value in known.items())])
            for side in ("caller", "service")
            for known in [sandbox.principal(f"{side}/admin").config]
        ]
        file.write_text("\n".join(sections) + "\n", encoding="utf-8")
        folder = home / "work"
        folder.mkdir()
        (folder / "ocipolicy.yaml").write_text(config, encoding="utf-8")
        (folder / "world.yaml").write_text(world, encoding="utf-8")
        probe.bind(("127.0.0.1", 0))
        place = Running(probe.getsockname()[1], home / "state")
        probe.close()
        files = {"OCI_CONFIG_FILE": str(file), "XDG_STATE_HOME": str(place.state)}
        yield Desk(folder, sandbox, place, {**sandbox.proxy_environ, **files})
        if place.folder.exists():
            place.run("stop")


def steady(screen: str, desk: Desk) -> str:
    """What is left on a screen, without what differs from run to run."""
    text = left(screen).replace(str(desk.folder.parent), HOME)
    text = re.sub(r"(?<=127\.0\.0\.1:)[3-6]\d{4}|(?<=port )[3-6]\d{4}", PORT, text)
    text = re.sub(r"(?<=/sandbox/)\d{5}(?=/)", PORT, text)
    text = re.sub(r"\b[0-9A-F]{32}\b", "0" * 32, text)
    text = re.sub(r"\b\d+\.(\d+) s\b", lambda found: f"0.{'1':0>{len(found[1])}} s", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "2026-11-21 12:00:00", text)
    return re.sub(r"^\d\d:\d\d:\d\d\b", "12:00:00", text, flags=re.MULTILINE).rstrip("\n")


def played(scene: Scene, desk: Desk, width: int) -> str:
    """A command line and what it leaves on the screen, with the exit code where that is not 0."""
    scene.before(desk)
    words = [str(desk.place.port) if each == PORT else each for each in shlex.split(scene.line)]
    code, screen = at_terminal(
        *words, talk=scene.talk, columns=width, folder=desk.folder, **desk.environ
    )
    text = steady(screen, desk)
    assert code == scene.code, text
    ending = [f"[exit code {code}]"] if code else []
    return "\n".join([f"$ ocipolicy {scene.line}", *([text] if text else []), *ending]) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PLAYS)
def test_a_transcript(name: str, width: int, stage: Stage, request: pytest.FixtureRequest) -> None:
    found = stage.page(name, width)

    page = PAGES / str(width) / f"{name}.txt"
    if request.config.getoption("--snapshot-update"):
        page.parent.mkdir(exist_ok=True)
        page.write_text(found, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == found
    assert too_wide(found, width) == []


def test_ocids_as_long_as_those_of_oracle(tmp_path: Path) -> None:
    config, world = lengthened(CONFIG), lengthened(WORLD)
    (tmp_path / "world.yaml").write_text(world, encoding="utf-8")
    with Sandbox(tmp_path / "world.yaml") as sandbox, desk(sandbox, config, world) as found:
        shown = "\n".join(played(scene, found, 80) for scene in LONG)

    sys.stdout.write(shown)
    assert too_wide(shown, 80) == []


def too_wide(text: str, width: int) -> list[str]:
    """The lines that are wider than the terminal and are not there to be pasted whole."""
    return [
        line for line in text.splitlines() if columns(line) > width and not is_pasted(line.strip())
    ]


def is_pasted(line: str) -> bool:
    """Whether a line has a statement, a command or one word, and but a mark before it."""
    rest = MARK.sub("", line, count=1)
    if rest.startswith(COMMAND) or " " not in rest:
        return True
    parsed = parse(rest)
    return len(parsed.statements) == 1 and not parsed.diagnostics


@pytest.mark.parametrize(
    ("line", "pasted"),
    [
        ("      + allow any-user to use buckets in tenancy", True),
        ("    // allow any-user to use buckets in tenancy", True),
        ("$ ocipolicy plan", True),
        ("ocid1.tenancy.oc1..caller", True),
        ("write: allow any-user to use buckets in tenancy", False),
        ("allow any-user to use buckets in tenancy, or nothing", False),
        ("+ + allow any-user to use buckets in tenancy", False),
        ("see ocid1.tenancy.oc1..caller", False),
    ],
)
def test_what_is_to_be_pasted_is_known(line: str, *, pasted: bool) -> None:
    assert is_pasted(line.strip()) is pasted
    assert too_wide(line, 10) == ([] if pasted else [line])


def test_every_command_has_a_transcript_of_each_width() -> None:
    assert {*PLAYS} == {"ocipolicy", *COMMANDS}
    pages = {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.txt")}
    assert pages == {f"{width}/{name}.txt" for width in WIDTHS for name in PLAYS}
