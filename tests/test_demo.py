"""`ocipolicy demo`: every scenario to its end, what it leaves, and how it can end otherwise."""

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from ocipolicy.cli.sandboxes import PORT, Place
from ocipolicy.language import show
from ocipolicy.sandbox import Sandbox
from ocipolicy.world import Tenancy, load_world
from tests.commands import call
from tests.examples import EXAMPLES, ROOT, changed
from tests.terminals import OCIPOLICY, at_terminal, environment

SCENARIOS = ("same-tenancy", "cross-tenancy", "paired")
GO_ON = "Enter goes on, Ctrl-C ends it"
PARTS = 9
# What is different each time, longest first.
CHANGING = (
    (r"\b[0-9A-F]{32}(?=[/\s])", "ID"),
    (r"\d+\.\d+ s\b", "N s"),
    (r"( \\\n   )? --port \d+", ""),  # it is named where the usual one is taken
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"sandbox/\d+/", "sandbox/PORT/"),
    (r"(?<=\n)PATH=.*\n", ""),  # where a shell finds the program by itself it is not needed
)


def steady(text: str) -> str:
    """A text without what is different each time."""
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text


@dataclass(frozen=True)
class Shown:
    """A demo that ran: where, and what it said."""

    home: Path
    folder: Path
    code: int
    out: str
    err: str


