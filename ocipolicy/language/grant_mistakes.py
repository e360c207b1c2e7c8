"""What people get wrong in what a statement grants and where: `to` and all that follows it.

As in `mistakes`, every function looks at the cursor where a reader gave up and returns the fault.
"""

from ocipolicy.diagnostics import closest
from ocipolicy.language.condition_mistakes import trailing_comma, trailing_semicolon
from ocipolicy.language.lexer import Cursor, Edit, Fault
from ocipolicy.language.mistakes import SUBJECTS, mark_in_name, unquoted_name

VERBS = ("inspect", "read", "use", "manage")
_PLACES = ("tenancy", "compartment", "any-tenancy")
_TENANCIES = ("tenancy", "tenant", "any-tenancy")
_JOINTS = (",", "and", "&")
_WHERE = "say where: in tenancy, in compartment NAME or in compartment id OCID"


def no_to(cursor: Cursor) -> Fault:
    """Where `to` is expected behind the subject."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1].lower() if word else ""
    hint = "write to between the subject and what it may do"
    twice = cursor.twice(at)
    if twice is None and words[at - 1].lower() in SUBJECTS and cursor.is_name(at):
        twice = cursor.twice(at - 1)
    if twice is not None:
        return twice
    if lower in VERBS or lower == "associate":
        name = words[at - 1]
        edit = cursor.before(at, "to")
        if len(name) > 2 and name.endswith("to"):
            edit = Edit(cursor.after(at - 1) - 2, cursor.after(at - 1), " to")
        return cursor.fault(
            "missing-word", f"expected `to` before `{word}`", hint, at=at, edit=edit
        )
    if word in ("/", ":"):
        return _no_domain(cursor, at)
    marked = mark_in_name(cursor, at)
    if marked is not None:
        return marked
    tenancy = _no_tenancy_of_subject(cursor, at, lower, following)
    if tenancy is not None:
        return tenancy
    if cursor.is_word(at) and len(word) <= 3 and (following in VERBS or following == "{"):
        return cursor.misspelt(at, "to")
    if cursor.is_name(at) and cursor.is_name(at - 1) and words[at - 1].lower() not in SUBJECTS:
        several = _several_words(cursor, at, lower)
        if several is not None:
            return several
    return cursor.fault(
        "missing-word", f"expected `to` after the subject, found {cursor.found(at)}", hint, at=at
    )


def _no_domain(cursor: Cursor, at: int) -> Fault:
    """`group Domain:Group` and `group A/B/C`."""
    second = cursor.words[at - 2] == "/"
    return cursor.fault(
        "unexpected-text",
        "one identity domain stands in front of a name"
        if second
        else "an identity domain and a name are parted by `/`, not by `:`",
        "write 'Domain'/'Name'",
        at=at,
        edit=None if second else cursor.replace(at, at, "/"),
    )


def _no_tenancy_of_subject(cursor: Cursor, at: int, lower: str, following: str) -> Fault | None:
    """`of tenancy T` in the wrong kind of statement, or with a word wrong in it."""
    admits = "admit" in (cursor.words[0].lower(), cursor.words[1].lower())
    if lower == "of":
        return cursor.fault(
            "unexpected-text",
            "only an admit says of which tenancy its subject is",
            "take `of tenancy ...` away, or write an admit statement",
            at=at,
            edit=cursor.remove(at, at + 2) if following == "tenancy" else None,
        )
    if admits and lower in _TENANCIES:
        return cursor.fault(
            "missing-word",
            f"expected `of` before `{cursor.words[at]}`",
            "write of tenancy ALIAS behind the subject",
            at=at,
            edit=cursor.before(at, "of"),
        )
    if admits and following in _TENANCIES and cursor.is_word(at):
        return cursor.misspelt(at, "of")
    return None


def _several_words(cursor: Cursor, at: int, lower: str) -> Fault | None:
    """`group A B`, `group A and B`, `resource a b c`."""
    words = cursor.words
    last = at
    while cursor.is_name(last + 1) and words[last + 1].lower() not in ("to", "of", *VERBS):
        last += 1
    if words[last + 1].lower() not in ("to", "of"):
        return None
    if words[at - 3].lower() == "resource":
        return cursor.fault(
            "unexpected-text",
            "a resource subject has one word, or two",
            "write resource TYPE, or resource TYPE NAME",
            at=at,
            to=last,
        )
    if lower in ("and", "or", "&") and last == at + 1:
        return cursor.fault(
            "unexpected-text",
            f"names are parted by commas, not by `{words[at]}`",
            "write A, B",
            at=at,
            edit=Edit(cursor.after(at - 1), cursor.after(at), ","),
        )
    if any(words[index][0] == "'" for index in range(at - 1, last + 1)):
        return cursor.fault(
            "unexpected-text",
            f"expected `,` or `to` after a name, found {cursor.found(at)}",
            "part names by commas, or put one name into one pair of quotes",
            at=at,
            edit=cursor.behind(at - 1, ",") if last == at else None,
        )
    return unquoted_name(cursor, at - 1, last)


def unknown_verb(cursor: Cursor, at: int) -> Fault:
    """A verb that is none of the four; read all the same, since the grammar knows no vocabulary."""
    verb = cursor.words[at]
    near = closest(verb.lower(), VERBS)
    return cursor.fault(
        "unknown-verb",
        f"{cursor.found(at)} is none of OCI's verbs"
        + (f"; did you mean `{near}`?" if near else ""),
        "the verbs are inspect, read, use and manage; {PERMISSION} grants single operations",
        at=at,
        edit=cursor.replace(at, at, near) if near else None,
    )


def no_verb(cursor: Cursor) -> Fault:
    """Where a verb or a permission set is expected after `to`."""
    at = cursor.index
    return cursor.twice(at) or cursor.fault(
        "missing-word",
        f"expected a verb or a set of permissions after `to`, found {cursor.found(at)}",
        "write inspect, read, use or manage and a resource type, or {PERMISSION, PERMISSION}",
        at=at,
    )


def no_resource(cursor: Cursor) -> Fault:
    """Where a resource type is expected after a verb."""
    at = cursor.index
    words = cursor.words
    verb = words[at - 1]
    if "_" in verb and verb.isupper():
        last = at - 1
        while words[last + 1] == "," and cursor.is_word(last + 2):
            last += 2
        closed = words[last + 1] == "}"
        return cursor.fault(
            "missing-braces",
            f"a permission such as {cursor.found(at - 1)} stands in braces",
            f"write {{{verb}}}",
            at=at - 1,
            edit=cursor.before(at - 1, "{") if closed else cursor.wrap(at - 1, last, "{", "}"),
        )
    if verb.lower() not in VERBS and words[at].lower() == "in":
        return cursor.fault(
            "missing-word",
            f"expected a verb before {cursor.found(at - 1)}",
            "write inspect, read, use or manage in front of the resource type",
            at=at - 1,
        )
    if verb.lower() in VERBS and words[at] in _JOINTS and words[at + 1].lower() in VERBS:
        return _several_verbs(cursor, at - 1, at + 1)
    return cursor.fault(
        "missing-word",
        f"expected a resource type after {cursor.found(at - 1)}, found {cursor.found(at)}",
        f"write {verb.lower()} and one resource type, such as generative-ai-family",
        at=at,
    )


def _several_verbs(cursor: Cursor, first: int, last: int) -> Fault:
    """`use and manage buckets`: one is enough, since each verb includes the ones before it."""
    stronger = max(first, last, key=lambda place: VERBS.index(cursor.words[place].lower()))
    right = cursor.words[stronger].lower()
    return cursor.fault(
        "several-verbs",
        "a statement has one verb; each includes the weaker ones",
        f"keep the stronger one: {right}",
        at=first + 1,
        to=last,
        edit=cursor.replace(first, last, right),
    )


def no_permission(cursor: Cursor) -> Fault:
    """Where a permission is expected inside braces."""
    at = cursor.index
    word = cursor.words[at]
    if word == "}" and cursor.words[at - 1] == ",":
        return trailing_comma(cursor)
    if word == "}":
        return cursor.fault(
            "empty-list",
            "the set of permissions is empty",
            "write at least one permission: {GENERATIVE_AI_CHAT}",
            at=at - 1,
            to=at,
        )
    return cursor.fault(
        "unexpected-text",
        f"expected a permission, found {cursor.found(at)}",
        "permissions are words such as GENERATIVE_AI_CHAT, parted by commas",
        at=at,
        edit=cursor.remove(at, at) if word == "," else None,
    )


def unclosed_permissions(cursor: Cursor) -> Fault:
    """Where `,` or `}` is expected after a permission."""
    at = cursor.index
    word = cursor.words[at]
    if cursor.is_word(at) and word.isupper():
        return cursor.fault(
            "unexpected-text",
            f"expected `,` or `}}` after a permission, found {cursor.found(at)}",
            "part the permissions by commas",
            at=at,
            edit=cursor.behind(at - 1, ","),
        )
    return cursor.fault(
        "unclosed-brace",
        f"the set of permissions is not closed: expected `}}`, found {cursor.found(at)}",
        "close it with }",
        at=at,
        edit=cursor.behind(at - 1, "}"),
    )


def no_in(cursor: Cursor, grant_at: int) -> Fault:
    """Where `in` is expected behind the grant that starts at the token `grant_at`."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1].lower() if word else ""
    if lower in _PLACES:
        return cursor.fault(
            "missing-word",
            f"expected `in` before `{word}`",
            _WHERE,
            at=at,
            edit=cursor.before(at, "in"),
        )
    if not word or lower == "where":
        return cursor.fault(
            "missing-location",
            f"the statement does not say where: expected `in`, found {cursor.found(at)}",
            _WHERE,
            at=at,
        )
    if lower in VERBS and words[at - 1].lower() in _JOINTS and words[at - 2].lower() in VERBS:
        return _several_verbs(cursor, at - 2, at)
    if words[at - 1] == "}":
        return _behind_permissions(cursor, at, following)
    if lower in _JOINTS and cursor.is_word(at + 1):
        return several_resource_types(cursor)
    if cursor.is_word(at) and (following in _PLACES or closest(following, _PLACES)):
        return cursor.misspelt(at, "in")
    if cursor.is_word(at) and following == "in":
        return cursor.twice(at) or _two_words(cursor, at, grant_at)
    return cursor.fault("missing-word", f"expected `in`, found {cursor.found(at)}", _WHERE, at=at)


