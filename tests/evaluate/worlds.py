"""Random small worlds, written as a user writes them, and the questions one can ask of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from ocipolicy import reference
from ocipolicy.evaluate import PermissionNeed, Place, Request, VerbNeed, Who, needs_of
from ocipolicy.language import parse, parse_rule
from ocipolicy.language.tree import Condition, Statement
from ocipolicy.world import (
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Resource,
    Tenancy,
    User,
    World,
)

NAMES = ("one", "two")
PATHS: tuple[CompartmentPath, ...] = ((), ("a",), ("a", "b"), ("a", "a"), ("c",))
_OPERATIONS = ("Chat", "GetModel", "ListModels", "DeleteModel", "BatchLanguageTranslation")
_PERMISSIONS = ("GENERATIVE_AI_CHAT", "GENERATIVE_AI_MODEL_UPDATE")
_RULES = (
    "resource.type = 'odainstance'",
    "instance.compartment.id = 'ocid1.compartment.oc1..one-a'",
    "all {resource.type = 'fnfunc', resource.compartment.id = 'ocid1.compartment.oc1..one-c'}",
    "any {resource.type != 'odainstance', instance.id = 'ocid1.instance.oc1..one-vm'}",
    "resource.shape = 'x'",
)
_GIVEN: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {},
    {"request.region": ("ORD",)},
    {"request.region": ("FRA",), "target.model.id": ("m",)},
)


@cache
def rule(text: str) -> Condition:
    parsed = parse_rule(text).rule
    assert parsed is not None
    return parsed


@cache
def statement(text: str) -> Statement:
    parsed = parse(text)
    assert len(parsed.statements) == 1, (text, parsed.diagnostics)
    return parsed.statements[0]


_subjects = st.sampled_from(
    [
        *["any-user"] * 6,
        "any-group",
        *["group readers"] * 2,
        "group Readers",
        "group 'Other'/readers",
        "group writers, readers",
        "group id ocid1.group.oc1..one-readers",
        "group theirs",
        *["dynamic-group bots"] * 2,
        "dynamic-group id ocid1.dynamicgroup.oc1..one-bots",
        "dynamic-group theirs",
    ]
)
_grants = st.one_of(
    st.tuples(
        st.sampled_from(("inspect", "read", "use", "use", "manage", "manage")),
        st.sampled_from(
            (
                *("generative-ai-chat", "generative-ai-model", "generative-ai-family"),
                *("ai-service-language-family", "ai-service-language-translation"),
                *("all-resources", "all-resources", "policies", "new-family", "new-things"),
            )
        ),
    ).map(" ".join),
    st.sampled_from(
        ("{GENERATIVE_AI_CHAT}", "{GENERATIVE_AI_MODEL_READ, POLICY_READ}", "{NOBODY_KNOWS}")
    ),
)
_compartments = st.sampled_from(
    [
        *("compartment a", "compartment a:b", "compartment b", "compartment A", "compartment c"),
        *("compartment id ocid1.compartment.oc1..one-a", "compartment x", "compartment there"),
        "compartment id ocid1.compartment.oc1..two-c",
        "compartment id ocid1.tenancy.oc1..one",
    ]
)
_at_home = st.one_of(st.just("tenancy"), st.just("tenancy"), _compartments)
_aliases = st.sampled_from(("one", "two", "Two", "both"))
_abroad = st.one_of(
    st.just("any-tenancy"),
    st.just("any-tenancy"),
    _aliases.map("tenancy {}".format),
    st.builds("{} of tenancy {}".format, _compartments, _aliases),
    st.just("tenancy"),
    st.just("compartment a"),
)
_admitted = st.one_of(_at_home, _aliases.map("tenancy {}".format))
_clauses = st.sampled_from(
    [
        "request.principal.id = 'ocid1.odainstance.oc1..one-bot'",
        "request.principal.id in ('ocid1.odainstance.oc1..one-bot', 'OCID1.fnfunc.oc1..one-fn')",
        "request.principal.id != 'ocid1.odainstance.oc1..one-bot'",
        "request.user.id = 'ocid1.user.oc1..one-ann'",
        "request.user.name != 'ann'",
        "request.groups.name = 'readers'",
        "request.groups.name not in ('writers', 'x')",
        "request.region = 'ORD'",
        "request.region != 'ORD'",
        "target.model.id = /M*/",
        "target.compartment.name = /a*/",
        "target.compartment.id = request.principal.compartment.id",
        "request.principal.compartment.id != target.compartment.id",
        "request.permission = 'GENERATIVE_AI_CHAT'",
        "request.operation in ('Chat', 'GetModel')",
        "request.nobody.knows = 'x'",
        "request.user.name",
        "!request.region",
    ]
)


def _several(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda word, parts: f"{word} {{{', '.join(parts)}}}",
        st.sampled_from(("all", "any")),
        st.lists(inner, min_size=1, max_size=3),
    )


_wheres = st.one_of(
    st.just(""),
    st.just(""),
    st.recursive(_clauses, _several, max_leaves=4).map(" where {}".format),
)
allows = st.builds("allow {} to {} in {}{}".format, _subjects, _grants, _at_home, _wheres)
endorses = st.builds("endorse {} to {} in {}{}".format, _subjects, _grants, _abroad, _wheres)
_sources = st.one_of(st.just(" of any-tenancy"), _aliases.map(" of tenancy {}".format), st.just(""))


@st.composite
def _admits(draw: st.DrawFn) -> str:
    who, source = draw(_subjects), draw(_sources)
    if source == " of any-tenancy" and not who.startswith("any-"):
        source = " of tenancy one"
    return f"admit {who}{source} to {draw(_grants)} in {draw(_admitted)}{draw(_wheres)}"


admits = _admits()
grants = st.one_of(allows, endorses, admits)
denies = st.one_of(
    allows.map(lambda text: text.replace("allow", "deny", 1)),
    endorses.map("deny {}".format),
    admits.map("deny {}".format),
)
_defines = st.sampled_from(
    [
        *(
            "define tenancy one as ocid1.tenancy.oc1..one",
            "define tenancy two as ocid1.tenancy.oc1..two",
        ),
        "define tenancy two as ocid1.tenancy.oc1..two",
        "define tenancy both as ocid1.tenancy.oc1..one",
        "define tenancy both as ocid1.tenancy.oc1..two",
        "define group theirs as ocid1.group.oc1..one-readers",
        "define group readers as ocid1.group.oc1..one-writers",
        "define dynamic-group theirs as ocid1.dynamicgroup.oc1..one-bots",
        "define compartment there as ocid1.compartment.oc1..one-b",
        "define compartment there as ocid1.compartment.oc1..two-b",
        "define compartment a as ocid1.compartment.oc1..one-c",
    ]
)


# One half that is wide open, so that the other one and the denies decide.
_wide = st.lists(
    st.sampled_from(
        (
            "allow any-user to manage all-resources in tenancy",
            "endorse any-user to manage all-resources in any-tenancy",
            "admit any-user of any-tenancy to manage all-resources in tenancy",
        )
    ),
    max_size=3,
    unique=True,
)


@st.composite
def policies(draw: st.DrawFn, tenancy: str) -> tuple[Policy, ...]:
    found = [policy(f"{tenancy}-wide", (), draw(_wide))]
    for number in range(draw(st.integers(1, 3))):
        texts = draw(st.lists(_defines, max_size=3))
        texts += draw(st.lists(st.one_of(grants, grants, denies), min_size=1, max_size=5))
        if draw(st.integers(0, 4)) == 0:
            texts = draw(st.permutations(texts))
        path = draw(st.sampled_from(((), (), (), ("a",), ("a", "b"))))
        found.append(policy(f"{tenancy}{number}", path, texts))
    return tuple(found)


def policy(name: str, path: CompartmentPath, texts: list[str]) -> Policy:
    return Policy(name, None, path, tuple(map(statement, texts)), tuple(texts))


@st.composite
def tenancies(draw: st.DrawFn, name: str) -> Tenancy:
    def ocid(kind: str, what: str) -> str:
        return f"ocid1.{kind}.oc1..{name}-{what}"

    root = Compartment(name, f"ocid1.tenancy.oc1..{name}", (), None)
    compartments: dict[CompartmentPath, Compartment] = {(): root}
    for path in PATHS[1:]:
        above = compartments[path[:-1]]
        # The one below another of the same name is `aa`.
        last = "aa" if path == ("a", "a") else path[-1]
        compartments[path] = Compartment(path[-1], ocid("compartment", last), path, above.ocid)
    users = {each: User(each, ocid("user", each)) for each in ("ann", "bob")}
    members = st.lists(st.sampled_from(("ann", "bob")), unique=True).map(tuple)
    groups = [
        Group("readers", ocid("group", "readers"), "Default", draw(members)),
        Group("writers", ocid("group", "writers"), "Default", draw(members)),
        Group("readers", ocid("group", "others"), "Other", draw(members)),
    ]
    if draw(st.integers(0, 4)) == 0:
        groups.append(Group("Administrators", ocid("group", "admins"), "Default", ("bob",)))
    text = draw(st.sampled_from(_RULES))
    bots = DynamicGroup("bots", ocid("dynamicgroup", "bots"), "Default", rule(text), text)
    resources = {
        each.name: each
        for each in (
            Resource("bot", ocid("odainstance", "bot"), "odainstance", ("a",)),
            Resource("fn", ocid("fnfunc", "fn"), "fnfunc", ("c",)),
            Resource("vm", ocid("instance", "vm"), "instance", ("a",)),
        )
    }
    return Tenancy(
        name,
        root.ocid,
        None,
        (),
        compartments,
        users,
        {each.label: each for each in groups},
        {"bots": bots},
        resources,
        draw(policies(name)),
    )


worlds = st.builds(
    lambda *each: World({tenancy.name: tenancy for tenancy in each}),
    *(tenancies(name) for name in NAMES),
)


@dataclass(frozen=True)
class Question:
    """Everything about a request but the world; principals and places by name."""

    home: str
    who: str
    there: str
    path: CompartmentPath
    what: str
    given: Mapping[str, tuple[str, ...]]

    def request(self, world: World) -> Request:
        home, there = world.tenancies[self.home], world.tenancies[self.there]
        who = Who(home, home.users.get(self.who) or home.resources[self.who])
        place = Place(there, there.compartments[self.path])
        found = reference.operation(self.what)
        if not found:
            return Request(who, place, (PermissionNeed(self.what),), None, self.given)
        return Request(who, place, needs_of(found[0]), found[0], self.given)


questions = st.builds(
    Question,
    st.sampled_from(("one", "one", "two")),
    st.sampled_from(("ann", "bob", "bot", "fn", "vm")),
    st.sampled_from(NAMES),
    st.sampled_from(PATHS),
    st.sampled_from((*_OPERATIONS, *_PERMISSIONS)),
    st.sampled_from(_GIVEN),
)


def type_and_verb(need: PermissionNeed | VerbNeed) -> tuple[str, str]:
    """The type and the verb that a need is documented at."""
    if isinstance(need, VerbNeed):
        return need.resource, need.verb
    known = reference.permission(need.permission)
    assert known is not None
    ((type_, verb),) = known.granted_by
    return type_, verb
