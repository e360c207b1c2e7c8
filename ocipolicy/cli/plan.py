"""`ocipolicy plan`: what apply would change in the tenancies of a config, and the access of it."""

import sys
from pathlib import Path

import click

from ocipolicy.cli import completion
from ocipolicy.cli.planning import Planned, planned, show_plans, worst
from ocipolicy.cli.terminal import examples, say, text_or_json, with_templates
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs import json, plan_files
from ocipolicy.outputs import plans as as_plans
from ocipolicy.outputs.files import File
from ocipolicy.plan import plan


@click.command(
    "plan",
    epilog=examples(
        ("ocipolicy plan", "For ocipolicy.yaml"),
        ("ocipolicy plan -o plan.json", "Saved, to be applied as it is"),
        (
            "ocipolicy plan fleet/*.yaml --exit-code",
            "Many configs at once; exit code 1 where something would change",
        ),
    ),
)
@click.argument("configs", metavar="[CONFIG]...", nargs=-1, shell_complete=completion.files)
@click.option("--adopt", is_flag=True, help="Take over policies that are called like ours.")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save the plan of one config; `apply` takes the file while nothing has moved on.",
)
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 1 where there are changes.")
@with_templates()
@text_or_json("For people, or data.")
def command(
    configs: tuple[str, ...],
    adopt: bool,
    file: Path | None,
    tell: bool,
    templates: tuple[Path, ...],
    form: str,
) -> None:
    """Show what `apply` would change for CONFIG (ocipolicy.yaml by default), and the access of it.

    Nothing is changed. Several configs are read at once; one that cannot be read does not stop the
    others. Exit code 2 where a tenancy could not be read, 1 where the plan has errors.
    """
    files = configs or ("ocipolicy.yaml",)
    if file is not None and len(files) > 1:
        raise click.UsageError("-o saves the plan of one config, not of several.")
    found = planned(
        files,
        templates,
        lambda wanted, live: plan(wanted.loaded, wanted.bundle, live, adopt=adopt),
    )
    if form == "json":
        click.echo(json.dump(_data(found)))
    else:
        show_plans(found)
    if file is not None:
        _save(found[0], file)
    code = worst(each.code for each in found)
    changes = any(each.plan is not None and each.plan.changes for each in found)
    sys.exit(code or (1 if tell and changes else 0))


def _save(found: Planned, file: Path) -> None:
    if found.plan is None or found.code:
        say(f"{file} was not written: the plan cannot be applied", err=True)
        return
    on_disk.write((File(file.name, plan_files.dump(found.plan)),), file.parent)


def _data(found: tuple[Planned, ...]) -> dict[str, object]:
    """One plan as it is; of several a list, in which one that failed says why."""
    if len(found) == 1:
        return _one(found[0])
    return {"plans": [_one(each) for each in found]}


def _one(found: Planned) -> dict[str, object]:
    if found.plan is not None:
        return as_plans.as_data(found.plan)
    failure = found.failure
    return {
        "config": found.origin,
        "steps": [],
        "access": [],
        "diagnostics": json.of_diagnostics(found.diagnostics),
        "failure": None if failure is None else {"message": failure.message, "help": failure.help},
    }
