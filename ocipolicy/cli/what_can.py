"""`ocipolicy what-can`: the evaluator turned round, from whom to what."""

from collections.abc import Mapping

import click

from ocipolicy.cli import completion
from ocipolicy.cli.asking import of_a_world
from ocipolicy.cli.terminal import examples, width
from ocipolicy.evaluate import Statements, Who, what_can
from ocipolicy.outputs import decisions, json
from ocipolicy.world import World


@click.command(
    "what-can",
    epilog=examples(
        ("ocipolicy what-can sales --world w.yaml", "By what is there"),
        ("ocipolicy what-can instance-1 --config ocipolicy.yaml", "By what a config would give"),
    ),
)
@click.argument("who", metavar="PRINCIPAL", shell_complete=completion.principals)
@of_a_world
def command(world: World, given: Mapping[str, tuple[str, ...]], form: str, who: str) -> None:
    """List every operation that PRINCIPAL may do, and the topmost compartments where it may.

    Those for which the answer is unknown are listed apart.
    """
    principal = Who(*world.principal(who))
    found = list(what_can(principal, Statements(world), given))
    if form == "json":
        click.echo(json.dump(decisions.answers_as_data(found)))
    else:
        click.echo(decisions.answers_as_text(found, width()))
