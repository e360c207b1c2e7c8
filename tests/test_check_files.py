"""The four kinds of files: where a finding is shown, what is ignored, weighed and fixed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.check import check, fixed, is_ours
from ocipolicy.config import Loaded
from ocipolicy.diagnostics import Diagnostic, Fix, Severity, Source, Span
from ocipolicy.language import parse
from ocipolicy.render import Bundle, Templates
from tests.examples import EXAMPLES
from tests.test_check import written

WORLD = """\
tenancies:
  home:
    ocid: ocid1.tenancy.oc1..home
    compartments: {apps: {ocid: ocid1.compartment.oc1..apps}}
    groups: {staff: {ocid: ocid1.group.oc1..staff}}
    policies:
      plain:
        statements:
          - allow group staff to inspect generative-ai-chat in compartment apps
      quoted:
        statements:
          - 'allow group staff to use generative-ai-chat in tenancy where request.region = ''us-chicago-1'''
          - "allow group staff to use buckets in tenancy where request.region = 'us-ashburn-1'"
      folded:
        statements:
          - >-
            allow group staff to use keys in tenancy
            where request.region = 'eu-frankfurt-1'
"""  # noqa: E501 - a statement is one line
CONFIG = (EXAMPLES / "cross-tenancy.yaml").read_text(encoding="utf-8")


def places(text: str, file: str) -> list[tuple[str, str, str]]:
    """Each finding: its rule, its place, and the characters that it marks."""
    return [
        (each.rule, f"{each.span.line}:{each.span.column}", each.span.text)
        for each in check(text, file).diagnostics
    ]


def test_a_finding_in_a_world_stands_in_its_yaml_whatever_the_quotes() -> None:
    assert places(WORLD, "world.yaml") == [
        ("verb-grants-nothing", "9:34", "inspect"),
        ("region-name-in-condition", "12:92", "''us-chicago-1''"),
        ("region-name-in-condition", "13:81", "'us-ashburn-1'"),
        ("region-name-in-condition", "18:36", "'eu-frankfurt-1'"),
    ]


def test_a_world_is_put_right_in_its_own_quotes() -> None:
    better, count = fixed(WORLD, lambda text: check(text, "world.yaml").diagnostics)

    assert count == 3
    assert "request.region = ''ORD'''\n" in better
    assert "request.region = 'IAD'\"\n" in better
    assert places(better, "world.yaml") == [("verb-grants-nothing", "9:34", "inspect")]


def test_a_world_with_a_mistake_still_has_its_other_statements_checked() -> None:
    broken = WORLD.replace("ocid1.group.oc1..staff", "ocid1.user.oc1..staff")

    assert [rule for rule, _, _ in places(broken, "world.yaml")] == [
        "wrong-ocid-kind",
        "verb-grants-nothing",
        *["region-name-in-condition"] * 3,
    ]


JSON = """\
{
  "data": [
    {"compartment-id": "ocid1.compartment.oc1..apps",
     "name": "a",
     "statements": [
       "Allow group staff to veiw buckets in compartment apps",
       "define tenancy x as ocid1.tenancy.oc1..x"]},
    {"name": "b", "statements": ["allow group staff to use keys tenancy"]}
  ]
}
"""


def test_lists_of_statements_are_found_wherever_they_are_in_json() -> None:
    assert places(JSON, "policies.json") == [
        ("unknown-verb", "6:30", "veiw"),
        ("unused-define", "7:9", "define tenancy x as ocid1.tenancy.oc1..x"),
        ("define-not-first", "7:9", "define tenancy x as ocid1.tenancy.oc1..x"),
        ("missing-word", "8:65", "tenancy"),
    ]


def test_a_list_that_cannot_be_read_whole_is_not_judged_as_a_whole() -> None:
    statements = [
        "define tenanzy caller as ocid1.tenancy.oc1..caller",
        "admit group staff of tenancy caller to use buckets in tenancy",
    ]

    found = places(json.dumps({"statements": statements}), "x.json")

    assert [rule for rule, _, _ in found] == ["misspelt-keyword"]


def test_a_policy_that_cannot_be_read_whole_is_not_judged_as_a_whole() -> None:
    text = (
        "define tenanzy caller as ocid1.tenancy.oc1..caller\n"
        "admit any-user of tenancy caller to use buckets in tenancy\n"
    )

    assert [rule for rule, _, _ in places(text, "x.policy")] == [
        "misspelt-keyword",
        "unconditioned-any-user",
    ]


@pytest.mark.parametrize(
    ("text", "file", "kind"),
    [
        ("allow group a to use keys in tenancy", "", "policy"),
        ("// only a comment", "x.policy", "policy"),
        ('{"statements": ["allow group a to use keys in tenancy"]}', "", "statements"),
        ("statements: [allow group a to use keys in tenancy]", "x.yaml", "statements"),
        ("tenancies: {a: {ocid: ocid1.tenancy.oc1..a}}", "", "world"),
        ('{"tenancies": {"a": {"ocid": "ocid1.tenancy.oc1..a"}}}', "x.json", "world"),
        (CONFIG, "", "config"),
        ("", "x.yaml", "config"),
        ("{", "x.json", "statements"),
    ],
)
def test_the_kind_of_a_file(text: str, file: str, kind: str) -> None:
    assert check(text, file).kind == kind


def template(folder: Path, text: str) -> Templates:
    """Scenarios of a user: the one with two tenancies, its caller's side as given."""
    own = folder / "mine"
    own.mkdir()
    scenario = "summary: mine\nsides:\n  caller: {apply: true, description: mine}\nneeds: []\n"
    (own / "scenario.yaml").write_text(scenario, encoding="utf-8")
    (own / "caller.policy.j2").write_text(text, encoding="utf-8")
    return Templates([folder])


