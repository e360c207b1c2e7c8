"""What the user wants: a YAML file read into a `Config`, and every mistake in it with its place.

Two steps, and each goes on where the one before found a mistake that it can live with:

1. the models of `model` are laid on the file: keys, types, and single values (`values`);
2. `across` and `providers` compare values with each other and with the reference.

Whether a scenario needs a key, or has no use for it, is said by the scenario and not decided here.
"""

from dataclasses import dataclass, field

from ocipolicy.config import across, providers
from ocipolicy.config.llm_service import LlmService
from ocipolicy.config.model import (
    Access,
    CallerSide,
    Config,
    Profile,
    ServiceSide,
    Smoke,
    schema,
)
from ocipolicy.diagnostics import Diagnostic, Source, Span, has_errors
from ocipolicy.document import Document, Manual, Path, lay

__all__ = [
    "Access",
    "CallerSide",
    "Config",
    "LlmService",
    "Loaded",
    "Profile",
    "ServiceSide",
    "Smoke",
    "load",
    "schema",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config file as it was read; `config` is None exactly when a diagnostic is an error."""

    source: Source
    config: Config | None
    diagnostics: tuple[Diagnostic, ...]
    _document: Document = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """The place of the value at a path of the file, or of the nearest key above that exists.

        A path is that of the file: `("access", 0, "generative-ai", 1)`. Where nothing of it is
        there, the span is the empty one at the beginning of the file.
        """
        return self._document.span(path)

    def key_span(self, *path: str | int) -> Span:
        """The place of the key that a path ends with, or of the nearest one above it."""
        return self._document.key_span(path)

    def has(self, *path: str | int) -> bool:
        """Whether the file has a value at a path."""
        return self._document.at(path) is not None


def load(text: str, origin: str = "") -> Loaded:
    """The config that a YAML text holds, and everything that is wrong with it, in the text's order.

    Raises nothing: whatever the text is, the answer is a `Loaded`.
    """
    source = Source(text, origin)
    config, document, found = lay(_MANUAL, source)
    if document.root and isinstance(document.root.value, dict):
        found += across.compare(document)
        found += providers.compare(document)
    found.sort(key=lambda diagnostic: (diagnostic.span.start, diagnostic.span.end))
    if has_errors(found):
        config = None
    return Loaded(source, config, tuple(found), document)


def _as_written(document: Document, path: Path) -> Path:
    """The path in the file for a path in the models, where a part of a service is deeper."""
    match path:
        case ("access", int() as at, "parts", *rest):
            item = document.at(("access", at))
            if item and isinstance(item.value, dict):
                return ("access", at, *item.value, *rest)
        case ("access", int() as at, "service"):
            return ("access", at)
    return path


_MANUAL = Manual(
    "config",
    Config,
    missing={
        "": "begin with `name: sales-assistant`, and go on with one key a line",
        "name": "add a name that the policies' names begin with: `name: sales-assistant`",
        "scenario": "add `scenario: same-tenancy`, or cross-tenancy, or paired",
        "caller": "add `caller:` and below it the instances that call",
        "instances": "add the OCIDs: `instances: [ocid1.odainstance.oc1.iad.sales]`",
        "llm_services.name": "add the name that the service gets in Digital Assistant:"
        " `name: genai_chat`",
        "provider": "add `provider: oci`, or openai, azure-openai, cohere or nvidia",
        "access": "add what the instances may use: `access: [generative-ai]`",
    },
    expected={
        "profile_type": "the name of a profile or a mapping",
        "access_type": "a service, or one service and its parts",
    },
    how={
        "a service, or one service and its parts": (
            "write generative-ai, or generative-ai: [chat], each service with a `- ` of its own"
        ),
    },
    as_written=_as_written,
)
