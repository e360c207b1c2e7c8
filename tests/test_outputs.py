"""What leaves the house: every format against its golden, and read back against the bundle."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import hcl2
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from ocipolicy.language import parse, show
from ocipolicy.language.tree import (
    Access,
    Clause,
    InTenancy,
    Statement,
    String,
    Subject,
    VerbGrant,
)
from ocipolicy.outputs import json as as_json
from ocipolicy.outputs import oci_cli, terraform, text
from ocipolicy.outputs.files import File
from ocipolicy.render import Bundle, Policy, Templates, render
from tests.examples import cases, config

UNKNOWN: dict[str, Any] = {"caller.tenancy": None}
BUNDLES = {
    "same-tenancy": ("same-tenancy", {}),
    "cross-tenancy": ("cross-tenancy", {}),
    "paired": ("paired", {}),
    "paired-unknown": ("paired", UNKNOWN),
}
FORMATS: dict[str, Callable[[Bundle], str]] = {
    "text": text.of_bundle,
    "json": lambda bundle: as_json.dump(as_json.of_bundle(bundle, None, ())),
    "oci-cli": oci_cli.script,
    "terraform": terraform.text,
}


class TextFile(SingleFileSnapshotExtension):
    """A golden is a file that reads like the output itself."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


def bundle_of(example: str, change: dict[str, Any] | None = None) -> Bundle:
    rendered = render(config(example, change), Templates())
    assert rendered.bundle is not None, rendered.diagnostics
    return rendered.bundle


@pytest.mark.parametrize(
    ("name", "form"),
    # Nothing can be created while a tenancy is not known, and the command refuses it.
    [
        (name, form)
        for name in BUNDLES
        for form in FORMATS
        if name != "paired-unknown" or form in ("text", "json")
    ],
)
def test_golden(name: str, form: str, golden: SnapshotAssertion) -> None:
    assert FORMATS[form](bundle_of(*BUNDLES[name])) == golden


def test_golden_of_a_broken_file(golden: SnapshotAssertion) -> None:
    parsed = parse(
        "allow any-user to use buckets in tenancy where request.principal.type = odainstance\n"
        "allow grup Admins to use buckets in tenancy\n",
        "broken.policy",
    )
    told = text.of_diagnostics(parsed.diagnostics) + "\n\n" + text.summary(parsed.diagnostics)

    assert told == golden
    assert as_json.dump(as_json.of_parsed(parsed)) == golden(name="json")


CASES = cases("outputs/statements.yaml")


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "text" in case],
    ids=lambda case: str(case["text"]),
)
def test_json_of_a_statement(case: dict[str, Any]) -> None:
    parsed = parse(case["text"])

    assert as_json.of_parsed(parsed) == {"statements": [case["json"]], "diagnostics": []}


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "condition" in case],
    ids=lambda case: str(case["condition"]),
)
def test_json_of_a_condition(case: dict[str, Any]) -> None:
    parsed = parse(f"allow any-user to use x in tenancy where {case['condition']}")
    (found,) = as_json.of_parsed(parsed)["statements"]

    assert found["condition"] == case["json"]
    assert parsed.diagnostics == ()


def test_the_line_of_a_statement_is_its_first_in_the_file() -> None:
    parsed = parse(
        "// one\n\nallow any-user\n  to use x\n  in tenancy\n\ndeny any-user to use y in tenancy\n"
    )

    assert [each["line"] for each in as_json.of_parsed(parsed)["statements"]] == [3, 7]


def test_json_is_ascii_so_that_any_terminal_prints_it() -> None:
    found = as_json.dump({"statements": ["Grüße"]})

    assert found.isascii()
    assert json.loads(found) == {"schema": 1, "statements": ["Grüße"]}


def parsed_all(statements: list[str]) -> tuple[Statement, ...]:
    parsed = parse("\n".join(statements))
    assert parsed.diagnostics == ()
    return parsed.statements


