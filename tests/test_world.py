"""Worlds right and wrong, as files, what a name of them means, and what must hold of any text.

A case in `cases/world/*.txt` is a world, `--- findings` with every diagnostic in full, and, where
it loads, `--- world` with the world as it is written back.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.config import load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, Span, has_errors
from ocipolicy.language import show
from ocipolicy.language.tree import Access
from ocipolicy.render import Templates, render
from ocipolicy.world import LoadedWorld, User, World, dump_world, load_world

ROOT = Path(__file__).parent.parent
CASES = Path(__file__).parent / "cases" / "world"
EXAMPLES = sorted((ROOT / "examples").glob("*.world.yaml"))


def cases() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*.txt")):
        for case in file.read_text(encoding="utf-8").split("=== ")[1:]:
            title, rest = case.split("\n", 1)
            text, outcome = rest.split("--- findings\n")
            found.append(pytest.param(text, outcome, id=f"{file.stem}: {title}"))
    return found


def outcome_of(loaded: LoadedWorld) -> str:
    told = "".join(told_of(diagnostic) for diagnostic in loaded.diagnostics)
    if loaded.world:
        told += "--- world\n" + dump_world(loaded.world)
    return told


def told_of(diagnostic: Diagnostic) -> str:
    told = (
        f"{diagnostic.severity} {diagnostic.rule} {place_of(diagnostic.span)}\n"
        f"    {diagnostic.message}\n"
        f"    help: {diagnostic.help}\n"
    )
    if diagnostic.fix:
        told += f"    fix: {place_of(diagnostic.fix.span)} -> {diagnostic.fix.text}\n"
    return told


def place_of(span: Span) -> str:
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column} {json.dumps(span.text)}"


def world_of(text: str) -> World:
    loaded = load_world(text)
    assert loaded.world is not None, loaded.diagnostics
    return loaded.world


@pytest.mark.parametrize(("text", "outcome"), cases())
def test_case(text: str, outcome: str) -> None:
    assert outcome_of(load_world(text)) == outcome


TWO = """\
tenancies:
  caller:
    ocid: ocid1.tenancy.oc1..caller
    compartments:
      bots:
        ocid: ocid1.compartment.oc1..bots
        compartments: {prod: {ocid: ocid1.compartment.oc1..prod}}
    users:
      alice: {ocid: ocid1.user.oc1..alice}
      Partners/bob: {ocid: ocid1.user.oc1..bob}
      sales: {ocid: ocid1.user.oc1..sales}
    groups: {Administrators: {ocid: ocid1.group.oc1..administrators, members: [alice]}}
    resources:
      sales: {ocid: ocid1.odainstance.oc1.iad.sales, type: odainstance, compartment: bots}
      app: {ocid: 0123456789abcdef0123456789abcdef, type: oauthapp}
  service:
    ocid: ocid1.tenancy.oc1..service
    compartments: {ai: {ocid: ocid1.compartment.oc1..ai}}
    users:
      alice: {ocid: ocid1.user.oc1..alice2}
      carol: {ocid: ocid1.user.oc1..carol}
    groups: {admins: {ocid: ocid1.group.oc1..admins, members: [carol]}}
