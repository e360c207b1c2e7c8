"""What people get wrong in a statement: for each thing that is expected, what stands there instead.

Every function looks at the cursor where a reader gave up and returns the fault to raise: one
sentence, the exact place, what to write, and the edit that does it where only one is meant.
"""

from ocipolicy.diagnostics import closest
from ocipolicy.language.condition_mistakes import trailing_comma, trailing_semicolon
from ocipolicy.language.lexer import Cursor, Edit, Fault

STARTERS = ("allow", "deny", "define", "endorse", "admit")
SUBJECTS = ("any-user", "any-group", "group", "dynamic-group", "service", "resource")
_MARKS_IN_NAMES = frozenset("=&(+*%$!?~^|")
_ENDS = frozenset({"", ",", ":", ";", "{", "}"})
_EVERYONE = frozenset({"all", "any", "anybody", "anyone", "everybody", "everyone"})
ALIAS_KINDS = ("tenancy", "group", "dynamic-group", "compartment", "service")


def no_subject(cursor: Cursor) -> Fault:
    """Where `any-user`, `group` and their like are expected."""
    at = cursor.index
    word = cursor.words[at]
    lower = word.lower()
    following = cursor.words[at + 1].lower() if word else ""
    hint = "name who: any-user, any-group, group NAME, dynamic-group NAME or service NAME"
    if lower in STARTERS and at > 0:
        return cursor.twice(at) or cursor.fault(
            "unexpected-text",
            f"a statement begins with one keyword, and {cursor.found(at)} is a second one",
            "keep one of the two",
            at=at,
        )
    if lower in ("user", "users"):
        return cursor.fault(
            "missing-subject",
            "a statement cannot name single users",
            "put them into a group and name that: group NAME; any-user stands for everyone",
            at=at,
        )
    spaced = {"users": "any-user", "groups": "any-group"}.get(following) if lower == "any" else None
    if lower == "dynamic" and following == "groups":
        spaced = "dynamic-group"
    if spaced:
        return cursor.misspelt(at, spaced, to=at + 1)
    near = closest(lower.replace("_", "-"), SUBJECTS)
    if near and lower not in ("to", "of"):
        return cursor.misspelt(at, near)
    if cursor.is_name(at) and lower != "to" and following in ("to", "of", ",", "{", "/"):
        return cursor.fault(
            "missing-subject",
            f"{cursor.found(at)} does not say what it is the name of",
            "write group or dynamic-group in front of a name; any-user stands for everyone",
            at=at,
            edit=None if lower in _EVERYONE else cursor.before(at, "group"),
        )
    return cursor.fault("missing-subject", f"expected who, found {cursor.found(at)}", hint, at=at)


def no_name(cursor: Cursor, kind: str) -> Fault:
    """Where the name of a group, a compartment or an alias is expected."""
    at = cursor.index
    word = cursor.words[at]
    if cursor.words[at - 1] == "," and (not word or word.lower() in ("to", "of", "{")):
        return trailing_comma(cursor)
    return cursor.fault(
        "missing-name",
        f"expected the name of {_article(kind)}, found {cursor.found(at)}",
        f"write the name after {kind}; in single quotes if it has a blank in it",
        at=at,
        edit=cursor.remove(at, at) if word in (",", ":") else None,
    )


def no_alias(cursor: Cursor, what: str | None) -> Fault:
    """Where the alias of a define is expected."""
    return cursor.fault(
        "missing-name",
        f"expected an alias, found {cursor.found(cursor.index)}",
        f"write define {what or 'tenancy'} ALIAS as OCID, with an alias of your own choice",
        at=cursor.index,
    )


