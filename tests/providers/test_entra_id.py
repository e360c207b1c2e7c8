"""Tokens of Entra ID, by azure-identity itself; its managed identity is a server of the test."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ocipolicy.providers import NoKey, key_of
from tests.examples import ROOT, changed
from tests.providers.server import Provider
from tests.providers.services import entry, run, service
from tests.providers.states import TOKEN, identity
from tests.terminals import OCIPOLICY

GIVEN = {"provider": "azure-openai", "auth": "entra-id"}


def test_the_token_of_a_managed_identity_goes_out_as_a_bearer_token(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with identity(True, monkeypatch) as asked:
        report = run(provider, GIVEN)

    assert report.code == 0
    assert [parse_qs(urlsplit(path).query)["resource"] for path in asked] == [
        ["https://cognitiveservices.azure.com"]
    ]
    for call in provider.calls:
        assert call.headers["authorization"] == f"Bearer {TOKEN}"
        assert "api-key" not in call.headers
    assert {each.who for each in report.calls} == {"entra-id"}


def test_the_cloud_of_the_us_government_has_a_resource_of_its_own(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_us = service(provider, {**GIVEN, "endpoint": "https://sales.openai.azure.us"})
    with identity(True, monkeypatch) as asked:
        key = key_of(of_us)

    assert TOKEN not in repr(key) + str(key)
    assert [parse_qs(urlsplit(path).query)["resource"] for path in asked] == [
        ["https://cognitiveservices.azure.us"]
    ]


def why_not(provider: Provider) -> str:
    with pytest.raises(NoKey) as caught:
        key_of(service(provider, GIVEN))
    return caught.value.message


def test_ways_to_sign_in_that_are_not_there_are_named(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")
    monkeypatch.setenv("PATH", "/nowhere")

    said = why_not(provider)

    assert re.fullmatch(
        r"azure-identity gives no token: nobody is signed in by (\w+Credential, )+\w+Credential",
        said,
    )


def test_the_only_way_that_was_meant_says_why_it_failed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with identity(False, monkeypatch):
        said = why_not(provider)

    assert "ManagedIdentityCredential: " in said
    assert "invalid_scope" in said


def test_without_azure_identity_it_says_what_to_install(provider: Provider, tmp_path: Path) -> None:
    # A package of that name which is empty stands before the one that is installed.
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "__init__.py").touch()
    config = tmp_path / "c.yaml"
    given = {"llm_services": [entry(provider, GIVEN)], "caller.profile": None}
    config.write_text(changed("same-tenancy", given), encoding="utf-8")

    done = subprocess.run(
        [*OCIPOLICY, "smoke", str(config), "--llm-services"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )

    assert (done.returncode, done.stderr) == (2, "")
    assert "cause: calls with Entra ID need azure-identity [azure-identity-missing]" in done.stdout
    assert "        $ pip install 'ocipolicy[azure]'\n" in done.stdout
    assert provider.requests == []