def _behind_permissions(cursor: Cursor, at: int, following: str) -> Fault:
    if cursor.is_word(at) and following == "in":
        return cursor.fault(
            "unexpected-text",
            "a set of permissions already says of which resource; no type follows it",
            "take the resource type away",
            at=at,
            edit=cursor.remove(at, at),
        )
    right = cursor.is_word(at) and following in _PLACES
    return cursor.fault(
        "missing-word",
        f"expected `in` after the permissions, found {cursor.found(at)}",
        _WHERE,
        at=at,
        edit=cursor.replace(at, at, "in") if right else None,
    )


def _two_words(cursor: Cursor, at: int, grant_at: int) -> Fault:
    """`use read metrics`, `manage object storage`."""
    words = cursor.words
    if words[at - 1].lower() in VERBS and words[grant_at].lower() in VERBS:
        weaker = min(grant_at, at - 1, key=lambda place: VERBS.index(words[place].lower()))
        stronger = at - 1 if weaker == grant_at else grant_at
        return cursor.fault(
            "several-verbs",
            "two verbs stand one after the other; a statement has one",
            f"keep the one that is needed, {words[weaker].lower()} if it is enough",
            at=at - 1,
            edit=Edit(cursor.starts[stronger], cursor.starts[stronger + 1], ""),
        )
    return cursor.fault(
        "unexpected-text",
        f"a resource type is one word; {cursor.found(at)} stands behind it",
        "write one resource type a statement, with hyphens: instance-family",
        at=at,
    )


