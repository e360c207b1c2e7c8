"""`ocipolicy check` from outside: formats, exit codes, fixes in place, folders."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.check import check
from tests.commands import call, told
from tests.examples import EXAMPLES
from tests.test_house import COMMAND, loaded_by

CLEAN = "allow group staff to use buckets in tenancy\n"
WARNED = "allow any-user to use buckets in tenancy\n"
WRONG = "allow group staff to use buckets in tenancy where request.region = 'us-chicago-1'\n"
RIGHT = WRONG.replace("us-chicago-1", "ORD")
NOTED = "deny group staff to use buckets in tenancy\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of each kind of finding."""
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("clean", CLEAN),
        ("warned", WARNED),
        ("wrong", WRONG),
        ("noted", NOTED),
    ):
        (tmp_path / f"{name}.policy").write_text(text, encoding="utf-8")
    return tmp_path


def test_what_is_clean_says_nothing() -> None:
    assert told(call("check", "clean.policy")) == (0, "", "")


def test_without_a_path_it_is_the_config() -> None:
    assert call("check").stderr.startswith("error: ocipolicy.yaml cannot be read: ")
    Path("ocipolicy.yaml").write_text("name: x\nscenario: nothing\n", encoding="utf-8")
    assert told(call("check")) == told(call("check", "ocipolicy.yaml"))
    assert call("check").exit_code == 1


def test_a_finding_is_shown_with_its_place_and_its_way_out() -> None:
    shown = (
        "wrong.policy:1:68: error: `request.region` is the key of a region, so it never equals its"
        " name [region-name-in-condition]\n"
        " 1 | …roup staff to use buckets in tenancy where request.region = 'us-chicago-1'\n"
        "   |                                                              ^^^^^^^^^^^^^^\n"
        "help: write 'ORD', the key of us-chicago-1\n"
    )
    assert told(call("check", "wrong.policy")) == (1, shown, "\n1 error\n")


@pytest.mark.parametrize(
    ("file", "level", "code"),
    [
        ("clean", "note", 0),
        ("noted", "warning", 0),
        ("noted", "note", 1),
        ("warned", "error", 0),
        ("warned", "warning", 1),
        ("wrong", "error", 1),
    ],
)
def test_the_weight_that_fails(file: str, level: str, code: int) -> None:
    assert call("check", f"{file}.policy", "--fail-on", level).exit_code == code


def test_only_errors_fail_by_default() -> None:
    assert call("check", "noted.policy", "warned.policy").exit_code == 0


def test_data_of_several_files_in_their_order() -> None:
    result = call("check", "wrong.policy", "warned.policy", "--format", "json")

    data = json.loads(result.stdout)
    assert result.stderr == ""
    assert data["schema"] == 1
    assert [(each["file"], each["rule"]) for each in data["diagnostics"]] == [
        ("wrong.policy", "region-name-in-condition"),
        ("warned.policy", "unconditioned-any-user"),
    ]


def test_other_formats_are_what_their_modules_write() -> None:
    github = call("check", "warned.policy", "--format", "github")
    sarif: Any = json.loads(call("check", "wrong.policy", "--format", "sarif").stdout)

    assert github.stdout.startswith("::warning file=warned.policy,line=1,endLine=1,col=7,")
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["region-name-in-condition"]
    assert told(call("check", "clean.policy", "--format", "github")) == (0, "", "")


def test_a_folder_is_looked_through_for_files_of_ours(folder: Path) -> None:
    (folder / "deep" / ".hidden").mkdir(parents=True)
    (folder / "deep" / "other.yaml").write_text("a: [1, 2]\n", encoding="utf-8")
    (folder / "deep" / "list.json").write_text(json.dumps({"statements": [WARNED]}))
    (folder / "deep" / "config.yaml").write_text("scenario: x\ncaller: 1\n", encoding="utf-8")
    (folder / "deep" / "notes.txt").write_text(WRONG, encoding="utf-8")
    (folder / "deep" / ".hidden" / "x.policy").write_text(WRONG, encoding="utf-8")

    data = json.loads(call("check", "deep", "--format", "json").stdout)

    files = {each["file"] for each in data["diagnostics"]}
    assert files == {str(Path("deep", "list.json")), str(Path("deep", "config.yaml"))}


def test_a_file_that_is_not_there_is_no_answer_and_the_others_are_still_checked() -> None:
    code, out, err = told(call("check", "gone.policy", "warned.policy"))

    assert code == 2
    assert "unconditioned-any-user" in out
    assert "gone.policy cannot be read" in err


def test_standard_input() -> None:
    result = call("check", "-", stdin=WARNED)

    assert result.stdout.startswith("<stdin>:1:7: warning: ")


def test_fixes_are_made_in_place_and_what_is_left_is_shown(folder: Path) -> None:
    (folder / "both.policy").write_bytes(b"\xef\xbb\xbf" + (WRONG + WARNED).encode())

    code, out, err = told(call("check", "both.policy", "clean.policy", "--fix"))

    assert (folder / "both.policy").read_bytes() == b"\xef\xbb\xbf" + (RIGHT + WARNED).encode()
    assert (folder / "clean.policy").read_text(encoding="utf-8") == CLEAN
    assert code == 0
    assert "unconditioned-any-user" in out
    assert "region-name" not in out
    assert err == "both.policy: 1 fixed\n\n1 warning\n"


def test_fixed_standard_input_goes_to_standard_output() -> None:
    result = call("check", "-", "--fix", "--format", "github", stdin=WRONG)

    assert (result.exit_code, result.stdout) == (0, RIGHT)


def test_a_config_is_rendered_proved_and_checked() -> None:
    config = str(EXAMPLES / "same-tenancy.yaml")
    result = call("check", config, "--format", "json")

    rules = [each["rule"] for each in json.loads(result.stdout)["diagnostics"]]
    assert result.exit_code == 0
    assert "broader-than-needed" in rules
    assert len(rules) == len(set(rules))


def test_a_scenario_of_the_user(folder: Path) -> None:
    own = folder / "mine" / "help-desk"
    own.mkdir(parents=True)
    scenario = "summary: mine\nsides:\n  caller: {apply: true, description: mine}\n"
    (own / "scenario.yaml").write_text(scenario, encoding="utf-8")
    (own / "caller.policy.j2").write_text(WARNED, encoding="utf-8")
    config = (
        "name: desk\nscenario: help-desk\ncaller:\n  instances: [ocid1.odainstance.oc1.iad.desk]\n"
        "access:\n  - generative-ai: [chat]\nrules: {not-proved: off}\n"
    )
    (folder / "desk.yaml").write_text(config, encoding="utf-8")

    result = call("check", "desk.yaml", "--templates", "mine", "--format", "json")

    found = json.loads(result.stdout)["diagnostics"]
    assert ("unconditioned-any-user", "caller.policy.j2") in [
        (each["rule"], Path(each["file"]).name) for each in found
    ]


def test_the_command_says_what_the_function_says() -> None:
    data = json.loads(call("check", "wrong.policy", "--format", "json").stdout)

    assert [each["message"] for each in data["diagnostics"]] == [
        each.message for each in check(WRONG, "wrong.policy").diagnostics
    ]


def test_a_text_of_statements_pays_for_no_config_and_no_templates(folder: Path) -> None:
    loaded = loaded_by(COMMAND, "check", str(folder / "wrong.policy"))

    assert "ocipolicy.check" in loaded
    assert loaded & {"pydantic", "jinja2", "oci", "rich", "importlib.metadata"} == set()
