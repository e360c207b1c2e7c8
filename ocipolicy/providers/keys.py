"""Where a key comes from, and how it goes into a request: the only place that holds one.

A key is the value of the environment variable that the entry names; a token of Entra ID is what
azure-identity gives for whoever is logged in here, a managed identity, `az login` and others, in
its own order. Neither is ever part of a message, a log or what is printed of an object.
Sources: langchain's pages on Azure OpenAI and NVIDIA AI endpoints, 2026-11;
https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/managed-identity, 2026-11.
"""

import logging
import os
import re
from typing import assert_never
from urllib.parse import urlsplit

from ocipolicy.diagnostics import without_secrets
from ocipolicy.providers.errors import NoKey
from ocipolicy.render.llm_services import KeyService

# What a token of Entra ID is for: in Azure's own cloud, and in that of the US government.
_SCOPE = "https://cognitiveservices.azure.com/.default"
_SCOPE_US = "https://cognitiveservices.azure.us/.default"
_NVIDIA = "nvapi-"
# A part of a key as servers repeat it: `sk-ab***yz`, `sk-...yz`. A word is looked at from its first
# letter only, since a look from each would take minutes where somebody sends a very long one.
_ABRIDGED = re.compile(r"(?:(?<![\w-])([\w-]++))?(?:\*{2,}|\.{3}|…)([\w-]*)")
# One of the ways that were tried, as azure-identity 1.27.0 lists them in its last word.
_TRIED = re.compile(r"^\t(\w+Credential): (.+)$", re.MULTILINE)
_MERELY_ABSENT = re.compile(r"unavailable|not installed|not found|not be found|requires the")


class Key:
    """A key or a token, and the header that it goes into; `origin` says where it is from."""

    __slots__ = ("_value", "is_token", "origin")

    def __init__(self, value: str, origin: str, *, is_token: bool = False) -> None:
        self._value = value
        self.origin = origin
        self.is_token = is_token

    def __repr__(self) -> str:
        return f"Key(from {self.origin})"

    def headers(self, service: KeyService) -> dict[str, str]:
        """The header that a service takes it in."""
        if service.provider == "azure-openai" and not self.is_token:
            return {"api-key": self._value}
        return {"Authorization": f"Bearer {self._value}"}

    def hidden(self, text: str) -> str:
        """A text with `*` for the key, and for the parts of it that some servers repeat."""
        if self._value in text:
            text = text.replace(self._value, "*" * len(self._value))
        return _ABRIDGED.sub(self._without_parts, text)

    def _without_parts(self, found: re.Match[str]) -> str:
        head, tail = found[1] or "", found[2]
        is_head = head != "" and self._value.startswith(head)
        is_tail = tail != "" and self._value.endswith(tail)
        return "*" * len(found[0]) if is_head or is_tail else found[0]


def key_of(service: KeyService) -> Key:
    """The key that a service is called with, or its token. Raises NoKey."""
    match service.auth:
        case "api-key":
            return _of_environment(service)
        case "entra-id":
            return _of_entra_id(service)
        case _:
            assert_never(service.auth)


def _of_environment(service: KeyService) -> Key:
    name = service.key_env
    if name is None:
        raise NoKey(f"{service.name} names no variable that holds its key", "unnamed")
    value = os.environ.get(name, "")
    if not value.strip():
        state = "is empty" if name in os.environ else "is not set"
        raise NoKey(f"the variable {name} {state}", "unset", name)
    # What a header cannot hold would be shown by the complaint about it.
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise NoKey(
            f"{name} holds a blank, a line break or a letter that no key has", "shape", name
        )
    if service.provider == "nvidia" and not value.startswith(_NVIDIA):
        raise NoKey(f"the key in {name} does not begin with {_NVIDIA}", "shape", name)
    return Key(value, name)


def _of_entra_id(service: KeyService) -> Key:
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise NoKey("azure-identity is not installed", "library") from None
    # It logs what it then raises as well, and to standard error where nobody has said otherwise.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    host = urlsplit(service.url).hostname or ""
    try:
        with DefaultAzureCredential() as credential:
            token = credential.get_token(_SCOPE_US if host.endswith(".azure.us") else _SCOPE)
    except (AzureError, ValueError, OSError) as error:
        said = without_secrets(_in_short(str(error)))
        raise NoKey(f"azure-identity gives no token: {said}", "token") from None
    return Key(token.token, "entra-id", is_token=True)


def _in_short(said: str) -> str:
    """What azure-identity says, without the ways to sign in that are merely not there."""
    tried = _TRIED.findall(said)
    if not tried:
        return " ".join(said.split())
    alone = len(tried) == 1
    telling = [f"{way}: {why}" for way, why in tried if alone or not _MERELY_ABSENT.search(why)]
    return "; ".join(telling) or f"nobody is signed in by {', '.join(way for way, _ in tried)}"