"""


@pytest.mark.parametrize(
    ("who", "ocid"),
    [
        ("carol", "ocid1.user.oc1..carol"),
        ("caller/alice", "ocid1.user.oc1..alice"),
        ("Partners/bob", "ocid1.user.oc1..bob"),
        ("caller/Partners/bob", "ocid1.user.oc1..bob"),
        ("ocid1.odainstance.oc1.iad.sales", "ocid1.odainstance.oc1.iad.sales"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
    ],
)
def test_a_principal_is_named_or_given_by_its_ocid(who: str, ocid: str) -> None:
    tenancy, found = world_of(TWO).principal(who)
    assert found.ocid == ocid
    assert world_of(TWO).tenancy_of(ocid) == tenancy


@pytest.mark.parametrize(
    ("who", "message", "help"),
    [
        (
            "alice",
            "`alice` is the name of several principals",
            "write `caller/alice` or `service/alice`",
        ),
        (
            "caller/sales",
            "`caller/sales` is the name of several principals",
            "write `ocid1.user.oc1..sales` or `ocid1.odainstance.oc1.iad.sales`",
        ),
        ("carrol", "the world has no user or resource `carrol`", "did you mean `carol`?"),
        (
            "servise/carol",
            "the world has no user or resource `servise/carol`",
            "did you mean `service/carol`?",
        ),
        (
            "nobody",
            "the world has no user or resource `nobody`",
            (
                "it has caller/Partners/bob, caller/alice, caller/app, caller/sales, "
                "service/alice, service/carol"
            ),
        ),
        (
            "service/sale",
            "the tenancy `service` has no user or resource `sale`",
            "it has alice, carol",
        ),
        (
            "service/karol",
            "the tenancy `service` has no user or resource `karol`",
            "did you mean `service/carol`?",
        ),
        (
            "ocid1.user.oc1..nobody",
            "the world has no principal with the OCID `ocid1.user.oc1..nobody`",
            "add it to the users or resources of its tenancy",
        ),
        (
            "ocid1.group.oc1..admins",
            "`ocid1.group.oc1..admins` is in the tenancy `service`, but no principal",
            "name a user or a resource",
        ),
    ],
)
def test_who_is_nobody_or_several(who: str, message: str, help: str) -> None:
    with pytest.raises(CannotGoOn) as found:
        world_of(TWO).principal(who)
    assert (found.value.message, found.value.help) == (message, help)


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("caller", ()),
        ("caller/", ()),
        ("caller//", ()),
        ("caller/bots", ("bots",)),
        ("caller/bots:prod", ("bots", "prod")),
        ("ocid1.tenancy.oc1..caller", ()),
        ("ocid1.compartment.oc1..prod", ("bots", "prod")),
    ],
)
def test_a_place_is_named_or_given_by_its_ocid(where: str, path: tuple[str, ...]) -> None:
    tenancy, compartment = world_of(TWO).place(where)
    assert tenancy.name == "caller"
    assert compartment.path == path
    assert tenancy.compartment(compartment.ocid) == tenancy.compartments[path] == compartment
    assert tenancy.root.holds(compartment)
    assert compartment.holds(tenancy.root) == (path == ())


@pytest.mark.parametrize(
    ("where", "message", "help"),
    [
        ("caler", "the world has no tenancy `caler`", "did you mean `caller`?"),
        ("caler/bots", "the world has no tenancy `caler`", "did you mean `caller/bots`?"),
        ("bots:prod", "the world has no tenancy `bots:prod`", "write `caller/bots:prod`"),
        ("/bots/prod", "the world has no tenancy ``", "write `caller/bots:prod`"),
        ("moon", "the world has no tenancy `moon`", "the tenancies are caller, service"),
        (
            "caller/bots/prod",
            "the tenancy `caller` has no compartment `bots/prod`",
            "did you mean `caller/bots:prod`?",
        ),
        (
            "caller/prod",
            "the tenancy `caller` has no compartment `prod`",
            "did you mean `caller/bots:prod`?",
        ),
        (
            "caller/bots:",
            "the tenancy `caller` has no compartment `bots:`",
            "did you mean `caller/bots`?",
        ),
        ("service/moon", "the tenancy `service` has no compartment `moon`", "it has ai"),
        (
            "ocid1.compartment.oc1..moon",
            "the world has no compartment with the OCID `ocid1.compartment.oc1..moon`",
            "name a tenancy, or a compartment of one: TENANCY/PATH:TO:COMPARTMENT",
        ),
        (
            "ocid1.user.oc1..carol",
            "the world has no compartment with the OCID `ocid1.user.oc1..carol`",
            "name a tenancy, or a compartment of one: TENANCY/PATH:TO:COMPARTMENT",
        ),
    ],
)
def test_where_is_no_place(where: str, message: str, help: str) -> None:
    with pytest.raises(CannotGoOn) as found:
        world_of(TWO).place(where)
    assert (found.value.message, found.value.help) == (message, help)


def test_a_world_of_nothing_has_nobody_and_no_place() -> None:
    with pytest.raises(CannotGoOn, match="no user or resource"):
        World({}).principal("alice")
    with pytest.raises(CannotGoOn, match="no tenancy"):
        World({}).place("caller")


def test_groups_of_a_user() -> None:
    world = world_of(TWO)
    alice, carol = world.principal("caller/alice")[1], world.principal("carol")[1]
    assert isinstance(alice, User)
    assert isinstance(carol, User)
    caller, service = world.tenancies["caller"], world.tenancies["service"]
    assert [each.name for each in caller.groups_of(alice)] == ["Administrators"]
    assert [each.name for each in service.groups_of(carol)] == ["admins"]
    assert caller.is_administrator(alice)
    assert not service.is_administrator(carol)


def test_a_world_is_read_only_and_can_be_a_key() -> None:
    world = world_of(TWO)
    caller = world.tenancies["caller"]
    with pytest.raises(TypeError):
        world.tenancies["x"] = caller  # type: ignore[index]
    assert len({world, world_of(TWO)}) == 1
    assert {caller.root: 1}[world_of(TWO).tenancies["caller"].root] == 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_hold_what_their_config_renders(example: Path) -> None:
    loaded = load_world(example.read_text(encoding="utf-8"), str(example))
    assert loaded.diagnostics == ()
    assert loaded.world is not None
    config = load((example.parent / f"{example.name.split('.')[0]}.yaml").read_text("utf-8"))
    bundle = render(config, Templates(())).bundle
    assert config.config is not None
    assert bundle is not None
    for policy in bundle.policies:
        tenancy = loaded.world.tenancy_of(policy.tenancy or "")
        assert tenancy is not None
        (there,) = (each for each in tenancy.policies if each.name == policy.name)
        assert there.statements == policy.statements
        assert list(there.texts) == [show(each) for each in policy.statements]
        assert there.compartment == ()
    for ocid in config.config.caller.instances:
        assert loaded.world.principal(ocid)
    paths = {path for each in loaded.world.tenancies.values() for path in each.compartments}
    assert ("ai", "genai") in paths


def test_there_are_examples() -> None:
    assert [each.name for each in EXAMPLES] == [
        "cross-tenancy.world.yaml",
        "paired.world.yaml",
        "same-tenancy.world.yaml",
    ]


STATEMENT = "allow any-user to use buckets in tenancy where request.user.name = 'it'"


def written(how: str, text: str) -> str:
    match how:
        case "plain":
            return text
        case "folded plain":
            return text.replace(" ", "\n            ", 4)
        case "single":
            return "'" + text.replace("'", "''") + "'"
        case "double":
            return f'"{text}"'
        case "folded double":
            return '"' + text.replace(" ", "\n            ", 4) + '"'
        case "literal":
            return "|\n            " + text.replace(" to ", " to\n              ")
    return ">-  # a comment\n            " + text.replace(" ", "\n            ", 4)


@pytest.mark.parametrize(
    "how", ["plain", "folded plain", "single", "double", "folded double", "literal", "folded"]
)
def test_a_piece_of_a_statement_has_its_place_in_the_file(how: str) -> None:
    text = world_file(f"statements:\n          - {written(how, STATEMENT)}")
    loaded = load_world(text)
    assert loaded.world is not None, loaded.diagnostics
    statement = loaded.world.tenancies["caller"].policies[0].statements[0]
    path = ("tenancies", "caller", "policies", "genai", "statements", 0)
    assert isinstance(statement, Access)
    assert statement.condition is not None
    grant, condition = statement.grant, statement.condition
    assert loaded.inside(path, grant.start, grant.end).text.split() == ["use", "buckets"]
    words = loaded.inside(path, condition.start, condition.end).text
    assert words == (
        "request.user.name = ''it''" if how == "single" else "request.user.name = 'it'"
    )
    whole = loaded.inside(path, statement.start, statement.end)
    assert whole.text.split()[0] == "allow"


@pytest.mark.parametrize("escape", ["\\t", "\\u0020", "\\\n          "])
def test_a_place_behind_an_escape_is_the_whole_text(escape: str) -> None:
    loaded = load_world(
        world_file(f'statements: ["allow any-user{escape}to use buckets in tenancy"]')
    )
    path = ("tenancies", "caller", "policies", "genai", "statements", 0)
    assert loaded.inside(path, 0, 5) == loaded.span(*path)
    assert loaded.inside(path[:-1], 0, 5) == loaded.span(*path[:-1])
    assert loaded.inside(("tenancies", "moon"), 0, 5) == loaded.key_span("tenancies")
    assert loaded.key_span("tenancies", "caller").text == "caller"


def world_file(policy: str) -> str:
    return f"""\
