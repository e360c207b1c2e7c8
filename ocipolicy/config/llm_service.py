"""One entry of `llm_services:`, a model that Digital Assistant calls, and what its values may be.

An entry is flat: which of its keys a provider needs and takes is said by `providers`. No value of
it may be a secret, since it goes into files that are passed on.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from ocipolicy.config import values
from ocipolicy.diagnostics import without_secrets
from ocipolicy.document.tree import shown

Provider = Literal["oci", "openai", "azure-openai", "cohere", "nvidia"]
Kind = Literal["chat", "generate-text", "summarize-text"]
ServiceFormat = Literal["COHERE", "COHEREV2", "GENERIC", "LLAMA"]
ServiceAuth = Literal["api-key", "entra-id"]
Parameter = Literal["max_tokens", "temperature", "stream"]

_SERVICE = r"[A-Za-z][A-Za-z0-9_-]{0,79}"
_DEPLOYMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_API_VERSION = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
# What Azure allows in names; none of it means anything in a path or to a shell but the parentheses,
# which the shell's quotes keep.
_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_RESOURCE_GROUP = r"[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]"
_ACCOUNT = r"[A-Za-z0-9][A-Za-z0-9_.-]{1,63}"


def a_public_text(text: str) -> str:
    """Any text on one line that anyone may read."""
    if without_secrets(text) != text:
        raise values.wrong(
            "secret-in-config",
            "looks like a key or a password, which does not belong in a file",
            "put it into an environment variable, and write the variable's name as `key_env`;"
            " make a new one where others may have read this",
            conceal=True,
        )
    return values.a_text(text)


def a_service_name(text: str) -> str:
    """The name of a service in Digital Assistant, which is the name of its file as well."""
    a_public_text(text)
    if not re.fullmatch(_SERVICE, text):
        usable = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
        fits = re.fullmatch(_SERVICE, usable) is not None
        raise values.wrong(
            "wrong-name",
            f"is the name of a service and of its file, and {shown(text)} cannot be one",
            "begin with a letter, and use letters, digits, `-` and `_`, 80 at most"
            + (f": {usable}" if fits else ""),
            usable if fits else None,
        )
    return text


def a_model(text: str) -> str:
    """The name of a model, or the OCID of a model or of a dedicated cluster's endpoint."""
    return values.a_model(a_public_text(text))


def a_base_url(text: str) -> str:
    """The address that the path of a call is added to: `https://api.openai.com/v1`."""
    a_public_text(text)
    if "{" in text or values.is_loopback(text) is None:
        raise values.wrong(
            "malformed-endpoint",
            f"must be the URL of a server, and {shown(text)} is not",
            "write it like https://llm.example.com/v1, without query and braces",
        )
    return values.an_endpoint(text).rstrip("/")


def a_deployment(text: str) -> str:
    """The name of a deployment of Azure OpenAI, which is part of a URL."""
    a_public_text(text)
    if not re.fullmatch(_DEPLOYMENT, text):
        raise values.wrong(
            "wrong-deployment",
            f"is part of a URL, and {shown(text)} cannot be",
            "write the name that the deployment has in Azure: letters, digits, `-`, `_` and `.`",
        )
    return text


def an_api_version(text: str) -> str:
    """The version of Azure's API, which is a day: `2024-10-21`, `2023-12-01-preview`."""
    a_public_text(text)
    if not re.fullmatch(_API_VERSION, text):
        raise values.wrong(
            "wrong-api-version",
            f"is a day, with `-preview` behind it or without, and {shown(text)} is not",
            "write the one that your resource is called with, such as 2024-10-21",
        )
    return text


def a_variable(text: str) -> str:
    """The name of an environment variable; what is none may be the secret itself."""
    with_sign = re.fullmatch(rf"\$\{{?({_VARIABLE})\}}?", text)
    if with_sign:
        name = with_sign[1]
        raise values.wrong("wrong-variable", "takes the name without `$`", f"write {name}", name)
    a_public_text(text)
    if not re.fullmatch(_VARIABLE, text):
        raise values.wrong(
            "wrong-variable",
            "is the name of an environment variable, and this cannot be one",
            "put the key into a variable such as OPENAI_API_KEY, and write that name",
            conceal=True,
        )
    return text


def a_guid(text: str) -> str:
    """The id of a subscription, or the object id of somebody in Entra ID."""
    a_public_text(text)
    if not re.fullmatch(_GUID, text):
        raise values.wrong(
            "wrong-azure-id",
            f"is an id like 00000000-0000-0000-0000-000000000000, and {shown(text)} is not",
            "`az account show --query id` has that of the subscription, and `az ad user show --id"
            " NAME --query id` the object id of a user",
        )
    return text


def a_resource_group(text: str) -> str:
    """The name of a resource group of Azure."""
    return _azure_name(text, _RESOURCE_GROUP, "letters, digits, `-`, `_`, `.` and parentheses")


