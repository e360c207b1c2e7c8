"""What a shell's completion offers: files, words of the dictionary, scenarios, names of a world.

Each is a `shell_complete` of click, which offers commands, options and choices by itself. It is
asked while somebody types: it reads files and nothing else, never standard input, and it is silent
where something is wrong with them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # a command that is run should not pay for what completion needs
    from click.shell_completion import CompletionItem

    from ocipolicy.world import World

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Files, which the shell itself knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _offer(find: Callable[[click.Context], Iterable[str]]) -> Offer:
    """Those of the words that begin as what was typed; none where they cannot be found."""

    def offered(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        found: list[str] = []
        with suppress(Exception):
            found = [each for each in dict.fromkeys(find(ctx)) if each.startswith(incomplete)]
        return found

    return offered


def _scenarios(ctx: click.Context) -> Iterable[str]:
    from ocipolicy.render import Templates

    return Templates(ctx.params.get("templates") or ()).scenarios()


def _words(kind: str) -> Iterable[str]:
    from ocipolicy import reference

    return (name.rpartition(":")[2] for name in reference.KINDS[kind]())


def _operations(_: click.Context) -> Iterator[str]:
    yield from _words("operation")
    yield from _words("permission")


def _variables(_: click.Context) -> Iterator[str]:
    yield from (f"{name}=" for name in _words("variable"))


def _kinds(_: click.Context) -> Iterable[str]:
    from ocipolicy import reference

    return reference.KINDS


def _names(ctx: click.Context) -> Iterable[str]:
    return _words(str(ctx.params["kind"]))


def _principals(ctx: click.Context) -> Iterator[str]:
    world = _world(ctx)
    for name, tenancy in world.tenancies.items():
        known = (*tenancy.users, *tenancy.resources)
        yield from known
        yield from (f"{name}/{each}" for each in known)


def _places(ctx: click.Context) -> Iterator[str]:
    for name, tenancy in _world(ctx).tenancies.items():
        yield from ("/".join((name, ":".join(path))).rstrip("/") for path in tenancy.compartments)


def _world(ctx: click.Context) -> "World":
    """The world that an option names, or that fits a config. Raises where there is none."""
    from ocipolicy.cli.terminal import read

    files = [ctx.params.get(each) for each in ("world_file", "config_file")]
    (file,) = (str(each) for each in files if each not in (None, "-"))
    text, _ = read(file)
    world = _in_world(text) if files[0] else _of_config(text, ctx)
    if world is None:
        raise LookupError(file)
    return world


def _in_world(text: str) -> "World | None":
    from ocipolicy.world import load_world

    return load_world(text).world


def _of_config(text: str, ctx: click.Context) -> "World | None":
    from ocipolicy.config import load
    from ocipolicy.prove import smallest_world
    from ocipolicy.render import Templates, render

    loaded = load(text)
    bundle = render(loaded, Templates(ctx.params.get("templates") or ())).bundle
    return smallest_world(loaded.config, bundle) if loaded.config and bundle else None


def _profiles(ctx: click.Context) -> Iterable[str]:
    import os
    from configparser import ConfigParser
    from pathlib import Path

    said = ctx.params.get("config_file") or os.environ.get("OCI_CONFIG_FILE") or "~/.oci/config"
    config = ConfigParser()
    config.read(Path(str(said)).expanduser(), encoding="utf-8")
    return (config.default_section, *config.sections())


scenarios = _offer(_scenarios)
operations = _offer(_operations)
variables = _offer(_variables)
kinds = _offer(_kinds)
names = _offer(_names)
principals = _offer(_principals)
places = _offer(_places)
profiles = _offer(_profiles)