def several_resource_types(cursor: Cursor) -> Fault:
    """`read buckets, objects in ...`: a statement for each."""
    first = cursor.index - 1
    words = cursor.words
    last = first
    while words[last + 1].lower() in _JOINTS and cursor.is_word(last + 2):
        last += 2
    start = cursor.starts[0]
    end = cursor.after(cursor.last)
    front = cursor.text[start : cursor.starts[first]]
    behind = cursor.text[cursor.after(last) : end]
    each = [front + words[at] + behind for at in range(first, last + 1, 2)]
    return cursor.fault(
        "several-resource-types",
        "a statement names one resource type",
        "write a statement for each resource type",
        at=cursor.index,
        to=last,
        edit=Edit(start, end, "\n".join(each)) if len(each) > 1 else None,
    )


def no_with(cursor: Cursor) -> Fault:
    """Where `with` is expected in an associate."""
    at = cursor.index
    # `tenancy and ...` has just been read as a tenancy called `and`.
    if cursor.words[at - 1].lower() == "and" and cursor.is_word(at):
        at -= 1
    return cursor.fault(
        "missing-word",
        f"`associate` joins two resources: expected `with`, found {cursor.found(at)}",
        "write associate TYPE in LOCATION with TYPE in LOCATION",
        at=at,
        edit=cursor.replace(at, at, "with") if cursor.words[at].lower() == "and" else None,
    )


