"""What explain, who-can and what-can share: a world to ask, and the words of a question."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ocipolicy import reference
from ocipolicy.cli import completion
from ocipolicy.cli.terminal import gap, read, show_diagnostics, text_or_json, with_templates
from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.evaluate import Need, PermissionNeed, needs_of
from ocipolicy.prove import smallest_world
from ocipolicy.render import Templates, render
from ocipolicy.world import World, load_world


def of_a_world(command: Callable[..., None]) -> Callable[..., None]:
    """The options `--world`, `--config` and `--given`, handed on as `world` and `given`."""

    @click.option(
        "--world",
        "world_file",
        metavar="FILE",
        help="A world file: what is there.",
        shell_complete=completion.files,
    )
    @click.option(
        "--config",
        "config_file",
        metavar="FILE",
        help="A config: what it would render.",
        shell_complete=completion.files,
    )
    @with_templates("With --config: a folder of scenarios of your own.")
    @click.option(
        "--given",
        "pairs",
        metavar="VARIABLE=VALUE",
        shell_complete=completion.variables,
        multiple=True,
        help="The value of a condition variable, such as request.region=ORD; repeat it.",
    )
    @text_or_json("For people, or data.")
    @wraps(command)
    def with_world(
        world_file: str | None,
        config_file: str | None,
        templates: tuple[Path, ...],
        pairs: tuple[str, ...],
        **options: Any,
    ) -> None:
        if (world_file is None) == (config_file is None):
            raise click.UsageError("Say what to ask: --world FILE or --config FILE.")
        world = _world(world_file) if world_file else _of_config(config_file or "-", templates)
        command(world=world, given=_given(pairs), **options)

    return with_world


def _world(file: str) -> World:
    loaded = load_world(*read(file))
    show_diagnostics(loaded.diagnostics)
    if loaded.diagnostics:
        gap()
    if loaded.world is None:
        raise CannotGoOn("the world has mistakes, so there is no answer")
    return loaded.world


def _of_config(file: str, templates: tuple[Path, ...]) -> World:
    loaded = load(*read(file))
    rendered = render(loaded, Templates(templates))
    if rendered.bundle is None or loaded.config is None:
        show_diagnostics(rendered.diagnostics)
        raise CannotGoOn("the config has mistakes, so there is no answer")
    return smallest_world(loaded.config, rendered.bundle)


def _given(pairs: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """The variables that the asker states; one named several times has several values."""
    given: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, found, value = pair.partition("=")
        if not found or not name.strip():
            raise click.UsageError(f"--given takes VARIABLE=VALUE, not {pair!r}.")
        key = name.strip().lower()
        given[key] = (*given.get(key, ()), value)
    return given


def asked(word: str) -> tuple[tuple[Need, ...], reference.Operation | None]:
    """What an operation or a permission needs. Raises CannotGoOn where it is not known, or not one.

    A bare operation is that of Generative AI if it has it, or else of the only service that has it.
    """
    permission = reference.permission(word.upper())
    if permission is not None and word.upper() == word:
        return (PermissionNeed(permission.name),), None
    found = reference.operation(word)
    if len(found) > 1:
        ours = tuple(each for each in found if each.service == "generative-ai")
        if not ours:
            choices = " or ".join(f"{each.service}:{each.name}" for each in found)
            raise CannotGoOn(f"several services have an operation {word}", f"write {choices}")
        found = ours
    if not found:
        near = reference.suggest("operation", word) or reference.suggest("permission", word.upper())
        raise CannotGoOn(
            f"`{word}` is no operation or permission that the reference knows",
            f"did you mean {near}?" if near else "see `ocipolicy reference operation`",
        )
    needs = needs_of(found[0])
    if not needs:
        raise CannotGoOn(
            f"what {found[0].service}:{found[0].name} needs is not documented",
            "without that there is no answer",
        )
    return needs, found[0]