tenancies:
  caller:
    ocid: ocid1.tenancy.oc1..caller
    policies:
      genai:
        {policy}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "allow grup admins to use buckets in tenancy",
            "allow group admins to use buckets in tenancy",
        ),
        (
            "alow group admins to use buckets in tenancy",
            "allow group admins to use buckets in tenancy",
        ),
        (
            "allow group admins to use buckets in tenacy",
            "allow group admins to use buckets in tenancy",
        ),
        ("allow group a to use buckets in tenancy where request.user.name == 'x'", None),
        ("allow group a to use buckets in tenancy where request.user.name = x", None),
        ("allow group a to use buckets in tenancy where request.user.name = \u2018x\u2019", None),
        ("allow group a to use buckets in tenancy where any {request.user.name = 'x'", None),
        ("allow group a to use buckets in compartment ocid1.compartment.oc1..a", None),
    ],
)
@pytest.mark.parametrize("how", ["plain", "single", "double", "literal", "folded"])
@pytest.mark.parametrize("flow", [False, True])
def test_a_fix_leaves_a_file_that_reads_as_the_fix_says(
    before: str, after: str | None, how: str, flow: bool
) -> None:
    if flow and (how not in ("single", "double") and not (how == "plain" and "{" not in before)):
        return
    item = written(how, before)
    policy = f"statements: [{item}]" if flow else f"statements:\n          - {item}"
    loaded = load_world(world_file(policy))
    fixes = [each.fix for each in loaded.diagnostics if each.fix]
    if how in ("single", "double"):
        assert fixes
    if not fixes:
        return
    text = loaded.source.text
    for fix in reversed(fixes):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    data = yaml.safe_load(text)
    (fixed,) = data["tenancies"]["caller"]["policies"]["genai"]["statements"]
    assert after is None or " ".join(fixed.split()) == after
    assert load_world(text).world is not None


