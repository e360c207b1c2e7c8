from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.config import load
from ocipolicy.diagnostics import Unreadable, has_errors
from ocipolicy.language import parse, show
from ocipolicy.language.tree import Access, Clause, String
from ocipolicy.render import Bundle, Templates, render
from ocipolicy.render.templates import Refused, quoted
from tests.examples import cases, changed, config, named

SCENARIO = """\
summary: a scenario of one's own
sides:
  caller: {apply: true, description: Made by a test}
needs: [caller.tenancy]
takes: [caller.profile]
"""


def own(folder: Path, template: str, scenario: str = SCENARIO) -> Path:
    """A templates folder with the scenario `own`."""
    place = folder / "own"
    place.mkdir()
    (place / "scenario.yaml").write_text(scenario, encoding="utf-8")
    (place / "caller.policy.j2").write_text(template, encoding="utf-8")
    return folder


def bundle_of(example: str, change: dict[str, Any] | None = None, *folders: Path) -> Bundle:
    rendered = render(config(example, change), Templates(folders))
    assert rendered.bundle is not None, rendered.diagnostics
    return rendered.bundle


@pytest.mark.parametrize("case", cases("render/scenarios.yaml"), ids=named)
def test_renders(case: dict[str, Any]) -> None:
    bundle = bundle_of(case["example"], case["change"])

    found = {
        policy.side + ("" if policy.apply else "*"): [show(each) for each in policy.statements]
        for policy in bundle.policies
    }
    assert found == {key: case[key] for key in ("service", "caller", "caller*") if key in case}


@pytest.mark.parametrize("case", cases("render/wrong.yaml"), ids=named)
def test_says_what_is_wrong(case: dict[str, Any], tmp_path: Path) -> None:
    change = dict(case.get("change", {}))
    folders: tuple[Path, ...] = ()
    if "template" in case:
        change["scenario"] = "own"
        folders = (own(tmp_path, case["template"]),)

    loaded = load(changed(case.get("example", "same-tenancy"), change), "config.yaml")
    rendered = render(loaded, Templates(folders))

    assert rendered.bundle is None
    found = [
        {
            "rule": each.rule,
            **({"line": each.span.line} if "template" in case else {}),
            "at": each.span.text,
            "message": each.message,
            "help": each.help,
        }
        for each in rendered.diagnostics
    ]
    assert found == case["findings"]
    assert all(each.severity == "error" for each in rendered.diagnostics)


def test_the_sides_in_the_order_of_applying_and_where_they_go() -> None:
    bundle = bundle_of("cross-tenancy")

    assert [
        (each.name, each.side, each.tenancy, each.compartment, each.apply, each.profile)
        for each in bundle.policies
    ] == [
        ("sales-assistant-service", "service", "ocid1.tenancy.oc1..service", "/", True, "SERVICE"),
        ("sales-assistant-caller", "caller", "ocid1.tenancy.oc1..caller", "/", True, "CALLER"),
    ]


def test_an_unknown_source_tenancy_is_asked_for() -> None:
    bundle = bundle_of("paired", {"caller.tenancy": None})

    assert bundle.unknown == ("caller.tenancy",)
    assert [each.tenancy for each in bundle.policies] == ["ocid1.tenancy.oc1..service", None]
    (letter,) = bundle.letters
    assert letter.name == "support-request.txt"
    assert "our tenancy:   ocid1.tenancy.oc1..service" in letter.text
    assert "instance:      ocid1.odainstance.oc1.iad.sales" in letter.text
    for policy in bundle.policies:
        if not policy.apply:
            assert all(show(each) in letter.text for each in policy.statements)


def test_what_oracle_does_not_document_is_said() -> None:
    rendered = render(config("paired"), Templates())

    assert [(each.rule, each.severity.value, each.span.text) for each in rendered.diagnostics] == [
        ("undocumented-form", "note", "generative-ai")
    ]


def test_the_configs_rules_weigh_the_findings() -> None:
    off = render(config("paired", {"rules": {"undocumented-form": "off"}}), Templates())
    strict = render(config("paired", {"rules": {"undocumented-form": "error"}}), Templates())

    assert off.bundle is not None
    assert off.diagnostics == ()
    assert strict.bundle is None
    assert [each.severity.value for each in strict.diagnostics] == ["error"]


PER_INSTANCE = """\
define tenancy Home as {{ caller.tenancy }}
{% for instance in instances %}
endorse any-user to use generative-ai-chat in any-tenancy
  where request.principal.id = {{ instance | quoted }}
{% endfor %}
"""


def instances(count: int) -> list[str]:
    return [f"ocid1.odainstance.oc1.iad.bot{number}" for number in range(count)]


def test_a_policy_over_the_limit_is_split_in_order_with_its_defines(tmp_path: Path) -> None:
    change = {"scenario": "own", "caller.instances": instances(100)}

    bundle = bundle_of("same-tenancy", change, own(tmp_path, PER_INSTANCE))

    assert [(each.name, len(each.statements)) for each in bundle.policies] == [
        ("sales-assistant-caller", 50),
        ("sales-assistant-caller-2", 50),
        ("sales-assistant-caller-3", 3),
    ]
    define = "define tenancy Home as ocid1.tenancy.oc1..caller"
    assert [show(each.statements[0]) for each in bundle.policies] == [define] * 3
    named_instances = [
        each.condition.values[0]
        for policy in bundle.policies
        for each in policy.statements
        if isinstance(each, Access) and isinstance(each.condition, Clause)
    ]
    assert named_instances == [String(instance) for instance in instances(100)]


