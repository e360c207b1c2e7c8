"""`ocipolicy fmt`: files in canonical form."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ocipolicy.cli.terminal import paint, read, show_diagnostics
from ocipolicy.diagnostics import has_errors
from ocipolicy.language import parse, show_file
from ocipolicy.outputs import files as on_disk


@click.command("fmt", epilog="Example: ocipolicy fmt --check policies/*.policy")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1.")
def command(files: tuple[str, ...], check: bool) -> None:
    """Bring policy FILEs into canonical form, in place (- reads standard input, writes to output).

    One statement a line, keywords in lower case, quotes where they are needed. Comments stay; a
    broken statement is left exactly as it is, reported, and makes the exit code 1.
    """
    failed = False
    for file in files:
        text, origin = read(file)
        parsed = parse(text, origin)
        formatted = show_file(parsed)
        errors = [each for each in parsed.diagnostics if has_errors([each])]
        show_diagnostics(errors)
        failed = failed or bool(errors)
        if check:
            for line in _diff(text, formatted, origin):
                click.echo(line)
            failed = failed or formatted != text
        elif file == "-":
            click.echo(formatted, nl=False)
        elif formatted != text:
            on_disk.replace(Path(file), formatted)
            click.echo(f"formatted {file}", err=True)
    sys.exit(failed)


def _diff(before: str, after: str, origin: str) -> Iterator[str]:
    from difflib import unified_diff

    kinds = {"+": "added", "-": "removed", "@": "comment"}
    lines = unified_diff(
        before.splitlines(), after.splitlines(), origin, f"{origin} (formatted)", lineterm="", n=1
    )
    for line in lines:
        yield paint(line, kinds.get(line[:1], ""))
