"""LangChain's pages on Azure OpenAI and NVIDIA, step by step: in their words, and with smoke."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocipolicy.config import load
from tests.clients.recorder import STRICT, TEXT, TOKEN, Recorder
from tests.clients.sending import Script, identity, scripted, smoked
from tests.clients.tables import is_in_page
from tests.examples import ROOT, cases
from tests.terminals import run

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "other-providers.md"
STEPS = cases("clients/steps.yaml")
KEY, NVAPI = "0123456789abcdef0123456789abcdef", "nvapi-a-key-of-nvidia-0123456789"
VERSION = "2023-12-01-preview"
MODELS = ["gpt-4o", "meta/llama3-8b-instruct"]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as opened:
        yield opened


@pytest.fixture(scope="module")
def azure(recorder: Recorder) -> Script:
    """The page on Azure OpenAI, with the variables that it sets."""
    variables = {
        "OPENAI_API_VERSION": VERSION,
        "AZURE_OPENAI_ENDPOINT": f"{recorder.endpoint}/azure",
        "AZURE_OPENAI_API_KEY": KEY,
        **identity(recorder),
    }
    return scripted("azure_page", recorder, {"text": TEXT, "token": TOKEN}, variables)


@pytest.fixture(scope="module")
def nvidia(recorder: Recorder) -> Script:
    """The page on NVIDIA, with the variable that it sets."""
    variables = {"NVIDIA_BASE_URL": f"{recorder.endpoint}/nvidia/v1", "NVIDIA_API_KEY": NVAPI}
    facts = {"text": TEXT, "models": MODELS, "strict": STRICT}
    return scripted("nvidia_page", recorder, facts, variables)


def in_azure(recorder: Recorder, deployment: str, **more: object) -> dict[str, Any]:
    return {
        "name": "azure",
        "provider": "azure-openai",
        "kind": "generate-text",
        "endpoint": f"{recorder.endpoint}/azure",
        "deployment": deployment,
        "api_version": VERSION,
        **more,
    }


def of_nvidia(recorder: Recorder, model: str, **more: object) -> dict[str, Any]:
    endpoint = f"{recorder.endpoint}/nvidia/v1"
    about = {"name": "nvidia", "provider": "nvidia", "key_env": "NVIDIA_API_KEY"}
    return {**about, "endpoint": endpoint, "model": model, **more}


def test_the_page_on_azure_in_its_own_words(azure: Script) -> None:
    completions = "/azure/openai/deployments/gpt-35-turbo-instruct-{}/completions"
    wanted = [
        (completions.format("prod"), VERSION, "api-key", KEY),
        (completions.format("0914"), VERSION, "api-key", KEY),
        ("/identity", "2019-08-01", None, None),
        # The page's way: the token goes where Azure wants a key.
        (completions.format("0914"), VERSION, "api-key", TOKEN),
        ("/identity", "2019-08-01", None, None),
        (completions.format("0914"), VERSION, "authorization", f"Bearer {TOKEN}"),
    ]

    found = []
    for each in azure.requests:
        named = [name for name in ("api-key", "authorization") if name in each.headers]
        (name,) = named or (None,)
        value = each.headers[name] if name else None
        found.append((each.path, each.query["api-version"], name, value))
    assert found == wanted
    assert {*azure.results.values()} == {"ok"}


def test_the_page_on_nvidia_in_its_own_words(nvidia: Script) -> None:
    steps = [each for each in STEPS if each.get("script") == "nvidia_page"]
    wanted = {each["call"]: each.get("comes_to", "ok") for each in steps} | {"astream": "ok"}

    assert dict(nvidia.results) == wanted
    assert {each.headers["authorization"] for each in nvidia.requests} == {f"Bearer {NVAPI}"}


def test_smoke_sends_what_the_page_on_azure_sends(
    azure: Script, recorder: Recorder, tmp_path: Path
) -> None:
    theirs = [each for each in azure.requests if each.path != "/identity"][:2]
    for their, name in zip(theirs, ("prod", "0914"), strict=True):
        deployment = f"gpt-35-turbo-instruct-{name}"
        entry = in_azure(recorder, deployment, key_env="AZURE_OPENAI_API_KEY")

        smoke = smoked([entry], {"AZURE_OPENAI_API_KEY": KEY}, tmp_path, recorder)

        ours = smoke.sent()["azure", "generate-text"]
        assert (smoke.code, ours.path, ours.query) == (0, their.path, their.query)
        assert ours.headers["api-key"] == their.headers["api-key"]
        assert ours.body["model"] == their.body["model"] == deployment


def test_smoke_gets_the_token_of_the_page_on_azure(
    azure: Script, recorder: Recorder, tmp_path: Path
) -> None:
    entry = in_azure(recorder, "gpt-35-turbo-instruct-0914", auth="entra-id")

    smoke = smoked([entry], identity(recorder), tmp_path, recorder)

    asked, *calls = smoke.requests
    (theirs,) = {str(dict(each.query)) for each in azure.requests if each.path == "/identity"}
    assert (asked.path, str(dict(asked.query))) == ("/identity", theirs)
    assert (smoke.code, len(calls)) == (0, 2)
    assert [each.headers.get("authorization") for each in calls] == [f"Bearer {TOKEN}"] * 2
    assert ["api-key" in each.headers for each in calls] == [False, False]


def test_smoke_lists_the_models_of_the_page_on_nvidia(
    nvidia: Script, recorder: Recorder, tmp_path: Path
) -> None:
    entry = of_nvidia(recorder, MODELS[1])

    listed = smoked([entry], {"NVIDIA_API_KEY": NVAPI}, tmp_path, recorder, "--models")

    (service,) = listed.data["models"]
    theirs = [each for each in nvidia.requests if each.method == "GET"]
    assert service["models"] == MODELS
    assert [each.path for each in listed.requests] == [each.path for each in theirs]


def test_a_key_that_is_none_of_nvidias_is_not_sent(recorder: Recorder, tmp_path: Path) -> None:
    entry = of_nvidia(recorder, MODELS[1])

    smoke = smoked([entry], {"NVIDIA_API_KEY": "sk-no-key-of-nvidia"}, tmp_path, recorder)

    found = [(each["observed"], each["cause"]) for each in smoke.data["calls"]]
    assert found == [("not sent", "key-wrong-shape")] * 2
    assert (smoke.code, smoke.requests) == (2, ())


def test_a_parameter_that_a_model_refuses_is_dropped(recorder: Recorder, tmp_path: Path) -> None:
    keys = {"NVIDIA_API_KEY": NVAPI}

    refused = smoked([of_nvidia(recorder, STRICT)], keys, tmp_path, recorder)
    dropped = smoked([of_nvidia(recorder, STRICT, drop=["stream"])], keys, tmp_path, recorder)

    first, _ = refused.data["calls"]
    assert (first["status"], first["cause"]) == (422, "parameter-refused")
    assert first["message"] == "the model does not take the parameter `stream`"
    assert "write `drop: [stream]` under nvidia in ocipolicy.yaml" in first["fix"]
    assert [(each["observed"], each["answer"]) for each in dropped.data["calls"]] == [
        ("allowed", TEXT),
        ("not sent", None),
    ]
    assert (dropped.code, ["stream" in each.body for each in dropped.requests]) == (0, [False])


def config_of_the_page(folder: Path) -> str:
    """The config that the page shows, in a file."""
    page = PAGE.read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert isinstance(text, str)
    (folder / "ocipolicy.yaml").write_text(text, encoding="utf-8")
    return text


def test_the_role_of_the_page_on_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config_of_the_page(tmp_path)
    monkeypatch.chdir(tmp_path)

    done = run("render", "--format", "az-cli")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() in PAGE.read_text(encoding="utf-8")


def test_the_entries_of_the_page_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(config_of_the_page(tmp_path))
    monkeypatch.chdir(tmp_path)

    done = run("render", "--format", "llm-service", "-o", "services")

    assert loaded.config is not None
    assert loaded.diagnostics == ()
    assert done.returncode == 0
    assert sorted(each.stem for each in (tmp_path / "services").iterdir()) == sorted(
        each.name for each in loaded.config.llm_services or ()
    )


def test_the_walk_of_the_page(recorder: Recorder, tmp_path: Path) -> None:
    """Its config, with the recorder in the place of the providers, and keys in its variables."""
    data = yaml.safe_load(config_of_the_page(tmp_path))
    bases = {"openai": "/openai/v1", "azure-openai": "/azure", "nvidia": "/nvidia/v1"}
    for each in data["llm_services"]:
        each["endpoint"] = recorder.endpoint + bases.get(each["provider"], "/cohere")
        each["api_version"] = str(each["api_version"]) if "api_version" in each else None
    entries = [{k: v for k, v in each.items() if v} for each in data["llm_services"]]
    keys = {each["key_env"]: NVAPI for each in entries if "key_env" in each}

    smoke = smoked(entries, {**keys, **identity(recorder)}, tmp_path, recorder)

    assert [(e["service"], e["observed"]) for e in smoke.data["calls"]] == [
        (each["name"], "allowed") for each in entries for _ in range(2)
    ]


@pytest.mark.parametrize("step", STEPS, ids=lambda each: f"{each['page']}: {each['step']}")
def test_a_step_has_its_test(step: dict[str, Any]) -> None:
    if "script" in step:
        script = ROOT / "tests" / "clients" / "scripts" / f"{step['script']}.py"
        assert f'call("{step["call"]}")' in script.read_text(encoding="utf-8")
    if "test" in step:
        modules = (ROOT / "tests" / "clients").glob("test_*.py")
        assert any(f"def {step['test']}(" in each.read_text(encoding="utf-8") for each in modules)


def test_the_page_has_the_steps(request: pytest.FixtureRequest) -> None:
    rows = ["| page | step | came to, in the page's words | here |", "| --- " * 4 + "|"]
    for each in STEPS:
        came = each.get("told", each.get("comes_to", "ok")) if "call" in each else "not run"
        came = came.partition("\n")[0]
        rows.append(f"| {each['page']} | {each['step']} | {came} | {each['here']} |")

    is_in_page(PAGE, "steps", "\n".join(rows) + "\n", request)
