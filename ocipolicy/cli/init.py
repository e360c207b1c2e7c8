"""`ocipolicy init`: a commented config file to start from."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import click
import jinja2
import yaml
from jinja2.meta import find_undeclared_variables

from ocipolicy.cli import completion
from ocipolicy.cli.terminal import examples, label, show_diagnostics
from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Unwritable, closest, has_errors
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs.files import File
from ocipolicy.render.scenario import read_scenario
from ocipolicy.render.templates import Templates

# Answers are keyed by the names that the templates of configs use.
Answers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: the name of the answer, the option that gives it, and the words.

    `parted` is a regular expression of what stands between several answers; `dash` says what a dash
    stands for, where a config can do without the answer.
    """

    name: str
    option: str
    words: str
    parted: str | None = None
    dash: str | None = None


QUESTIONS = (
    Question("name", "--name", "Name, with which the policies' names begin"),
    Question(
        "caller_tenancy",
        "--caller-tenancy",
        "OCID of the tenancy with the instances",
        dash="if you do not know it yet",
    ),
    Question("instances", "--instance", "OCIDs of the instances", parted=r"[\s,]+"),
    Question("service_tenancy", "--service-tenancy", "OCID of the tenancy with Generative AI"),
    Question(
        "compartment",
        "--compartment",
        "Compartment of the calls, as path or OCID",
        dash="for the whole tenancy",
    ),
    Question("region", "--region", "Region where Generative AI is called"),
    Question("access", "--access", "Services, or service:part,part", parted=r",?\s+"),
    Question("caller_profile", "--profile caller=", "OCI profile for the instances' tenancy"),
    Question("service_profile", "--profile service=", "OCI profile for Generative AI's tenancy"),
)


@click.command(
    "init",
    epilog=examples(
        ("ocipolicy init cross-tenancy", "Ask for what is needed"),
        (
            "ocipolicy init same-tenancy --name helpdesk -o helpdesk.yaml",
            "Two answers are known already",
        ),
        (
            "ocipolicy init paired --caller-tenancy - -o -",
            "Oracle has not told the tenancy yet; show it, and write nothing",
        ),
    ),
)
@click.argument("scenario", required=False, shell_complete=completion.scenarios)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    shell_complete=completion.files,
    default="ocipolicy.yaml",
    show_default=True,
    help="Where to write; - for the terminal.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--name", metavar="NAME", help="Prefix of the policies' names.")
@click.option(
    "--caller-tenancy",
    metavar="OCID",
    help="The tenancy with the instances; - if it is not known yet (paired).",
)
@click.option(
    "--instance",
    "instances",
    metavar="OCID",
    multiple=True,
    help="An instance that calls; may be repeated.",
)
@click.option("--service-tenancy", metavar="OCID", help="The tenancy with Generative AI.")
@click.option("--compartment", metavar="PATH", help="Or OCID; - for the whole tenancy.")
@click.option("--region", metavar="REGION", help="Where Generative AI is called.")
@click.option(
    "--access",
    metavar="SERVICE",
    multiple=True,
    help="A service, or service:part,part; may be repeated.",
)
@click.option(
    "--profile",
    "profiles",
    metavar="NAME",
    multiple=True,
    help="OCI profile; caller=NAME and service=NAME for one side each.",
)
def command(scenario: str | None, output: str, force: bool, **options: Any) -> None:
    """Write a commented config for SCENARIO: same-tenancy, cross-tenancy or paired.

    On a terminal it asks for what the options do not say; otherwise the values of the example stand
    in, and are named. The file is read back before it is written.
    """
    templates = Templates()
    asking = sys.stdin.isatty() and sys.stdout.isatty() and output != "-"
    name = _scenario(scenario, templates, asking)
    questions = _questions(templates, name)
    given = _given(options, name, questions)
    if output != "-" and Path(output).exists() and not force:
        raise Unwritable(f"{output} is there already", "add --force to write over it")
    unanswered = [each for each in questions if each.name not in given]
    errors = _errors(templates, name, given, output)
    if errors:
        show_diagnostics(errors)
        sys.exit(1)
    untold = [each for each in unanswered if each.name in _known_to_others(templates, name)]
    if asking:
        given = _ask_all(templates, name, unanswered, untold, given)
        _write(fill(templates, name, given), output, (), ())
        return
    given |= {each.name: None for each in untold}
    rest = [each for each in unanswered if each not in untold]
    _write(fill(templates, name, given), output, rest, untold)


def _known_to_others(templates: Templates, scenario: str) -> set[str]:
    """The answers that somebody else has to tell: an example in their place would be believed."""
    found, _ = read_scenario(templates.source(f"{scenario}/scenario.yaml"))
    return {key.replace(".", "_") for key in found.unknown} if found else set()


def _write(
    text: str, output: str, examples: Sequence[Question], left_out: Sequence[Question]
) -> None:
    if output == "-":
        click.echo(text, nl=False)
        return
    path = Path(output)
    on_disk.write((File(path.name, text),), path.parent)
    click.echo(f"wrote {output}", err=True)
    if examples:
        options = ", ".join(each.option for each in examples)
        label("note:", f"example values stand in for {options}")
    for each in left_out:
        label("note:", f"{each.option} is left out until it is known")
    click.echo(f"next: ocipolicy render {quote(output)}", err=True)


