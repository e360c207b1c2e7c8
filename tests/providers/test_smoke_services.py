"""`ocipolicy smoke --llm-services` and `--models` from outside: print-outs and exit codes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from syrupy.assertion import SnapshotAssertion

from ocipolicy.providers import Refused
from ocipolicy.sandbox import Sandbox
from ocipolicy.smoke.services.diagnosis import diagnosed
from ocipolicy.smoke.services.seen import Seen
from tests.commands import call, put, told
from tests.examples import EXAMPLES, changed
from tests.providers.server import Provider
from tests.providers.services import KEYS, USUAL, entry, loaded, service
from tests.smoke.states import WORLD, profile
from tests.smoke.states import put as put_into
from tests.test_house import COMMAND, loaded_by

OCI = {
    "name": "genai_chat",
    "provider": "oci",
    "model": "cohere.command-a-03-2025",
    "compartment": "ocid1.compartment.oc1..genai",
}
HEAVY = {"httpx", "httpx_sse", "azure", "azure.identity", "msal"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a state folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(WORLD, keys=tmp_path_factory.mktemp("keys")) as opened:
        yield opened


def config(provider: Provider, *given: dict[str, Any], **change: Any) -> str:
    entries = [each if each["provider"] == "oci" else entry(provider, each) for each in given]
    keys = {key.replace("__", "."): value for key, value in change.items()}
    example = "cross-tenancy" if keys else "same-tenancy"
    nobody = {} if keys else {"caller.profile": None}
    return put("ocipolicy.yaml", changed(example, {**nobody, **keys, "llm_services": [*entries]}))


def of_sandbox(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "caller__profile": profile(sandbox, "caller/admin"),
        "service__profile": profile(sandbox, "service/admin"),
    }


def steady(text: str) -> str:
    """A report without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:80", text)
    text = re.sub(r"\b[0-9A-F]{32}\b", "0" * 32, text)
    return re.sub(r"\b\d+\.\d\d s\b", "0.01 s", text)


ALL = [{"provider": each, "name": each.replace("-", "_")} for each in USUAL]


def test_all_is_well(provider: Provider, sandbox: Sandbox, snapshot: SnapshotAssertion) -> None:
    code, out, err = told(
        call("smoke", config(provider, OCI, *ALL, **of_sandbox(sandbox)), "--llm-services")
    )

    assert (code, err) == (0, "")
    assert steady(out) == snapshot


def test_several_things_go_wrong(provider: Provider, snapshot: SnapshotAssertion) -> None:
    provider.reply = {
        "status": 400,
        "body": {"error": {"code": "content_filter", "message": "The response was filtered."}},
    }
    code, out, err = told(
        call(
            "smoke",
            config(
                provider,
                OCI,
                {"provider": "azure-openai", "name": "azure_gpt"},
                {"provider": "nvidia", "name": "nim", "drop": ["stream"]},
                {"provider": "cohere", "name": "command", "key_env": "NOWHERE"},
                {"provider": "cohere", "name": "old", "kind": "generate-text"},
            ),
            "--llm-services",
        )
    )

    assert code == 1
    assert err.startswith("ocipolicy.yaml:")
    assert "warning: generate-text is retired" in err
    assert steady(out) == snapshot


def test_json(provider: Provider, sandbox: Sandbox) -> None:
    file = config(provider, OCI, ALL[0], **of_sandbox(sandbox))
    result = call("smoke", file, "--llm-services", "--format", "json")
    data = json.loads(result.stdout)

    assert (result.exit_code, data["schema"]) == (0, 1)
    keys = ("service", "provider", "call", "as", "predicted", "observed", "ok", "cause", "fix")
    assert [tuple(each[key] for key in keys) for each in data["calls"]] == [
        ("genai_chat", "oci", "chat", "service/admin", "allowed", "allowed", True, None, None),
        (
            "genai_chat",
            "oci",
            "chat-stream",
            "service/admin",
            "allowed",
            "allowed",
            True,
            None,
            None,
        ),
        ("openai", "openai", "chat", "OPENAI_KEY", "unknown", "allowed", True, None, None),
        ("openai", "openai", "chat-stream", "OPENAI_KEY", "unknown", "allowed", True, None, None),
    ]
    streamed = data["calls"][-1]
    assert 0 <= streamed["first_token_seconds"] <= streamed["seconds"] < 5
    more = ("status", "request_id", "answer", "served_by", "finish", "pieces", "model", "url")
    assert {key: streamed[key] for key in more} == {
        "status": 200,
        "request_id": "req-0123",
        "answer": "Ha.",
        "served_by": "gpt-4o-2024-08-06",
        "finish": "stop",
        "pieces": 4,
        "model": "gpt-4o",
        "url": f"{provider.endpoint}/v1/chat/completions",
    }