def no_ocid(cursor: Cursor, kind: str) -> Fault:
    """Where an OCID is expected after `id` or `as`."""
    at = cursor.index
    word = cursor.words[at]
    twice = cursor.twice(at)
    if twice is not None:
        return twice
    if word.startswith(("ocid1.", "'ocid1.")):
        return cursor.fault(
            "malformed-ocid",
            f"{cursor.found(at)} is not a whole OCID",
            "an OCID is ocid1.<type>.<realm>.[region].<id>",
            at=at,
        )
    return cursor.fault(
        "malformed-ocid",
        f"expected the OCID of {_article(kind)}, found {cursor.found(at)}",
        f"write ocid1.{kind.replace('-', '')}.oc1..unique-id",
        at=at,
        edit=cursor.remove(at - 1, at - 1)
        if cursor.words[at - 1].lower() == "id" and cursor.is_name(at) and "." not in word
        else None,
    )


def blacked_out(cursor: Cursor) -> Fault:
    """`ocid1.compartment.oc1..xxxxxxxx`."""
    at = cursor.index
    return cursor.fault(
        "placeholder", "this OCID looks blacked out", "put the whole OCID in its place", at=at
    )


def ocid_without_id(cursor: Cursor, kind: str) -> Fault:
    """An OCID where a name stands: `compartment ocid1...`, `group ocid1...`."""
    at = cursor.index
    rule = "compartment-without-id" if kind == "compartment" else "ocid-without-id"
    return cursor.fault(
        rule,
        f"an OCID after `{kind}` needs the word `id` in front of it",
        f"write {kind} id {cursor.words[at].strip(chr(39))}",
        at=at,
        edit=cursor.before(at, "id"),
    )


def id_as_name(cursor: Cursor, at: int) -> Fault:
    """`group id to ...`: read as a name, but it may well be a lost OCID."""
    return cursor.fault(
        "malformed-ocid",
        f"`{cursor.words[at]}` is read as a name here, since no OCID follows it",
        "write the OCID behind it, or put the name into quotes",
        at=at,
        edit=cursor.replace(at, at, f"'{cursor.words[at]}'"),
    )


def ocid_as_alias(cursor: Cursor, at: int) -> Fault:
    """`in tenancy ocid1...`: read, since nobody else could be meant."""
    return cursor.fault(
        "ocid-as-alias",
        "Oracle's pages name another tenancy by the alias of a define statement, never by its OCID",
        "write define tenancy ALIAS as OCID in front, and name the alias here",
        at=at,
    )


def id_of_tenancy(cursor: Cursor) -> Fault:
    """`in tenancy id ocid1...`."""
    at = cursor.index
    return cursor.fault(
        "unexpected-text",
        "another tenancy is named by the alias of a define statement, not by `id` and an OCID",
        "write define tenancy ALIAS as OCID in front, and name the alias here",
        at=at,
        to=at + 1,
    )


def repeated_keyword(cursor: Cursor, kind: str) -> Fault:
    """`group A, group B`: the keyword stands once."""
    at = cursor.index
    return cursor.fault(
        "unexpected-text",
        f"`{kind}` stands once, in front of the first name",
        f"write {kind} A, B",
        at=at,
        edit=Edit(cursor.starts[at], cursor.starts[at + 1], ""),
    )


def no_admit_tenancy(cursor: Cursor) -> Fault:
    """Where `tenancy` or `any-tenancy` is expected behind the `of` of an admit."""
    at = cursor.index
    word = cursor.words[at]
    twice = cursor.twice(at)
    if twice is not None:
        return twice
    near = closest(word.lower(), ("tenancy", "any-tenancy"))
    if word.lower() == "any" and cursor.words[at + 1].lower() == "tenancy":
        return cursor.misspelt(at, "any-tenancy", to=at + 1)
    if near:
        return cursor.misspelt(at, near)
    return cursor.fault(
        "missing-word",
        f"expected `tenancy` after `of`, found {cursor.found(at)}",
        "write of tenancy ALIAS, with an alias that a define statement names",
        at=at,
        edit=cursor.before(at, "tenancy")
        if cursor.is_name(at) and cursor.words[at + 1].lower() in ("to", "{", "", "where", "with")
        else None,
    )


