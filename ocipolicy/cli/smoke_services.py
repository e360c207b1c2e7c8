"""`ocipolicy smoke --llm-services` and `--models`: the services of a config, tried or listed."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import click

from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.planning import Wanted
from ocipolicy.cli.proving import proved
from ocipolicy.cli.smoke import tried as smoked
from ocipolicy.cli.terminal import gap, paint, read, show_diagnostics, width
from ocipolicy.cloud.live import clouds, read_live
from ocipolicy.config import Loaded, load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, has_errors
from ocipolicy.language.tree import InCompartmentId
from ocipolicy.outputs import json, services_junit
from ocipolicy.outputs import services as shown
from ocipolicy.plan import Live
from ocipolicy.providers import Patience
from ocipolicy.render import Templates, weighed
from ocipolicy.render.llm_services import OciService, Service, llm_services
from ocipolicy.smoke import Ask, Trial
from ocipolicy.smoke.services import ListReport, ServiceReport, listed, tried


def try_out(file: str, templates: tuple[Path, ...], form: str, wait: float, who: str | None) -> int:
    """Call every service of a config, and tell what came of it; the exit code."""
    loaded, services = _services(file)
    by_profile = _ByProfile(loaded, templates, wait, who)
    if any(isinstance(each, OciService) for each in services):
        by_profile.prepare()
    report = tried(loaded, services, patience=_patience(), oci=by_profile)
    click.echo(_told(report, form))
    return report.code


def list_models(file: str, form: str) -> int:
    """List what the keys of a config's services may use; the exit code."""
    if form == "junit":
        raise click.UsageError("--models lists names, which JUnit's XML has no place for.")
    loaded, services = _services(file)
    report = listed(loaded, services, patience=_patience())
    click.echo(_told(report, form))
    return report.code


def _services(file: str) -> tuple[Loaded, tuple[Service, ...]]:
    """The services of a config; the program ends where it has mistakes."""
    loaded = load(*read(file, "`ocipolicy init` writes a config to start from"))
    if loaded.config is None:
        _stop(loaded.diagnostics)
    found = llm_services(loaded)
    before = tuple(each for each in loaded.diagnostics if each.severity is not Severity.NOTE)
    more = tuple(weighed(found.diagnostics, loaded.config)) if loaded.config else ()
    diagnostics = (*before, *more)
    if has_errors(diagnostics):
        _stop(diagnostics)
    show_diagnostics(diagnostics)
    if diagnostics:
        gap()
    return loaded, found.services


def _stop(diagnostics: tuple[Diagnostic, ...]) -> None:
    show_diagnostics(diagnostics)
    sys.exit(1)


def _patience() -> Patience:
    """As long as the calls to OCI wait for an answer, but no connection is waited for longer."""
    usual, seconds = Patience(), retries().total
    return Patience(min(usual.connect, seconds), min(usual.answer, seconds))


def _told(report: ServiceReport | ListReport, form: str) -> str:
    match report, form:
        case ServiceReport(), "json":
            return json.dump(shown.as_data(report))
        case ServiceReport(), "junit":
            return services_junit.as_junit(report)
        case ServiceReport(), _:
            return shown.as_text(report, paint, width())
        case ListReport(), "json":
            return json.dump(shown.list_as_data(report))
        case ListReport(), _:
            return shown.list_as_text(report, paint, width())
    assert_never(report)


class _ByProfile:
    """Calls services of OCI as smoke makes its own calls, in the compartment of the service."""

    def __init__(
        self, loaded: Loaded, templates: tuple[Path, ...], wait: float, who: str | None
    ) -> None:
        self._loaded = loaded
        self._templates = templates
        self._wait = wait
        self._who = who
        self._wanted: Wanted | None = None
        self._live: Live | None = None

    def prepare(self) -> None:
        """Render the policies that the calls are predicted by; the program ends at mistakes."""
        bundle, proof, diagnostics = proved(self._loaded, Templates(self._templates))
        config = self._loaded.config
        if bundle is None or proof is None or config is None or has_errors(diagnostics):
            _stop(diagnostics)
            return
        sides = clouds(config, retries=retries(), on_attempt=show_attempt)
        for each in sides.values():
            click.get_current_context().call_on_close(each.close)
        self._wanted = Wanted(self._loaded, bundle, sides)

    def __call__(self, compartment: str, asks: Sequence[Ask]) -> Sequence[Trial]:
        """Make the calls. Raises CannotGoOn."""
        found = self._wanted
        config = self._loaded.config
        if found is None or config is None or not found.clouds:
            raise CannotGoOn(
                f"{self._loaded.source.origin} has no profile, so nobody can call OCI",
                "add `profile:` to the side that is called",
            )
        if self._live is None:
            self._live = read_live(found.bundle.name, found.clouds)
        there = config.model_copy(update={"compartment": InCompartmentId(compartment)})
        here = replace(found, loaded=replace(self._loaded, config=there))
        return smoked(here, asks, wait=self._wait, who=self._who, live=self._live).trials
