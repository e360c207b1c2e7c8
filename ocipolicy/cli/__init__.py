"""The door: every command reads, calls the functions of its verb, shows what came of it, and exits.

Exit codes: 0 yes or clean, 1 the input was read and has an error (or the answer is no), 2 there is
no answer: wrong usage, something that cannot be read or written, no network.
"""

import importlib
import io
import sys
from typing import Any

import click

from ocipolicy.diagnostics import CannotGoOn, closest

# The commands in the order of the work, each in the module of its own name; only the one that is
# asked for is imported.
COMMANDS = {
    "init": "Write a commented config file to start from.",
    "render": "Render the policies of a config, per tenancy.",
    "parse": "Show the tree of policy statements.",
    "fmt": "Bring policy files into canonical form.",
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
        module = importlib.import_module(f"ocipolicy.cli.{cmd_name}")
        command: click.Command = module.command
        return command

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
        try:
            return super().invoke(ctx)
        except CannotGoOn as error:
            click.echo(click.style("error: ", fg="red", bold=True) + error.message, err=True)
            if error.help:
                click.echo(click.style("help: ", fg="cyan") + error.help, err=True)
            ctx.exit(2)


@click.group(
    name="ocipolicy",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: ocipolicy init cross-tenancy, then ocipolicy render",
)
@click.version_option(package_name="ocipolicy", message="%(prog)s %(version)s")
def main() -> None:
    """Give OCI Digital Assistant access to Generative AI and Language, and know that it is right.

    One small YAML file says who calls what; ocipolicy renders the IAM statements of each tenancy.
    """
