"""`ocipolicy render` from the outside: output, proof, files, findings and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocipolicy.language import parse
from tests.commands import call, put, told
from tests.examples import EXAMPLES, changed

BROAD_HELP = """\
help: least privilege is generative-ai: [chat, text-embedding, text-rerank], \
or only the parts that are called
"""
NOTES = f"""\
{{file}}:36:5: note: generative-ai-family gives 56 permissions; \
the calls it is meant for need 5 [broader-than-needed]
 36 |   - generative-ai
    |     ^^^^^^^^^^^^^
{BROAD_HELP}
{{file}}:37:5: note: Oracle's page prints the statements of two tenancies for Generative AI only; \
those for Language are written here after the same pattern [undocumented-form]
 37 |   - language
    |     ^^^^^^^^

2 notes
proved: 1 instance x 17 operations allowed, 1148 probes refused
"""
BROAD = f"""\
{{file}}:{{line}}:3: note: generative-ai-family gives 56 permissions; \
the calls it is meant for need 5 [broader-than-needed]
 {{line}} | - generative-ai
    |   ^^^^^^^^^^^^^
{BROAD_HELP}
1 note
"""
PROVED = "proved: 1 instance x 17 operations allowed, 343 probes refused\n"
SALES = """\
// policy sales-assistant-caller, in the root compartment of
// ocid1.tenancy.oc1..caller
// Lets Digital Assistant instances of this tenancy use Generative AI
// and Language
allow any-user to use generative-ai-family in compartment ai:genai \
where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
allow any-user to use ai-service-language-family in compartment ai:genai \
where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_render_reads_the_config_of_the_working_folder() -> None:
    put("ocipolicy.yaml", changed("same-tenancy", {}))

    assert told(call("render")) == (0, SALES, BROAD.format(file="ocipolicy.yaml", line=11) + PROVED)


def test_render_reads_standard_input() -> None:
    err = BROAD.format(file="<stdin>", line=11) + PROVED
    assert told(call("render", "-", stdin=changed("same-tenancy", {}))) == (0, SALES, err)


def test_render_shows_notes_beside_the_results() -> None:
    file = str(EXAMPLES / "cross-tenancy.yaml")
    code, out, err = told(call("render", file))

    assert (code, err) == (0, NOTES.format(file=file))
    assert parse(out).diagnostics == ()


def test_render_json_has_the_findings_inside() -> None:
    file = str(EXAMPLES / "cross-tenancy.yaml")
    code, out, err = told(call("render", file, "--format", "json"))

    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == ["schema", "policies", "proof", "diagnostics"]
    assert [(each["rule"], each["file"], each["line"]) for each in found["diagnostics"]] == [
        ("undocumented-form", file, 37),
        ("broader-than-needed", file, 36),
    ]
    proof = found["proof"]
    assert (proof["proved"], proof["allowed"], proof["refused"]) == (True, 162, 1148)
    assert proof["probes"][0] == {
        "who": "caller/instance-1",
        "operation": "Chat",
        "where": "service/ai:genai",
        "half": None,
        "wanted": "allowed",
        "verdict": "allowed",
    }


WRONG = {"caller.instances": ["ocid1.tenancy.oc1..x"]}
WRONG_FINDING = (
    "an item of `caller.instances` must be the OCID of an odainstance, and this one is of a tenancy"
)


def test_render_of_a_wrong_config_writes_nothing(folder: Path) -> None:
    put("c.yaml", changed("same-tenancy", WRONG))

    for form in ("text", "json", "oci-cli", "terraform"):
        code, out, err = told(call("render", "c.yaml", "--format", form, "-o", "out"))
        assert (code, out) == (1, "")
        assert err.startswith(f"c.yaml:7:5: error: {WRONG_FINDING} [wrong-ocid-kind]\n")
        assert err.endswith("\n1 error\n")
    assert [path.name for path in folder.iterdir()] == ["c.yaml"]


def test_render_json_of_a_wrong_config_is_json() -> None:
    put("c.yaml", changed("same-tenancy", WRONG))

    code, out, err = told(call("render", "c.yaml", "--format", "json"))
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert (found["schema"], found["policies"]) == (1, [])
    assert [(each["rule"], each["message"]) for each in found["diagnostics"]] == [
        ("wrong-ocid-kind", WRONG_FINDING)
    ]


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("text", ["sales-assistant-service.policy", "sales-assistant-caller.policy"]),
        ("json", ["sales-assistant.json"]),
        ("oci-cli", ["sales-assistant-service.json", "sales-assistant-caller.json"]),
        ("terraform", ["sales-assistant.tf"]),
    ],
)
def test_render_writes_files(form: str, names: list[str]) -> None:
    put("c.yaml", changed("cross-tenancy", {"access": [{"generative-ai": ["chat"]}]}))

    code, out, err = told(call("render", "c.yaml", "--format", form, "-o", "out"))
    assert (code, out) == (0, "".join(f"out/{name}\n" for name in names))
    err = err.removeprefix("proved: 1 instance x 1 operation allowed, 700 probes refused\n")
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(names)
    if form == "oci-cli":
        assert err == (
            "\nIn that folder, with the home regions in the profiles:\n"
            "  oci iam policy create --profile SERVICE"
            " --from-json file://sales-assistant-service.json\n"
            "  oci iam policy create --profile CALLER"
            " --from-json file://sales-assistant-caller.json\n"
        )
    else:
        assert err == ""