MINE = """\
name: sales
scenario: mine
caller:
  instances: [ocid1.odainstance.oc1.iad.sales]
access:
  - generative-ai: [chat]
"""


def test_a_finding_in_rendered_text_is_at_the_value_and_names_the_template(tmp_path: Path) -> None:
    templates = template(
        tmp_path,
        "// the caller\n"
        "{% for grant in grants %}\n"
        "allow any-user to inspect {{ grant.resource }} in tenancy where all"
        " {request.principal.type = 'fnfunc', request.principal.id in {{ instances | quoted }}}\n"
        "{% endfor %}\n",
    )

    found = check(MINE, "mine.yaml", templates=templates).diagnostics

    assert [written(each) for each in found] == [
        {
            "error": "contradiction",
            "at": "4:15",
            "marks": "ocid1.odainstance.oc1.iad.sales",
            "says": "no principal of the type fnfunc has an OCID that is asked for here:"
            " the statement never applies (in what mine/caller.policy.j2:3 renders to)",
            "help": "ask for something that such a request has, or take the condition out",
        },
        {
            "error": "verb-grants-nothing",
            "at": "3:1",
            "marks": "allow any-user to inspect {{ grant.resource }} in tenancy where all"
            " {request.principal.type = 'fnfunc', request.principal.id in"
            " {{ instances | quoted }}}",
            "says": "`inspect` gives nothing on generative-ai-chat (in what this line renders to)",
            "help": "the lowest verb that gives is use: GENERATIVE_AI_CHAT",
        },
    ]
    assert [Path(each.span.source.origin).name for each in found] == [
        "mine.yaml",
        "caller.policy.j2",
    ]


def test_the_longest_value_in_what_was_found_is_the_one_that_made_it(tmp_path: Path) -> None:
    line = "allow any-user to use {{ grants[0].resource }} in tenancy where request.principal.id in"
    templates = template(tmp_path, f"{line} {{{{ instances | quoted }}}}\n" * 2)

    (found,) = check(MINE, "mine.yaml", templates=templates).diagnostics

    assert (found.rule, found.span.text) == (
        "duplicate-statement",
        "ocid1.odainstance.oc1.iad.sales",
    )
    assert "mine/caller.policy.j2:2" in found.message


