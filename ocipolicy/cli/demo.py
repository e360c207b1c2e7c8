"""`ocipolicy demo`: the whole way in a sandbox, from a call that is refused to one that is allowed.

`demo_story` has what is shown, `demo_stage` shows it, `demo_folder` is what is left. Here it is
played: the commands run one after the other, and what came of each is held against what the sandbox
itself has seen.
"""

import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, chdir, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import click

from ocipolicy.cli import completion, demo_folder, show_failure
from ocipolicy.cli.demo_stage import Done, Stage
from ocipolicy.cli.demo_story import (
    CONFIG,
    STATE,
    WORLD,
    Act,
    Calls,
    Cast,
    Read,
    Scene,
    Step,
    Stream,
    cast,
    story,
)
from ocipolicy.cli.init import check_scenario
from ocipolicy.cli.sandboxes import PORT, Place
from ocipolicy.cli.smoke import instance_cloud
from ocipolicy.cli.terminal import examples, paint, with_templates
from ocipolicy.cloud.inference import Inference
from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.render import Templates
from ocipolicy.smoke import asks

_FOLDER = "ocipolicy-demo"
_LIKE_CTRL_C = ("SIGTERM", "SIGHUP")  # not all of them are there on every system
_PROMPT, _TOKENS = "What can you do for me?", 60


class Otherwise(CannotGoOn):
    """Something came to what it should not have come to."""


@click.command(
    "demo",
    epilog=examples(
        ("ocipolicy demo", "Two tenancies that you administer, part by part"),
        ("ocipolicy demo paired --fast", "Instances that Oracle manages, without a pause"),
        ("ocipolicy demo same-tenancy -o try", "One tenancy; what is left goes into a folder"),
    ),
)
@click.argument("scenario", default="cross-tenancy", shell_complete=completion.scenarios)
@click.option("--fast", is_flag=True, help="Do not wait for a key between the parts.")
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help=f"Where its files go; {_FOLDER}/SCENARIO by default.",
)
@with_templates()
def command(scenario: str, fast: bool, folder: Path | None, templates: tuple[Path, ...]) -> None:
    """Show the whole way for SCENARIO (cross-tenancy by default) in a sandbox on this computer.

    A call that is refused, and why; the policies rendered, planned and applied; the call allowed;
    all taken back. It leaves a folder with what it wrote, and the commands to do the same by hand.
    Exit code 1 where anything came to something else than it should.
    """
    found = Templates(templates)
    parts = ("config.yaml.j2", WORLD)
    known = [
        name for name in found.scenarios() if all(found.path(f"{name}/{part}") for part in parts)
    ]
    check_scenario(scenario, known)
    folder = folder or Path(_FOLDER, scenario)
    demo_folder.check_free(folder)
    stage = Stage(paced=not fast and sys.stdin.isatty() and sys.stdout.isatty())
    more = tuple(word for each in templates for word in ("--templates", str(each.resolve())))
    try:
        with _ending_as_by_ctrl_c():
            code = _played(stage, scenario, found, folder, more)
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"\nthe sandbox is stopped; what there is so far is in {folder}", err=True)
        raise click.Abort from None
    sys.exit(code)


def _played(
    stage: Stage, scenario: str, templates: Templates, folder: Path, more: tuple[str, ...]
) -> int:
    """All scenes, one after the other; the exit code."""
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(_state_in(folder))
        place = Place(_port())
        players = cast(scenario, templates, place)
        scenes = story(players, place, more)
        demo_folder.write(folder, players, scenes, place)
        stack.callback(demo_folder.record, folder.resolve(), stage)
        stack.enter_context(chdir(folder))
        stack.callback(_stop, place)
        _open(stage, scenario, folder)
        demo = _Demo(stage, place, players)
        for number, scene in enumerate(scenes, 1):
            stage.pause()
            try:
                demo.play(number, scene)
            except Otherwise as failure:
                record = f"what was shown is in {folder / demo_folder.RECORD}"
                show_failure(Otherwise(f"in part {number}: {failure.message}", record))
                return 1
        _close(stage, scenario, folder, time.monotonic() - began)
    return 0


def _open(stage: Stage, scenario: str, folder: Path) -> None:
    stage.show(click.style(f"ocipolicy demo: {scenario}", bold=True))
    stage.say(
        "All of this happens on this computer. The commands are those that you would type; what "
        "they write goes into one folder."
    )
    stage.typed(*demo_folder.home(shlex.quote(str(folder))))