def test_render_into_a_folder_that_cannot_be() -> None:
    put("c.yaml", changed("same-tenancy", {}))
    before = BROAD.format(file="c.yaml", line=11) + PROVED

    assert told(call("render", "c.yaml", "-o", "c.yaml")) == (
        2,
        "",
        f"{before}error: c.yaml cannot be written: File exists\n",
    )
    assert told(call("render", "c.yaml", "-o", "c.yaml/x")) == (
        2,
        "",
        f"{before}error: c.yaml/x cannot be written: Not a directory\n",
    )


@pytest.mark.parametrize("form", ["oci-cli", "terraform"])
def test_render_refuses_to_create_with_a_stand_in(form: str) -> None:
    change: dict[str, Any] = {"caller.tenancy": None, "access": ["language"]}
    put("c.yaml", changed("paired", change))

    assert told(call("render", "c.yaml", "--format", form, "-o", "out")) == (
        2,
        "",
        (
            "proved: 1 instance x 12 operations allowed, 768 probes refused"
            " (with a stand-in for caller.tenancy)\n"
            "error: caller.tenancy is not known yet, so nothing can be created from this\n"
            "help: render it as text for the request to Oracle, and put the answer in the config\n"
        ),
    )
    assert not Path("out").exists()


OWN = """\
// policy sales-assistant-caller, in the root compartment of a tenancy that is
// not known yet
// Own
allow any-user to use ai-service-language-translation in tenancy where request.principal.id \
= 'ocid1.odainstance.oc1.iad.sales'
"""


OWN_CHANGE: dict[str, Any] = {
    "scenario": "own",
    "caller.tenancy": None,
    "caller.profile": None,
    "compartment": None,
    "access": [{"language": ["translation"]}],
}
OWN_PROVED = "proved: 1 instance x 1 operation allowed, 226 probes refused\n"


def test_render_with_templates_of_ones_own() -> None:
    Path("mine/own").mkdir(parents=True)
    put(
        "mine/own/scenario.yaml", "summary: own\nsides: {caller: {apply: true, description: Own}}\n"
    )
    template = (
        "{% for grant in grants %}allow any-user to {{ grant.verb }} {{ grant.resource }} in"
        " tenancy where request.principal.id = {{ instances[0] | quoted }}\n{% endfor %}"
    )
    put("mine/own/caller.policy.j2", template)
    put("c.yaml", changed("same-tenancy", OWN_CHANGE))

    assert told(call("render", "c.yaml", "--templates", "mine")) == (0, OWN, OWN_PROVED)
    code, out, err = told(call("render", "c.yaml", "--templates", "nowhere"))
    assert (code, out) == (2, "")
    assert err == "error: the templates folder nowhere is not there, or is no folder\n"


@pytest.mark.parametrize("form", ["text", "json", "oci-cli", "terraform"])
def test_a_template_that_grants_something_else_writes_nothing(form: str) -> None:
    Path("mine/own").mkdir(parents=True)
    put(
        "mine/own/scenario.yaml", "summary: own\nsides: {caller: {apply: true, description: Own}}\n"
    )
    put(
        "mine/own/caller.policy.j2",
        "allow any-user to use ai-service-language-translation in tenancy\n",
    )
    # No rule of the config can talk a failed proof away.
    put("c.yaml", changed("same-tenancy", {**OWN_CHANGE, "rules": {"not-proved": "off"}}))

    code, out, err = told(
        call("render", "c.yaml", "--templates", "mine", "--format", form, "-o", "out")
    )
    assert (code, out) == (1, "")
    assert err == UNPROVED
    assert not Path("out").exists()


UNPROVED = """\
c.yaml:2:11: error: BatchLanguageTranslation by caller/other-odainstance in caller is allowed \
and should be denied (and 2 more) [not-proved]
 2 | scenario: own
   |           ^^^
help: the template grants more than what the config asks for; `--format json` lists all

1 error
not proved: 3 of 228 probes
"""
