"""`ocipolicy destroy`: what is ours taken away from the tenancies of a config, and only that."""

import sys
from pathlib import Path

import click

from ocipolicy.cli import completion
from ocipolicy.cli.planning import carry_out, confirmed, one, show_plans, show_unfinished
from ocipolicy.cli.terminal import examples, with_templates
from ocipolicy.plan import plan_destroy


@click.command(
    "destroy",
    epilog=examples(
        ("ocipolicy destroy", "The policies of ocipolicy.yaml"),
        ("ocipolicy destroy sales.yaml --yes", "Those of another config, without asking"),
    ),
)
@click.argument("config", default="ocipolicy.yaml", shell_complete=completion.files)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_templates()
def command(config: str, yes: bool, templates: tuple[Path, ...]) -> None:
    """Remove the policies of CONFIG (ocipolicy.yaml by default) that are ours, and nothing else.

    The endorse goes first. The access that goes away is shown before; of a policy that was adopted
    its own statements stay. `ocipolicy rollback` brings everything back.
    """
    found = one(
        config,
        templates,
        lambda wanted, live: plan_destroy(wanted.loaded, wanted.bundle, live),
    )
    show_plans([found])
    if found.code or found.plan is None or not found.plan.changes:
        sys.exit(found.code)
    show_unfinished(found)
    click.echo()
    if not confirmed("Remove this?", yes=yes):
        click.echo("nothing was changed", err=True)
        sys.exit(1)
    sys.exit(carry_out(found))
