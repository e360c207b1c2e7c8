"""`ocipolicy snapshot`: a live tenancy as a world file."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import click

from ocipolicy.cli import completion
from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.terminal import examples, label, say, show_diagnostics
from ocipolicy.cloud import Cloud
from ocipolicy.cloud.snapshot import Snapshot, snapshot, text_of
from ocipolicy.config.model import Auth, Profile
from ocipolicy.config.options import profile
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.outputs import files as on_disk
from ocipolicy.world import load_world


@click.command(
    "snapshot",
    epilog=examples(
        ("ocipolicy snapshot -o world.yaml", "What the profile DEFAULT may read"),
        (
            "ocipolicy snapshot --profile CALLER --profile SERVICE -o both.world.yaml",
            "Both tenancies of an access, to be asked about",
        ),
        (
            "ocipolicy snapshot --auth security_token",
            "By a session of `oci session authenticate`, to the terminal",
        ),
    ),
)
@click.option(
    "--profile",
    "names",
    metavar="NAME",
    shell_complete=completion.profiles,
    multiple=True,
    default=("DEFAULT",),
    show_default="DEFAULT",
    help="The profile of the OCI config file to read with; may be given for several tenancies.",
)
@click.option(
    "--auth",
    type=click.Choice(get_args(Auth)),
    metavar="HOW",
    default="api_key",
    show_default=True,
    help="How calls are signed: api_key, security_token, instance_principal or resource_principal.",
)
@click.option(
    "--config-file",
    metavar="FILE",
    shell_complete=completion.files,
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
    names: tuple[str, ...],
    auth: Auth,
    config_file: str | None,
    endpoint: str | None,
    output: str | None,
) -> None:
    """Read a live tenancy, or several, and write it down as a world file.

    It has regions, compartments, users, groups with their members, dynamic groups and all policies;
    check, explain and sandbox read it. What the profile may not read is left out and said.
    """
    taken = [_read(profile(name, auth, config_file, endpoint)) for name in dict.fromkeys(names)]
    _tell_doubles(taken, names)
    for tenancy in taken:
        for each in tenancy.left_out:
            where = f" (in {tenancy.tenancy.name})" if len(taken) > 1 else ""
            label("left out:", f"{each}{where}")
    text = text_of(*taken)
    loaded = load_world(text, "<stdout>" if output in (None, "-") else str(output))
    show_diagnostics(loaded.diagnostics)
    if output in (None, "-"):
        click.echo(text, nl=False)
    else:
        on_disk.replace(Path(str(output)), text)
        say(f"wrote {output}", err=True)
        for tenancy in taken:
            say(_counts(tenancy), err=True)


def _tell_doubles(taken: Sequence[Snapshot], names: Sequence[str]) -> None:
    """Raise CannotGoOn where two profiles are of one tenancy: what each may read is no whole."""
    readers: dict[str, str] = {}
    for each, name in zip(taken, dict.fromkeys(names), strict=True):
        other = readers.setdefault(each.tenancy.ocid, name)
        if other != name:
            raise CannotGoOn(
                f"the profiles {other} and {name} are of one tenancy, {each.tenancy.ocid}",
                "name the one that may read more",
            )


def _read(reader: Profile) -> Snapshot:
    """Read a tenancy, with a bar where somebody watches."""
    cloud = Cloud(reader, retries=retries(), on_attempt=show_attempt)
    click.get_current_context().call_on_close(cloud.close)
    if not sys.stderr.isatty():
        return snapshot(cloud)
    with ExitStack() as stack:
        bars: list[Any] = []

        def show(done: int, known: int) -> None:
            if not bars:  # a bar that never moves is none
                made = click.progressbar(
                    length=known, label="reading", file=sys.stderr, show_eta=False, show_pos=True
                )
                bars.append(stack.enter_context(made))
            (bar,) = bars
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