@pytest.mark.parametrize("example", ["same-tenancy", "cross-tenancy", "paired"])
def test_text_reads_back_as_the_statements_of_the_bundle(example: str) -> None:
    bundle = bundle_of(example)

    parsed = parse(text.of_bundle(bundle))
    assert parsed.diagnostics == ()
    assert parsed.statements == tuple(
        each for policy in bundle.policies for each in policy.statements
    )
    for policy, file in zip(bundle.policies, text.files(bundle), strict=True):
        assert file.name == f"{policy.name}.policy"
        assert parse(file.text).statements == policy.statements


def test_the_letter_is_a_file_of_its_own() -> None:
    bundle = bundle_of("paired", UNKNOWN)

    files = text.files(bundle)
    assert [each.name for each in files] == [
        "sales-assistant-service.policy",
        "sales-assistant-caller.policy",
        "support-request.txt",
    ]
    assert files[-1] == File("support-request.txt", bundle.letters[0].text)


@pytest.mark.parametrize("example", ["same-tenancy", "cross-tenancy", "paired"])
def test_oci_cli_files_read_back(example: str) -> None:
    bundle = bundle_of(example)
    ours = [policy for policy in bundle.policies if policy.apply]

    files = oci_cli.files(bundle)
    assert [each.name for each in files] == [f"{policy.name}.json" for policy in ours]
    for policy, file in zip(ours, files, strict=True):
        body = json.loads(file.text)
        assert parsed_all(body.pop("statements")) == policy.statements
        assert body == {
            "compartmentId": policy.tenancy,
            "name": policy.name,
            "description": policy.description,
            "freeformTags": {"ocipolicy": "sales-assistant"},
        }


def test_the_commands_name_the_files_and_the_profiles() -> None:
    bundle = bundle_of("cross-tenancy", {"name": "it.s-1", "caller.profile": "two words"})

    create = ["oci", "iam", "policy", "create", "--profile"]
    assert [shlex.split(line) for line in oci_cli.commands(bundle)] == [
        [*create, "SERVICE", "--from-json", "file://it.s-1-service.json"],
        [*create, "two words", "--from-json", "file://it.s-1-caller.json"],
    ]


def read_terraform(written: str) -> dict[str, Any]:
    found: dict[str, Any] = hcl2.loads(written)
    return found


def unquoted(value: str) -> str:
    """A string as Terraform would read it: the parser leaves quotes and escapes as they stand."""
    assert value.startswith('"')
    assert value.endswith('"')
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", value), f"{value} would be interpolated"
    inner = value[1:-1].replace("$${", "${").replace("%%{", "%{")
    return re.sub(r"\\(.)", r"\1", inner)


def policies_of(written: str) -> dict[str, dict[str, Any]]:
    """The policies of a Terraform text by their resource names."""
    found: dict[str, dict[str, Any]] = {}
    for resource in read_terraform(written)["resource"]:
        ((kind, named),) = [(key, value) for key, value in resource.items() if "__" not in key]
        assert unquoted(kind) == "oci_identity_policy"
        for name, body in named.items():
            assert unquoted(name) not in found
            found[unquoted(name)] = body
    return found


@pytest.mark.parametrize("example", ["same-tenancy", "cross-tenancy", "paired"])
def test_terraform_reads_back(example: str) -> None:
    bundle = bundle_of(example)
    ours = {policy.name: policy for policy in bundle.policies if policy.apply}

    found = policies_of(terraform.text(bundle))
    assert list(found) == list(ours)
    for name, body in found.items():
        policy = ours[name]
        statements = [unquoted(each) for each in body["statements"]]
        assert parsed_all(statements) == policy.statements
        assert unquoted(body["compartment_id"]) == policy.tenancy
        assert unquoted(body["name"]) == policy.name
        assert unquoted(body["description"]) == policy.description
        assert {key: unquoted(value) for key, value in body["freeform_tags"].items()} == {
            "ocipolicy": "sales-assistant"
        }
        assert body["provider"] == f"${{oci.{policy.side}_home}}"


def test_terraform_has_a_home_region_provider_for_each_side() -> None:
    found = read_terraform(terraform.text(bundle_of("cross-tenancy")))

    providers = [each['"oci"'] for each in found["provider"]]
    assert [
        {key: each[key] for key in ("alias", "tenancy_ocid", "config_file_profile", "region")}
        for each in providers
    ] == [
        {
            "alias": f'"{side}_home"',
            "tenancy_ocid": f'"ocid1.tenancy.oc1..{side}"',
            "config_file_profile": f'"{side.upper()}"',
            "region": f"${{var.{side}_home_region}}",
        }
        for side in ("service", "caller")
    ]
    variables = [key for each in found["variable"] for key in each]
    assert variables == ['"service_home_region"', '"caller_home_region"']


