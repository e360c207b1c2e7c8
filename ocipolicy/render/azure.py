"""The access of calls with a token of Entra ID to Azure OpenAI: a role, assigned on the resource.

It is the role that langchain's page on Azure OpenAI names, which may call models and do nothing
else; the command is that of the Azure CLI, from a template. Every value stands in the shell's
single quotes, and the filter `quoted` lets nothing through that could end them.
Sources: https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/role-based-access-control,
https://learn.microsoft.com/en-us/cli/azure/role/assignment, 2026-11. The role is the one for
resources of Azure OpenAI; access within a project of Microsoft Foundry has roles of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from ocipolicy.config import LlmService, Loaded
from ocipolicy.diagnostics import Diagnostic, Severity, has_errors
from ocipolicy.render.templates import Templates, Text

_TEMPLATE = "azure-role.sh.j2"
# Hosts that begin with the resource's own name, which is that of the account unless somebody chose
# another one for the address.
_HOSTS = (
    *(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
    *(".openai.azure.us", ".cognitiveservices.azure.us"),
)
_NEEDED = ("subscription", "resource_group", "account", "assignee")
_HOW = {
    "subscription": "`az account show --query id` has it",
    "resource_group": "`az cognitiveservices account list --query '[].resourceGroup'` has it",
    "account": "it is the name of the resource, which the host of `endpoint` does not say",
    "assignee": "`az ad signed-in-user show --query id` has yours; a managed identity has one too",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A role for somebody (an object id) on the resource of a service."""

    name: ClassVar[str] = "Cognitive Services OpenAI User"
    service: str
    subscription: str
    resource_group: str
    account: str
    assignee: str

    @property
    def scope(self) -> str:
        """The resource, as Azure names it."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.account}"
        )


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that the services of a config need, none where a diagnostic is an error."""

    roles: tuple[Role, ...]
    diagnostics: tuple[Diagnostic, ...]


def account(entry: LlmService) -> str | None:
    """The name of the resource of an entry: its own key, or the first part of the host."""
    host = urlsplit(entry.endpoint or "").hostname or ""
    first, dot, rest = host.partition(".")
    return entry.account or (first if dot and f".{rest}" in _HOSTS else None)


def lacking(entry: LlmService) -> tuple[str, ...]:
    """The keys that an entry needs for the command, and has not."""
    values = {**{key: getattr(entry, key) for key in _NEEDED}, "account": account(entry)}
    return tuple(key for key, value in values.items() if value is None)


def role(entry: LlmService) -> Role | None:
    """The role that the calls of an entry need; None where the entry does not say enough."""
    resource = account(entry)
    if not (entry.subscription and entry.resource_group and resource and entry.assignee):
        return None
    return Role(entry.name, entry.subscription, entry.resource_group, resource, entry.assignee)


def roles(loaded: Loaded) -> Roles:
    """The roles of all services that call with Entra ID, each once."""
    if loaded.config is None:
        return Roles((), loaded.diagnostics)
    entries = [
        (at, each)
        for at, each in enumerate(loaded.config.llm_services or ())
        if each.auth == "entra-id"
    ]
    if not entries:
        return Roles((), (_none(loaded),))
    found = tuple(each for at, entry in entries for each in _missing(loaded, at, entry))
    made = [each for _, entry in entries if (each := role(entry)) is not None]
    once = {(each.scope.lower(), each.assignee.lower()): each for each in reversed(made)}
    return Roles(() if has_errors(found) else tuple(reversed(once.values())), found)


def commands(found: Iterable[Role], templates: Templates) -> str | Diagnostic:
    """The commands that assign them; a diagnostic where the template fails."""
    text = templates.render(_TEMPLATE, {"roles": tuple(found)})
    return text.text if isinstance(text, Text) else text


def _missing(loaded: Loaded, at: int, entry: LlmService) -> Iterator[Diagnostic]:
    for key in lacking(entry):
        yield Diagnostic(
            "missing-key",
            Severity.ERROR,
            f"{entry.name} has no `{key}`, which the role of its calls needs",
            loaded.span("llm_services", at, "auth"),
            f"add `{key}:`; {_HOW[key]}",
        )


def _none(loaded: Loaded) -> Diagnostic:
    return Diagnostic(
        "missing-key",
        Severity.ERROR,
        "no service calls with Entra ID, so there is no role to assign",
        loaded.key_span("llm_services"),
        "add `auth: entra-id` to a service of azure-openai; a key needs no role",
    )