def test_the_side_that_oracle_manages_is_not_ours_to_check(tmp_path: Path) -> None:
    templates = template(tmp_path, "allow any-user to inspect generative-ai-chat in tenancy\n")
    scenario = tmp_path / "mine" / "scenario.yaml"
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(text.replace("apply: true", "apply: false"), encoding="utf-8")

    assert check(MINE, "mine.yaml", templates=templates).diagnostics == ()


def test_a_config_weighs_the_findings_of_rules_errors_as_well(tmp_path: Path) -> None:
    templates = template(tmp_path, "allow any-user to inspect generative-ai-chat in tenancy\n")
    weighed = MINE + "rules: {verb-grants-nothing: note, unconditioned-any-user: off}\n"

    before = check(MINE, "mine.yaml", templates=templates).diagnostics
    after = check(weighed, "mine.yaml", templates=templates).diagnostics

    assert [(each.rule, each.severity) for each in before] == [
        ("verb-grants-nothing", Severity.ERROR),
        ("unconditioned-any-user", Severity.WARNING),
    ]
    assert [(each.rule, each.severity) for each in after] == [
        ("verb-grants-nothing", Severity.NOTE)
    ]


def test_the_proof_of_a_config_is_heard_and_can_be_ignored() -> None:
    def proof(loaded: Loaded, bundle: Bundle) -> list[Diagnostic]:
        assert [policy.side for policy in bundle.policies] == ["service", "caller"]
        span = loaded.span("access", 0)
        return [Diagnostic("broader-than-needed", Severity.NOTE, "too much", span)]

    def rules(text: str) -> list[str]:
        return [each.rule for each in check(text, "c.yaml", proof=proof).diagnostics]

    ignored = CONFIG.replace(
        "  - generative-ai\n",
        "  - generative-ai  # ocipolicy: ignore broader-than-needed as on Oracle's page\n",
    )
    assert rules(CONFIG) == ["broader-than-needed", "undocumented-form"]
    assert rules(ignored) == ["undocumented-form"]


IGNORED: list[tuple[str, Callable[[str], str]]] = [
    ("behind it", lambda line: line + "  # ocipolicy: ignore verb-grants-nothing tried"),
    ("above it", lambda line: f"          # ocipolicy: ignore verb-grants-nothing tried\n{line}"),
    (
        "inside it",
        lambda line: line.replace("- ", "- '") + " // ocipolicy: ignore verb-grants-nothing tried'",
    ),
]


@pytest.mark.parametrize(("where", "change"), IGNORED, ids=[where for where, _ in IGNORED])
def test_a_finding_in_a_world_is_ignored_by_a_comment(
    where: str, change: Callable[[str], str]
) -> None:
    (line,) = [each for each in WORLD.splitlines() if "inspect" in each]
    text = WORLD.replace(line, change(line))

    assert "verb-grants-nothing" not in [rule for rule, _, _ in places(text, "w.yaml")], where
    assert "unused-ignore" not in [rule for rule, _, _ in places(text, "w.yaml")]


def test_a_comment_does_not_reach_the_next_statement() -> None:
    text = (
        "allow any-user to use keys in tenancy // ocipolicy: ignore unconditioned-any-user public\n"
        "allow any-user to use keys in compartment a\n"
    )

    assert places(text, "x.policy") == [("unconditioned-any-user", "2:7", "any-user")]


def test_what_cannot_be_read_cannot_be_ignored() -> None:
    text = "allow group a use keys in tenancy // ocipolicy: ignore missing-word so it is\n"

    assert [rule for rule, _, _ in places(text, "x.policy")] == ["missing-word", "unused-ignore"]


