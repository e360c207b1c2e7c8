"""`ocipolicy reference` from outside: what it prints where, and how it exits."""

import json

import pytest
from click.testing import CliRunner, Result

from ocipolicy import reference
from ocipolicy.cli import main
from ocipolicy.outputs import reference as told
from ocipolicy.outputs.lines import WIDTH
from tests.terminals import at_terminal, plain, run

TYPES = len(reference.resource_types()["all-resources"].members)


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["reference", *arguments], prog_name="ocipolicy")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_all_that_is_known_of_an_operation() -> None:
    assert (
        call("operation", "generative-ai:Chat").output
        == """\
generative-ai:Chat (operation)
  needs         GENERATIVE_AI_CHAT
  granted by    use generative-ai-chat
  where         the compartment that the request sends as compartmentId
  source
    https://docs.oracle.com/en-us/iaas/Content/generative-ai/iam-policies.htm
  date          2026-11
"""
    )


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (
            ["resource", "Generative-AI-Text-Rerank"],
            """\
generative-ai-text-rerank (resource type of generative-ai)
  member of     generative-ai-family
  use adds      GENERATIVE_AI_TEXT_RERANK
  source
    https://docs.oracle.com/en-us/iaas/Content/generative-ai/iam-policies.htm
  date          2026-11
  doubt         the type is on Oracle's page, its permission was read in
                oci-policy-analysis 7.0.0
""",
        ),
        (
            ["ai-service-generative-ai-family"],
            """\
ai-service-generative-ai-family (resource type of generative-ai)
  write instead generative-ai-family
  permissions   not known
  source        Oracle LiveLabs
  date          2026-11
  doubt         printed by older labs, and no resource type of today
""",
        ),
        (
            ["operation", "BatchLanguageTranslation"],
            """\
language:BatchLanguageTranslation (operation)
  needs         use ai-service-language-translation; its permissions are
                not documented
  source        https://docs.oracle.com/iaas/language/using/policies.htm
  date          2026-11
  doubt         the page grants verbs on the family, the permissions behind each
                type are not known
""",
        ),
        (
            ["permission", "policy_update"],
            """\
POLICY_UPDATE (permission)
  granted by    manage policies, and higher verbs
  source
    https://docs.oracle.com/en-us/iaas/Content/Identity/policyreference/iampolicyreference.htm
  date          2026-11
""",
        ),
        (
            ["variable", "target.model.id"],
            """\
target.model.id (variable)
  type          string
  operators     =, !=, in, not in
  callers       user, instance, resource, service
  services      generative-ai
  source
    https://docs.oracle.com/en-us/iaas/Content/generative-ai/add-api-permission.htm
  date          2026-11
  doubt         `in` is documented; the other operators follow from strings
                in general
""",
        ),
        (
            ["region", "SJC"],
            """\
us-sanjose-1 (region of oc1, key SJC)
  services      no Generative AI found
  source        oci 2.189.0 (Oracle's SDK for Python)
  date          2026-11
""",
        ),
        (
            ["cohere.command-r-plus"],
            """\
cohere.command-r-plus (model)
  vendor        cohere
  tasks         chat
  apiFormat     COHERE
  on demand     retired 2025-01-16
  dedicated     retired 2025-08-07
  source
    https://docs.oracle.com/en-us/iaas/Content/generative-ai/deprecating-on-demand.htm
  date          2026-11
""",
        ),
        (
            ["principal", "workload"],
            """\
workload (principal type)
  what          workload of an enhanced OKE cluster
  OCID          none
  source
    https://docs.oracle.com/en-us/iaas/Content/ContEng/Tasks/contenggrantingworkloadaccesstoresources.htm
  date          2026-11
""",
        ),
        (
            ["limit", "statements-per-policy"],
            """\
statements-per-policy (limit)
  value         50 statements
  source
    https://docs.oracle.com/en-us/iaas/Content/General/Concepts/servicelimits.htm
  date          2026-11
""",
        ),
        (
            ["all-resources"],
            f"""\
all-resources (family of any)
  members       every resource type, {TYPES} of them in this dictionary
  source        OCI IAM policy reference
  date          2026-11
""",
        ),
    ],
)
def test_all_that_is_known_of_a_word(arguments: list[str], output: str) -> None:
    result = call(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, output, "")


