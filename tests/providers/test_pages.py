"""The steps of Azure's and NVIDIA's pages: each has a line in the docs, and a test here."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ocipolicy.providers import Client, key_of
from ocipolicy.render.llm_services import llm_services
from ocipolicy.smoke import Cause
from ocipolicy.smoke.services import Call, ServiceReport, listed
from tests.commands import call, put, told
from tests.examples import ROOT, changed
from tests.providers.server import Provider
from tests.providers.services import KEYS, QUICK, entry, loaded, run, service
from tests.providers.states import TOKEN, identity

PAGE = (ROOT / "docs" / "llm-services.md").read_text(encoding="utf-8")
Step = Callable[[Provider, pytest.MonkeyPatch], None]
STEPS: dict[str, dict[str, Step]] = {"Azure": {}, "NVIDIA": {}}
AZURE: Mapping[str, Any] = {
    "provider": "azure-openai",
    "api_version": "2023-12-01-preview",
    "deployment": "gpt-35-turbo-instruct-prod",
    "kind": "generate-text",
    "key_env": "AZURE_OPENAI_API_KEY",
}
ENTRA = {**AZURE, "auth": "entra-id", "key_env": None}
NVIDIA: Mapping[str, Any] = {
    "provider": "nvidia",
    "model": "mistralai/mixtral-8x7b-instruct-v0.1",
    "key_env": "NVIDIA_API_KEY",
}
IDS = {
    "subscription": "00000000-0000-0000-0000-000000000000",
    "resource_group": "bots",
    "assignee": "11111111-1111-1111-1111-111111111111",
}


def step(page: str, words: str) -> Callable[[Step], Step]:
    def note(test: Step) -> Step:
        STEPS[page][words] = test
        return test

    return note


def cause(report: ServiceReport) -> Cause:
    found = report.services[0].calls[0].cause
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _keys_as_the_pages_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEYS["AZURE_KEY"])
    monkeypatch.setenv("NVIDIA_API_KEY", KEYS["NVIDIA_KEY"])


@step("Azure", "set `OPENAI_API_VERSION`")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    run(provider, AZURE)

    assert {each.path.partition("?")[2] for each in provider.calls} == {
        "api-version=2023-12-01-preview"
    }


@step("Azure", "set `AZURE_OPENAI_ENDPOINT`")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    url = service(
        provider, {**AZURE, "endpoint": "https://your-resource-name.openai.azure.com"}
    ).url

    assert url.startswith("https://your-resource-name.openai.azure.com/openai/deployments/")


@step("Azure", "set `AZURE_OPENAI_API_KEY`")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    run(provider, AZURE)

    assert {each.headers["api-key"] for each in provider.calls} == {KEYS["AZURE_KEY"]}


@step("Azure", "log in with `az login`")
def _(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with identity(False, monkeypatch):
        found = cause(run(provider, ENTRA))

    assert (found.name, found.commands) == ("no-token", ("az login",))


@step("Azure", "assign the role `Cognitive Services OpenAI User`")
def _(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.reply = {
        "status": 401,
        "body": {
            "error": {"code": "PermissionDenied", "message": "Principal does not have access"}
        },
    }
    with identity(True, monkeypatch):
        found = cause(run(provider, {**ENTRA, **IDS, "account": "sales"}))

    assert found.name == "role-missing"
    (command,) = found.commands
    assert command == (
        f"az role assignment create --assignee-object-id '{IDS['assignee']}'"
        " --role 'Cognitive Services OpenAI User'"
        f" --scope '/subscriptions/{IDS['subscription']}/resourceGroups/bots"
        "/providers/Microsoft.CognitiveServices/accounts/sales'"
    )


@step("Azure", "install `azure-identity`")
def _(_: Provider, __: pytest.MonkeyPatch) -> None:
    # What is said where it is not installed is seen by test_entra_id, in a process of its own.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert re.search(r'^azure = \["azure-identity>=[0-9.]+"\]$', text, re.MULTILINE)


@step("Azure", "take a token of `DefaultAzureCredential`")
def _(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with identity(True, monkeypatch):
        report = run(provider, ENTRA)

    assert report.code == 0
    assert {each.headers["authorization"] for each in provider.calls} == {f"Bearer {TOKEN}"}


@step("Azure", "try a managed identity first, then the Azure CLI")
def _(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    with identity(False, monkeypatch):
        monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS")
        report = run(provider, ENTRA)

    (error,) = {
        each.error.message
        for each in report.calls
        if isinstance(each, Call) and each.error is not None
    }
    assert -1 < error.find("ManagedIdentityCredential") < error.find("AzureCliCredential")


@step("Azure", "name the deployment")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    run(provider, AZURE)

    assert {each.path.split("/")[3] for each in provider.calls} == {"gpt-35-turbo-instruct-prod"}


@step("Azure", "complete a text")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    run(provider, AZURE)

    assert {each.path.partition("?")[0].split("/")[-1] for each in provider.calls} == {
        "completions"
    }
    assert [each.body["prompt"] for each in provider.calls] == ["Tell me a joke"] * 2


@step("Azure", "invoke")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    found = service(provider, AZURE)
    with Client(found, key_of(found)) as client:
        assert (client.ask().text, client.stream().text) == ("Ha.", "Ha.")


@step("NVIDIA", "create a key, and see that it begins with `nvapi-`")
def _(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_API_KEY", "sk-0123456789")

    assert cause(run(provider, NVIDIA)).name == "key-wrong-shape"
    assert provider.requests == []


@step("NVIDIA", "save it as `NVIDIA_API_KEY`")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    run(provider, NVIDIA)

    sent = {each.headers["authorization"] for each in provider.calls}
    assert sent == {f"Bearer {KEYS['NVIDIA_KEY']}"}


@step("NVIDIA", "invoke a chat")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    found = service(provider, NVIDIA)
    with Client(found, key_of(found)) as client:
        assert client.ask().text == "Ha."

    (sent,) = provider.calls
    assert (sent.path, sent.body["model"]) == ("/v1/chat/completions", NVIDIA["model"])
    assert sent.body["messages"] == [{"role": "user", "content": "Tell me a joke"}]


@step("NVIDIA", "stream a chat")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    found = service(provider, NVIDIA)
    with Client(found, key_of(found)) as client:
        assert client.stream().pieces > 1

    assert provider.calls[0].body["stream"] is True


@step("NVIDIA", "list the available models")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    provider.models = ("meta/llama3-8b-instruct", NVIDIA["model"])
    wanted = loaded(provider, NVIDIA)
    report = listed(wanted, llm_services(wanted).services, patience=QUICK)

    assert [(each.models, each.has_own) for each in report.services] == [(provider.models, True)]


@step("NVIDIA", "drop `stream` from the payload")
def _(provider: Provider, _: pytest.MonkeyPatch) -> None:
    detail = {"type": "extra_forbidden", "loc": ["body", "stream"], "msg": "not permitted"}
    provider.reply = {"status": 422, "body": {"detail": [detail]}}
    found = cause(run(provider, NVIDIA))
    assert (found.name, "write `drop: [stream]` under assistant" in (found.fix or "")) == (
        "parameter-refused",
        True,
    )

    provider.requests.clear()
    provider.reply = None
    report = run(provider, {**NVIDIA, "drop": ["stream"]})

    assert report.code == 0
    assert ["stream" in each.body for each in provider.calls] == [False]
    put("c.yaml", changed("same-tenancy", {"llm_services": [entry(provider, NVIDIA)]}))
    assert '"stream": false' in told(call("render", "c.yaml", "--format", "llm-service"))[1]
    dropped = entry(provider, {**NVIDIA, "drop": ["stream"]})
    put("c.yaml", changed("same-tenancy", {"llm_services": [dropped]}))
    assert '"stream"' not in told(call("render", "c.yaml", "--format", "llm-service"))[1]


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(test, id=f"{page}: {words}")
        for page, steps in STEPS.items()
        for words, test in steps.items()
    ],
)
def test_a_step(
    test: Step, provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    test(provider, monkeypatch)


@pytest.mark.parametrize("page", STEPS)
def test_every_step_has_a_line_and_a_test(page: str) -> None:
    table = PAGE[PAGE.index(f"| step of {page}'s page | here |\n|---|---|\n") :].split("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \|$", table, re.MULTILINE)[1:]

    assert rows == [*STEPS[page]]
