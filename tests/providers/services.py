"""Services of a config whose calls go to a server of the tests."""

from collections.abc import Mapping
from typing import Any

from ocipolicy.config import Loaded
from ocipolicy.providers import Patience
from ocipolicy.render.llm_services import KeyService, llm_services
from ocipolicy.smoke.services import ServiceReport, tried
from tests.examples import config
from tests.providers.server import Provider

KEYS = {
    "OPENAI_KEY": "sk-proj-Zm9vYmFyYmF6cXV4Zm9vYmFy",
    "AZURE_KEY": "0123456789abcdef0123456789abcdef",
    "COHERE_KEY": "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d",
    "NVIDIA_KEY": "nvapi-Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
}
QUICK = Patience(connect=2, answer=0.5)
_AZURE = {"deployment": "gpt-4o-prod", "api_version": "2024-06-01"}
# What an entry has that says nothing but its provider; `{}` is the address of the server.
USUAL: Mapping[str, Mapping[str, Any]] = {
    "openai": {"model": "gpt-4o", "endpoint": "{}/v1", "key_env": "OPENAI_KEY"},
    "azure-openai": {**_AZURE, "endpoint": "{}", "key_env": "AZURE_KEY"},
    "cohere": {"model": "command-a-03-2025", "endpoint": "{}", "key_env": "COHERE_KEY"},
    "nvidia": {
        "model": "meta/llama3-8b-instruct",
        "endpoint": "{}/v1",
        "key_env": "NVIDIA_KEY",
    },
}


def entry(provider: Provider, given: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a config; what is None is left out."""
    usual = USUAL[given["provider"]]
    values = {"name": "assistant", **usual, **given}
    if values.get("auth") == "entra-id":
        values["key_env"] = None
    if values["endpoint"] is not None:
        values["endpoint"] = values["endpoint"].replace("{}", provider.endpoint)
    return {key: value for key, value in values.items() if value is not None}


def loaded(provider: Provider, *given: Mapping[str, Any]) -> Loaded:
    services = [entry(provider, each) for each in given]
    return config("same-tenancy", {"llm_services": services, "caller.profile": None})


def service(provider: Provider, given: Mapping[str, Any]) -> KeyService:
    (found,) = llm_services(loaded(provider, given)).services
    assert isinstance(found, KeyService)
    return found


def run(provider: Provider, *given: Mapping[str, Any], patience: Patience = QUICK) -> ServiceReport:
    wanted = loaded(provider, *given)
    services = llm_services(wanted).services

    def nobody(*_: Any) -> Any:
        raise AssertionError("no service of OCI is called here")

    return tried(wanted, services, patience=patience, oci=nobody)
