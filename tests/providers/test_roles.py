"""`render --format az-cli`: the role that calls with Entra ID need, as a command to paste."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.config import LlmService
from ocipolicy.render import Templates, azure
from tests.commands import call, put, told
from tests.examples import ROOT, changed

AZURE = {
    "name": "azure_gpt",
    "provider": "azure-openai",
    "endpoint": "https://sales.openai.azure.com",
    "deployment": "gpt-4o-prod",
    "api_version": "2024-10-21",
    "auth": "entra-id",
    "subscription": "00000000-0000-0000-0000-000000000000",
    "resource_group": "bots",
    "assignee": "11111111-1111-1111-1111-111111111111",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rendered(*entries: dict[str, Any], options: tuple[str, ...] = ()) -> tuple[int, str, str]:
    services = [
        {key: value for key, value in each.items() if value is not None} for each in entries
    ]
    put("c.yaml", changed("same-tenancy", {"llm_services": services}))
    return told(call("render", "c.yaml", "--format", "az-cli", *options))


def test_the_example_of_the_page_is_what_the_program_prints() -> None:
    text = (ROOT / "docs" / "llm-services.md").read_text(encoding="utf-8")
    part = text[text.index("### The role for Entra ID") :]
    (example,) = re.findall(r"^```yaml\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    (console,) = re.findall(r"^```console\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    line, _, printed = console.partition("\n")
    put("ocipolicy.yaml", example)

    assert told(call(*line.split()[2:])) == (0, printed, "")


def test_a_file_of_all_roles_each_once() -> None:
    other = {**AZURE, "name": "b", "account": "support", "resource_group": "it's"}
    code, _, err = rendered(AZURE, other, options=("-o", "out"))
    assert (code, "wrong-azure-name" in err) == (1, True)

    code, out, _ = rendered(
        AZURE,
        {**AZURE, "name": "the_same", "deployment": "gpt-4o-mini"},
        {**AZURE, "name": "b", "account": "support"},
        {**AZURE, "name": "c", "assignee": "22222222-2222-2222-2222-222222222222"},
        options=("-o", "out"),
    )

    assert (code, out) == (0, "out/azure-roles.sh\n")
    script = Path("out/azure-roles.sh").read_text(encoding="utf-8")
    assert re.findall(r"accounts/(\w+)", script) == ["sales", "support", "sales"]
    assert re.findall(r"--assignee-object-id '(\w)", script) == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("host", "account"),
    [
        ("sales.openai.azure.com", "sales"),
        ("sales.cognitiveservices.azure.com", "sales"),
        ("sales.services.ai.azure.com", "sales"),
        ("sales.openai.azure.us", "sales"),
        ("gateway.example.com", None),
        ("openai.azure.com", None),
    ],
)
def test_the_account_is_the_first_part_of_the_host(host: str, account: str | None) -> None:
    entry = LlmService.model_validate({**AZURE, "endpoint": f"https://{host}"})

    assert azure.account(entry) == account
    own = entry.model_copy(update={"account": "own"})
    assert azure.account(own) == "own"


@pytest.mark.parametrize(
    ("missing", "help"),
    [
        ("subscription", "`az account show --query id` has it"),
        ("resource_group", "`az cognitiveservices account list --query '[].resourceGroup'` has it"),
        (
            "assignee",
            "`az ad signed-in-user show --query id` has yours; a managed identity has one too",
        ),
    ],
)
def test_what_is_missing_is_named(missing: str, help: str) -> None:
    code, out, err = rendered({**AZURE, missing: None}, options=("-o", "out"))

    assert (code, out) == (1, "")
    assert f"error: azure_gpt has no `{missing}`, which the role of its calls needs" in err
    assert f"help: add `{missing}:`; {help}" in err
    assert not Path("out").exists()


def test_the_account_is_missing_where_the_host_does_not_say_it() -> None:
    code, _, err = rendered({**AZURE, "endpoint": "https://gateway.example.com"})

    assert code == 1
    assert "azure_gpt has no `account`" in err


def test_a_config_without_such_a_service_has_no_role() -> None:
    code, out, err = rendered({"name": "a", "provider": "openai", "model": "gpt-4o"})

    assert (code, out) == (1, "")
    assert "error: no service calls with Entra ID, so there is no role to assign" in err


def test_a_config_with_mistakes_has_none_either() -> None:
    code, out, err = rendered({**AZURE, "deployment": None})

    assert (code, out) == (1, "")
    assert "`llm_services` has no `deployment`" in err or "has no `deployment`" in err


def test_a_template_of_ones_own_takes_its_place(folder: Path) -> None:
    (folder / "own").mkdir()
    (folder / "own" / "azure-role.sh.j2").write_text(
        "{% for role in roles %}{{ role.scope }}{% endfor %}", encoding="utf-8"
    )

    code, out, err = rendered(AZURE, options=("--templates", "own"))

    assert (code, out) == (1, "")
    assert "[unquoted-value]" in err


NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_value_breaks_out_of_its_place(
    subscription: str, group: str, account: str, assignee: str
) -> None:
    role = azure.Role("a", subscription, group, account, assignee)

    text = azure.commands([role], Templates())

    if isinstance(text, str):
        command = text[text.index("az role") :]
        assert shlex.split(command.replace("\\\n", "")) == [
            *("az", "role", "assignment", "create"),
            *("--assignee-object-id", assignee),
            *("--role", "Cognitive Services OpenAI User"),
            *("--scope", role.scope),
        ]
    else:
        assert text.rule == "unquoted-value"