def demo(
    *arguments: str, folder: Path, **changes: str | None
) -> "subprocess.CompletedProcess[str]":
    """Run the demo in a folder; None takes a variable out of its environment."""
    variables = environment({name: text for name, text in changes.items() if text is not None})
    for name, text in changes.items():
        if text is None:
            variables.pop(name, None)
    return subprocess.run(
        [*OCIPOLICY, "demo", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module", autouse=True)
def port_taken() -> Iterator[None]:
    """Somebody else has the usual port: by whom it is taken makes no difference."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", PORT))
            other.listen()
        except OSError:
            pass
        yield


@pytest.fixture(scope="module", params=SCENARIOS)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo of a scenario, with an empty home and a proxy for the internet that is not there."""
    folder = tmp_path_factory.mktemp(request.param)
    home = tmp_path_factory.mktemp("home")
    nowhere = "http://127.0.0.1:1"
    done = demo(
        *(request.param, "--fast"),
        folder=folder,
        HOME=str(home),
        XDG_STATE_HOME=str(home / "state"),
        HTTP_PROXY=nowhere,
        http_proxy=nowhere,
        HTTPS_PROXY=nowhere,
        ALL_PROXY=nowhere,
        OCI_CONFIG_FILE=str(home / "nothing"),
    )
    left = folder / "ocipolicy-demo" / request.param
    return Shown(home, left, done.returncode, done.stdout, done.stderr)


def test_what_is_shown(shown: Shown, snapshot: SnapshotAssertion) -> None:
    assert (shown.code, shown.err) == (0, "")
    assert steady(shown.out) == snapshot


def test_what_is_left(shown: Shown, snapshot: SnapshotAssertion) -> None:
    names = {
        str(path.relative_to(shown.folder))
        for path in shown.folder.rglob("*")
        if path.is_file() and "state" not in path.relative_to(shown.folder).parts
    }
    read = {name: (shown.folder / name).read_text(encoding="utf-8") for name in sorted(names)}

    assert read.pop("transcript.txt") == shown.out
    assert steady(read.pop("README.md")) == snapshot(name="README.md")
    assert steady(read.pop("commands.sh")) == snapshot(name="commands.sh")
    assert {*read} == {
        "ocipolicy.yaml",
        "plan.json",
        "world.yaml",
        *(str(path.relative_to(shown.folder)) for path in shown.folder.glob("policies/*.policy")),
    }


def test_nothing_is_written_elsewhere(shown: Shown) -> None:
    assert [*shown.home.iterdir()] == []
    assert [*shown.folder.parents[1].iterdir()] == [shown.folder.parent]
    assert [*shown.folder.parent.iterdir()] == [shown.folder]


def test_its_config_is_the_example_with_profiles_of_the_sandbox(shown: Shown) -> None:
    name = shown.folder.name
    example = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    ours = (shown.folder / "ocipolicy.yaml").read_text(encoding="utf-8")

    profile = re.compile(r"^  profile: .*$", re.MULTILINE)
    assert profile.sub("", ours) == profile.sub("", example)
    assert len(profile.findall(ours)) == len(profile.findall(example))


def test_no_sandbox_is_left(shown: Shown) -> None:
    assert [*shown.folder.glob("state/ocipolicy/sandbox/*/pid")] == []
    assert [*shown.folder.glob("state/ocipolicy/sandbox/*/control-token")] == []


def test_the_commands_by_hand_do_the_same(shown: Shown) -> None:
    done = subprocess.run(
        ["bash", "commands.sh"],
        cwd=shown.folder,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    lines = iter(steady(shown.out).splitlines())
    assert done.returncode == 0
    assert [line for line in steady(done.stdout).splitlines() if line not in lines] == []
    assert "0 of 2 of the instance's own calls answered" in done.stdout
    assert "2 of 2 of the instance's own calls answered" in done.stdout
    assert done.stdout.endswith("      observed denied: 404 NotAuthorizedOrNotFound\n")


def own(tenancy: Tenancy) -> dict[str, tuple[object, ...]]:
    """The policies of a tenancy that say who owns them, and what they say."""
    return {
        each.name: (
            tuple(map(show, each.statements)),
            each.description,
            each.tags,
            each.compartment,
        )
        for each in tenancy.policies
        if each.tags
    }


def others(tenancy: Tenancy) -> list[tuple[str, ...]]:
    """What the policies of others say, but for those that every tenancy has."""
    return [
        tuple(map(show, each.statements))
        for each in tenancy.policies
        if not each.tags and each.name != "Tenant Admin Policy"
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_world_becomes_that_of_the_examples(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    after = load_world((EXAMPLES / f"{scenario}.world.yaml").read_text(encoding="utf-8")).world
    assert after is not None
    side = "caller" if scenario == "same-tenancy" else "service"
    with Sandbox(ROOT / "templates" / scenario / "world.yaml") as sandbox:
        assert {name: own(each) for name, each in sandbox.state.world.tenancies.items()} == {
            name: {} for name in after.tenancies
        }
        profiles = {
            f"{each}.profile": {
                "name": f"{each}/admin",
                "config_file": str(sandbox.config_file),
                "endpoint": sandbox.endpoint,
            }
            for each in (("caller", side) if scenario == "cross-tenancy" else (side,))
        }
        config = tmp_path / "ocipolicy.yaml"
        config.write_text(changed(scenario, profiles), encoding="utf-8")
        assert call("apply", str(config), "--yes", "--no-smoke").exit_code == 0
        now = sandbox.state.world

    for name, tenancy in after.tenancies.items():
        if (
            scenario == "paired" and name == "caller"
        ):  # Oracle's, which calls its policy as it likes
            assert [*own(tenancy), *own(now.tenancies[name])] == []
            assert others(now.tenancies[name]) == others(tenancy)
        else:
            assert own(now.tenancies[name]) == own(tenancy)
            assert others(now.tenancies[name]) == others(tenancy) == []


# --- at a terminal -----------------------------------------------------------------------------


def test_a_terminal_is_waited_for_between_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, screen = at_terminal("demo", "same-tenancy", talk=[(GO_ON, "")] * PARTS)

    assert code == 0
    assert "\x1b[1m9. All of it taken back\x1b[0m" in screen
    transcript = tmp_path / "ocipolicy-demo" / "same-tenancy" / "transcript.txt"
    text = transcript.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert GO_ON not in text
    assert "Everything came to what it should" in text


def test_ctrl_d_at_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = [(GO_ON, ""), (GO_ON, "\x04")]
    code, screen = at_terminal("demo", "same-tenancy", talk=talk)

    assert code == 1
    assert screen.endswith(
        "the sandbox is stopped; what there is so far is in ocipolicy-demo/same-tenancy\nAborted!\n"
    )
    no_sandbox_in(tmp_path)


def no_sandbox_in(folder: Path) -> None:
    states = [*folder.glob("ocipolicy-demo/*/state/ocipolicy/sandbox/*")]
    assert states
    assert [path.name for state in states for path in state.glob("pid")] == []
    assert [state for state in states if Place(int(state.name)).is_running()] == []


@pytest.mark.parametrize(
    ("order", "at"),
    [
        (signal.SIGINT, "$ ocipolicy sandbox start"),
        (signal.SIGINT, "2. The call"),
        (signal.SIGTERM, "6. The call"),
        (signal.SIGHUP, "8. Why"),
    ],
)
def test_it_can_be_ended_at_any_time(order: signal.Signals, at: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [*OCIPOLICY, "demo", "same-tenancy", "--fast"],
        cwd=tmp_path,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith(at):
                break
        time.sleep(0.1)
        process.send_signal(order)
        process.stdout.read()
        err = process.stderr.read()

    assert process.returncode == 1
    assert err.endswith(
        "the sandbox is stopped; what there is so far is in ocipolicy-demo/same-tenancy\nAborted!\n"
    )
    assert "Traceback" not in err
    no_sandbox_in(tmp_path)


# --- folders -----------------------------------------------------------------------------------


def test_a_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "README.md").write_text("# Mine\n", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    for name in ("mine", "file"):
        done = demo("-o", name, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (
            2,
            "",
            (
                f"error: {name} is there already, and no demo has made it\n"
                "help: name another with -o\n"
            ),
        )
    assert [path.name for path in mine.iterdir()] == ["README.md"]


def test_a_folder_of_a_demo_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    first = demo("cross-tenancy", "--fast", "-o", "here", folder=tmp_path)
    again = demo("same-tenancy", "--fast", "-o", "here", folder=tmp_path)

    assert (first.returncode, again.returncode) == (0, 0), again.stdout + again.stderr
    policies = [path.name for path in (tmp_path / "here" / "policies").iterdir()]
    assert policies == ["sales-assistant-caller.policy"]
    assert (tmp_path / "here" / "transcript.txt").read_text(encoding="utf-8") == again.stdout


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    done = demo("--fast", "-o", "file/inside", folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: file/inside cannot be written: Not a directory\n"


def test_without_a_home(tmp_path: Path) -> None:
    done = demo("same-tenancy", "--fast", folder=tmp_path, HOME=None, XDG_STATE_HOME=None)

    assert (done.returncode, done.stderr) == (0, "")


# --- scenarios ---------------------------------------------------------------------------------


def test_an_unknown_scenario(tmp_path: Path) -> None:
    done = demo("pared", folder=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "error: there is no scenario `pared`\nhelp: did you mean paired?\n",
    )


def test_what_goes_otherwise_than_it_should_is_said(tmp_path: Path) -> None:
    scenario = tmp_path / "own" / "open"
    shutil.copytree(ROOT / "templates" / "same-tenancy", scenario)
    config = scenario / "config.yaml.j2"
    text = config.read_text(encoding="utf-8").replace("scenario: same-tenancy", "scenario: open")
    config.write_text(text, encoding="utf-8")
    with (scenario / "world.yaml").open("a", encoding="utf-8") as world:
        world.write(
            "    policies:\n      all:\n        compartment: /\n        statements:\n"
            "          - allow any-user to use generative-ai-family in tenancy\n"
        )

    done = demo("open", "--fast", "--templates", "own", "-o", "here", folder=tmp_path)

    assert done.returncode == 1
    assert done.stdout.endswith("smoke: 2 of 2 of the instance's own calls answered\n")
    assert re.sub(r" --templates \S+`", " --templates DIR`", done.stderr) == (
        "error: in part 2: `ocipolicy smoke ocipolicy.yaml --as caller/sales` ended with 0, and"
        " should with 1\nhelp: what was shown is in here/transcript.txt\n"
    )
    assert (tmp_path / "here" / "transcript.txt").read_text(encoding="utf-8") == done.stdout


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates" / "same-tenancy", tmp_path / "own" / "mine")
    config = tmp_path / "own" / "mine" / "config.yaml.j2"
    text = config.read_text(encoding="utf-8").replace("scenario: same-tenancy", "scenario: mine")
    config.write_text(text, encoding="utf-8")

    done = demo("mine", "--fast", "--templates", "own", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