def test_a_world_of_many_statements_loads() -> None:
    many = "".join(
        f"          - allow group g{n} to read buckets in tenancy\n" for n in range(5000)
    )
    world = world_of(world_file(f"statements:\n{many}"))
    assert len(world.tenancies["caller"].policies[0].statements) == 5000


def test_a_world_of_more_values_than_any_config_loads() -> None:
    users = "".join(f"      u{n}: {{ocid: ocid1.user.oc1..u{n}}}\n" for n in range(6000))
    world = world_of(f"tenancies:\n  a:\n    ocid: ocid1.tenancy.oc1..a\n    users:\n{users}")
    assert len(world.tenancies["a"].users) == 6000


# What must hold of any text and any world.

WORDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"),
    min_size=1,
    max_size=8,
)
NAMES = WORDS.filter(
    lambda word: word.isprintable() and word == word.strip() and not word.startswith("ocid1.")
)
BARE = NAMES.filter(lambda word: not set(word) & set(":/'\\"))
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=12)
TAGS = st.dictionaries(
    st.builds(
        lambda a, b: f"{a}.{b}", st.sampled_from(["ops", "a"]), st.sampled_from(["x", "y.z"])
    ),
    st.lists(st.text(max_size=5), min_size=1, max_size=2),
    max_size=2,
)
RULES = ["any {instance.id = 'x'}", "ALL{resource.type='fnfunc', tag.a.b.value != 'it'}"]
STATEMENTS = [
    "allow any-user to use generative-ai-family in tenancy",
    "Define tenancy T as ocid1.tenancy.oc1..t",
    "admit any-user of tenancy T to {X_CHAT} in tenancy where any{a.b='it s' , c.d=/x*/}",
    "deny group 'A B'/'C d', id ocid1.group.oc1..x to manage\nall-resources in compartment a:b",
]