def test_a_bundle_over_the_limit_of_a_tenancy_is_refused(tmp_path: Path) -> None:
    change = {"scenario": "own", "caller.instances": instances(500)}

    rendered = render(config("same-tenancy", change), Templates((own(tmp_path, PER_INSTANCE),)))

    assert rendered.bundle is None
    assert [(each.rule, each.message, each.help) for each in rendered.diagnostics] == [
        (
            "too-many-statements",
            "the caller side comes to 511 statements; OCI allows 500",
            "grant fewer instances or types in one config",
        )
    ]


def test_defines_that_fill_a_policy_are_refused(tmp_path: Path) -> None:
    template = (
        "{% for instance in instances %}\n"
        "define tenancy T{{ loop.index }} as {{ caller.tenancy }}\n"
        "{% endfor %}\n"
        "endorse any-user to use generative-ai-chat in any-tenancy\n"
    )
    change = {"scenario": "own", "caller.instances": instances(50)}

    rendered = render(config("same-tenancy", change), Templates((own(tmp_path, template),)))

    assert rendered.bundle is None
    (found,) = rendered.diagnostics
    assert found.rule == "too-many-statements"
    assert found.message == (
        "the define statements leave no room in policy sales-assistant-caller:"
        " OCI allows 50 statements in a policy"
    )


def test_a_scenario_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    folder = own(tmp_path, "allow group A to use b in tenancy\n", "summary: x\nside: {}\n")

    rendered = render(config("same-tenancy", {"scenario": "own"}), Templates((folder,)))

    assert rendered.bundle is None
    assert [(each.rule, each.message, each.span.line) for each in rendered.diagnostics] == [
        ("unknown-key", "`side` is no key of a scenario", 2)
    ]
    assert rendered.diagnostics[0].help == "did you mean `sides`?"


def test_a_side_without_its_template_is_said(tmp_path: Path) -> None:
    folder = own(tmp_path, "")
    (folder / "own" / "caller.policy.j2").unlink()

    rendered = render(config("same-tenancy", {"scenario": "own"}), Templates((folder,)))

    assert [(each.rule, each.message) for each in rendered.diagnostics] == [
        ("missing-template", "the scenario has a side caller, but no file caller.policy.j2")
    ]


def test_a_templates_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="nowhere is not there"):
        Templates((tmp_path / "nowhere",))


def test_a_template_cannot_reach_out_of_its_sandbox(tmp_path: Path) -> None:
    folder = own(tmp_path, "{{ ''.__class__.__mro__ }}\n")

    rendered = render(config("same-tenancy", {"scenario": "own"}), Templates((folder,)))

    assert rendered.bundle is None
    assert [each.rule for each in rendered.diagnostics] == ["template-failed"]


# What a config can hold, with more of what could do harm than people write.
word = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
ocid_part = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
path_part = (
    st.text(
        st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="':\\\"#"),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(bool)
)


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": draw(word),
        "caller.tenancy": f"ocid1.tenancy.oc1..{draw(ocid_part)}",
        "caller.instances": [
            f"ocid1.odainstance.oc1.iad.{part}"
            for part in draw(st.lists(ocid_part, min_size=1, max_size=3, unique_by=str.lower))
        ],
        "compartment": draw(
            st.one_of(
                st.none(),
                st.lists(path_part, min_size=1, max_size=3).map(":".join),
                ocid_part.map("ocid1.compartment.oc1..{}".format),
            )
        ),
    }
    return found


@given(st.sampled_from(["same-tenancy", "cross-tenancy", "paired"]), changes())
def test_values_change_nothing_but_the_leaves_they_fill(
    example: str, change: dict[str, Any]
) -> None:
    loaded = load(changed(example, change))
    if loaded.config is None:
        return
    plain = dict(change)
    plain["caller.instances"] = [
        f"ocid1.odainstance.oc1.iad.LEAF{number}x"
        for number in range(len(change["caller.instances"]))
    ]
    plain["caller.tenancy"] = "ocid1.tenancy.oc1..LEAFtenancy"

    ours = render(loaded, Templates())
    theirs = render(load(changed(example, plain)), Templates())

    assert ours.bundle is not None, ours.diagnostics
    assert theirs.bundle is not None
    for left, right in zip(ours.bundle.policies, theirs.bundle.policies, strict=True):
        filled = [show(each) for each in right.statements]
        for stand_in, value in zip(
            [*plain["caller.instances"], plain["caller.tenancy"]],
            [*change["caller.instances"], change["caller.tenancy"]],
            strict=True,
        ):
            filled = [line.replace(stand_in, value) for line in filled]
        assert [show(each) for each in left.statements] == filled


@given(st.text() | st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_nothing_gets_out_of_its_quotes(value: str) -> None:
    try:
        text = quoted(value)
    except Refused:
        return
    parsed = parse(f"allow any-user to use x in tenancy where request.principal.id = {text}")

    assert not has_errors(parsed.diagnostics) or any(
        each.rule == "unrendered-template" for each in parsed.diagnostics
    )
    for statement in parsed.statements:
        assert isinstance(statement, Access)
        assert statement.condition == Clause("request.principal.id", "=", (String(value),))