@pytest.mark.parametrize(
    ("words", "message", "help"),
    [
        ("operation chat", "no operation `chat` is known", "did you mean Chat?"),
        ("operation identity:Chat", "no operation `identity:Chat` is known", "did you mean Chat?"),
        (
            "resource POLICY_READ",
            "no resource `POLICY_READ` is known",
            "it is a word of another kind: ocipolicy reference permission POLICY_READ",
        ),
        (
            "generative-ai-chatt",
            "no word `generative-ai-chatt` is known",
            "did you mean generative-ai-chat?",
        ),
        (
            "region zzz",
            "no region `zzz` is known",
            "`ocipolicy reference region` lists all that are",
        ),
        ("zzz", "no word `zzz` is known", "`ocipolicy reference [KIND]` lists all that are"),
    ],
)
def test_what_is_not_known_has_exit_code_one(words: str, message: str, help: str) -> None:
    error = f"error: {message}\nhelp: {help}\n"
    result = call(*words.split())
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", error)
    result = call(*words.split(), "--format", "json")
    assert (result.exit_code, result.stderr) == (1, error)
    assert json.loads(result.stdout) == {"schema": 1, "entries": []}


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("permision", "Did you mean 'permission'?"),
        ("zzz", "They are " + ", ".join(reference.KINDS) + "."),
    ],
)
def test_a_kind_that_is_not_there_is_wrong_usage(kind: str, hint: str) -> None:
    result = call(kind, "x")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: There is no kind of word '{kind}'. {hint}\n")


def test_the_kinds_and_how_many_there_are() -> None:
    result = call()
    assert result.exit_code == 0
    kinds = [line.split() for line in result.stdout.splitlines()]
    assert [each[0] for each in kinds] == [*reference.KINDS]
    assert [int(each[1]) for each in kinds] == [
        len([*told.entries(kind)]) for kind in reference.KINDS
    ]


@pytest.mark.parametrize("kind", reference.KINDS)
def test_a_kind_is_listed_one_word_a_line(kind: str) -> None:
    lines = call(kind).stdout.splitlines()
    assert len(lines) == len([*told.entries(kind)])
    assert all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize("kind", reference.KINDS)
def test_every_word_can_be_shown_in_eighty_columns(kind: str) -> None:
    for entry in told.entries(kind):
        for line in told.as_text([entry]).splitlines():
            # Only an address may be longer.
            assert len(line) <= WIDTH or "https://" in line, line


def test_json_has_every_field_of_a_row() -> None:
    (found,) = json.loads(call("variable", "target.policy.type", "--format", "json").stdout)[
        "entries"
    ]
    assert (
        found
        == {
            "kind": "variable",
            "name": "target.policy.type",
            "applies_to": ["user", "instance", "resource", "service"],
            "is_set": True,
            "not_on": ["ListPolicies", "GetPolicy"],
            "note": "the kinds of statement in the policy, allow, deny or both",
            "operators": ["=", "!="],
            "prefix": False,
            "services": ["identity"],
            "source": "https://docs.oracle.com/iaas/Content/Identity/policysyntax/denypolicies.htm",
            "date": "2026-11",
            "doubt": None,
        }
        | {"kind": "variable", "kind_of_value": "string"}
        or found
    )


def test_json_lists_everything() -> None:
    every = json.loads(call("--format", "json").stdout)
    assert every["schema"] == 1
    assert len(every["entries"]) == sum(1 for kind in reference.KINDS for _ in told.entries(kind))
    models = json.loads(call("model", "--format", "json").stdout)["entries"]
    assert {each["retired_on_demand"] for each in models} >= {None, "2024-10-02"}


def test_colours_at_a_terminal_only() -> None:
    code, screen = at_terminal("reference", "operation", "Chat")
    piped = run("reference", "operation", "Chat")
    assert (code, piped.returncode) == (0, 0)
    assert "\x1b[" in screen
    assert b"\x1b[" not in piped.stdout
    assert plain(screen) == piped.stdout.decode()
