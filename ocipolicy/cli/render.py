"""`ocipolicy render`: the policies of a config."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocipolicy.cli import completion
from ocipolicy.cli.proving import proved
from ocipolicy.cli.terminal import (
    examples,
    gap,
    paint,
    read,
    show_diagnostics,
    width,
    with_templates,
)
from ocipolicy.config import Loaded, load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, has_errors
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs import json
from ocipolicy.outputs import text as as_text
from ocipolicy.outputs.files import File
from ocipolicy.prove import Proof
from ocipolicy.render import Bundle, Templates, weighed

if TYPE_CHECKING:
    from ocipolicy.render.llm_services import Service

FORMATS = ("text", "json", "oci-cli", "terraform", "llm-service", "az-cli")


@click.command(
    "render",
    epilog=examples(
        ("ocipolicy render", "Statements to paste into the Console"),
        (
            "ocipolicy render sales.yaml --format terraform -o out",
            "A Terraform file in a folder of its own",
        ),
        (
            "ocipolicy render --format oci-cli -o out",
            "JSON files, and the commands of the OCI CLI that take them",
        ),
    ),
)
@click.argument("config", default="ocipolicy.yaml", shell_complete=completion.files)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    default="text",
    show_default=True,
    help="text (statements to paste), json, oci-cli (files for it), terraform, llm-service (YAML to"
    " import), or az-cli (the roles that its calls to Azure need).",
)
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write files into DIR instead of the terminal: all of them, or none.",
)
@with_templates()
def command(config: str, form: str, folder: Path | None, templates: tuple[Path, ...]) -> None:
    """Render the policies of CONFIG (ocipolicy.yaml by default, - for standard input).

    Statements come out per tenancy in canonical form, ready to be pasted into the Console. Exit
    code 1 when the config or a template has an error; nothing is written then.
    """
    text, origin = read(config, "`ocipolicy init` writes a config to start from")
    loaded = load(text, origin)
    if form == "az-cli":
        _roles(loaded, Templates(templates), folder)
        return
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
            click.echo(as_text.of_proof(proof, paint, width(err=True)), err=True)
            gap()
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


def _roles(loaded: Loaded, templates: Templates, folder: Path | None) -> None:
    """The commands for Azure, which have nothing to do with the policies."""
    from ocipolicy.render import azure

    found = azure.roles(loaded)
    made = azure.commands(found.roles, templates)
    diagnostics = (*found.diagnostics, *((made,) if isinstance(made, Diagnostic) else ()))
    config = loaded.config
    show_diagnostics(tuple(weighed(diagnostics, config)) if config else diagnostics)
    if isinstance(made, Diagnostic) or not found.roles:
        sys.exit(1)
    if folder is None:
        click.echo(made, nl=False)
        return
    for path in on_disk.write((File("azure-roles.sh", made),), folder):
        click.echo(str(path))


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
            return as_text.of_bundle(bundle, paint, width())


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