def legacy_role(cursor: Cursor) -> Fault:
    """`to be ServiceAdministrator for ...`: roles of older integration instances."""
    return cursor.fault(
        "legacy-role",
        "`to be ROLE for ...` is how older Integration instances name a role, not a grant",
        "write a verb and a resource type, such as use integration-instances",
        at=cursor.index - 1,
        to=cursor.index + 1,
    )


def no_location(cursor: Cursor, *, endorse: bool) -> Fault:
    """Where a location is expected after `in`."""
    at = cursor.index
    word = cursor.words[at]
    lower = word.lower()
    allowed = ("tenancy", "compartment", "any-tenancy") if endorse else ("tenancy", "compartment")
    hint = "write tenancy, compartment NAME or compartment id OCID"
    twice = cursor.twice(at)
    if twice is not None:
        return twice
    if endorse and lower == "any" and cursor.words[at + 1].lower() == "tenancy":
        return cursor.misspelt(at, "any-tenancy", to=at + 1)
    if lower == "any-tenancy":
        return cursor.fault(
            "missing-location",
            "any-tenancy is where an endorse reaches; this location is in the policy's own tenancy",
            hint,
            at=at,
        )
    near = closest(lower, allowed)
    named = cursor.is_name(at + 1) and cursor.words[at + 1].lower() not in ("where", "with", "of")
    if near and cursor.is_word(at) and (near != "compartment" or named):
        return cursor.misspelt(at, near)
    if word.startswith("ocid1."):
        return cursor.fault(
            "missing-location",
            "an OCID after `in` needs the words `compartment id` in front of it",
            f"write compartment id {word}",
            at=at,
            edit=cursor.before(at, "compartment id"),
        )
    if lower == "region":
        hint = "a region is a condition: in tenancy where request.region = 'KEY'"
    elif cursor.is_name(at) and lower != "where":
        return cursor.fault(
            "missing-location",
            f"expected `tenancy` or `compartment` after `in`, found {cursor.found(at)}",
            f"write compartment in front of a name: compartment {word}",
            at=at,
            edit=cursor.before(at, "compartment")
            if cursor.words[at + 1].lower() in ("", "where", "with", "of", ":", "/", ";")
            else None,
        )
    return cursor.fault(
        "missing-location",
        f"expected a location after `in`, found {cursor.found(at)}",
        hint,
        at=at,
    )


def slash_in_path(cursor: Cursor) -> Fault:
    """`compartment a/b`: the parts of a path are parted by colons."""
    at = cursor.index
    return cursor.fault(
        "unexpected-text",
        "the parts of a compartment's path are parted by `:`, not by `/`",
        "write compartment A:B",
        at=at,
        edit=cursor.replace(at, at, ":"),
    )