def made(*names: str, value: str = "x", description: str = "Made by a test") -> Bundle:
    """A bundle with one statement in each policy, whose condition holds the value."""
    statement = Access(
        kind="allow",
        subject=Subject("any-user"),
        grant=VerbGrant("use", "x"),
        location=InTenancy(),
        condition=Clause("request.principal.id", "=", (String(value),)),
    )
    policies = [
        Policy("caller", "ocid1.tenancy.oc1..a", name, description, (statement,), apply=True)
        for name in names
    ]
    return Bundle("made", tuple(policies))


@pytest.mark.parametrize(
    "value",
    [
        "${var.secret}",
        "%{ if true }x%{ endif }",
        '"quoted"',
        "back\\slash",
        "\\${x}",
        '\\"',
        "$ { %",
        "$$",
        "ends in $",
        "Grüße 🌍",
        "a // b # c /* d */",
    ],
)
def test_terraform_never_interpolates(value: str) -> None:
    bundle = made("hostile", value=value, description=value)

    (body,) = policies_of(terraform.text(bundle)).values()
    (policy,) = bundle.policies
    assert [unquoted(each) for each in body["statements"]] == [show(policy.statements[0])]
    assert unquoted(body["description"]) == value


def test_terraform_writes_control_characters_as_hcl_has_them() -> None:
    written = terraform.text(made("hostile", value="a", description="\b\f\n\r\t\x00"))

    assert r'"\u0008\u000c\n\r\t\u0000"' in written


def test_names_become_resource_names_and_stay_apart() -> None:
    bundle = made("a.b-caller", "a_b-caller", "a.b_caller", "1st", "-x", "plain-2")

    found = policies_of(terraform.text(bundle))
    assert {name: unquoted(body["name"]) for name, body in found.items()} == {
        "a_b-caller": "a.b-caller",
        "a_b-caller_": "a_b-caller",
        "a_b_caller": "a.b_caller",
        "_1st": "1st",
        "_-x": "-x",
        "plain-2": "plain-2",
    }


def test_files_are_named_for_their_policies() -> None:
    bundle = bundle_of("same-tenancy", {"name": "1.st"})

    assert [each.name for each in text.files(bundle)] == ["1.st-caller.policy"]
    assert [each.name for each in oci_cli.files(bundle)] == ["1.st-caller.json"]
    assert [each.name for each in terraform.files(bundle)] == ["1.st.tf"]


LONG = "allow any-user to use generative-ai-chat in compartment a:b:c where request.region"


@pytest.mark.parametrize(
    ("statement", "line", "marks"),
    [
        (
            "allow any-user to use\tx in tenancy where request.region = ORD",
            " 1 | allow any-user to use x in tenancy where request.region = ORD",
            "   | " + 58 * " " + "^^^",
        ),
        (
            f"{LONG} = ORD",
            " 1 | … to use generative-ai-chat in compartment a:b:c where request.region = ORD",
            "   |" + 73 * " " + "^^^",
        ),
        (
            f"alow {LONG[6:]} = 'ORD'",
            " 1 | alow any-user to use generative-ai-chat in compartment a:b:c where request…",
            "   | ^^^^",
        ),
        (
            "allow group '漢字e\u0301' to use x in tenancy where request.region = ORD",
            " 1 | allow group '漢字e\u0301' to use x in tenancy where request.region = ORD",
            "   | " + 63 * " " + "^^^",
        ),
    ],
    ids=["tab", "cut before", "cut behind", "wide letters"],
)
def test_carets_stand_below_the_fault(statement: str, line: str, marks: str) -> None:
    (found,) = [each for each in parse(statement).diagnostics if each.severity == "error"]
    shown = text.of_diagnostic(found).split("\n")[1:3]

    assert shown == [line, marks]
    assert max(map(len, shown)) <= 80
