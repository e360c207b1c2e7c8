"""`ocipolicy fmt`: files in canonical form."""

import sys
from collections.abc import Iterator

import click

from ocipolicy.cli import completion, show_failure
from ocipolicy.cli.terminal import BYTE_ORDER_MARK, examples, paint, read_whole, show_diagnostics
from ocipolicy.diagnostics import CannotGoOn, has_errors
from ocipolicy.language import parse, show_file


@click.command(
    "fmt",
    epilog=examples(
        ("ocipolicy fmt policies/*.policy", "All files of a folder, in place"),
        (
            "ocipolicy fmt --check policies/*.policy",
            "In CI: show what would change, and change nothing",
        ),
        ("ocipolicy fmt -", "From standard input to standard output"),
    ),
)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, shell_complete=completion.files
)
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1.")
def command(files: tuple[str, ...], check: bool) -> None:
    """Bring policy FILEs into canonical form, in place (- reads standard input, writes to output).

    One statement a line, keywords in lower case, quotes where they are needed. Comments stay; a
    broken statement is left exactly as it is, reported, and makes the exit code 1.
    """
    code = 0
    for file in files:
        try:
            code = max(code, _format(file, check))
        except CannotGoOn as error:
            show_failure(error)
            code = 2
    sys.exit(code)


def _format(file: str, check: bool) -> int:
    """Format one file, or show what would change; 1 where something is wrong or would change."""
    whole, origin = read_whole(file)
    text = whole.removeprefix(BYTE_ORDER_MARK)
    mark = whole[: len(whole) - len(text)]
    parsed = parse(text, origin)
    formatted = show_file(parsed)
    errors = [each for each in parsed.diagnostics if has_errors([each])]
    show_diagnostics(errors)
    changes = formatted != text
    if check:
        for line in _diff(text, formatted, origin) if changes else ():
            click.echo(line)
        return bool(errors) or changes
    if file == "-":
        # As bytes, so that neither the line ends nor the encoding of a terminal change them.
        click.echo((mark + formatted).encode(), nl=False)
    elif changes:
        _replace(file, mark + formatted)
        click.echo(f"formatted {file}", err=True)
    return bool(errors)


def _replace(file: str, text: str) -> None:
    # Late, since it is felt at every start, and a file that is well formed already needs none.
    from pathlib import Path

    from ocipolicy.outputs.files import replace

    replace(Path(file), text)


def _diff(before: str, after: str, origin: str) -> Iterator[str]:
    from difflib import unified_diff

    kinds = {"+": "added", "-": "removed", "@": "comment"}
    names = (origin, f"{origin} (formatted)")
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        yield f"{origin}: nothing but line ends would change"
    for line in unified_diff(old, new, *names, lineterm="", n=1):
        yield paint(line, kinds.get(line[:1], ""))