def test_every_fix_is_made_and_the_rest_left() -> None:
    text = (
        "// a comment stays\n"
        "Allow dynamicgroup fns to use ai-service-generative-ai-family in compartment"
        " ocid1.compartment.oc1..a where all {request.region = 'us-chicago-1',"
        " request.principal.type = fnfunc}\r\n"
        "allow group a to use keys, tenancy\n"
        "allow group staff to mange buckets in tenancy\n"
    )

    better, count = fixed(text, lambda each: check(each, "x.policy").diagnostics)

    assert better == (
        "// a comment stays\n"
        "Allow dynamic-group fns to use generative-ai-family in compartment"
        " id ocid1.compartment.oc1..a where all {request.region = 'ORD',"
        " request.principal.type = 'fnfunc'}\r\n"
        "allow group a to use keys, tenancy\n"
        "allow group staff to manage buckets in tenancy\n"
    )
    assert count == 6
    assert fixed(better, lambda each: check(each, "x.policy").diagnostics) == (better, 0)


def test_of_fixes_that_overlap_the_first_is_made() -> None:
    def judge(text: str) -> list[Diagnostic]:
        if text != "0123456789":
            return []
        source = Source(text)
        edits = [(2, 5, "a"), (4, 7, "b"), (7, 8, "c"), (8, 8, "d")]
        return [
            Diagnostic("spelling", Severity.WARNING, "", span, None, Fix(span, new))
            for start, end, new in edits
            for span in [Span(source, start, end)]
        ]

    assert fixed("0123456789", judge) == ("01a56c89", 2)


def test_fixes_that_would_make_it_worse_are_left() -> None:
    text = "allow group a to use keys in tenancy where request.region = 'us-chicago-1'"

    def judge(each: str) -> tuple[Diagnostic, ...]:
        found = check(each).diagnostics
        worse = parse("what").diagnostics * 2
        return found if each == text else (*found, *worse)

    assert fixed(text, judge) == (text, 0)


_PIECES = st.sampled_from(
    [
        *("allow", "deny", "define tenancy x as ocid1.tenancy.oc1..x", "endorse", "admit"),
        *("any-user", "group a", "dynamic-group 'd'/b", "of tenancy x", "to", "to", "in", "where"),
        *("use", "inspect", "view", "buckets", "generative-ai-models", "all-resources"),
        *("{GENERATIVE_AI_CHATS}", "tenancy", "any-tenancy", "compartment ocid1.vcn.oc1..a"),
        *("all {", "any {", "}", ",", "request.region = 'us-chicago-1'", "request.user.name = a.b"),
        *(
            "request.principal.type = 'fnfunc'",
            "\n",
            "\n",
            "// ocipolicy: ignore x",
            "'",
            "é",
            "\r",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=40).map(" ".join))
def test_whatever_is_written_is_checked_and_a_fix_makes_it_no_worse(text: str) -> None:
    def diagnostics(each: str) -> tuple[Diagnostic, ...]:
        return check(each, "x.policy").diagnostics

    found = diagnostics(text)
    better, _ = fixed(text, diagnostics)

    def errors(several: tuple[Diagnostic, ...]) -> int:
        return sum(each.severity is Severity.ERROR for each in several)

    assert all(0 <= each.span.start <= each.span.end <= len(text) for each in found)
    assert errors(diagnostics(better)) <= errors(found)


def test_limits_along_a_path_name_the_path() -> None:
    def policies(name: str, where: str, count: int) -> str:
        lines = "".join(
            f"          - allow group staff to use keys in compartment apps where"
            f" request.user.name = '{name}{number}'\n"
            for number in range(count)
        )
        return f"      {name}:\n        compartment: {where}\n        statements:\n{lines}"

    head = WORLD.partition("      plain:")[0]
    many = "".join(policies(f"r{number}", "/", 50) for number in range(10))
    allowed = check(head + many, "w.yaml").diagnostics
    (found,) = check(head + many + policies("leaf", "apps", 2), "w.yaml").diagnostics

    assert allowed == ()
    assert (found.rule, found.message) == (
        "too-many-statements",
        "502 statements lie between the root and apps of `home`; OCI allows 500",
    )


def test_a_saved_plan_is_taken_for_no_world() -> None:
    assert is_ours("tenancies: {}\n", "a.yaml")
    assert not is_ours('{"schema": 1, "tenancies": []}', "plan.json")
