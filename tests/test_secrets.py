"""Whatever looks like a key or a password is never shown, wherever in a config it stands."""

from pathlib import Path

import pytest

from ocipolicy.diagnostics import without_secrets
from tests.commands import call, put
from tests.examples import changed

SECRETS = {
    "OpenAI": "sk-proj-Zm9vYmFyYmF6cXV4Zm9vYmFy",
    "NVIDIA": "nvapi-Zm9vYmFyYmF6cXV4",
    "Cohere": "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d",
    "Azure": "0123456789abcdef0123456789abcdef",
    "a token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl",
}
# Where people put a secret, whether the file can be read then or not.
PLACES = {
    "in the place of a variable": "{name: a, provider: openai, model: x, key_env: SECRET}",
    "beside another mistake": "{name: a, provider: opnai, model: x, key_env: SECRET}",
    "in a key of its own": "{name: a, provider: openai, model: x, api_key: SECRET}",
    "as a key": "{name: a, provider: openai, model: x, SECRET: 1}",
    "as a provider": "{name: a, provider: SECRET}",
    "as a kind": "{name: a, provider: oci, kind: SECRET}",
    "as a name": "{name: SECRET, provider: oci}",
    "as a model": "{name: a, provider: oci, model: SECRET}",
    "as a deployment": "{name: a, provider: azure-openai, deployment: SECRET}",
    "as a version": "{name: a, provider: azure-openai, api_version: SECRET}",
    "as a compartment": "{name: a, provider: oci, compartment: SECRET}",
    "in a URL": "{name: a, provider: openai, model: x, endpoint: 'https://me:SECRET@example.com'}",
    "as an entry": "SECRET",
    "where a bracket is not closed": "{name: a, provider: openai, model: x, key_env: SECRET",
    "where a quote is not closed": "{name: a, provider: openai, model: x, key_env: 'SECRET}",
    "with a tag": "{name: a, provider: openai, model: x, key_env: !env SECRET}",
    "twice": "{name: a, provider: openai, key_env: SECRET, key_env: SECRET}",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("form", ["text", "json", "llm-service"])
def test_a_secret_is_refused_and_not_repeated(
    secret: str, place: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = f"llm_services:\n  - {place.replace('SECRET', secret)}\n"
    put("c.yaml", changed("same-tenancy", {}) + entry)

    result = call("render", "c.yaml", "--format", form)

    assert result.exit_code == 1
    assert secret not in result.stdout + result.stderr


def test_what_is_no_variable_is_not_shown_in_the_line_of_another_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = "{name: a, provider: opnai, model: x, key_env: hunter-2}"
    put("c.yaml", changed("same-tenancy", {}) + f"llm_services:\n  - {entry}\n")

    result = call("render", "c.yaml")

    line = "  - {name: a, provider: opnai, model: x, key_env: ********}"
    assert result.stderr.count(line) == 2
    assert "hunter" not in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "cohere.command-a-03-2025",
        "meta.llama-4-maverick-17b-128e-instruct-fp8",
        "ocid1.compartment.oc1..aaaaaaaaexampleuniqueidaaaaaaaaexampleuniqueidaaaaaaaaexa",
        "ocid1.odainstance.oc1.iad.amaaaaaa0123456789abcdef0123456789abcdef",
        "AZURE_OPENAI_API_KEY_OF_THE_SALES_ASSISTANT_2",
        "risk-management-team and task-force-assistants",
        "https://sales-assistants.openai.azure.com/openai/deployments/gpt-4o-production",
        "a7:5c:2e:11:0b:9f:4d:3c:2b:1a:09:f8:e7:d6:c5:b4",
        "me@example.com",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_as_many_stars_as_there_were_characters() -> None:
    text = "key_env: nvapi-0123456789, url: https://me:pw@example.com/x"

    assert without_secrets(text) == "key_env: ****************, url: https://*****@example.com/x"
