"""`ocipolicy check`: what is wrong with configs, policies and worlds, beyond their grammar."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocipolicy.check import Checked, check, fixed, is_ours
from ocipolicy.cli import completion, show_failure
from ocipolicy.cli.terminal import (
    BYTE_ORDER_MARK,
    examples,
    paint,
    read_whole,
    width,
    with_templates,
)
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity
from ocipolicy.outputs import text as as_text
from ocipolicy.outputs.files import replace

if TYPE_CHECKING:  # a text of statements should not pay for configs and templates
    from ocipolicy.config import Loaded
    from ocipolicy.render import Bundle, Templates

FORMATS = ("text", "json", "sarif", "github")
_ENDINGS = (".policy", ".yaml", ".yml", ".json")


@click.command(
    "check",
    epilog=examples(
        ("ocipolicy check ocipolicy.yaml world.yaml", "A config, and what is there"),
        (
            "ocipolicy check policies/ --fail-on warning",
            "All of a folder; a warning is a failure as well",
        ),
        ("ocipolicy check policies/*.policy --fix", "Put right what a machine can put right"),
        ("ocipolicy check . --format github", "In a workflow of GitHub"),
    ),
)
@click.argument("paths", metavar="[PATH...]", nargs=-1, shell_complete=completion.files)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    default="text",
    show_default=True,
    help="text, json, sarif (for code scanning) or github (annotations of its Actions).",
)
@click.option(
    "--fail-on",
    type=click.Choice([each.value for each in Severity]),
    metavar="SEVERITY",
    default=Severity.ERROR.value,
    show_default=True,
    help="Exit with 1 for findings from this weight on: error, warning or note.",
)
@click.option("--fix", is_flag=True, help="Make the fixes that are safe, in place.")
@with_templates()
def command(
    paths: tuple[str, ...], form: str, fail_on: str, fix: bool, templates: tuple[Path, ...]
) -> None:
    """Check configs, policy files, worlds and JSON with statements (- for standard input).

    Without a PATH it is ocipolicy.yaml; of a folder every file is checked that is one of these.
    Each finding has its place, most have a way out, and docs/rules.md has a page for each rule.
    """
    rules = _Rules(templates)
    found: list[Diagnostic] = []
    failed = False
    for path in paths or ("ocipolicy.yaml",):
        try:
            for file in _files(path):
                found += rules.of_file(file, fix)
        except CannotGoOn as error:
            show_failure(error)
            failed = True
    _show(found, form)
    order = [*Severity]
    bad = any(order.index(each.severity) <= order.index(Severity(fail_on)) for each in found)
    sys.exit(2 if failed else int(bad))


class _Rules:
    """The rules, with what configs need beside them."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        """Raises Unreadable for a folder of templates that is not there."""
        self._templates = _templates(folders) if folders else None

    def of_file(self, file: str, fix: bool) -> tuple[Diagnostic, ...]:
        """What is wrong with a file, after its fixes were made if they are wanted."""
        whole, origin = read_whole(file)
        text = whole.removeprefix(BYTE_ORDER_MARK)
        if fix:
            better, count = fixed(text, lambda each: self._checked(each, origin).diagnostics)
            if file == "-":
                click.echo(better.encode(), nl=False)
            elif count:
                replace(Path(file), whole[: len(whole) - len(text)] + better)
            if count:
                click.echo(f"{origin}: {count} fixed", err=True)
            text = better
        return self._checked(text, origin).diagnostics

    def _checked(self, text: str, origin: str) -> Checked:
        return check(text, origin, templates=self._templates, proof=_proved)


def _templates(folders: tuple[Path, ...]) -> "Templates":
    from ocipolicy.render import Templates

    return Templates(folders)


def _proved(loaded: "Loaded", bundle: "Bundle") -> Iterator[Diagnostic]:
    from ocipolicy.prove import findings, prove

    if loaded.config is not None:
        yield from findings(loaded, prove(loaded.config, bundle))


def _files(path: str) -> Iterator[str]:
    """A file itself; of a folder those that are ours to check, in the order of their names."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        yield path
        return
    for each in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in each.relative_to(folder).parts)
        if each.suffix in _ENDINGS and each.is_file() and not hidden:
            text, origin = read_whole(str(each))
            if is_ours(text.removeprefix(BYTE_ORDER_MARK), origin):
                yield str(each)


def _show(found: Iterable[Diagnostic], form: str) -> None:
    """The findings, to standard output: they are what was asked for."""
    diagnostics = [*found]
    match form:
        case "json":
            from ocipolicy.outputs import json

            click.echo(json.dump({"diagnostics": json.of_diagnostics(diagnostics)}))
        case "sarif":
            from importlib.metadata import version
            from json import dumps

            from ocipolicy.outputs import sarif

            click.echo(dumps(sarif.of_diagnostics(diagnostics, version("ocipolicy")), indent=2))
        case "github":
            from ocipolicy.outputs import github

            if diagnostics:
                click.echo(github.of_diagnostics(diagnostics))
        case _:
            if diagnostics:
                click.echo(as_text.of_diagnostics(diagnostics, paint, width()))
                click.echo("\n" + as_text.summary(diagnostics, paint), err=True)
