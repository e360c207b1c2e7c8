"""`ocipolicy init`: a commented config file to start from."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import jinja2
import yaml

from ocipolicy.cli.terminal import paint, show_diagnostics
from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Unwritable, closest, has_errors
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs.files import File
from ocipolicy.render.templates import Templates


@dataclass(frozen=True, slots=True)
class Answers:
    """What a config is made of; the defaults are those of the examples."""

    name: str = "sales-assistant"
    caller_tenancy: str | None = "ocid1.tenancy.oc1..caller"
    instances: tuple[str, ...] = ("ocid1.odainstance.oc1.iad.sales",)
    service_tenancy: str = "ocid1.tenancy.oc1..service"
    compartment: str | None = "ai:genai"
    region: str = "us-chicago-1"
    access: tuple[str, ...] = ("generative-ai", "language")
    caller_profile: str = "CALLER"
    service_profile: str = "SERVICE"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: the field of Answers, the words, and whether several answers are one."""

    field: str
    words: str
    several: bool = False


QUESTIONS = (
    Question("name", "Name (prefix of the policies)"),
    Question("caller_tenancy", "OCID of the tenancy with the instances (paired: - if not known)"),
    Question("instances", "OCIDs of the instances, parted by commas", several=True),
    Question("service_tenancy", "OCID of the tenancy with the Generative AI subscription"),
    Question("compartment", "Compartment for the calls (path or OCID; - for the whole tenancy)"),
    Question("region", "Region where Generative AI is called"),
    Question("access", "What they may use, parted by commas", several=True),
    Question("caller_profile", "OCI profile for the caller's tenancy"),
    Question("service_profile", "OCI profile for the service's tenancy"),
)

# A dash leaves these out: the whole tenancy, and a source tenancy that Oracle has not told yet.
_MAY_BE_LEFT_OUT = ("compartment", "caller_tenancy")


@click.command(
    "init",
    epilog="Example: ocipolicy init cross-tenancy --name sales-assistant --region us-chicago-1",
)
@click.argument("scenario", required=False)
@click.option(
    "-o",
    "--output",
    "output",
    default="ocipolicy.yaml",
    show_default=True,
    help="- for the terminal.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--name", help="Prefix of the policies' names.")
@click.option("--caller-tenancy", help="OCID of the tenancy with the instances; - if not known.")
@click.option("--instance", "instances", multiple=True, help="OCID of an instance; repeat it.")
@click.option("--service-tenancy", help="OCID of the tenancy with the subscription.")
@click.option("--compartment", help="Path or OCID; - for the whole tenancy.")
@click.option("--region", help="Where Generative AI is called.")
@click.option("--access", multiple=True, help="Service, or service:part,part; repeat it.")
@click.option("--profile", "profiles", multiple=True, help="NAME, or caller=NAME and service=NAME.")
def command(scenario: str | None, output: str, force: bool, **options: Any) -> None:
    """Write a commented config for SCENARIO: same-tenancy, cross-tenancy or paired.

    On a terminal it asks for what the options do not say; otherwise the values of the example stand
    in, and are named. The file is read back before it is written.
    """
    templates = Templates()
    asking = sys.stdin.isatty() and sys.stdout.isatty() and output != "-"
    name = _scenario(scenario, templates, asking)
    if output != "-" and Path(output).exists() and not force:
        raise Unwritable(f"{output} is there already", "add --force to write over it")
    given = _given(options)
    answers = replace(Answers(), **given)
    wanted = [each for each in QUESTIONS if _uses(templates, name, each.field)]
    open_questions = [each for each in wanted if each.field not in given]
    if asking:
        for question in open_questions:
            answers = _ask(templates, name, question, answers)
    text = _fill(templates, name, answers)
    errors = [each for each in load(text, output).diagnostics if has_errors([each])]
    if errors:
        show_diagnostics(errors)
        sys.exit(1)
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output)
    on_disk.write((File(path.name, text),), path.parent)
    click.echo(f"wrote {output}", err=True)
    if not asking and open_questions:
        names = ", ".join(each.field.replace("_", " ") for each in open_questions)
        click.echo(paint("note: ", "note") + f"example values stand in for {names}", err=True)
    click.echo(f"next: ocipolicy render {output}", err=True)


def _scenario(scenario: str | None, templates: Templates, asking: bool) -> str:
    known = [name for name in templates.scenarios() if templates.path(f"{name}/config.yaml.j2")]
    if scenario is None and asking:
        choice: str = click.prompt("Scenario", type=click.Choice(known), err=True)
        return choice
    if scenario is None:
        raise click.UsageError(f"Say which scenario: {', '.join(known)}.")
    if scenario not in known:
        near = closest(scenario, known)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
        raise CannotGoOn(f"there is no scenario `{scenario}`", hint)
    return scenario


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The answers that the options give."""
    given = {key: value for key, value in options.items() if value and key != "profiles"}
    for key in _MAY_BE_LEFT_OUT:
        if given.get(key) == "-":
            given[key] = None
    for profile in options["profiles"]:
        side, found, name = profile.partition("=")
        if not found:
            given["caller_profile"] = given["service_profile"] = profile
        elif side in ("caller", "service") and name:
            given[f"{side}_profile"] = name
        else:
            raise click.UsageError(
                f"--profile takes NAME, caller=NAME or service=NAME, not {profile}"
            )
    return given


def _uses(templates: Templates, scenario: str, field: str) -> bool:
    """Whether the scenario's config has a place for an answer."""
    text = templates.source(f"{scenario}/config.yaml.j2").text
    text += templates.source("config-rest.yaml.j2").text
    return f"{field} " in text


def _ask(templates: Templates, scenario: str, question: Question, answers: Answers) -> Answers:
    """Ask one question until the answer is one that a config can hold."""
    example = getattr(answers, question.field)
    default = ", ".join(example) if question.several else example
    while True:
        words: str = click.prompt(question.words, default=default, err=True)
        value: object = words.strip()
        if question.several:
            value = tuple(part.strip() for part in words.split(",") if part.strip())
        elif question.field in _MAY_BE_LEFT_OUT and value == "-":
            value = None
        answer: dict[str, Any] = {question.field: value}
        tried = replace(answers, **answer)
        errors = _errors(templates, scenario, tried)
        if not errors:
            return tried
        for error in errors:
            click.echo(paint("error: ", "error") + error.message, err=True)
            if error.help:
                click.echo(paint("help: ", "help") + error.help, err=True)


def _errors(templates: Templates, scenario: str, answers: Answers) -> list[Diagnostic]:
    """What is wrong with the answers so far; realms may differ while examples still stand in."""
    found = load(_fill(templates, scenario, answers)).diagnostics
    return [each for each in found if has_errors([each]) and each.rule != "mixed-realms"]


def _fill(templates: Templates, scenario: str, answers: Answers) -> str:
    def load_template(name: str) -> str:
        return templates.source(name).text

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(load_template),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the text is YAML; the filter writes its scalars
    )
    environment.filters["yaml"] = _yaml
    template = environment.get_template(f"{scenario}/config.yaml.j2")
    values = {each.field: getattr(answers, each.field) for each in QUESTIONS}
    values["access"] = [_access(each) for each in answers.access]
    return template.render(values)


def _access(word: str) -> object:
    """`generative-ai`, or `generative-ai:chat,text-embedding` with its parts."""
    service, found, parts = word.partition(":")
    return {service: [part.strip() for part in parts.split(",")]} if found else service


def _yaml(value: object) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=None, width=10_000)
    return text.removesuffix("...\n").strip()
