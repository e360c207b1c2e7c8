"""The door: every command reads, calls the functions of its verb, shows what came of it, and exits.

Exit codes: 0 yes or clean, 1 the input was read and has an error (or the answer is no), 2 there is
no answer: wrong usage, something that cannot be read or written, no network.
"""

import errno
import gc
import importlib
import io
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from ocipolicy.diagnostics import CannotGoOn, closest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Pydantic would look for plugins among all installed packages, at every start; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# The commands in the order of the work, each in the module of its own name; only the one that is
# asked for is imported.
COMMANDS = {
    "demo": "Show the whole way in a sandbox, on this computer.",
    "init": "Write a commented config file to start from.",
    "render": "Render the policies of a config, per tenancy.",
    "check": "Find what is wrong with configs, policies and worlds.",
    "parse": "Show the tree of policy statements.",
    "fmt": "Bring policy files into canonical form.",
    "explain": "Say whether somebody may do something, and why.",
    "who-can": "List who may do an operation somewhere.",
    "what-can": "List what somebody may do, and where.",
    "plan": "Show what apply would change, and the access of it.",
    "apply": "Bring the tenancies of a config to what it wants.",
    "rollback": "Undo the last apply of a config.",
    "destroy": "Remove the policies that are ours, and only those.",
    "smoke": "Make the calls that prove access, and explain a failure.",
    "snapshot": "Read a live tenancy into a world file.",
    "sandbox": "Run a local Oracle cloud: real clients, enforced policies.",
    "reference": "Look up what OCI's words mean, with sources.",
    "schema": "Print the JSON Schema of the config file.",
}


class Commands(click.Group):
    """A group that imports a command only when it is asked for, and sees through typing slips."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = _imported(f"ocipolicy.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands and options that begin as what was typed, without importing commands."""
        from click.shell_completion import CompletionItem

        commands = (each for each in COMMANDS.items() if each[0].startswith(incomplete))
        found = [CompletionItem(name, help=purpose) for name, purpose in commands]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a usage error with the nearest one otherwise."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = closest(args[0], COMMANDS)
            question = f" Did you mean {near!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{question}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; where it cannot go on, say why and exit with 2."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _folded(error) from error
        except CannotGoOn as error:
            show_failure(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader has seen enough; click ends this quietly
            _lost_output(error)
        return ctx.exit(2)


def _imported(name: str) -> ModuleType:
    """A module, imported without looks for garbage in between: they are a tenth of the start."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()  # what was imported stays: later looks pass it by, and are rarer
        gc.set_threshold(50_000)
        gc.enable()


def _lost_output(error: OSError) -> None:
    """Say that standard output is full or broken, and let go of what is left in its buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    show_failure(CannotGoOn(f"the output cannot be written: {error.strerror or error}"))


def _folded(error: click.UsageError) -> click.UsageError:
    """The same error, with a message that fits the terminal."""
    from ocipolicy.cli.terminal import width
    from ocipolicy.outputs.lines import message

    said = "\n".join(message(f"Error: {error.format_message()}", width(err=True), hang=7))
    if "\n" in said and not isinstance(error, click.exceptions.NoArgsIsHelpError):
        return click.UsageError(said.removeprefix("Error: "), error.ctx)
    return error


def show_failure(error: CannotGoOn) -> None:
    """Why a command cannot go on, to standard error."""
    from ocipolicy.cli.terminal import label

    label("error:", error.message)
    if error.help:
        label("help:", error.help)


@click.group(
    name="ocipolicy",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
First steps:
  ocipolicy demo                # the whole way, in a sandbox on this computer
  ocipolicy init cross-tenancy  # a config to start from
  ocipolicy render              # the policies that it comes to, proved
  ocipolicy plan                # what would change in the tenancies
""",
)
@click.version_option(package_name="ocipolicy", message="%(prog)s %(version)s")
def main() -> None:
    """Give OCI Digital Assistant access to Generative AI and Language, and know that it is right.

    One small YAML file says who calls what; ocipolicy renders the IAM statements of each tenancy.
    """