def _close(stage: Stage, scenario: str, folder: Path, seconds: float) -> None:
    stage.title("That was all")
    stage.say(f"Everything came to what it should, in {seconds:.1f} s.")
    stage.say(
        f"{folder} has the config, the policies, the plan and what you have read. The same by "
        "hand, and then for your own tenancies:"
    )
    stage.typed(f"sh {shlex.quote(str(folder / demo_folder.SCRIPT))}", f"ocipolicy init {scenario}")


class _Demo:
    """A demo while it is played: what the sandbox has seen is read once."""

    def __init__(self, stage: Stage, place: Place, players: Cast) -> None:
        self._stage = stage
        self._place = place
        self._players = players
        self._last = 0

    def play(self, number: int, scene: Scene) -> None:
        """One scene. Raises Otherwise where it goes otherwise than it should."""
        self._stage.title(f"{number}. {scene.title}")
        self._stage.say(scene.words)
        for act in scene.acts:
            self._act(act)

    def _act(self, act: Act) -> None:
        match act:
            case Step():
                self._stage.typed(act.line)
                self._check(act, self._stage.run(act.words, act.cut))
            case Read():
                self._stage.typed(act.line)
                for path in sorted(Path(act.folder).glob("*.policy")):
                    self._stage.show(path.read_text(encoding="utf-8").rstrip("\n"))
            case Stream():
                self._stream(act)
            case _:
                assert_never(act)

    def _check(self, step: Step, done: Done) -> None:
        command = step.line.split(" \\")[0]
        if done.code != step.code:
            raise Otherwise(f"`{command}` ended with {done.code}, and should with {step.code}")
        if step.calls is None:
            return
        for entry in self._seen(step.calls, command):
            for each in entry["missing"] if step.explained else ():
                if each["statement"] not in done.text:
                    raise Otherwise(f"`{command}` does not say what is missing: {each}")

    def _seen(self, calls: Calls, what: str) -> list[dict[str, Any]]:
        """The chats that the sandbox has seen since the last look. Raises Otherwise."""
        entries = self._place.ask(f"log?after={self._last}")["entries"]
        self._last = max([self._last, *(each["number"] for each in entries)])
        chats = [each for each in entries if each["operation"] == "generative-ai:Chat"]
        found = {(each["principal"], each["verdict"]) for each in chats}
        if found != {(calls.who, calls.verdict)}:
            said = " and ".join(f"{who} {verdict}" for who, verdict in found) or "no call"
            raise Otherwise(
                f"the sandbox has seen {said} of {what}, and should have seen {calls.who} "
                f"{calls.verdict}"
            )
        return chats

    def _stream(self, act: Stream) -> None:
        """Ask as the instance, and show the answer as it comes."""
        loaded = load(self._players.config_text, CONFIG)
        config = self._players.config
        where = self._players.where.compartment.ocid
        self._stage.show(f"\n{paint('?', 'comment')} {_PROMPT}")
        for ask in asks(loaded, datetime.now(UTC).date()).asks:
            if ask.call != "chat-stream":
                continue
            question = replace(ask.question(where), prompt=_PROMPT, max_tokens=_TOKENS)
            pieces = 0
            try:
                with closing(instance_cloud(config, act.calls.who)) as cloud:
                    stream = Inference(cloud, config.region or "").stream(ask.call, question)
                    for piece in stream:
                        self._stage.piece(piece)
                        pieces += 1
            except CannotGoOn as failure:
                raise Otherwise(failure.message) from None
            first = f"the first after {stream.first:.3f} s" if stream.first else "none"
            self._stage.show("\n" + paint(f"{pieces} pieces, {first}", "comment"))
        self._seen(act.calls, "the stream")


@contextmanager
def _state_in(folder: Path) -> Iterator[None]:
    """Have what programs remember in the folder, for as long as a `with` block lasts."""
    name = "XDG_STATE_HOME"
    before = os.environ.get(name)
    os.environ[name] = str(folder.resolve() / STATE)
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@contextmanager
def _ending_as_by_ctrl_c() -> Iterator[None]:
    """Let orders to end, and a terminal that closes, be as Ctrl-C: the sandbox ends as well.

    What is ignored already, as under nohup, stays so.
    """
    known = [getattr(signal, name) for name in _LIKE_CTRL_C if hasattr(signal, name)]
    heard = [each for each in known if signal.getsignal(each) is signal.SIG_DFL]
    before = {each: signal.signal(each, signal.default_int_handler) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _port() -> int:
    """The sandbox's usual port, or any other one where that is taken."""
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise CannotGoOn("no port is free on this computer")


def _stop(place: Place) -> None:
    """Stop the sandbox, where it runs still; a second Ctrl-C does not keep it from that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if place.pid_file.exists():
            with suppress(CannotGoOn):
                place.order("stop", {})
                place.wait_for_end()
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
