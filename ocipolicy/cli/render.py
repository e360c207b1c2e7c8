"""`ocipolicy render`: the policies of a config."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocipolicy.cli.proving import proved
from ocipolicy.cli.terminal import paint, read, show_diagnostics
from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, has_errors
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs import json
from ocipolicy.outputs import text as as_text
from ocipolicy.outputs.files import File
from ocipolicy.prove import Proof
from ocipolicy.render import Bundle, Templates, weighed

if TYPE_CHECKING:
    from ocipolicy.render.llm_services import Service

FORMATS = ("text", "json", "oci-cli", "terraform", "llm-service")


@click.command("render", epilog="Example: ocipolicy render --format terraform -o out")
@click.argument("config", default="ocipolicy.yaml")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Statements to paste, data, files for the OCI CLI, Terraform, or LLM services to import.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write files into DIR instead of the terminal: all of them, or none.",
)
@click.option(
    "--templates",
    "templates",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of scenarios of your own; may be given several times.",
)
def command(config: str, form: str, folder: Path | None, templates: tuple[Path, ...]) -> None:
    """Render the policies of CONFIG (ocipolicy.yaml by default, - for standard input).

    Statements come out per tenancy in canonical form, ready to be pasted into the Console. Exit
    code 1 when the config or a template has an error; nothing is written then.
    """
    text, origin = read(config, "`ocipolicy init` writes a config to start from")
    loaded = load(text, origin)
    bundle, proof, diagnostics = proved(loaded, Templates(templates))
    services: tuple[Service, ...] = ()
    if form == "llm-service" and loaded.config is not None:
        from ocipolicy.render.llm_services import llm_services

        wanted = llm_services(loaded)
        services = wanted.services
        diagnostics = (*diagnostics, *weighed(wanted.diagnostics, loaded.config))
    if form == "json" and folder is None:
        click.echo(json.dump(json.of_bundle(bundle, proof, diagnostics)))
    else:
        show_diagnostics(diagnostics)
        if proof is not None:
            click.echo(as_text.of_proof(proof, paint), err=True)
    if bundle is None or proof is None or not proof.proved or has_errors(diagnostics):
        sys.exit(1)
    if form in ("oci-cli", "terraform") and bundle.unknown:
        raise CannotGoOn(
            f"{' and '.join(bundle.unknown)} is not known yet, so nothing can be created from this",
            "render it as text for the request to Oracle, and put the answer in the config",
        )
    if folder is not None:
        for path in on_disk.write(_files(bundle, proof, diagnostics, services, form), folder):
            click.echo(str(path))
        if form == "oci-cli":
            from ocipolicy.outputs import oci_cli

            click.echo("\nIn that folder, with the home regions in the profiles:", err=True)
            for line in oci_cli.commands(bundle):
                click.echo(f"  {line}", err=True)
    elif form != "json":
        click.echo(_text(bundle, services, form), nl=False)


def _text(bundle: Bundle, services: tuple["Service", ...], form: str) -> str:
    match form:
        case "oci-cli":
            from ocipolicy.outputs import oci_cli

            return oci_cli.script(bundle)
        case "terraform":
            from ocipolicy.outputs import terraform

            return terraform.text(bundle)
        case "llm-service":
            from ocipolicy.outputs import llm_service

            return llm_service.text(services)
        case _:
            return as_text.of_bundle(bundle, paint)


def _files(
    bundle: Bundle,
    proof: Proof | None,
    diagnostics: tuple[Diagnostic, ...],
    services: tuple["Service", ...],
    form: str,
) -> tuple[File, ...]:
    match form:
        case "json":
            data = json.of_bundle(bundle, proof, diagnostics)
            return (File(f"{bundle.name}.json", json.dump(data) + "\n"),)
        case "oci-cli":
            from ocipolicy.outputs import oci_cli

            return oci_cli.files(bundle)
        case "terraform":
            from ocipolicy.outputs import terraform

            return terraform.files(bundle)
        case "llm-service":
            from ocipolicy.outputs import llm_service

            return llm_service.files(services)
        case _:
            return as_text.files(bundle)
