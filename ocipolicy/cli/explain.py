"""`ocipolicy explain`: may this principal do this here, and why?"""

import sys
from collections.abc import Mapping

import click

from ocipolicy.cli import completion
from ocipolicy.cli.asking import asked, of_a_world
from ocipolicy.cli.terminal import examples, paint, width
from ocipolicy.evaluate import Place, Request, Who, evaluate
from ocipolicy.outputs import decisions, json
from ocipolicy.world import World

_EXIT = {"allowed": 0, "denied": 1, "unknown": 2}


@click.command(
    "explain",
    epilog=examples(
        ("ocipolicy explain --world w.yaml --who sales --do Chat --in service", "By what is there"),
        (
            "ocipolicy explain --config c.yaml --who instance-1 --do Chat --in service",
            "By what a config would give",
        ),
    ),
)
@of_a_world
@click.option(
    "--who",
    required=True,
    help="A user, instance or other principal: NAME or OCID.",
    shell_complete=completion.principals,
)
@click.option(
    "--do",
    "what",
    required=True,
    help="An API operation (Chat) or a permission.",
    shell_complete=completion.operations,
)
@click.option(
    "--in",
    "where",
    required=True,
    help="TENANCY, TENANCY/PATH:TO:COMPARTMENT or OCID.",
    shell_complete=completion.places,
)
def command(
    world: World,
    given: Mapping[str, tuple[str, ...]],
    form: str,
    who: str,
    what: str,
    where: str,
) -> None:
    """Say whether WHO may do an operation somewhere, and why.

    Denied answers come with the nearest misses and the smallest statements that would allow it;
    unknown ones with the variables that decide. Exit code 0 allowed, 1 denied, 2 unknown.
    """
    needs, operation = asked(what)
    principal, place = Who(*world.principal(who)), Place(*world.place(where))
    request = Request(principal, place, needs, operation, given)
    decision = evaluate(request, world)
    if form == "json":
        click.echo(json.dump(decisions.as_data(decision)))
    else:
        click.echo(decisions.as_text(request, decision, paint, width()))
    sys.exit(_EXIT[decision.verdict])
