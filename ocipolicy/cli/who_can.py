"""`ocipolicy who-can`: the evaluator turned round, from what to whom."""

from collections.abc import Mapping

import click

from ocipolicy.cli import completion
from ocipolicy.cli.asking import asked, of_a_world
from ocipolicy.cli.terminal import examples, width
from ocipolicy.evaluate import Place, Statements, who_can
from ocipolicy.outputs import decisions, json
from ocipolicy.world import World


@click.command(
    "who-can",
    epilog=examples(
        ("ocipolicy who-can Chat --in service/ai:genai --world w.yaml", "Who may make the call"),
        ("ocipolicy who-can POLICY_CREATE --in service --world w.yaml", "Who has a permission"),
    ),
)
@click.argument("what", metavar="OPERATION", shell_complete=completion.operations)
@of_a_world
@click.option(
    "--in",
    "where",
    required=True,
    help="TENANCY, TENANCY/PATH:TO:COMPARTMENT or OCID.",
    shell_complete=completion.places,
)
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
        click.echo(decisions.answers_as_text(found, width()))