def _scenario(scenario: str | None, templates: Templates, asking: bool) -> str:
    known = [name for name in templates.scenarios() if templates.path(f"{name}/config.yaml.j2")]
    if scenario is None and asking:
        choice: str = click.prompt("Scenario", type=click.Choice(known), err=True)
        return choice
    if scenario is None:
        raise click.UsageError(f"Say which scenario: {', '.join(known)}.")
    check_scenario(scenario, known)
    return scenario


def check_scenario(scenario: str, known: Sequence[str]) -> None:
    """Raises CannotGoOn for a scenario that is not known, with what may be meant."""
    if scenario not in known:
        near = closest(scenario, known)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
        raise CannotGoOn(f"there is no scenario `{scenario}`", hint)


def _questions(templates: Templates, scenario: str) -> list[Question]:
    """The questions that the scenario's config has a place for."""
    environment = _environment(templates)
    names: set[str] = set()
    for file in (f"{scenario}/config.yaml.j2", "config-rest.yaml.j2"):
        names |= find_undeclared_variables(environment.parse(templates.source(file).text))
    return [each for each in QUESTIONS if each.name in names]


def _given(options: dict[str, Any], scenario: str, questions: list[Question]) -> Answers:
    """The answers that the options give; a usage error for one that the scenario has no use for."""
    given = {key: value for key, value in options.items() if value not in (None, ())}
    names = [each.name for each in questions]
    for profile in given.pop("profiles", ()):
        side, found, name = profile.partition("=")
        if not found:
            given |= {each: profile for each in names if each.endswith("_profile")}
        elif side in ("caller", "service"):
            given[f"{side}_profile"] = name
        else:
            message = f"--profile takes NAME, caller=NAME or service=NAME, not {profile}."
            raise click.UsageError(message)
    for each in QUESTIONS:
        if each.name in given and each.name not in names:
            raise click.UsageError(f"{each.option} has no meaning in the scenario {scenario}.")
        if each.dash and given.get(each.name) == "-":
            given[each.name] = None
    return given


def _ask_all(
    templates: Templates,
    scenario: str,
    questions: list[Question],
    untold: list[Question],
    given: Answers,
) -> Answers:
    """Ask the questions in order, each until its answer is one that the config can hold.

    For what is `untold`, known to others alone, the answer is a dash unless there is another.
    """
    click.echo("Enter takes the value in brackets.", err=True)
    for question in questions:
        words = question.words
        if question.dash and not _errors(templates, scenario, given | {question.name: None}):
            words += f" (- {question.dash})"
        answer = given | ({question.name: None} if question in untold else {})
        while True:
            answers = given | {question.name: _ask(question, words, answer)}
            errors = _errors(templates, scenario, answers)
            if not errors:
                break
            for error in errors:
                label("error:", error.message)
                if error.help:
                    label("help:", error.help)
        given = answers
    return given


def _ask(question: Question, words: str, given: Answers) -> object:
    """Ask one question, once."""
    example = _with_examples(given)[question.name]
    default = "-" if example is None else " ".join(example) if question.parted else example
    said: str = click.prompt(words, default=default, err=True).strip()
    if question.parted:
        return tuple(part for part in re.split(question.parted, said) if part)
    return None if said == "-" and question.dash else said


def _errors(
    templates: Templates, scenario: str, given: Answers, origin: str = ""
) -> list[Diagnostic]:
    """What is wrong with the config that the answers make."""
    found = load(fill(templates, scenario, given), origin).diagnostics
    return [each for each in found if has_errors([each])]


def _with_examples(given: Answers) -> Answers:
    """The answers, and examples for the rest, in the realm of the answers."""
    ocid = re.search(r"ocid1\.[a-z]+\.(oc[0-9]+)\.", str(given))
    realm = ocid[1] if ocid else "oc1"
    return {
        "name": "sales-assistant",
        "caller_tenancy": f"ocid1.tenancy.{realm}..caller",
        "instances": (f"ocid1.odainstance.{realm}.iad.sales",),
        "service_tenancy": f"ocid1.tenancy.{realm}..service",
        "compartment": "ai:genai",
        "region": "us-chicago-1",
        "access": ("generative-ai", "language"),
        "caller_profile": "CALLER",
        "service_profile": "SERVICE",
        **given,
    }


def _environment(templates: Templates) -> jinja2.Environment:
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
    return environment


def fill(templates: Templates, scenario: str, given: Answers) -> str:
    """The text of a config: the answers that are given, and examples for the rest."""
    answers = _with_examples(given)
    answers["access"] = [_access(each) for each in answers["access"]]
    return _environment(templates).get_template(f"{scenario}/config.yaml.j2").render(answers)


def _access(word: str) -> object:
    """`generative-ai`, or `generative-ai:chat,text-embedding` with its parts."""
    service, found, parts = word.partition(":")
    return {service: [part.strip() for part in parts.split(",")]} if found else service


def _yaml(value: object) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=None, width=10_000)
    return text.removesuffix("...\n").strip()
