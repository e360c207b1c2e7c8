"""`ocipolicy apply`: the plan shown, asked about, done, read back, and undone where it fails."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from ocipolicy.apply.rollback import unfinished
from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.planning import (
    Planned,
    carry_out,
    close_in_the_end,
    confirmed,
    journals_of,
    planned,
    show_plans,
    show_unfinished,
    worst,
)
from ocipolicy.cli.terminal import read
from ocipolicy.cloud import Cloud
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.outputs import plan_files
from ocipolicy.plan import plan


@click.command("apply", epilog="Example: ocipolicy apply ocipolicy.yaml --yes")
@click.argument("configs", metavar="[CONFIG|PLAN.json]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--adopt", is_flag=True, help="Take over policies that are called like ours.")
@click.option(
    "--templates",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of scenarios of your own; may be given several times.",
)
def command(configs: tuple[str, ...], yes: bool, adopt: bool, templates: tuple[Path, ...]) -> None:
    """Bring the tenancies of CONFIG (ocipolicy.yaml by default) to what it wants.

    Shows the plan and asks first. The destination comes before the source; each step is read back,
    and where one fails, those before it are taken back. A plan that was saved is applied as it is,
    while no policy of it has moved on.
    """
    files = configs or ("ocipolicy.yaml",)
    saved = tuple(_saved(file) for file in files if file.endswith(".json"))
    for each in saved:
        close_in_the_end(each)
    rest = [file for file in files if not file.endswith(".json")]
    found = (
        *saved,
        *planned(
            rest,
            templates,
            lambda wanted, live: plan(wanted.loaded, wanted.bundle, live, adopt=adopt),
        ),
    )
    show_plans(found)
    ready = [each for each in found if each.plan is not None and each.code == 0]
    codes = [each.code for each in found]
    changing = [each for each in ready if each.plan is not None and each.plan.changes]
    for each in ready:
        if each in changing:
            show_unfinished(each)
        else:
            _finish(each)
    if changing:
        click.echo()
        if not confirmed("Apply this?", yes=yes):
            click.echo("nothing was changed", err=True)
            sys.exit(1)
    for each in changing:
        if len(changing) > 1:
            click.echo(click.style(f"\n# {each.origin}", bold=True))
        codes.append(carry_out(each))
    sys.exit(worst(codes))


def _saved(file: str) -> Planned:
    """A plan that `plan -o` wrote, with the clouds that its profiles lead to."""
    try:
        plan = plan_files.load(*read(file))
    except CannotGoOn as failure:
        return Planned(file, failure=failure)
    clouds = {
        each.ocid: Cloud(each.profile, retries=retries(), on_attempt=show_attempt)
        for each in plan.parties
        if each.profile is not None
    }
    return Planned(file, plan, clouds)


def _finish(found: Planned) -> None:
    """Close the journals of runs that did not come to their end, since all is as it should be."""
    if found.plan is None:
        return
    journals = journals_of(found.plan)
    with suppress(CannotGoOn):  # it can wait, where another run is going on
        if unfinished(journals.runs()):
            with journals.alone():
                journals.close(unfinished(journals.runs()), "applied")
