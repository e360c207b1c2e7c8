"""`ocipolicy rollback`: the last apply of a config undone, from its journal."""

import sys
from pathlib import Path

import click

from ocipolicy.apply import Run, rollback
from ocipolicy.cli import completion
from ocipolicy.cli.planning import (
    Wanted,
    carry_out,
    confirmed,
    journals_of,
    one,
    show_plans,
)
from ocipolicy.cli.terminal import examples, with_templates
from ocipolicy.plan import Live, Plan, plan_given


@click.command(
    "rollback",
    epilog=examples(
        ("ocipolicy rollback", "What was applied last for ocipolicy.yaml"),
        ("ocipolicy rollback sales.yaml --yes", "For another config, without asking"),
    ),
)
@click.argument("config", default="ocipolicy.yaml", shell_complete=completion.files)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_templates()
def command(config: str, yes: bool, templates: tuple[Path, ...]) -> None:
    """Undo the last apply (or destroy) of CONFIG (ocipolicy.yaml by default).

    Every policy that it changed is brought back to what it said before, after showing the access
    that this gives and takes. A policy that somebody else has changed since is left as it is, and
    nothing is done. Another rollback goes one apply further back.
    """

    runs: tuple[Run, ...] = ()

    def undone(wanted: Wanted, live: Live) -> Plan:
        nonlocal runs
        runs = rollback.last(journals_of(wanted.bundle).runs())
        steps = rollback.steps(runs, wanted.clouds)
        return plan_given(wanted.loaded, wanted.bundle, live, steps)

    found = one(config, templates, undone)
    if found.plan is not None and found.code == 0 and not runs:
        click.echo("there is nothing to undo: no run of this config is on record here", err=True)
        sys.exit(0)
    show_plans([found])
    if found.code or found.plan is None:
        sys.exit(found.code)
    if not found.plan.changes:
        journals_of(found.plan).close(runs, "undone")
        sys.exit(0)
    click.echo()
    if not confirmed("Bring this back?", yes=yes):
        click.echo("nothing was changed", err=True)
        sys.exit(1)
    sys.exit(carry_out(found, runs))
