"""LLM services: what an entry of the config becomes, held against Oracle's page and the sandbox."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from ocipolicy.config import Loaded, load
from ocipolicy.outputs import llm_service
from ocipolicy.render.llm_services import KeyService, OciService, Service, llm_services
from tests.commands import call, put, told
from tests.examples import CASES, EXAMPLES, ROOT, cases, changed, config, named
from tests.sandbox.calls import BOTS, LAMA, Calls
from tests.test_house import COMMAND, loaded_by

PAGE = CASES / "llm-service" / "page"
COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaaexampleuniqueID"
RETIRED = {"provider": "oci", "kind": "generate-text"}
FREE = "..."


def wanted(*services: dict[str, Any], **change: Any) -> Loaded:
    """A config of one tenancy with these services, charged to a compartment by its OCID."""
    return config(
        "same-tenancy", {"compartment": COMPARTMENT, "llm_services": [*services], **change}
    )


def made(*services: dict[str, Any], **change: Any) -> tuple[Service, ...]:
    found = llm_services(wanted(*services, **change))
    assert found.services, found.diagnostics
    return found.services


def read_back(text: str) -> list[Any]:
    """The services of a YAML text, their bodies read as JSON."""
    services: list[Any] = yaml.safe_load(text)["exportedRestServices"]
    for service in services:
        for method in service["restServiceMethods"]:
            for body in ("requestBody", "mockResponsePayload"):
                method[body] = json.loads(method[body])
    return services


def bodies(*services: dict[str, Any], **change: Any) -> tuple[Any, Any]:
    """Request and answer of one service."""
    (service,) = read_back(llm_service.text(made(*services, **change)))
    (method,) = service["restServiceMethods"]
    return method["requestBody"], method["mockResponsePayload"]


def page(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PAGE / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def like(ours: Any, theirs: Any) -> Any:
    """Our value with `...` wherever the page has it."""
    match theirs:
        case "..." if ours:
            return FREE
        case dict() if isinstance(ours, dict):
            return {key: like(value, theirs.get(key)) for key, value in ours.items()}
        case list() if isinstance(ours, list) and len(ours) == len(theirs):
            return [like(one, other) for one, other in zip(ours, theirs, strict=True)]
    return ours


@pytest.mark.parametrize("case", cases("llm-service/services.yaml"), ids=named)
def test_what_an_entry_becomes(case: dict[str, Any]) -> None:
    loaded = load(changed(case["example"], case["change"]), "config.yaml")
    found = llm_services(loaded)

    keys = ("url", "compartment", "model", "format")
    assert [
        {key: getattr(each, key) for key in keys if hasattr(each, key)} for each in found.services
    ] == case["services"]
    assert [
        {
            "rule": each.rule,
            "severity": each.severity.value,
            "at": each.span.text,
            "message": each.message,
            "help": each.help,
        }
        for each in found.diagnostics
    ] == case["findings"]


def test_the_definition_of_the_page_letter_by_letter() -> None:
    text = llm_service.text(
        made(
            {"name": "genAI_cohere", "model": "cohere.command", **RETIRED},
            {"name": "genAI_cohere_light", "model": "cohere.command-light", **RETIRED},
            {"name": "genAI_llama", "model": "meta.llama-2-70b-chat", **RETIRED},
        )
    )
    theirs = (PAGE / "import.yaml").read_text(encoding="utf-8")
    free = re.sub(r'"(text|id|created|timeCreated)": "[^"]+"', rf'"\1": "{FREE}"', text)

    assert uncommented(free) == uncommented(theirs)
    assert text.count("# Retired: Oracle advises to move from generate-text to chat.\n") == 3


def uncommented(text: str) -> str:
    return re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)


AZURE = {
    "provider": "azure-openai",
    "endpoint": "https://your-resource-name.openai.azure.com",
    "deployment": "deployment-id",
    "api_version": "2023-12-01-preview",
}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("openai", {"provider": "openai", "model": "gpt-4-0314"}),
        ("openai", {**AZURE, "model": "gpt-4-0314"}),
        ("cohere", {"provider": "cohere", "kind": "generate-text", "model": "command"}),
        ("oci-cohere", {**RETIRED, "model": "cohere.command"}),
        ("oci-llama", {**RETIRED, "model": "meta.llama-2-70b-chat"}),
        (
            "oci-summary",
            {"provider": "oci", "kind": "summarize-text", "model": "cohere.command"},
        ),
    ],
    ids=["openai", "azure-openai", "cohere", "oci-cohere", "oci-llama", "oci-summary"],
)
def test_the_payloads_of_the_page_field_by_field(name: str, entry: dict[str, Any]) -> None:
    ours = dict(
        zip(("requestBody", "mockResponsePayload"), bodies({"name": "a", **entry}), strict=True)
    )

    for part, body in page(name).items():
        theirs = json.loads(body)
        # As text, so that the order of the fields is compared as well.
        assert json.dumps(like(ours[part], theirs), indent=1) == json.dumps(theirs, indent=1)


def test_the_endpoints_of_the_page() -> None:
    theirs = page("endpoints")
    cohere, azure, summary = made(
        {"name": "a", "provider": "cohere", "kind": "generate-text", "model": "command"},
        {"name": "b", "kind": "generate-text", **AZURE},
        {"name": "c", "provider": "oci", "kind": "summarize-text", "model": "cohere.command"},
    )

    assert cohere.url == theirs["cohere"]
    assert azure.url == re.sub(r"[{}]", "", theirs["azure-openai"]).replace(
        "api-version=api-version", "api-version=2023-12-01-preview"
    )
    assert summary.url == theirs["oci-summary"]


def test_the_authentication_of_each_provider() -> None:
    text = llm_service.text(
        made(
            {"name": "a", "provider": "oci"},
            {"name": "b", "provider": "openai", "model": "gpt-4o"},
            {"name": "c", **AZURE},
            {"name": "d", "provider": "cohere", "model": "command-a-03-2025"},
            {"name": "e", "provider": "nvidia", "model": "meta/llama3-8b-instruct"},
        )
    )

    assert {each["name"]: each["authType"] for each in read_back(text)} == {
        "a": "resourcePrincipal",
        "b": "bearerToken",
        "c": "apiKey",
        "d": "bearerToken",
        "e": "bearerToken",
    }


ALL = (
    {"name": "cohere_chat", "provider": "oci", "model": "cohere.command-a-03-2025"},
    {"name": "cohere_v2_chat", "provider": "oci", "model": "cohere.command-a-vision"},
    {"name": "generic_chat", "provider": "oci", "model": "meta.llama-3.3-70b-instruct"},
    {"name": "summary", "provider": "oci", "kind": "summarize-text", "model": "cohere.command"},
    {
        "name": "dedicated",
        "provider": "oci",
        "model": "ocid1.generativeaiendpoint.oc1.ord.tuned",
        "api_format": "GENERIC",
    },
    {"name": "gpt", "provider": "openai", "model": "gpt-4o", "key_env": "OPENAI_API_KEY"},
    {"name": "azure_completions", "kind": "generate-text", **AZURE},
    {"name": "cohere_direct", "provider": "cohere", "model": "command-a-03-2025"},
    {"name": "nim", "provider": "nvidia", "model": "meta/llama3-8b-instruct"},
)


def test_golden(snapshot: SnapshotAssertion) -> None:
    assert llm_service.text(made(*ALL)) == snapshot


OCI_FORMS = {
    "COHERE": {"model": "cohere.command-a-03-2025"},
    "COHEREV2": {"model": "cohere.command-a-vision"},
    "GENERIC": {"model": "xai.grok-4"},
    "dedicated": {"model": LAMA, "api_format": "GENERIC"},
    "generate-text of Cohere": {"kind": "generate-text", "model": "cohere.command"},
    "generate-text of Llama": {"kind": "generate-text", "model": "meta.llama-2-70b-chat"},
    "summarize-text": {"kind": "summarize-text", "model": "cohere.command"},
}


@pytest.mark.parametrize("entry", OCI_FORMS.values(), ids=OCI_FORMS)
def test_the_sandbox_answers_an_instance_that_sends_the_request(entry: dict[str, Any]) -> None:
    allowed = "allow any-user to use generative-ai-family in tenancy where request.principal.id = "
    calls = Calls(caller=(allowed + "'ocid1.odainstance.oc1.iad.sales'",))
    calls.state.serve_retired = True
    (service,) = made({"name": "a", "provider": "oci", "compartment": BOTS, **entry})
    (exported,) = read_back(llm_service.text([service]))
    (method,) = exported["restServiceMethods"]

    answer = calls.post(
        urlsplit(exported["endpoint"]).path, method["requestBody"], who="caller/sales"
    )

    assert answer.status == method["statusCode"] == 200
    assert missing(method["mockResponsePayload"], answer.data) == []


def missing(mock: Any, answer: Any, path: str = "") -> list[str]:
    """The paths of a mock that a real answer does not have, or has as another kind of value."""
    if type(mock) is not type(answer):
        return [path]
    match mock:
        case dict():
            gone = [f"{path}.{key}" for key in mock if key not in answer]
            both = [key for key in mock if key in answer]
            return gone + [
                each for key in both for each in missing(mock[key], answer[key], f"{path}.{key}")
            ]
        case list():
            return [
                each
                for at, (one, other) in enumerate(zip(mock, answer, strict=False))
                for each in missing(one, other, f"{path}[{at}]")
            ]
    return []


@given(st.text(), st.sampled_from(["on", "null", "a-b", "X"]))
def test_any_name_of_a_model_is_read_back(model: str, name: str) -> None:
    key = KeyService(name, "openai", "chat", "https://example.com/v1/chat/completions", model, None)
    oci = OciService(name, "chat", "https://example.com/actions/chat", COMPARTMENT, model, "COHERE")

    ours, theirs = read_back(llm_service.text([key, oci]))

    assert (ours["name"], theirs["name"]) == (name, name)
    assert ours["restServiceMethods"][0]["requestBody"]["model"] == model
    (method,) = theirs["restServiceMethods"]
    assert method["requestBody"]["servingMode"]["modelId"] == model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_render_prints_one_document_with_all_services() -> None:
    put("c.yaml", changed("same-tenancy", {"compartment": COMPARTMENT, "llm_services": [*ALL]}))

    code, out, err = told(call("render", "c.yaml", "--format", "llm-service"))

    assert (code, out) == (0, llm_service.text(made(*ALL)))
    assert "proved: 1 instance" in err


def test_render_writes_a_file_for_each_service(folder: Path) -> None:
    put("c.yaml", changed("same-tenancy", {"compartment": COMPARTMENT, "llm_services": [*ALL]}))

    code, out, _ = told(call("render", "c.yaml", "--format", "llm-service", "-o", "out"))

    assert (code, out.splitlines()) == (0, [f"out/{each['name']}.yaml" for each in ALL])
    for service in made(*ALL):
        text = (folder / "out" / f"{service.name}.yaml").read_text(encoding="utf-8")
        assert text == llm_service.text([service])


def test_render_writes_nothing_where_a_service_is_wrong(folder: Path) -> None:
    right = {"name": "a", "provider": "openai", "model": "gpt-4o"}
    put(
        "c.yaml",
        changed("same-tenancy", {"llm_services": [right, {"name": "b", "provider": "oci"}]}),
    )

    code, out, err = told(call("render", "c.yaml", "--format", "llm-service", "-o", "out"))

    assert (code, out) == (1, "")
    assert "an LLM service needs the OCID of the compartment" in err
    assert not (folder / "out").exists()


@pytest.mark.usefixtures("folder")
def test_render_of_a_config_without_services() -> None:
    put("c.yaml", changed("same-tenancy", {"access": ["language"]}))

    code, out, err = told(call("render", "c.yaml", "--format", "llm-service"))

    assert (code, out) == (1, "")
    assert err.startswith(
        "c.yaml:1:1: error: the config has no `llm_services`, so there is no service to write"
        " [missing-key]\n"
    )


@pytest.mark.usefixtures("folder")
def test_services_do_not_wait_for_the_tenancy_of_a_paired_instance() -> None:
    change = {"compartment": COMPARTMENT, "caller.tenancy": None, "llm_services": [ALL[0]]}
    put("c.yaml", changed("paired", change))

    code, out, _ = told(call("render", "c.yaml", "--format", "llm-service"))

    assert (code, out) == (0, llm_service.text(made(ALL[0])))


@pytest.mark.usefixtures("folder")
def test_the_rules_of_a_config_weigh_these_findings_too() -> None:
    old = {"name": "a", "model": "cohere.command", **RETIRED}
    change = {"compartment": COMPARTMENT, "llm_services": [old]}
    put("c.yaml", changed("same-tenancy", {**change, "rules": {"retired-call": "error"}}))
    put("d.yaml", changed("same-tenancy", {**change, "rules": {"retired-call": "off"}}))

    strict = told(call("render", "c.yaml", "--format", "llm-service"))
    lax = told(call("render", "d.yaml", "--format", "llm-service"))

    assert strict[:2] == (1, "")
    assert "error: generate-text is retired" in strict[2]
    assert lax[0] == 0
    assert "retired" not in lax[2]


@pytest.mark.usefixtures("folder")
def test_the_page_on_llm_services_is_true() -> None:
    text = (ROOT / "docs" / "llm-services.md").read_text(encoding="utf-8")
    example, *_ = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    console, *_ = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    put("ocipolicy.yaml", example)

    runs = [call(*line.split()[2:]) for line in console.splitlines()]

    assert [(run.exit_code, "warning" in run.stderr) for run in runs] == [(0, False)] * 2
    names = [each["name"] for each in read_back(runs[0].stdout)]
    assert names == re.findall(r"- name: (\w+)", example)
    assert runs[1].stdout.split() == [f"services/{name}.yaml" for name in names]


def test_other_formats_do_not_load_what_writes_services() -> None:
    loaded = loaded_by(COMMAND, "render", str(EXAMPLES / "same-tenancy.yaml"))

    assert "ocipolicy.cli.render" in loaded
    assert loaded & {"ocipolicy.outputs.llm_service", "ocipolicy.render.llm_services"} == set()
