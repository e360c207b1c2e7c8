"""`ocipolicy smoke`: the calls of a config, predicted against observed, and why they differ."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from ocipolicy.cli import completion
from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.planning import Wanted, wanted
from ocipolicy.cli.sandboxes import Place
from ocipolicy.cli.terminal import examples, gap, paint, show_diagnostics, width, with_templates
from ocipolicy.cloud import Cloud, CloudError
from ocipolicy.cloud.credentials import resource_principal
from ocipolicy.config import Config, Profile
from ocipolicy.config.values import is_loopback
from ocipolicy.diagnostics import CannotGoOn, has_errors
from ocipolicy.outputs import json, smoke_junit
from ocipolicy.outputs import smoke as shown
from ocipolicy.plan import Live
from ocipolicy.smoke import Ask, Report, asks, smoke

_WIDE = 79


@click.command(
    "smoke",
    epilog=examples(
        ("ocipolicy smoke", "The calls of ocipolicy.yaml"),
        ("ocipolicy smoke --wait 60", "Wait up to a minute for new policies to take hold"),
        ("ocipolicy smoke --as sales", "In a sandbox: call as the instance itself"),
        (
            "ocipolicy smoke --llm-services",
            "The services that `render --format llm-service` writes",
        ),
    ),
)
@click.argument(
    "config", metavar="[CONFIG]", default="ocipolicy.yaml", shell_complete=completion.files
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=0,
    help="Try again for so long what the policies allow and the service denies still.",
)
@click.option(
    "--as",
    "who",
    metavar="INSTANCE",
    help="In a sandbox: call as this instance, by its own resource principal.",
)
@click.option(
    "--llm-services",
    "services",
    is_flag=True,
    help="Call every service of `llm_services:` instead, whoever provides it.",
)
@click.option(
    "--models",
    is_flag=True,
    help="Call nothing, and list the models that the keys of `llm_services:` may use.",
)
@with_templates()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="For people, data, or a report that CI systems show.",
)
def command(
    config: str,
    wait: float,
    who: str | None,
    services: bool,
    models: bool,
    templates: tuple[Path, ...],
    form: str,
) -> None:
    """Make the calls of CONFIG (ocipolicy.yaml by default), and say why one fails.

    The calls are those of the profile: they prove endpoint, model and compartment. Whether the
    instance may is read off the live policies of both tenancies; in a sandbox --as makes its own
    call. With --llm-services the models of OpenAI, Azure OpenAI, Cohere and NVIDIA are called as
    well. Exit code 0 all as wanted, 1 not, 2 no answer.
    """
    if services or models:
        from ocipolicy.cli import smoke_services

        if models:
            if services or wait or who:
                raise click.UsageError("--models only lists: it goes with --format alone.")
            sys.exit(smoke_services.list_models(config, form))
        sys.exit(smoke_services.try_out(config, templates, form, wait, who))
    found, diagnostics = wanted(config, templates)
    if found is None:
        show_diagnostics(diagnostics)
        sys.exit(1)
    chosen = asks(found.loaded, datetime.now(UTC).date())
    show_diagnostics(chosen.diagnostics)
    if has_errors(chosen.diagnostics):
        sys.exit(1)
    if chosen.diagnostics:
        gap()
    report = tried(found, chosen.asks, wait=wait, who=who)
    click.echo(_told(report, form))
    sys.exit(report.code)


def tried(
    found: Wanted,
    calls: Sequence[Ask],
    *,
    wait: float = 0,
    who: str | None = None,
    live: Live | None = None,
) -> Report:
    """The calls of a config made, with the seconds counted down on a terminal while some are late.

    With `who` they are those of an instance of a sandbox; `live` is what was read of the tenancies
    already. Raises CannotGoOn.
    """
    config = found.loaded.config
    screen = _Screen()
    with ExitStack() as stack:
        stack.callback(screen.clear)
        instance = instance_cloud(config, who) if config and who else None
        if instance is not None:
            stack.callback(instance.close)
        return smoke(
            found.loaded,
            found.bundle,
            found.clouds,
            calls,
            instance=instance,
            live=live,
            wait=wait,
            on_wait=screen.waiting,
        )


def _told(report: Report, form: str) -> str:
    match form:
        case "json":
            return json.dump(shown.as_data(report))
        case "junit":
            return smoke_junit.as_junit(report)
    return shown.as_text(report, paint, width())


def instance_cloud(config: Config, who: str) -> Cloud:
    """The instance itself, with the credentials that its sandbox gives for it.

    Raises CannotGoOn against a real cloud: nobody but the instance has its key there.
    """
    side = config.service or config.caller
    endpoint = side.profile.endpoint if side.profile else None
    if endpoint is None or not is_loopback(endpoint):
        raise CannotGoOn(
            "--as needs a sandbox, and the config's calls go to a real cloud: there the key of an"
            " instance never leaves it",
            "without --as the access of the instances is read off the live policies; a sandbox is"
            f" named by `profile: {{endpoint: {Place(18080).endpoint}/r/{{region}}}}`",
        )
    place = Place(urlsplit(endpoint).port or 80)
    environ = place.order("environ", {"as": who, "proxy": False})["environ"]
    if not environ.get("OCI_RESOURCE_PRINCIPAL_RPST"):
        raise CannotGoOn(
            f"{who} is no principal with a resource principal of its own",
            "name a Digital Assistant instance of the sandbox, or a function",
        )
    known = resource_principal({key: value for key, value in environ.items() if value})
    profile = Profile(name=who, auth="resource_principal", endpoint=endpoint)
    return Cloud(profile, retries=retries(), on_attempt=show_attempt, known=known)


class _Screen:
    """What is told while it goes on: a line of a terminal that the next one takes the place of."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._used = False

    def waiting(self, ask: Ask, error: CloudError, left: float) -> None:
        """A call that is tried again until its policies are there."""
        if self._on:
            self._used = True
            said = f"{ask.call}: {error.brief}; policies take a moment, {left:.0f} s left"
            click.echo(f"\r{said[:_WIDE]:<{_WIDE}}", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._used:
            click.echo("\r" + " " * _WIDE + "\r", nl=False, err=True)
            self._used = False
