"""`ocipolicy sandbox`: a local Oracle cloud, started, used from a shell, looked at, and stopped."""

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click

from ocipolicy.cli import completion
from ocipolicy.cli.sandboxes import PORT, Place
from ocipolicy.cli.terminal import examples, paint, read, show_diagnostics, text_or_json, width
from ocipolicy.diagnostics import CannotGoOn, Unwritable
from ocipolicy.outputs import json
from ocipolicy.outputs import sandbox as shown

if TYPE_CHECKING:  # what a sandbox is made of is imported where one is started
    from ocipolicy.sandbox import Sandbox
    from ocipolicy.world import World

_AGAIN = 0.2  # seconds between two looks at what happened
# Without the current folder among the places that modules come from.
_OURSELVES = (
    *(sys.executable, "-P", "-c"),
    "from ocipolicy.cli import main; main(prog_name='ocipolicy')",
)

_port = click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="The port of the sandbox; each has its own.",
)


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands, in the order of their use."""
        return list(self.commands)


@click.group(
    "sandbox",
    cls=_InOrder,
    epilog=examples(
        ("ocipolicy sandbox start --background", "Two tenancies without policies"),
        ('eval "$(ocipolicy sandbox env)"', "The SDKs and the CLI of this shell go there"),
        ("ocipolicy sandbox log", "What they did, and which statement decided"),
        ("ocipolicy sandbox stop", "The end of it"),
    ),
)
def command() -> None:
    """Run a local Oracle cloud that verifies signatures and enforces the policies in it.

    Unmodified SDKs, CLI and AI libraries work with it. It listens on 127.0.0.1 alone, and forwards
    nothing.
    """


@command.command(
    "start",
    short_help="Start one, and show every request with its decision.",
    epilog=examples(
        ("ocipolicy sandbox start", "Show every request until Ctrl-C"),
        ("ocipolicy sandbox start --background", "Leave it running in the background"),
        (
            "ocipolicy sandbox start --world w.yaml --port 18081",
            "Another world, beside the first one",
        ),
    ),
)
@click.option(
    "--world",
    metavar="FILE",
    shell_complete=completion.files,
    help="A world file: what is there. Else two tenancies, no policies.",
)
@click.option("--background", is_flag=True, help="Return once it answers, and leave it running.")
@_port
def start(world: str | None, background: bool, port: int) -> None:
    """Start a sandbox, and show every request with its decision until it is stopped.

    Its keys, config file and certificate are in a folder of its own under $XDG_STATE_HOME; nobody
    else can read them, and the keys are the same the next time.
    """
    place = Place(port)
    if place.is_running():
        raise CannotGoOn(
            f"a sandbox is running on port {port} already",
            f"`{place.command('stop')}` ends it; with --port another one runs beside it",
        )
    text, origin = read(world) if world else _built_in()
    found = _world(text, origin)
    if background:
        _in_background(place, text)
        click.echo(place.output_file.read_text(encoding="utf-8"), nl=False)
    else:
        _in_foreground(place, found)


@command.command(
    "env",
    short_help="Print what a shell exports so that clients go there.",
    epilog=examples(
        (
            'eval "$(ocipolicy sandbox env)"',
            "Clients go to the sandbox, as whoever their profile says",
        ),
        (
            'eval "$(ocipolicy sandbox env --as caller/sales)"',
            "They are the Digital Assistant instance `sales`",
        ),
        (
            'eval "$(ocipolicy sandbox env --proxy)"',
            "Programs that name Oracle's own hosts go there as well",
        ),
    ),
)
@click.option("--as", "who", metavar="PRINCIPAL", help="The user, instance or function to be.")
@click.option("--proxy", is_flag=True, help="For programs that name Oracle's own hosts.")
@_port
def env(who: str | None, proxy: bool, port: int) -> None:
    """Print what a POSIX shell has to export so that clients go to the sandbox.

    With --as they are that principal, else whoever their profile says. With --proxy requests for
    Oracle's hosts end in the sandbox, and those for all other https hosts fail.
    """
    found = Place(port).order("environ", {"as": who, "proxy": proxy})
    click.echo(shown.exports(found["environ"]))


@command.command(
    "log",
    short_help="Show the last requests, and what decided each.",
    epilog=examples(
        ("ocipolicy sandbox log", "What has happened so far"),
        ("ocipolicy sandbox log --follow", "And what comes from now on"),
        ("ocipolicy sandbox log --format json", "As data"),
    ),
)
@click.option("--follow", is_flag=True, help="Go on with what comes, until the sandbox ends.")
@text_or_json("For people, or data; with --follow an entry a line.")
@_port
def log(follow: bool, form: str, port: int) -> None:
    """Show the last requests: who did what, the decision, and the statements behind it.

    For a refusal it says what is missing, which the answer itself, as in OCI, does not.
    """
    place = Place(port)
    entries = place.ask("log")["entries"]
    if form == "json" and not follow:
        click.echo(json.dump({"entries": entries}))
        return
    last = 0
    while True:
        for each in entries:
            click.echo(json.line(each) if form == "json" else shown.entry(each, paint, width()))
            last = each["number"]
        if not follow:
            return
        time.sleep(_AGAIN)
        if not place.is_running():
            return
        entries = place.ask(f"log?after={last}")["entries"]


@command.command(
    "stop",
    epilog=examples(
        ("ocipolicy sandbox stop", "The one at the usual port"),
        ("ocipolicy sandbox stop --port 18081", "Another one"),
    ),
)
@_port
def stop(port: int) -> None:
    """Stop a sandbox. What was in it is gone; its keys stay for the next one."""
    place = Place(port)
    place.order("stop", {})
    if not place.wait_for_end():
        raise CannotGoOn(
            f"the sandbox on port {port} was told to stop, and is still there",
            f"the number of its process is in {place.pid_file}",
        )


def _built_in() -> tuple[str, str]:
    from ocipolicy.render import Templates

    source = Templates().source("cross-tenancy/world.yaml")
    return source.text, source.origin


def _world(text: str, origin: str) -> "World":
    from ocipolicy.world import load_world

    loaded = load_world(text, origin)
    show_diagnostics(loaded.diagnostics)
    if loaded.world is None:
        raise CannotGoOn("the world has mistakes, so there is no sandbox")
    return loaded.world


def _in_foreground(place: Place, world: "World") -> None:
    from ocipolicy.sandbox import Sandbox
    from ocipolicy.sandbox.keys import write_private

    # As Ctrl-C does it, so that there is one way out, with everything closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Sandbox(world, place.port, folder=place.folder) as sandbox:
            try:
                sandbox.environ  # noqa: B018 - the files that it names are there from now on
                _tell(place, sandbox)
                write_private(place.pid_file, str(os.getpid()).encode())
                _show(sandbox)
            finally:
                place.pid_file.unlink(missing_ok=True)
                place.token_file.unlink(missing_ok=True)
    except KeyboardInterrupt:
        click.echo("stopped")


def _show(sandbox: "Sandbox") -> None:
    """Every request in a line or a few, as it comes."""
    last = 0
    while not sandbox.wait(_AGAIN):
        for each in sandbox.log.after(last):
            last = each.number
            if not each.own:
                click.echo(shown.entry(each.data(), paint, width()))


def _in_background(place: Place, text: str) -> None:
    """Start a process of its own, and wait until its sandbox answers. Raises CannotGoOn."""
    from ocipolicy.sandbox.keys import private_folder, write_private

    private_folder(place.folder)
    world = place.folder / "world.yaml"
    try:
        write_private(world, text.encode())
        write_private(place.output_file, b"")
        with place.output_file.open("ab") as output:
            options = ("sandbox", "start", "--world", str(world), "--port", str(place.port))
            process = subprocess.Popen(  # noqa: S603 - this program itself
                [*_OURSELVES, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=place.folder,
                start_new_session=True,
            )
    except OSError as error:
        raise Unwritable(f"{place.folder} cannot be written: {error.strerror}") from None
    try:
        while place.pid() != process.pid and process.poll() is None:
            time.sleep(_AGAIN / 10)
    except BaseException:
        process.terminate()
        raise
    if process.poll() is not None:
        raise CannotGoOn(_last_words(place))


def _last_words(place: Place) -> str:
    """Why a process in the background ended at once."""
    text = place.output_file.read_text(encoding="utf-8", errors="replace").strip()
    return text.removeprefix("error: ") or f"the sandbox on port {place.port} ended at once"


def _tell(place: Place, sandbox: "Sandbox") -> None:
    """Where it is, who is in it, and how to use it."""
    from ocipolicy.sandbox.founding import administrators
    from ocipolicy.world import User

    exempt = administrators(sandbox.state.world)
    kinds: dict[str, str] = {}
    for who in (each.who for each in sandbox.principals()):
        kind = "user" if isinstance(who.principal, User) else who.principal.type
        outside = who.principal.ocid in exempt
        kinds[who.label] = "administrator, whom policies do not bind" if outside else kind
    somebody = next((each for each, kind in kinds.items() if kind == "odainstance"), [*kinds][-1])
    env, as_somebody = place.command("env"), place.command(f"env --as {shlex.quote(somebody)}")
    use = {
        f'eval "$({env})"': "In another shell: OCI's clients go there.",
        f'eval "$({as_somebody})"': "The same, as this principal.",
        place.command("log"): "What they did, and what decided.",
        place.command("stop"): "The end; Ctrl-C does it as well.",
    }
    click.echo(shown.started(place.endpoint, kinds.items(), use.items(), width()))
