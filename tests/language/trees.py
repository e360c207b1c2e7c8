"""Random trees: statements as hypothesis makes them up, every one of which can be written."""

from hypothesis import strategies as st

from ocipolicy.language.tree import (
    Access,
    AliasKind,
    All,
    Any,
    AssociateGrant,
    Clause,
    Condition,
    Define,
    Grant,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Kind,
    Location,
    Name,
    Ocid,
    OfAnyTenancy,
    OfTenancy,
    Operator,
    Pattern,
    PermissionGrant,
    Statement,
    String,
    Subject,
    SubjectType,
    Value,
    Variable,
    VerbGrant,
)

KEYWORDS = (
    *("allow", "deny", "define", "endorse", "admit", "to", "in", "of", "where", "with", "as", "id"),
    *(
        "group",
        "dynamic-group",
        "any-user",
        "service",
        "resource",
        "tenancy",
        "compartment",
        "all",
        "any",
    ),
    *("not", "and", "or", "between", "associate", "use", "be", "for"),
)
_RESERVED = ("to", "of", "in", "where", "with", "as")
# No quote, no backslash, and nothing that makes a template of a name.
_CHARACTERS = st.sampled_from([chr(code) for code in range(32, 127) if chr(code) not in "'\\{<"])

bare_words = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,12}", fullmatch=True)
names = st.one_of(
    bare_words, st.sampled_from(KEYWORDS), st.text(_CHARACTERS, min_size=1, max_size=14)
).filter(lambda name: not name.startswith("ocid1."))
ocids = st.from_regex(
    r"ocid1\.[a-z]{1,8}\.oc[0-9]\.([a-z]{3}|[a-z]{2}-[a-z]{4}-1)?\.[a-z0-9]{1,20}", fullmatch=True
).filter(lambda ocid: "xxxxxxxx" not in ocid)
_words = bare_words.map(str.lower).filter(lambda word: word not in _RESERVED)
_verbs = st.one_of(st.sampled_from(("inspect", "read", "use", "manage")), _words).filter(
    lambda verb: verb not in ("associate", "be")
)
_permissions = bare_words.map(str.upper)

_variables = st.from_regex(
    r"[a-z][A-Za-z0-9_-]{0,6}(\.[A-Za-z0-9_@-]{1,6}){1,3}(:[A-Za-z0-9_]{1,4}){0,2}", fullmatch=True
).filter(lambda name: not name.startswith("ocid1."))
_texts = st.text(_CHARACTERS, max_size=14)
_patterns = st.text(st.sampled_from("abcXYZ019*-_. ,()}=#!:"), min_size=1, max_size=10).filter(
    lambda text: text[0] != " "
)
values: st.SearchStrategy[Value] = st.one_of(
    st.builds(String, _texts), st.builds(Pattern, _patterns), st.builds(Variable, _variables)
)


def _clauses(operators: tuple[Operator, ...], least: int, most: int) -> st.SearchStrategy[Clause]:
    return st.builds(
        Clause,
        _variables,
        st.sampled_from(operators),
        st.lists(values, min_size=least, max_size=most).map(tuple),
    )


_single: tuple[Operator, ...] = ("=", "!=", "before", "after")
clauses = st.one_of(
    _clauses(_single, 1, 1),
    _clauses(("in", "not in", "sets-intersect"), 1, 4),
    _clauses(("between",), 2, 2),
    _clauses(("present", "absent"), 0, 0),
)


def _groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(All, several), st.builds(Any, several))


conditions: st.SearchStrategy[Condition] = st.recursive(clauses, _groups, max_leaves=6)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    kinds: tuple[SubjectType, ...] = (
        *("any-user", "any-group", "group", "dynamic-group", "service", "resource"),
    )
    kind = draw(st.sampled_from(kinds))
    if kind.startswith("any-"):
        return Subject(kind)
    if kind == "resource":
        return Subject(kind, tuple(draw(st.lists(st.builds(Name, names), min_size=1, max_size=2))))
    if kind == "service":
        return Subject(kind, tuple(draw(st.lists(st.builds(Name, names), min_size=1, max_size=3))))
    one = st.one_of(st.builds(Name, names, st.none() | names), st.builds(Ocid, ocids))
    return Subject(kind, tuple(draw(st.lists(one, min_size=1, max_size=3))))


def _locations(*, foreign: bool, endorse: bool) -> st.SearchStrategy[Location]:
    aliases = st.none() | names if foreign else st.none()
    paths = st.lists(names, min_size=1, max_size=3).map(tuple)
    kinds: list[st.SearchStrategy[Location]] = [
        st.builds(InTenancy, aliases),
        st.builds(InCompartment, paths, aliases),
        st.builds(InCompartmentId, ocids, aliases),
    ]
    if endorse:
        kinds.append(st.builds(InAnyTenancy))
    return st.one_of(kinds)


_both_ends = _locations(foreign=True, endorse=True)
_associates = st.builds(AssociateGrant, _words, _both_ends, _words, _both_ends)
_permission_sets = st.builds(
    PermissionGrant, st.lists(_permissions, min_size=1, max_size=3).map(tuple)
)


@st.composite
def accesses(draw: st.DrawFn) -> Access:
    kinds: tuple[Kind, ...] = ("allow", "deny", "endorse", "admit", "deny-endorse", "deny-admit")
    kind = draw(st.sampled_from(kinds))
    foreign = kind not in ("allow", "deny")
    subject = draw(subjects())
    of: OfTenancy | OfAnyTenancy | None = None
    if kind.endswith("admit"):
        of = draw(st.none() | st.builds(OfTenancy, names))
        if not subject.names and draw(st.booleans()):
            of = OfAnyTenancy()
    grants: st.SearchStrategy[Grant] = st.builds(VerbGrant, _verbs, _words) | _permission_sets
    grant = draw(grants | _associates if foreign else grants)
    location: Location | None = None
    bare_admit = kind == "admit" and isinstance(grant, PermissionGrant) and draw(st.booleans())
    if not isinstance(grant, AssociateGrant) and not bare_admit:
        location = draw(_locations(foreign=foreign, endorse=kind.endswith("endorse")))
    return Access(kind, subject, grant, location, draw(st.none() | conditions), of)


_alias_kinds: tuple[AliasKind, ...] = (
    *("tenancy", "group", "dynamic-group", "compartment", "service"),
)
defines = st.builds(Define, st.sampled_from(_alias_kinds), names, ocids)
statements: st.SearchStrategy[Statement] = st.one_of(defines, accesses(), accesses())