def test_a_service_of_oci_that_nobody_can_call(provider: Provider) -> None:
    result = call("smoke", config(provider, OCI), "--llm-services", "--format", "json")

    (row,) = json.loads(result.stdout)["calls"]
    keys = ("service", "call", "as", "observed", "ok", "cause", "message", "fix")
    assert (result.exit_code, {key: row[key] for key in keys}) == (
        2,
        {
            "service": "genai_chat",
            "call": "chat",
            "as": None,
            "observed": "not sent",
            "ok": False,
            "cause": "no-credentials",
            "message": "ocipolicy.yaml has no profile, so nobody can call OCI",
            "fix": "add `profile:` to the side that is called",
        },
    )


def test_a_key_that_would_go_out_in_clear_text_is_warned_of(provider: Provider) -> None:
    file = config(provider, {"provider": "openai", "endpoint": "http://nowhere.invalid/v1"})
    result = call("smoke", file, "--llm-services")

    assert result.exit_code == 2
    assert "warning: `llm_services.endpoint` sends the key through the network" in " ".join(
        result.stderr.split()
    ).replace("an item of ", "")


def test_junit(provider: Provider) -> None:
    file = config(
        provider,
        OCI,
        {"provider": "nvidia", "name": "nim", "drop": ["stream"]},
        {"provider": "openai", "name": "gpt", "key_env": "NOWHERE"},
    )
    result = call("smoke", file, "--llm-services", "--format", "junit")

    root = ET.fromstring(result.stdout)  # noqa: S314 - it is our own
    found = [
        (suite.get("name"), suite.get("tests"), suite.get("errors"), suite.get("skipped"))
        for suite in root
    ]
    assert result.exit_code == 2
    assert found == [("genai_chat", "1", "1", "0"), ("nim", "2", "0", "1"), ("gpt", "2", "2", "0")]
    blame = root[2].find("testcase/error")
    assert blame is not None
    assert (blame.get("type"), blame.get("message")) == (
        "key-missing",
        "there is no key to call with",
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"key_env": "NOWHERE"}, 2),
        ({"endpoint": "https://nowhere.invalid/v1"}, 2),
        ({"model": "gpt-5"}, 0),
    ],
    ids=["right", "no key", "no network", "any model that is answered"],
)
def test_the_exit_code(change: dict[str, Any], code: int, provider: Provider) -> None:
    file = config(provider, {"provider": "openai", **change})

    assert call("smoke", file, "--llm-services").exit_code == code


def test_a_call_of_ocis_that_is_denied(provider: Provider, sandbox: Sandbox) -> None:
    readers = {"statements": ["allow group ai-users to inspect all-resources in tenancy"]}
    put_into(sandbox, {"world": {"service": {"policies": {"readers": readers}}}})
    change = {**of_sandbox(sandbox), "service__profile": profile(sandbox, "service/carol")}
    result = call("smoke", config(provider, OCI, **change), "--llm-services", "--format", "json")
    put_into(sandbox, {})

    first, _ = json.loads(result.stdout)["calls"]
    assert result.exit_code == 1
    assert (first["observed"], first["cause"]) == ("denied", "missing-allow")


def test_ocis_are_charged_to_the_compartment_of_the_service(
    provider: Provider, sandbox: Sandbox
) -> None:
    elsewhere = {**OCI, "name": "dev", "compartment": "ocid1.compartment.oc1..dev"}
    change = {**of_sandbox(sandbox), "service__profile": profile(sandbox, "service/carol")}
    file = config(provider, OCI, elsewhere, **change)
    result = call("smoke", file, "--llm-services", "--format", "json")

    calls = json.loads(result.stdout)["calls"]
    assert [(each["service"], each["predicted"], each["observed"]) for each in calls] == [
        *[("genai_chat", "allowed", "allowed")] * 2,
        *[("dev", "denied", "denied")] * 2,
    ]


