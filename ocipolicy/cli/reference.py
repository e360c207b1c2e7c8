"""`ocipolicy reference`: what the words mean, and where that was read."""

import sys
from collections.abc import Callable, Mapping

import click

from ocipolicy import reference
from ocipolicy.cli import completion
from ocipolicy.cli.terminal import examples, label, paint, text_or_json, width
from ocipolicy.diagnostics import closest
from ocipolicy.outputs import json
from ocipolicy.outputs import reference as told
from ocipolicy.outputs.reference import Entry
from ocipolicy.reference import Fact

_ONE: Mapping[str, Callable[[str], Fact | tuple[Fact, ...] | None]] = {
    "resource": lambda word: reference.resource_type(word.lower()),
    "operation": reference.operation,
    "permission": lambda word: reference.permission(word.upper()),
    "variable": lambda word: reference.variable(word) or reference.variables().get(word),
    "region": lambda word: reference.region(word.lower()) or reference.region_of_key(word),
    "model": reference.model,
    "principal": lambda word: reference.principal_type(word.lower()),
    "limit": lambda word: reference.limits().get(word.lower()),
}


@click.command(
    "reference",
    epilog=examples(
        (
            "ocipolicy reference operation Chat",
            "What an operation needs, and which grant gives that",
        ),
        ("ocipolicy reference generative-ai-family", "A word of whatever kind it is"),
        ("ocipolicy reference region", "All words of a kind"),
    ),
)
@click.argument("kind", required=False, shell_complete=completion.kinds)
@click.argument("name", required=False, shell_complete=completion.names)
@text_or_json("For people, or data with every field.")
def command(kind: str | None, name: str | None, form: str) -> None:
    """Look up what OCI's words mean, each with its source, its date and what is doubtful.

    KIND is resource, operation, permission, variable, region, model, principal or limit. Without
    NAME all words of the kind are listed; a word alone is looked for in every kind. Exit code 1
    when it is not known.
    """
    if kind is None:
        _show_kinds(form)
    elif kind in reference.KINDS and name is None:
        every = list(told.entries(kind))
        click.echo(json.dump(told.as_data(every)) if form == "json" else told.as_list(every))
    elif kind in reference.KINDS:
        _show(name or "", [kind], form)
    elif name is None:
        _show(kind, list(reference.KINDS), form)
    else:
        near = closest(kind, reference.KINDS)
        hint = f"Did you mean {near!r}?" if near else f"They are {', '.join(reference.KINDS)}."
        raise click.UsageError(f"There is no kind of word {kind!r}. {hint}")


def _show_kinds(form: str) -> None:
    if form == "json":
        every = [each for kind in reference.KINDS for each in told.entries(kind)]
        click.echo(json.dump(told.as_data(every)))
    else:
        click.echo(told.kinds())


def _show(word: str, kinds: list[str], form: str) -> None:
    """Everything known about a word of these kinds; where there is nothing, say so and exit."""
    found = [each for kind in kinds for each in _entries(kind, word)]
    if form == "json":
        click.echo(json.dump(told.as_data(found)))
    elif found:
        click.echo(told.as_text(found, paint, width()))
    if not found:
        what = kinds[0] if len(kinds) == 1 else "word"
        label("error:", f"no {what} `{word}` is known")
        label("help:", _hint(word, kinds))
        sys.exit(1)


def _entries(kind: str, word: str) -> list[Entry]:
    found = _ONE[kind](word)
    rows = found if isinstance(found, tuple) else (found,)
    return [(kind, each) for each in rows if each is not None]


def _hint(word: str, kinds: list[str]) -> str:
    elsewhere = [kind for kind in reference.KINDS if kind not in kinds and _entries(kind, word)]
    if elsewhere:
        return f"it is a word of another kind: ocipolicy reference {elsewhere[0]} {word}"
    # A service before an operation was right if the operation is there without it.
    bare = word.rpartition(":")[2]
    near = {kind: reference.suggest(kind, bare) for kind in kinds}
    meant = closest(bare.lower(), [each.lower() for each in near.values() if each])
    for each in near.values():
        if each and (len(kinds) == 1 or each.lower() == meant):
            return f"did you mean {each}?"
    listed = kinds[0] if len(kinds) == 1 else "[KIND]"
    return f"`ocipolicy reference {listed}` lists all that are"
