"""A config rendered and proved: the one way from a config to a bundle that may leave the house."""

from ocipolicy.config import Loaded
from ocipolicy.diagnostics import Diagnostic
from ocipolicy.prove import Proof, findings, prove
from ocipolicy.render import Bundle, Templates, render, weighed


def proved(
    loaded: Loaded, templates: Templates
) -> tuple[Bundle | None, Proof | None, tuple[Diagnostic, ...]]:
    """The bundle of a config with its proof, and everything that is to be said about both."""
    rendered = render(loaded, templates)
    if rendered.bundle is None or loaded.config is None:
        return None, None, rendered.diagnostics
    proof = prove(loaded.config, rendered.bundle)
    found = weighed(findings(loaded, proof), loaded.config)
    return rendered.bundle, proof, (*rendered.diagnostics, *found)
