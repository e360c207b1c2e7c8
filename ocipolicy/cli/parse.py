"""`ocipolicy parse`: the tree of statements."""

import sys

import click

from ocipolicy.cli import completion
from ocipolicy.cli.terminal import examples, gap, read, show_diagnostics, text_or_json
from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, show


@click.command(
    "parse",
    epilog=examples(
        ("ocipolicy parse policies.policy", "The statements of a file in canonical form"),
        ("ocipolicy parse policies.policy --format json", "Their trees, for a program"),
        ("ocipolicy parse -", "Whatever is pasted, until Ctrl-D"),
    ),
)
@click.argument("file", shell_complete=completion.files)
@text_or_json("Canonical statements, or their trees.")
def command(file: str, form: str) -> None:
    """Read the policy statements of FILE (- for standard input) and show what they are.

    Exit code 1 when a statement is broken.
    """
    parsed = parse(*read(file))
    if form == "json":
        from ocipolicy.outputs import json

        click.echo(json.dump(json.of_parsed(parsed)))
    else:
        click.echo("".join(f"{show(each)}\n" for each in parsed.statements), nl=False)
        if parsed.statements and parsed.diagnostics:
            gap()
        show_diagnostics(parsed.diagnostics)
    sys.exit(has_errors(parsed.diagnostics))
