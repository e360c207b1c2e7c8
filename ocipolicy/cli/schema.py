"""`ocipolicy schema`: the JSON Schema of the config file."""

import json

import click

from ocipolicy.cli.terminal import examples
from ocipolicy.config import schema


@click.command(
    "schema",
    epilog=examples(
        (
            "ocipolicy schema > ocipolicy.schema.json",
            "Where the first line of a config looks for it",
        ),
        ("ocipolicy schema | jq .properties", "The keys of a config"),
    ),
)
def command() -> None:
    """Print the JSON Schema of the config file, for editors.

    An editor finds it by the config's first line, which `ocipolicy init` writes:

    \b
    # yaml-language-server: $schema=./ocipolicy.schema.json
    """
    click.echo(json.dumps(schema(), indent=2))