def an_account(text: str) -> str:
    """The name of a resource of Azure OpenAI, which Azure calls an account."""
    return _azure_name(text, _ACCOUNT, "letters, digits, `-`, `_` and `.`, 2 to 64")


def _azure_name(text: str, pattern: str, of: str) -> str:
    a_public_text(text)
    if not re.fullmatch(pattern, text):
        raise values.wrong(
            "wrong-azure-name",
            f"is a name in Azure, and {shown(text)} cannot be one",
            f"write it as Azure has it: {of}",
        )
    return text


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


class LlmService(BaseModel):
    """A model that Digital Assistant calls through an LLM service; `providers` says what it needs.

    `model` None stands for that of `smoke`, `api_format` None for the one that the model takes,
    `compartment` None for that of the config, `endpoint` None for the provider's own.
    """

    # Built on the first load and not by the import.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: Annotated[
        str,
        AfterValidator(a_service_name),
        _pattern(f"^{_SERVICE}$"),
        Field(description="Name of the service in Digital Assistant.", examples=["genai_chat"]),
    ]
    provider: Annotated[Provider, Field(description="Who serves the model.", examples=["oci"])]
    kind: Annotated[
        Kind,
        Field(description="What is asked of it; all but chat is retired.", examples=["chat"]),
    ] = "chat"
    model: Annotated[
        Annotated[str, AfterValidator(a_model), WithJsonSchema({"type": "string", "minLength": 1})]
        | None,
        Field(
            description="Model, or the OCID of a dedicated AI cluster's endpoint; "
            "for oci that of `smoke` where it is left out.",
            examples=["cohere.command-a-03-2025", "gpt-4o"],
        ),
    ] = None
    api_format: Annotated[
        ServiceFormat | None,
        Field(description="oci: format of the request; follows the model.", examples=["GENERIC"]),
    ] = None
    compartment: Annotated[
        Annotated[
            str,
            AfterValidator(values.an_ocid("compartment", "tenancy")),
            _pattern(values.ocid_pattern("compartment", "tenancy")),
        ]
        | None,
        Field(
            description="oci: OCID of the compartment that is charged; that of the config.",
            examples=["ocid1.compartment.oc1..genai"],
        ),
    ] = None
    deployment: Annotated[
        Annotated[str, AfterValidator(a_deployment), _pattern(f"^{_DEPLOYMENT}$")] | None,
        Field(description="azure-openai: name of the deployment.", examples=["gpt-4o-prod"]),
    ] = None
    endpoint: Annotated[
        Annotated[str, AfterValidator(a_base_url), _pattern(f"^{values.ENDPOINT}$")] | None,
        Field(
            description="azure-openai: URL of the resource; others: another server of their API.",
            examples=["https://sales.openai.azure.com"],
        ),
    ] = None
    api_version: Annotated[
        Annotated[str, AfterValidator(an_api_version), _pattern(f"^{_API_VERSION}$")] | None,
        Field(description="azure-openai: version of the API.", examples=["2024-10-21"]),
    ] = None
    key_env: Annotated[
        Annotated[str, AfterValidator(a_variable), _pattern(f"^{_VARIABLE}$")] | None,
        Field(
            description="Environment variable that holds the key; the key itself is in no file.",
            examples=["OPENAI_API_KEY"],
        ),
    ] = None
    auth: Annotated[
        ServiceAuth,
        Field(
            description="azure-openai: how calls are signed; entra-id takes no key.",
            examples=["entra-id"],
        ),
    ] = "api-key"
    drop: Annotated[
        tuple[Parameter, ...],
        Field(
            description="Parameters that the model refuses, to be left out of the request.",
            examples=[["stream"]],
        ),
    ] = ()
    subscription: Annotated[
        Annotated[str, AfterValidator(a_guid), _pattern(f"^{_GUID}$")] | None,
        Field(
            description="entra-id: subscription of the resource, for the role that calls need.",
            examples=["00000000-0000-0000-0000-000000000000"],
        ),
    ] = None
    resource_group: Annotated[
        Annotated[str, AfterValidator(a_resource_group), _pattern(f"^{_RESOURCE_GROUP}$")] | None,
        Field(description="entra-id: resource group of the resource.", examples=["bots"]),
    ] = None
    account: Annotated[
        Annotated[str, AfterValidator(an_account), _pattern(f"^{_ACCOUNT}$")] | None,
        Field(
            description="entra-id: name of the resource; the first part of the endpoint's host.",
            examples=["sales"],
        ),
    ] = None
    assignee: Annotated[
        Annotated[str, AfterValidator(a_guid), _pattern(f"^{_GUID}$")] | None,
        Field(
            description="entra-id: object id of whoever calls, who gets the role.",
            examples=["11111111-1111-1111-1111-111111111111"],
        ),
    ] = None
