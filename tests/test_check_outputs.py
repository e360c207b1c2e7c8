"""Findings for programs: SARIF that fits its schema, and annotations that GitHub reads."""

import json
from typing import Any

import jsonschema
import pytest

from ocipolicy.check import BY_NAME, check
from ocipolicy.outputs import github, sarif
from tests.examples import CASES, EXAMPLES, ROOT

# As SchemaStore publishes it under the name sarif-2.1.0-rtm.5; taken from the npm package
# @microsoft/jest-sarif 1.0.0-beta.0, which has it for the same purpose.
SCHEMA = json.loads((CASES / "outputs" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
TEXT = (
    "allow any-user to use keys in tenancy where request.region = 'us-chicago-1'\n"
    "allow group a\n  to use keys tenancy\n"
    "allow group '100%' to veiw keys in tenancy where request.operation = 'a%b'\n"
    "deny group 'a%b' to veiw keys in tenancy\n"
)


def log(text: str, file: str) -> Any:
    found = sarif.of_diagnostics(check(text, file).diagnostics, "1.2.3")
    jsonschema.Draft4Validator(SCHEMA).validate(found)
    return found


def test_a_log_without_findings() -> None:
    assert log("", "x.policy")["runs"] == [
        {
            "tool": {"driver": {"name": "ocipolicy", "version": "1.2.3", "rules": []}},
            "columnKind": "unicodeCodePoints",
            "results": [],
        }
    ]


def test_a_result_has_its_rule_its_place_and_its_fix() -> None:
    (run,) = log(TEXT, "my policies/x.policy")["runs"]
    first = run["results"][0]

    assert first == {
        "ruleId": "region-name-in-condition",
        "ruleIndex": 2,
        "level": "error",
        "message": {
            "text": "`request.region` is the key of a region, so it never equals its name\n"
            "help: write 'ORD', the key of us-chicago-1"
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "my%20policies/x.policy"},
                    "region": {"startLine": 1, "startColumn": 62, "endLine": 1, "endColumn": 76},
                }
            }
        ],
        "fixes": [
            {
                "artifactChanges": [
                    {
                        "artifactLocation": {"uri": "my%20policies/x.policy"},
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 1,
                                    "startColumn": 62,
                                    "endLine": 1,
                                    "endColumn": 76,
                                },
                                "insertedContent": {"text": "'ORD'"},
                            }
                        ],
                    }
                ]
            }
        ],
    }
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == sorted({each["ruleId"] for each in run["results"]})
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])


def test_a_rule_of_ours_brings_its_page_and_others_their_name() -> None:
    (run,) = log(TEXT, "x.policy")["runs"]
    rules = {each["id"]: each for each in run["tool"]["driver"]["rules"]}

    assert rules["missing-word"] == {"id": "missing-word"}
    assert rules["unknown-verb"] == {
        "id": "unknown-verb",
        "shortDescription": {"text": "A verb that is none of inspect, read, use and manage."},
        "help": {"text": BY_NAME["unknown-verb"].page},
        "defaultConfiguration": {"level": "error"},
    }


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_logs_of_the_examples_fit_the_schema(path: Any) -> None:
    log(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def test_the_schema_would_refuse_a_wrong_log() -> None:
    wrong = sarif.of_diagnostics(check(TEXT).diagnostics, "1.2.3")
    wrong["runs"][0]["results"][0]["level"] = "fatal"

    with pytest.raises(jsonschema.ValidationError, match="'fatal' is not one of"):
        jsonschema.Draft4Validator(SCHEMA).validate(wrong)


def test_annotations_escape_what_github_would_read_otherwise() -> None:
    found = github.of_diagnostics(check(TEXT, "a,b:c.policy").diagnostics)

    first, second, *rest = found.splitlines()
    assert first == (
        "::error file=a%2Cb%3Ac.policy,line=1,endLine=1,col=62,endColumn=76,"
        "title=region-name-in-condition::`request.region` is the key of a region, so it never"
        " equals its name%0Ahelp: write 'ORD', the key of us-chicago-1"
    )
    assert second.startswith("::error file=a%2Cb%3Ac.policy,line=3,endLine=3,col=15,endColumn=22,")
    assert "title=missing-word::" in second
    assert len(rest) == 3


def test_a_text_without_a_name_has_no_file_and_a_note_is_a_notice() -> None:
    found = github.of_diagnostics(check("deny group a to use keys in tenancy").diagnostics)

    assert found == (
        "::notice line=1,endLine=1,col=1,endColumn=5,title=deny-needs-opt-in::deny statements are"
        " refused until the tenancy has opted in to them%0Ahelp: an administrator opts in, in the"
        " Console"
    )