def empty_path_part(cursor: Cursor) -> Fault:
    """`compartment A::B`, `compartment A:`."""
    at = cursor.index
    return cursor.fault(
        "missing-name",
        f"expected the name of a compartment after `:`, found {cursor.found(at)}",
        "write the path as A:B:C, without an empty part",
        at=at,
        edit=cursor.remove(at - 1, at - 1),
    )


def behind_location(cursor: Cursor, *, alias: bool) -> Fault:
    """Where the end or `where` is expected; `alias`: the location was `tenancy` alone."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1].lower()
    if word == ";":
        return trailing_semicolon(cursor)
    if word == "," and at == cursor.last:
        cursor.index = at + 1
        return trailing_comma(cursor)
    if lower == "with":
        return cursor.fault(
            "unexpected-text",
            "only endorse and admit statements join two resources by `with`",
            "write associate TYPE in LOCATION with TYPE in LOCATION in an endorse or an admit",
            at=at,
        )
    if lower == "of" and following in _TENANCIES:
        return cursor.fault(
            "unexpected-text",
            "only the compartment of an endorse or an admit can be in another tenancy",
            "take `of tenancy ...` away",
            at=at,
            to=at + 1,
            edit=cursor.remove(at, at + 2) if cursor.is_name(at + 2) else cursor.remove(at, at + 1),
        )
    no_where = _no_where(cursor, at, lower, following)
    if no_where is not None:
        return no_where
    if lower in (",", "in") or (lower == "and" and following in _PLACES):
        return cursor.fault(
            "several-locations",
            "a statement has one location",
            "write a statement for each location",
            at=at,
        )
    if words[at - 1].lower() == "compartment" and (twice := cursor.twice(at - 1)):
        return twice
    if not alias and (marked := mark_in_name(cursor, at)):
        return marked
    return _words_behind(cursor, at, alias=alias)


def _no_where(cursor: Cursor, at: int, lower: str, following: str) -> Fault | None:
    """A condition that stands there without its `where`."""
    word = cursor.words[at]
    grouped = lower in ("all", "any") and following in ("{", "(")
    begins = "." in following or following in ("all", "any", "{", "!", "not", "sets-intersect")
    if begins and (closest(lower, ("where",)) or lower in ("when", "if")):
        return cursor.misspelt(at, "where")
    variable = "." in word and cursor.is_word(at) and not word.startswith("ocid1.")
    if grouped or variable or word == "{":
        return cursor.fault(
            "missing-word",
            f"expected `where` before the condition, found {cursor.found(at)}",
            "write where between the location and the condition",
            at=at,
            edit=cursor.before(at, "where"),
        )
    return None


def _words_behind(cursor: Cursor, at: int, *, alias: bool) -> Fault:
    """More words: a name in two parts, a name where none can be, or something else altogether."""
    words = cursor.words
    last = at
    while cursor.is_name(last + 1) and words[last + 1].lower() not in ("where", "of", "with"):
        last += 1
    ends = last - at < 4 and words[last + 1].lower() in ("", "where", "of", "with", ";")
    if alias and cursor.is_name(at):
        return cursor.fault(
            "unexpected-text",
            "`tenancy` is the policy's own here and takes no name or OCID; found"
            f" {cursor.found(at)}",
            "write tenancy alone; only endorse and admit name another one",
            at=at,
            to=last if ends else at,
            edit=cursor.remove(at, last) if ends else None,
        )
    if ends and not alias and cursor.is_word(at) and cursor.is_word(at - 1):
        start, end = cursor.starts[at - 1], cursor.after(last)
        name = " ".join(cursor.text[start:end].split())
        return cursor.fault(
            "unexpected-text",
            f"expected the end of the statement or `where`, found {cursor.found(at)}",
            "if it belongs to the compartment's name, put the name in single quotes",
            at=at,
            to=last,
            edit=Edit(start, end, f"'{name}'"),
        )
    return cursor.fault(
        "unexpected-text",
        f"expected the end of the statement or `where`, found {cursor.found(at)}",
        "a path of compartments is written A:B:C, each part a name"
        if words[at] == ":"
        else "a statement ends with its location or its condition",
        at=at,
    )
