"""`ocipolicy init`: with options, without a terminal, and in conversation at one."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from ocipolicy.cli import main
from ocipolicy.config import Access, load, schema
from ocipolicy.language.tree import InCompartment
from ocipolicy.render import Templates, render
from tests.examples import EXAMPLES
from tests.terminals import at_terminal, plain

SCENARIOS = ["same-tenancy", "cross-tenancy", "paired"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["init", *arguments], prog_name="ocipolicy")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def usage(message: str) -> str:
    return (
        "Usage: ocipolicy init [OPTIONS] [SCENARIO]\n"
        f"Try 'ocipolicy init --help' for help.\n\nError: {message}\n"
    )


def must_render(path: Path) -> None:
    loaded = load(path.read_text(encoding="utf-8"), str(path))
    assert loaded.diagnostics == ()
    assert render(loaded, Templates()).bundle is not None


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_it_prints_is_the_example(scenario: str) -> None:
    tenancy = ("--caller-tenancy", "ocid1.tenancy.oc1..caller")
    result = init(scenario, *tenancy, "-o", "-")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == (EXAMPLES / f"{scenario}.yaml").read_bytes()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_example_fits_the_schema_and_renders(scenario: str) -> None:
    path = EXAMPLES / f"{scenario}.yaml"

    must_render(path)
    data = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert list(Draft202012Validator(schema()).iter_errors(data)) == []


def test_every_example_is_one_that_init_writes() -> None:
    configs = [path for path in EXAMPLES.glob("*.yaml") if ".world." not in path.name]

    assert sorted(path.stem for path in configs) == sorted(SCENARIOS)


def test_without_a_terminal_examples_stand_in_and_are_named() -> None:
    assert told(init("same-tenancy", "--name", "bots", "--profile", "P")) == (
        0,
        "",
        (
            "wrote ocipolicy.yaml\n"
            "note: example values stand in for"
            " --caller-tenancy, --instance, --compartment, --region, --access\n"
            "next: ocipolicy render ocipolicy.yaml\n"
        ),
    )
    must_render(Path("ocipolicy.yaml"))


def test_all_options() -> None:
    result = init(
        "cross-tenancy",
        *("-o", "sub/bots.yaml"),
        *("--name", "bots"),
        *("--caller-tenancy", "ocid1.tenancy.oc1..one"),
        *("--instance", "ocid1.odainstance.oc1..a"),
        *("--instance", "ocid1.odainstance.oc1..b"),
        *("--service-tenancy", "ocid1.tenancy.oc1..two"),
        *("--compartment", "ai:two words"),
        *("--region", "eu-frankfurt-1"),
        *("--access", "generative-ai:chat,text-embedding"),
        *("--access", "language"),
        *("--profile", "BOTH"),
        *("--profile", "service=yes"),
    )

    assert told(result) == (0, "", "wrote sub/bots.yaml\nnext: ocipolicy render sub/bots.yaml\n")
    config = load(Path("sub/bots.yaml").read_text(encoding="utf-8")).config
    assert config is not None
    assert config.service is not None
    assert config.caller.profile is not None
    assert config.service.profile is not None
    assert (config.name, config.region) == ("bots", "eu-frankfurt-1")
    assert config.caller.tenancy == "ocid1.tenancy.oc1..one"
    assert config.caller.instances == ("ocid1.odainstance.oc1..a", "ocid1.odainstance.oc1..b")
    assert config.service.tenancy == "ocid1.tenancy.oc1..two"
    assert config.compartment == InCompartment(("ai", "two words"))
    assert config.access == (
        Access(service="generative-ai", parts=("chat", "text-embedding")),
        Access(service="language"),
    )
    assert (config.caller.profile.name, config.service.profile.name) == ("BOTH", "yes")


def test_a_dash_leaves_out() -> None:
    result = init("paired", "--caller-tenancy", "-", "--compartment", "-")

    assert result.exit_code == 0
    loaded = load(Path("ocipolicy.yaml").read_text(encoding="utf-8"))
    assert loaded.config is not None
    assert (loaded.config.caller.tenancy, loaded.config.compartment) == (None, None)
    must_render(Path("ocipolicy.yaml"))


def test_what_only_oracle_can_tell_is_no_example() -> None:
    """A made-up tenancy would be admitted."""
    assert told(init("paired", "--compartment", "-", "--access", "language")) == (
        0,
        "",
        (
            "wrote ocipolicy.yaml\n"
            "note: example values stand in for"
            " --name, --instance, --service-tenancy, --region, --profile service=\n"
            "note: --caller-tenancy is left out until it is known\n"
            "next: ocipolicy render ocipolicy.yaml\n"
        ),
    )
    config = load(Path("ocipolicy.yaml").read_text(encoding="utf-8")).config
    assert config is not None
    assert config.caller.tenancy is None


def test_examples_follow_into_another_realm() -> None:
    result = init("cross-tenancy", "--caller-tenancy", "ocid1.tenancy.oc19..one")

    assert result.exit_code == 0
    assert "ocid1.tenancy.oc19..service" in Path("ocipolicy.yaml").read_text(encoding="utf-8")


def test_a_file_that_is_there_stays() -> None:
    Path("ocipolicy.yaml").write_text("mine", encoding="utf-8")

    assert told(init("paired")) == (
        2,
        "",
        "error: ocipolicy.yaml is there already\nhelp: add --force to write over it\n",
    )
    assert Path("ocipolicy.yaml").read_text(encoding="utf-8") == "mine"
    assert init("paired", "--force").exit_code == 0
    must_render(Path("ocipolicy.yaml"))


def test_what_is_no_file_is_never_written_over() -> None:
    Path("sub").mkdir()

    assert told(init("paired", "-o", "sub", "--force")) == (
        2,
        "",
        "error: sub is a folder, so no file can be written there\n",
    )
    assert told(init("paired", "-o", "/dev/null", "--force")) == (
        2,
        "",
        "error: /dev/null is no regular file\nhelp: name a file, or - for the terminal\n",
    )
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say which scenario: cross-tenancy, paired, same-tenancy."),
        (
            ["same-tenancy", "--service-tenancy", "ocid1.tenancy.oc1..x"],
            "--service-tenancy has no meaning in the scenario same-tenancy.",
        ),
        (
            ["paired", "--profile", "caller=X"],
            "--profile caller= has no meaning in the scenario paired.",
        ),
        (
            ["paired", "--profile", "other=X"],
            "--profile takes NAME, caller=NAME or service=NAME, not other=X.",
        ),
        (["paired", "--nam", "x"], "No such option '--nam'. Did you mean '--name'?"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, folder: Path) -> None:
    assert told(init(*arguments)) == (2, "", usage(message))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("scenario", "hint"),
    [
        ("crosstenancy", "did you mean cross-tenancy?"),
        ("xyz", "there are: cross-tenancy, paired, same-tenancy"),
        ("../templates", "there are: cross-tenancy, paired, same-tenancy"),
    ],
)
def test_an_unknown_scenario(scenario: str, hint: str) -> None:
    assert told(init(scenario)) == (
        2,
        "",
        f"error: there is no scenario `{scenario}`\nhelp: {hint}\n",
    )


@pytest.mark.parametrize(
    ("arguments", "rule", "message"),
    [
        (["--name", ""], "empty-text", "`name` is empty"),
        (["--region", "chicago"], "malformed-region", "`region` must be the name of a region"),
        (["--access", "genai"], "unknown-value", "`access` cannot be `genai`"),
        (
            ["--instance", "ocid1.tenancy.oc1..x"],
            "wrong-ocid-kind",
            "an item of `caller.instances`",
        ),
        (["--caller-tenancy", "-"], "empty-value", "`caller.tenancy` has no value"),
        (["--compartment", "a::b"], "empty-path-part", "`compartment` has an empty name"),
        (["--profile", "caller="], "empty-text", "`caller.profile.name` is empty"),
        (["--name", "a: b\n- c"], "control-character", "`name` has a line break"),
    ],
)
def test_a_wrong_value_is_shown_and_nothing_written(
    arguments: list[str], rule: str, message: str, folder: Path
) -> None:
    code, out, err = told(init("cross-tenancy", *arguments))

    assert (code, out) == (1, "")
    first = err.splitlines()[0]
    assert first.startswith("ocipolicy.yaml:")
    assert message in first
    assert first.endswith(f"[{rule}]")
    assert err.endswith("\n\n1 error\n")
    assert list(folder.iterdir()) == []


TENANCY = "OCID of the tenancy with the instances"
INSTANCES = "OCIDs of the instances"
SERVICE = "OCID of the tenancy with Generative AI"
REST = [
    ("Compartment of the calls, as path or OCID (- for the whole tenancy) [ai:genai]: ", "-"),
    ("Region where Generative AI is called [us-chicago-1]: ", ""),
    ("Services, or service:part,part [generative-ai language]: ", "generative-ai:chat,model"),
]
TALKS = {
    "same-tenancy": [
        ("Name, with which the policies' names begin [sales-assistant]: ", "bots"),
        (f"{TENANCY} [ocid1.tenancy.oc1..caller]: ", "ocid1.tenancy.oc19..one"),
        (
            f"{INSTANCES} [ocid1.odainstance.oc19.iad.sales]: ",
            "ocid1.odainstance.oc19..a, ocid1.odainstance.oc19..b",
        ),
        *REST,
        ("OCI profile for the instances' tenancy [CALLER]: ", "BOTS"),
    ],
    "cross-tenancy": [
        ("Name, with which the policies' names begin [sales-assistant]: ", "not a name"),
        ("Name, with which the policies' names begin [sales-assistant]: ", "bots"),
        (f"{TENANCY} [ocid1.tenancy.oc1..caller]: ", "ocid1.odainstance.oc1..one"),
        (f"{TENANCY} [ocid1.tenancy.oc1..caller]: ", "ocid1.tenancy.oc1..one"),
        (f"{INSTANCES} [ocid1.odainstance.oc1.iad.sales]: ", "ocid1.odainstance.oc1..a"),
        (f"{SERVICE} [ocid1.tenancy.oc1..service]: ", "ocid1.tenancy.oc19..other-realm"),
        (f"{SERVICE} [ocid1.tenancy.oc1..service]: ", "ocid1.tenancy.oc1..two"),
        *REST,
        ("OCI profile for the instances' tenancy [CALLER]: ", ""),
        ("OCI profile for Generative AI's tenancy [SERVICE]: ", "S"),
    ],
    "paired": [
        ("Name, with which the policies' names begin [sales-assistant]: ", "bots"),
        (f"{TENANCY} (- if you do not know it yet) [-]: ", ""),
        (f"{INSTANCES} [ocid1.odainstance.oc1.iad.sales]: ", "nonsense"),
        (f"{INSTANCES} [ocid1.odainstance.oc1.iad.sales]: ", "ocid1.odainstance.oc1..a"),
        (f"{SERVICE} [ocid1.tenancy.oc1..service]: ", "ocid1.tenancy.oc1..two"),
        *REST,
        ("OCI profile for Generative AI's tenancy [SERVICE]: ", "S"),
    ],
}
REFUSALS = {
    "same-tenancy": [],
    "cross-tenancy": [
        (
            "error: `name` begins the names of policies, and `not a name` cannot\n"
            "help: use letters, digits, `-`, `.` and `_`: not-a-name\n"
        ),
        (
            "error: `caller.tenancy` must be the OCID of a tenancy,"
            " and this one is of an odainstance\n"
            "help: write an OCID that begins with ocid1.tenancy.\n"
        ),
        (
            "error: `service.tenancy` is in the realm oc19, and `caller.tenancy` in oc1\n"
            "help: no policy reaches from one realm into another; write OCIDs of one realm\n"
        ),
    ],
    "paired": [
        (
            "error: an item of `caller.instances` must be the OCID of an odainstance,"
            " and `nonsense` is not a whole OCID\n"
            "help: an OCID is ocid1.odainstance.<realm>.[region].<id>\n"
        ),
    ],
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_at_a_terminal_it_asks_until_the_answers_are_right(scenario: str) -> None:
    code, screen = at_terminal(
        "init", talk=[("Scenario (", scenario), *TALKS[scenario]], columns=120
    )

    told = plain(screen)
    assert code == 0, told
    assert told.endswith("\nwrote ocipolicy.yaml\nnext: ocipolicy render ocipolicy.yaml\n")
    assert [each for each in REFUSALS[scenario] if each not in told] == []
    assert told.count("error: ") == len(REFUSALS[scenario])
    must_render(Path("ocipolicy.yaml"))
    config = load(Path("ocipolicy.yaml").read_text(encoding="utf-8")).config
    assert config is not None
    assert (config.name, config.scenario, config.compartment) == ("bots", scenario, None)
    assert config.access == (Access(service="generative-ai", parts=("chat", "model")),)
    instances = ["ocid1.odainstance.oc1..a"]
    if scenario == "same-tenancy":
        instances = ["ocid1.odainstance.oc19..a", "ocid1.odainstance.oc19..b"]
    assert list(config.caller.instances) == instances


def test_at_a_terminal_options_are_not_asked_for() -> None:
    code, screen = at_terminal(
        "init",
        "same-tenancy",
        *("--name", "bots", "--profile", "P", "--region", "us-chicago-1"),
        talk=[(TENANCY, ""), (INSTANCES, ""), ("Compartment", ""), ("Services", "")],
    )

    assert code == 0
    assert screen.count("]: ") == 4


def test_at_a_terminal_a_wrong_option_is_said_at_once() -> None:
    code, screen = at_terminal(
        "init", "same-tenancy", "--name", "two words", columns=120, NO_COLOR="1"
    )

    assert code == 1
    assert "error: `name` begins the names of policies, and `two words` cannot" in screen
    assert "]: " not in screen
    assert not Path("ocipolicy.yaml").exists()


def test_at_a_terminal_an_end_of_input_writes_nothing() -> None:
    code, screen = at_terminal("init", "paired", talk=[("Name", "\x04")])

    assert code == 1
    assert "Traceback" not in screen
    assert not Path("ocipolicy.yaml").exists()


def test_standard_output_has_the_config_and_nothing_else(tmp_path: Path) -> None:
    result = init("paired", "-o", "-", "--name", "bots")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("# yaml-language-server: $schema=")
    assert "\nname: bots\n" in result.stdout
    assert list(tmp_path.iterdir()) == []
