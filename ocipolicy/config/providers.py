"""What each provider of LLM services needs and takes, and what is wrong among the entries.

It reads the tree of the file and not the models, like `across`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from ocipolicy.config import values
from ocipolicy.config.llm_service import Kind
from ocipolicy.diagnostics import Diagnostic, Fix, Severity, closest
from ocipolicy.document import Document, Node, Path, called, one_of, shown
from ocipolicy.document.tree import Entry

_KINDS: tuple[str, ...] = get_args(Kind)
_OF_ENTRA_ID = ("subscription", "resource_group", "account", "assignee")


@dataclass(frozen=True, slots=True)
class _Rules:
    """The keys that a provider needs and may have beside those of every entry, and its kinds.

    `call` is the end of a URL that belongs to a call and not to the server.
    """

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ("endpoint", "key_env", "drop")
    kinds: tuple[str, ...] = ("chat",)
    call: str = r"/chat/completions"

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that an entry of the provider may have beside those of every entry."""
        return (*self.needs, *self.takes)


_RULES: Mapping[str, _Rules] = {
    "oci": _Rules((), ("model", "api_format", "compartment"), _KINDS),
    "openai": _Rules(("model",)),
    "azure-openai": _Rules(
        ("endpoint", "deployment", "api_version"),
        ("model", "key_env", "drop", "auth", *_OF_ENTRA_ID),
        ("chat", "generate-text"),
        r"/openai(?:/.*)?",
    ),
    "cohere": _Rules(
        ("model",), kinds=("chat", "generate-text"), call=r"(?:/compatibility)?/v[0-9]+(?:/.*)?"
    ),
    "nvidia": _Rules(("model",)),
}
_OF_EVERY_ENTRY = ("name", "provider", "kind")
_ADD = {
    "model": "add the model's name as the provider has it: `model: NAME`",
    "endpoint": "add the URL of your resource: `endpoint: https://NAME.openai.azure.com`",
    "deployment": "add the name that the deployment has in Azure: `deployment: NAME`",
    "api_version": "add the version that the resource is called with: `api_version: 2024-10-21`",
}
_FORMATS = {"chat": ("COHERE", "COHEREV2", "GENERIC"), "generate-text": ("COHERE", "LLAMA")}


def compare(document: Document) -> Iterator[Diagnostic]:
    """Everything that is wrong between the values of `llm_services:`."""
    node = document.at(("llm_services",))
    names: set[str] = set()
    for at, item in enumerate(node.value if node and isinstance(node.value, list) else []):
        if not isinstance(item.value, dict):
            continue
        path: Path = ("llm_services", at)
        name = _text(item, "name")
        if name is not None:
            # Each is a file, and not every file system tells capitals from small letters.
            if name.lower() in names:
                yield _error(
                    document,
                    "duplicate-service",
                    (*path, "name"),
                    f"`llm_services` has {shown(name)} twice",
                    "give each service a name of its own",
                )
            names.add(name.lower())
        provider = _text(item, "provider")
        rules = _RULES.get(provider or "")
        if provider is not None and rules is not None:
            yield from _keys(document, path, item.value, provider, rules)
            yield from _kind(document, path, item, provider, rules)
            yield from _endpoint(document, path, item, rules)
            if "auth" in rules.takes:
                yield from _auth(document, path, item)


def _keys(
    document: Document, path: Path, entries: Mapping[str, Entry], provider: str, rules: _Rules
) -> Iterator[Diagnostic]:
    known = (*_OF_EVERY_ENTRY, *{key for each in _RULES.values() for key in each.keys})
    unknown = [key for key in entries if key not in known]
    for key in rules.needs:
        # A key that is misspelt has been said to be so.
        if key not in entries and not closest(key, unknown):
            yield _error(
                document,
                "missing-key",
                (*path, "provider"),
                f"{called(path)} has no `{key}`, which {provider} needs",
                _ADD[key],
            )
    for key in entries:
        if key in known and key not in (*_OF_EVERY_ENTRY, *rules.keys):
            yield Diagnostic(
                "needless-key",
                Severity.ERROR,
                f"`llm_services.{key}` has no meaning for {provider}",
                document.key_span((*path, key)),
                "take it away",
            )


def _kind(
    document: Document, path: Path, item: Node, provider: str, rules: _Rules
) -> Iterator[Diagnostic]:
    kind = _text(item, "kind") or "chat"
    if kind in _KINDS and kind not in rules.kinds:
        yield _error(
            document,
            "unknown-value",
            (*path, "kind"),
            f"`llm_services.kind` cannot be `{kind}` for {provider}",
            f"write {one_of([*rules.kinds])}",
        )
    format_ = _text(item, "api_format")
    if provider != "oci" or kind not in _KINDS or format_ is None:
        return
    formats = _FORMATS.get(kind)
    if formats is None:
        yield Diagnostic(
            "needless-key",
            Severity.ERROR,
            f"`llm_services.api_format` has no meaning for {kind}",
            document.key_span((*path, "api_format")),
            "take it away",
        )
    elif format_ not in formats and format_ in {each for row in _FORMATS.values() for each in row}:
        yield _error(
            document,
            "unknown-value",
            (*path, "api_format"),
            f"`llm_services.api_format` cannot be `{format_}` for {kind}",
            f"write {one_of([*formats])}, or take it away",
        )


def _auth(document: Document, path: Path, item: Node) -> Iterator[Diagnostic]:
    """The keys that only one way to sign has a use for."""
    auth = _text(item, "auth") or "api-key"
    needless = {"api-key": _OF_ENTRA_ID, "entra-id": ("key_env",)}.get(auth, ())
    for key in needless:
        if isinstance(item.value, dict) and key in item.value:
            other = "api-key" if auth == "entra-id" else "entra-id"
            yield Diagnostic(
                "needless-key",
                Severity.ERROR,
                f"`llm_services.{key}` has no meaning for the auth {auth}",
                document.key_span((*path, key)),
                f"take it away, or write `auth: {other}`",
            )


def _endpoint(document: Document, path: Path, item: Node, rules: _Rules) -> Iterator[Diagnostic]:
    url = _text(item, "endpoint")
    loopback = values.is_loopback(url) if url else None
    if url is None or loopback is None:
        return
    place = (*path, "endpoint")
    span = document.span(place)
    scheme, _, rest = url.partition("://")
    tail = re.search(rf"{rules.call}/?$", rest)
    if tail:
        base = f"{scheme}://{rest[: tail.start()]}"
        yield Diagnostic(
            "malformed-endpoint",
            Severity.ERROR,
            f"{called(place)} ends with the path of a call, {shown(tail[0])}",
            span,
            f"write {base}; the path is added",
            Fix(span, base),
        )
    elif scheme == "http" and not loopback:
        yield Diagnostic(
            "clear-text-endpoint",
            Severity.WARNING,
            f"{called(place)} sends the key through the network for all to read",
            span,
            "write https://",
        )


def _text(item: Node, key: str) -> str | None:
    """The text behind a key of an entry, if there is one."""
    entry = item.value.get(key) if isinstance(item.value, dict) else None
    value = entry.node.value if entry else None
    return value if isinstance(value, str) else None


def _error(document: Document, rule: str, path: Path, message: str, help: str) -> Diagnostic:
    return Diagnostic(rule, Severity.ERROR, message, document.span(path), help)
