"""Configs: rendered, and each finding shown at the value that made it and the template's line."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ocipolicy import reference
from ocipolicy.check.seen import Proof, Read, Seen, SeenPolicy
from ocipolicy.config import Loaded
from ocipolicy.diagnostics import Diagnostic, Source, Span
from ocipolicy.language.tree import InCompartment, InCompartmentId
from ocipolicy.render import Templates, render
from ocipolicy.render.templates import Text


def config(loaded: Loaded, templates: Templates, proof: Proof | None) -> Read:
    """A config as its policies; Oracle's own side is left out, since nobody here can change it."""
    rendered = render(loaded, templates)
    if rendered.bundle is None:
        return Read("config", loaded.source, diagnostics=rendered.diagnostics, loaded=loaded)
    sources = {side: Source(text.text) for side, text in rendered.texts.items()}
    policies = tuple(
        SeenPolicy(
            tuple(
                Seen(
                    statement,
                    sources[policy.side],
                    partial(_to_config, loaded, rendered.texts[policy.side]),
                )
                for statement in policy.statements
            ),
            at_root=True,
        )
        for policy in rendered.bundle.policies
        if policy.apply
    )
    said = tuple(proof(loaded, rendered.bundle)) if proof is not None else ()
    return Read("config", loaded.source, policies, rendered.diagnostics, loaded=loaded, proof=said)


def _to_config(loaded: Loaded, text: Text, diagnostic: Diagnostic) -> Diagnostic:
    """A finding in rendered text at the value of the config that made it, and the template's line.

    Where no value of the config is in what was found, it is at the line of the template alone.
    """
    line = text.origin(diagnostic.span.start)
    value = _value(loaded, diagnostic.span.text)
    if value is None and line is not None:
        message = f"{diagnostic.message} (in what this line renders to)"
        return replace(diagnostic, message=message, span=line, fix=None)
    where = f"{_file(line.source.origin)}:{line.line}" if line is not None else "the template"
    message = f"{diagnostic.message} (in what {where} renders to)"
    return replace(diagnostic, message=message, span=value or loaded.span(), fix=None)


def _file(origin: str) -> str:
    """A template by its scenario and its name; the folder above says nothing to anybody."""
    return "/".join(origin.replace("\\", "/").split("/")[-2:])


def _value(loaded: Loaded, found: str) -> Span | None:
    """The place of the longest value of the config that is in a stretch of rendered text."""
    near = [(len(word), span) for word, span in _values(loaded) if word and word in found]
    return max(near, key=lambda each: each[0])[1] if near else None


def _values(loaded: Loaded) -> Iterator[tuple[str, Span]]:
    """What each value of a config looks like in a statement, and where it stands."""
    config = loaded.config
    if config is None:
        return
    for at, instance in enumerate(config.caller.instances):
        yield instance, loaded.span("caller", "instances", at)
    if config.caller.tenancy is not None:
        yield config.caller.tenancy, loaded.span("caller", "tenancy")
    if config.service is not None and config.service.tenancy is not None:
        yield config.service.tenancy, loaded.span("service", "tenancy")
    match config.compartment:
        case InCompartment(path=path):
            yield ":".join(path), loaded.span("compartment")
        case InCompartmentId(ocid=ocid):
            yield ocid, loaded.span("compartment")
    for at, access in enumerate(config.access):
        service = reference.services()[access.service]
        if not access.parts:
            yield service.type, loaded.span("access", at)
        for number, part in enumerate(access.parts):
            yield service.parts[part].type, loaded.span("access", at, access.service, number)
