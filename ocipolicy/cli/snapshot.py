"""`ocipolicy snapshot`: a live tenancy as a world file."""

import sys
from pathlib import Path
from typing import get_args

import click

from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.terminal import show_diagnostics
from ocipolicy.cloud import Cloud
from ocipolicy.cloud.snapshot import Snapshot, snapshot
from ocipolicy.config.model import Auth
from ocipolicy.config.options import profile
from ocipolicy.outputs import files as on_disk
from ocipolicy.world import load_world


@click.command(
    "snapshot", epilog="Example: ocipolicy snapshot --profile CALLER -o caller.world.yaml"
)
@click.option(
    "--profile",
    "name",
    metavar="NAME",
    default="DEFAULT",
    show_default=True,
    help="The profile of the OCI config file to read with.",
)
@click.option(
    "--auth",
    type=click.Choice(get_args(Auth)),
    default="api_key",
    show_default=True,
    help="How calls are signed.",
)
@click.option(
    "--config-file",
    metavar="FILE",
    help="The OCI config file; by default OCI_CONFIG_FILE, or ~/.oci/config.",
)
@click.option(
    "--endpoint",
    metavar="URL",
    help="Where calls go instead of Oracle's cloud, such as a sandbox; {region} may stand in it.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write the world into FILE instead of the terminal."
)
def command(
    name: str, auth: Auth, config_file: str | None, endpoint: str | None, output: str | None
) -> None:
    """Read a live tenancy, and write it down as a world file.

    It has regions, compartments, users, groups with their members, dynamic groups and all policies;
    check, explain and sandbox read it. What the profile may not read is left out and said.
    """
    reader = profile(name, auth, config_file, endpoint)
    cloud = Cloud(reader, retries=retries(), on_attempt=show_attempt)
    taken = _read(cloud)
    text = taken.text()
    for each in taken.left_out:
        click.echo(click.style("left out: ", fg="yellow", bold=True) + str(each), err=True)
    loaded = load_world(text, "<stdout>" if output in (None, "-") else str(output))
    show_diagnostics(loaded.diagnostics)
    if output in (None, "-"):
        click.echo(text, nl=False)
    else:
        on_disk.replace(Path(str(output)), text)
        click.echo(f"{_counts(taken)}: {output}", err=True)


def _read(cloud: Cloud) -> Snapshot:
    """Read the tenancy, with a bar where somebody watches."""
    if not sys.stderr.isatty():
        return snapshot(cloud)
    with click.progressbar(
        length=1, label="reading", file=sys.stderr, show_eta=False, show_pos=True
    ) as bar:

        def show(done: int, known: int) -> None:
            bar.length = known
            bar.update(done - bar.pos)

        return snapshot(cloud, on_progress=show)


def _counts(taken: Snapshot) -> str:
    """What is in it, in numbers."""
    tenancy = taken.tenancy
    parts = (
        (len(tenancy.compartments) - 1, "compartment"),
        (len(tenancy.users), "user"),
        (len(tenancy.groups), "group"),
        (len(tenancy.dynamic_groups), "dynamic group"),
    )
    words = [f"{count} {word}{'s' * (count != 1)}" for count, word in parts]
    policies = len(tenancy.policies)
    return f"{tenancy.name}: {', '.join(words)}, {policies} polic{'y' if policies == 1 else 'ies'}"
