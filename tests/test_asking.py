"""explain, who-can and what-can at the command line; the evaluator has cases of its own."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ocipolicy.cli import main
from tests.examples import EXAMPLES

WORLD = str(EXAMPLES / "cross-tenancy.world.yaml")
CONFIG = str(EXAMPLES / "same-tenancy.yaml")
SALES = "request.principal.id = 'ocid1.odainstance.oc1.iad.sales'"


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=input)


def explain(who: str, what: str, where: str, *more: str) -> Result:
    return run("explain", "--world", WORLD, "--who", who, "--do", what, "--in", where, *more)


def data(result: Result) -> Any:
    found = json.loads(result.stdout)
    assert found.pop("schema") == 1
    return found


def test_allowed_by_both_halves() -> None:
    result = explain("sales", "Chat", "service/ai:genai", "--format", "json")

    assert result.exit_code == 0
    found = data(result)
    assert found["verdict"] == "allowed"
    assert [(each["tenancy"], each["policy"], each["part"]) for each in found["because"]] == [
        ("caller", "sales-assistant-caller", "endorse"),
        ("service", "sales-assistant-service", "admit"),
    ]
    assert (found["missing"], found["undecided"]) == ([], [])
    assert all(part["ok"] for part in found["considered"][0]["parts"])


def test_denied_with_the_missing_statement() -> None:
    result = explain("sales", "Chat", "caller")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "denied: caller/sales Chat in caller",
        "",
        "missing in the root compartment of caller:",
        f"  allow any-user to use generative-ai-chat in tenancy where {SALES}",
    ]


def test_of_a_config() -> None:
    result = run(
        "explain", "--config", CONFIG, "--who", "instance-1", "--do", "GENERATIVE_AI_CHAT",
        "--in", "caller/ai:genai",
    )  # fmt: skip

    assert result.exit_code == 0
    assert result.stdout.startswith("allowed: caller/instance-1 GENERATIVE_AI_CHAT in caller/ai:")


UNKNOWN = """\
tenancies:
  home:
    ocid: ocid1.tenancy.oc1..home
    users: {ann: {ocid: ocid1.user.oc1..ann}}
    groups: {staff: {ocid: ocid1.group.oc1..staff, members: [ann]}}
    policies:
      chat:
        compartment: /
        statements:
          - "allow group staff to use generative-ai-chat in tenancy where request.region = 'ORD'"
"""


def test_unknown_until_it_is_given() -> None:
    question = ("explain", "--world", "-", "--who", "ann", "--do", "Chat", "--in", "home")

    nothing = run(*question, input=UNKNOWN)
    chicago = run(*question, "--given", "request.region=us-chicago-1", input=UNKNOWN)
    ashburn = run(*question, "--given", "request.region=IAD", input=UNKNOWN)

    assert (nothing.exit_code, chicago.exit_code, ashburn.exit_code) == (2, 0, 1)
    assert "not known, and it decides: request.region" in nothing.stdout
    assert "--given VARIABLE=VALUE" in nothing.stdout


def test_who_can() -> None:
    result = run("who-can", "Chat", "--in", "service/ai:genai", "--world", WORLD)
    as_json = run(
        "who-can", "Chat", "--in", "service/ai:genai", "--world", WORLD, "--format", "json"
    )

    assert result.exit_code == as_json.exit_code == 0
    assert result.stdout.split() == ["caller/sales", "generative-ai:Chat", "service/ai:genai"]
    (answer,) = data(as_json)["answers"]
    assert answer.pop("because")
    assert answer == {
        "who": "caller/sales",
        "operation": "Chat",
        "permission": "GENERATIVE_AI_CHAT",
        "tenancy": "service",
        "compartment": "ai:genai",
    }


def test_nobody_can() -> None:
    result = run("who-can", "CreatePolicy", "--in", "service", "--world", WORLD)

    assert (result.exit_code, result.stdout) == (0, "nobody and nothing\n")


def test_what_can() -> None:
    result = run("what-can", "sales", "--world", WORLD)

    assert result.exit_code == 0
    lines = [tuple(line.split()) for line in result.stdout.splitlines()]
    assert ("caller/sales", "generative-ai:Chat", "service/ai:genai") in lines
    assert not any("CreatePolicy" in line[1] for line in lines if len(line) > 1)


WRONG = [
    (
        ("sales", "Cat", "caller"),
        "`Cat` is no operation or permission that the reference knows",
        "did you mean Chat?",
    ),
    (
        ("sles", "Chat", "caller"),
        "the world has no user or resource `sles`",
        "did you mean `sales`?",
    ),
    (
        ("sales", "Chat", "nowhere"),
        "the world has no tenancy `nowhere`",
        "the tenancies are caller, service",
    ),
    (
        ("sales", "ChangeWorld", "caller"),
        "`ChangeWorld` is no operation or permission that the reference knows",
        "see `ocipolicy reference operation`",
    ),
]


@pytest.mark.parametrize(("question", "message", "help"), WRONG)
def test_no_answer(question: tuple[str, str, str], message: str, help: str) -> None:
    result = explain(*question)

    assert result.exit_code == 2
    assert result.stderr == f"error: {message}\nhelp: {help}\n"


def test_no_world_no_answer() -> None:
    neither = run("explain", "--who", "a", "--do", "Chat", "--in", "b")
    both = run("who-can", "Chat", "--in", "b", "--world", WORLD, "--config", CONFIG)
    broken = run("what-can", "a", "--world", "-", input="tenancies: {home: {}}\n")
    badly = explain("sales", "Chat", "service", "--given", "request.region")

    assert neither.exit_code == both.exit_code == broken.exit_code == badly.exit_code == 2
    for usage in (neither, both):
        assert "Say what to ask: --world FILE or --config FILE." in usage.stderr
    assert "the world has mistakes, so there is no answer" in broken.stderr
    assert "--given takes VARIABLE=VALUE, not 'request.region'." in badly.stderr