def test_the_instance_itself_calls_ocis(provider: Provider, sandbox: Sandbox, folder: Path) -> None:
    place = folder / "state" / "ocipolicy" / "sandbox" / sandbox.endpoint.rpartition(":")[2]
    place.parent.mkdir(parents=True)
    place.symlink_to(sandbox.folder)
    file = config(provider, OCI, ALL[0], **of_sandbox(sandbox))
    result = call("smoke", file, "--llm-services", "--as", "sales", "--format", "json")

    calls = json.loads(result.stdout)["calls"]
    assert [(each["service"], each["proof"]) for each in calls] == [
        *[("genai_chat", "instance-call")] * 2,
        *[("openai", "own-call")] * 2,
    ]
    assert result.exit_code == 0


def test_models(provider: Provider, snapshot: SnapshotAssertion) -> None:
    provider.models = ("gpt-4o", "command-a-03-2025")
    code, out, err = told(
        call(
            "smoke",
            config(provider, OCI, *ALL, {"provider": "openai", "name": "b", "key_env": "NOWHERE"}),
            "--models",
        )
    )

    assert (code, err) == (2, "")
    assert steady(out) == snapshot
    assert provider.calls == []


def test_models_as_data(provider: Provider) -> None:
    provider.models = ("gpt-4o", "o3-mini")
    file = config(provider, ALL[0], ALL[1])
    result = call("smoke", file, "--models", "--format", "json")

    first, second = json.loads(result.stdout)["models"]
    assert result.exit_code == 0
    assert {key: first[key] for key in ("service", "models", "model", "has_own", "cause")} == {
        "service": "openai",
        "models": ["gpt-4o", "o3-mini"],
        "model": "gpt-4o",
        "has_own": True,
        "cause": None,
    }
    assert (second["models"], second["has_own"]) == ([], None)
    assert second["note"].startswith("the API of azure-openai does not list what a key may use")


def test_a_list_that_is_refused(provider: Provider) -> None:
    provider.models = None
    provider.reply = {"status": 401, "body": {"message": "invalid api token"}}
    result = call("smoke", config(provider, {"provider": "cohere"}), "--models")

    assert result.exit_code == 1
    assert "cause: 127.0.0.1" in result.stdout
    assert "[wrong-key]" in result.stdout


def test_names_have_no_place_in_junit(provider: Provider) -> None:
    result = call("smoke", config(provider, ALL[0]), "--models", "--format", "junit")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: --models lists names, which JUnit's XML has no place for." in result.stderr


@pytest.mark.parametrize("option", ["--llm-services", "--models"])
def test_a_config_without_services(option: str) -> None:
    put("c.yaml", changed("same-tenancy", {}))

    code, out, err = told(call("smoke", "c.yaml", option))

    assert (code, out) == (1, "")
    assert "error: the config has no `llm_services`" in err


@pytest.mark.parametrize("name", USUAL)
def test_the_ways_out_at_each_provider(
    name: str, provider: Provider, snapshot: SnapshotAssertion
) -> None:
    own = {"azure-openai": "https://sales.openai.azure.com"}.get(name)
    given = {"provider": name, "endpoint": own}
    found = loaded(provider, given).config
    assert found is not None
    (of_config,) = found.llm_services or ()

    def fix(status: int) -> Any:
        error = Refused(status, "no")
        cause = diagnosed(Seen("c.yaml", of_config, service(provider, given), False, error))
        return cause.name, cause.message, cause.fix, cause.commands

    assert [fix(status) for status in (401, 402, 404, 429, 500)] == snapshot


def test_nothing_of_it_is_loaded_without_the_option(provider: Provider) -> None:
    calls = loaded_by(COMMAND, "smoke", str(EXAMPLES / "same-tenancy.yaml"))
    helps = loaded_by(COMMAND, "smoke", "--help")
    keyless = config(provider, {"provider": "openai", "key_env": "NOWHERE"})
    unsent = loaded_by(COMMAND, "smoke", keyless, "--llm-services")

    assert "ocipolicy.cli.smoke" in calls & helps
    assert (calls | helps) & (HEAVY | {"ocipolicy.providers", "ocipolicy.smoke.services"}) == set()
    assert "ocipolicy.smoke.services" in unsent
    assert unsent & (HEAVY | {"oci"}) == set()


def test_a_key_loads_no_library_of_azure(provider: Provider) -> None:
    called = loaded_by(COMMAND, "smoke", config(provider, ALL[1]), "--llm-services")

    assert "httpx" in called
    assert called & {"azure", "azure.identity", "msal", "openai", "cohere", "oci"} == set()
    assert [each.headers["api-key"] for each in provider.calls] == [KEYS["AZURE_KEY"]] * 2
