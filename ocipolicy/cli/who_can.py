"""`ocipolicy who-can`: the evaluator turned round, from what to whom."""

from collections.abc import Mapping

import click

from ocipolicy.cli.asking import asked, of_a_world
from ocipolicy.evaluate import Place, Statements, who_can
from ocipolicy.outputs import decisions, json
from ocipolicy.world import World


@click.command("who-can", epilog="Example: ocipolicy who-can Chat --in service --world w.yaml")
@click.argument("what", metavar="OPERATION")
@of_a_world
@click.option("--in", "where", required=True, help="TENANCY, TENANCY/PATH:TO:COMPARTMENT or OCID.")
def command(
    world: World, given: Mapping[str, tuple[str, ...]], form: str, what: str, where: str
) -> None:
    """List every principal of the world that may do OPERATION in a compartment.

    Those for whom the answer is unknown are listed apart.
    """
    needs, operation = asked(what)
    found = list(who_can(needs, operation, Place(*world.place(where)), Statements(world), given))
    if form == "json":
        click.echo(json.dump(decisions.answers_as_data(found)))
    else:
        click.echo(decisions.answers_as_text(found))