def named_subject_of_any_tenancy(cursor: Cursor, first: int, last: int) -> Fault:
    """`admit group A of any-tenancy`: only the two wildcards may come from everywhere."""
    return cursor.fault(
        "unexpected-text",
        "`of any-tenancy` goes only with any-user and any-group",
        "name the tenancy: of tenancy ALIAS",
        at=first,
        to=last,
    )


def no_as(cursor: Cursor, alias: int, *, inferred: bool) -> Fault:
    """Where `as` is expected behind the alias; `inferred`: no word said what that stands for."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    following = words[at + 1] if word else ""
    hint = "write define tenancy ALIAS as OCID"
    if inferred and following.lower() == "as":
        near = closest(words[alias].lower(), ALIAS_KINDS)
        if near:
            return cursor.misspelt(alias, near)
        return cursor.fault(
            "unexpected-text",
            f"expected what the alias stands for, found {cursor.found(alias)}",
            "write define tenancy, group, dynamic-group, compartment or service ALIAS as OCID",
            at=alias,
        )
    if word.startswith("ocid1.") or word.lower() == "id":
        return cursor.fault(
            "missing-word",
            "expected `as` before the OCID",
            hint,
            at=at,
            edit=cursor.before(at, "as"),
        )
    if following.startswith("ocid1.") and (word in ("=", ":") or len(word) <= 3):
        return cursor.misspelt(at, "as")
    if following.lower() == "as" and cursor.is_word(at):
        return unquoted_name(cursor, at - 1, at)
    return cursor.fault(
        "missing-word", f"expected `as` after the alias, found {cursor.found(at)}", hint, at=at
    )


def unquoted_name(cursor: Cursor, first: int, last: int) -> Fault:
    """A name of several words without quotes."""
    start, end = cursor.starts[first], cursor.after(last)
    name = " ".join(cursor.text[start:end].split())
    return cursor.fault(
        "unquoted-name",
        "a name with a blank in it needs single quotes",
        f"write '{name}'",
        at=first,
        to=last,
        edit=Edit(start, end, f"'{name}'"),
    )


def mark_in_name(cursor: Cursor, at: int) -> Fault | None:
    """`group R&D`, `compartment a=b`: a mark that touches the name in front of it."""
    mark = cursor.words[at]
    if mark not in _MARKS_IN_NAMES or cursor.after(at - 1) < cursor.starts[at]:
        return None
    last = at
    while cursor.words[last + 1] not in _ENDS and cursor.after(last) == cursor.starts[last + 1]:
        last += 1
    start, end = cursor.starts[at - 1], cursor.after(last)
    return cursor.fault(
        "unquoted-name",
        f"a name with `{mark}` in it needs single quotes",
        "put the whole name in single quotes",
        at=at,
        edit=Edit(start, end, f"'{cursor.text[start:end]}'") if cursor.is_word(at - 1) else None,
    )


def no_alias_kind(cursor: Cursor, alias: int) -> Fault:
    """`define X as OCID` with an OCID that does not say which kind of alias it is."""
    return cursor.fault(
        "missing-word",
        f"expected what {cursor.found(alias)} stands for, before the alias",
        "write define tenancy, group, dynamic-group, compartment or service ALIAS as OCID",
        at=alias,
    )


def domain_in_alias(cursor: Cursor, alias: int) -> Fault:
    """`define group 'Domain'/'Group' as OCID`: an alias is a word of the author's own."""
    return cursor.fault(
        "unexpected-text",
        "an alias is a name of your own choice, without an identity domain",
        "write one word; the OCID says which group it is",
        at=alias,
        to=cursor.index + 1,
    )


def behind_define(cursor: Cursor) -> Fault:
    """Where a define should have ended."""
    at = cursor.index
    if cursor.words[at] == ";":
        return trailing_semicolon(cursor)
    return cursor.fault(
        "unexpected-text",
        f"a define statement ends with its OCID; found {cursor.found(at)}",
        "take the rest away",
        at=at,
        edit=cursor.remove(at, at) if at == cursor.last else None,
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"
