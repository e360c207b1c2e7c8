"""`ocipolicy apply`: the plan shown, asked about, done, read back, and undone where it fails.

Then the calls of the config are made, since that the policies are there is not yet that they work.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import click

from ocipolicy.apply.rollback import unfinished
from ocipolicy.cli import completion, show_failure
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
from ocipolicy.cli.smoke import tried
from ocipolicy.cli.terminal import examples, paint, read, say, width, with_templates
from ocipolicy.cloud import Cloud
from ocipolicy.diagnostics import CannotGoOn, Severity
from ocipolicy.outputs import plan_files
from ocipolicy.outputs import smoke as shown
from ocipolicy.plan import plan
from ocipolicy.smoke import asks

# How long a call is tried again that policies allow: OCI names no time in which they take hold, and
# its users report about ten seconds.
_SECONDS = 60.0


@click.command(
    "apply",
    epilog=examples(
        ("ocipolicy apply", "Show the plan for ocipolicy.yaml, ask, do it, and make the calls"),
        ("ocipolicy apply plan.json --yes", "What was planned, and nothing else, without asking"),
        ("ocipolicy apply fleet/*.yaml --no-smoke", "Many configs, without the calls"),
    ),
)
@click.argument(
    "configs", metavar="[CONFIG|PLAN.json]...", nargs=-1, shell_complete=completion.files
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--adopt", is_flag=True, help="Take over policies that are called like ours.")
@click.option("--no-smoke", is_flag=True, help="Do not make the calls that prove it.")
@with_templates()
def command(
    configs: tuple[str, ...], yes: bool, adopt: bool, no_smoke: bool, templates: tuple[Path, ...]
) -> None:
    """Bring the tenancies of CONFIG (ocipolicy.yaml by default) to what it wants.

    Shows the plan and asks first. The destination comes before the source; each step is read back,
    and where one fails, those before it are taken back. A plan that was saved is applied as it is,
    while no policy of it has moved on. Then the calls of the config are made, as `smoke` does.
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
        if codes[-1] == 0 and not no_smoke:
            click.echo()
            codes.append(_try(each))
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


def _try(found: Planned) -> int:
    """Make the calls of a config that was applied, and tell of them; the exit code.

    Where nobody here can call there is nothing to fail.
    """
    config = found.wanted.loaded.config if found.wanted else None
    if found.wanted is None or config is None:
        config_file = found.plan.origin if found.plan else found.origin
        click.echo(f"`ocipolicy smoke {quote(config_file)}` makes the calls that prove it")
        return 0
    if (config.service or config.caller).profile is None:
        say("the calls were not made: the service side, which is called, has no profile")
        return 0
    chosen = asks(found.wanted.loaded, datetime.now(UTC).date())
    for each in chosen.diagnostics:
        if each.severity is Severity.ERROR:
            say(f"the calls were not made: {each.message}")
            return 0
    try:
        report = tried(found.wanted, chosen.asks, wait=_SECONDS)
    except CannotGoOn as failure:
        show_failure(failure)
        return 2
    click.echo(shown.as_text(report, paint, width()))
    if report.code:
        click.echo()
        say(f"The policies stay; `ocipolicy rollback {quote(found.origin)}` takes them back.")
    return report.code


def _finish(found: Planned) -> None:
    """Close the journals of runs that did not come to their end, since all is as it should be."""
    if found.plan is None:
        return
    journals = journals_of(found.plan)
    with suppress(CannotGoOn):  # it can wait, where another run is going on
        if unfinished(journals.runs()):
            with journals.alone():
                journals.close(unfinished(journals.runs()), "applied")