@st.composite
def world_data(draw: st.DrawFn) -> dict[str, Any]:
    def ocid(kind: str) -> str:
        return f"ocid1.{kind}.oc1..{draw(IDS)}{len(seen)}"

    def some(names: st.SearchStrategy[str], most: int = 3) -> list[str]:
        return draw(st.lists(names, unique=True, max_size=most))

    def entry(kind: str, **more: Any) -> dict[str, Any]:
        seen.append(kind)
        return {"ocid": ocid(kind), "tags": draw(TAGS), **more}

    def compartments(depth: int) -> dict[str, Any]:
        return {
            name: entry("compartment", compartments=compartments(depth - 1))
            if depth
            else entry("compartment")
            for name in some(BARE, 2)
        }

    def paths(tree: dict[str, Any], above: str = "") -> list[str]:
        found = []
        for name, each in tree.items():
            here = f"{above}{name}"
            found += [here, each["ocid"], *paths(each.get("compartments", {}), f"{here}:")]
        return found

    def tenancy() -> dict[str, Any]:
        tree = compartments(draw(st.integers(0, 2)))
        places = st.sampled_from(
            ["/", *(path for path in paths(tree) if path.startswith("ocid1."))]
        )
        users = {name: entry("user", domain=draw(st.sampled_from(DOMAINS))) for name in some(NAMES)}
        members = (
            st.lists(st.sampled_from([each["ocid"] for each in users.values()]), unique=True)
            if users
            else st.just([])
        )
        return {
            **entry("tenancy"),
            "home_region": "us-ashburn-1",
            "regions": draw(st.sampled_from([["us-ashburn-1"], ["us-chicago-1", "us-ashburn-1"]])),
            "compartments": tree,
            "users": users,
            "groups": {
                name: entry("group", domain=draw(st.sampled_from(DOMAINS)), members=draw(members))
                for name in some(NAMES)
            },
            "dynamic_groups": {
                name: entry(
                    "dynamicgroup",
                    domain=draw(st.sampled_from(DOMAINS)),
                    rule=draw(st.sampled_from(RULES)),
                )
                for name in some(NAMES)
            },
            "resources": {
                name: entry("fnfunc", type="fnfunc", compartment=draw(places))
                for name in some(NAMES)
            },
            "policies": {
                name: entry(
                    "policy",
                    compartment=draw(places),
                    description=draw(st.text(max_size=5)),
                    statements=draw(st.lists(st.sampled_from(STATEMENTS), max_size=3)),
                    unread=draw(st.lists(st.text(max_size=5), max_size=2)),
                )
                for name in some(NAMES)
            },
        }

    seen: list[str] = []
    return {
        "tenancies": {
            name: tenancy() for name in draw(st.lists(BARE, unique=True, min_size=1, max_size=2))
        }
    }


DOMAINS = ["Default", "Partners", "A/B", "Ünïted"]


@given(world_data())
def test_a_world_that_is_written_reads_back_equal(data: dict[str, Any]) -> None:
    loaded = load_world(yaml.safe_dump(data, default_style='"'))
    if loaded.world is None:
        # Two names can come to the same label, and that is all that can be wrong here.
        assert {each.rule for each in loaded.diagnostics} == {"duplicate-name"}, loaded.diagnostics
        return
    again = load_world(dump_world(loaded.world))
    assert again.world == loaded.world
    assert dump_world(world_of(dump_world(loaded.world))) == dump_world(loaded.world)
    assert {each.severity for each in again.diagnostics} <= {Severity.WARNING}


WORDS_OF_FILES = "tenancies caller ocid compartments users policies statements rule members tags"
MARKS = ": - { } [ ] , ' \" | > &a *a # \\ / ocid1.tenancy.oc1..x ocid1."
PIECES = [
    *WORDS_OF_FILES.split(),
    *MARKS.split(),
    "allow any-user to",
    "any {",
    " ",
    "\n",
    "\n    ",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_any_text_gives_an_answer(text: str) -> None:
    check(load_world(text))


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=6),
    st.sampled_from(STATEMENTS + RULES),
)
KEYS = st.sampled_from(["tenancies", "a", "ocid", "tags", "users", "groups", "members", "domain",
    "dynamic_groups", "rule", "resources", "type", "compartment", "compartments", "policies",
    "statements", "regions", "home_region"])  # fmt: skip
ANY_DATA = st.recursive(
    LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=5)),
    max_leaves=30,
)
SHAPED = st.builds(lambda data: {"tenancies": {"a": data}}, st.dictionaries(KEYS, ANY_DATA))


@given(st.one_of(ANY_DATA, SHAPED))
def test_any_data_gives_an_answer(data: Any) -> None:
    check(load_world(json.dumps(data)))
    check(load_world(yaml.safe_dump(data)))


@given(world_data(), st.data())
def test_a_spoilt_world_gives_an_answer(data: dict[str, Any], draw: st.DataObject) -> None:
    text = dump_text(data)
    at = draw.draw(st.integers(0, len(text)))
    length = draw.draw(st.integers(0, 6))
    piece = draw.draw(st.sampled_from(["", *PIECES]))
    check(load_world(text[:at] + piece + text[at + length :]))


def dump_text(data: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text


def check(loaded: LoadedWorld) -> None:
    assert (loaded.world is None) == has_errors(loaded.diagnostics)
    for each in loaded.diagnostics:
        assert 0 <= each.span.start <= each.span.end <= len(loaded.source.text)
        assert each.help
    spans = [(each.span.start, each.span.end) for each in loaded.diagnostics]
    assert spans == sorted(spans)
