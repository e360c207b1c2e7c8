"""What people get wrong in a statement: for each thing that is expected, what stands there instead.

Every function looks at the cursor where a reader gave up and returns the fault to raise: one
sentence, the exact place, what to write, and the edit that does it where only one is meant.
"""

from ocipolicy.diagnostics import closest
from ocipolicy.language.condition_mistakes import trailing_comma, trailing_semicolon
from ocipolicy.language.lexer import Cursor, Edit, Fault

VERBS = ("inspect", "read", "use", "manage")
SUBJECTS = ("any-user", "any-group", "group", "dynamic-group", "service", "resource")
_PLACES = ("tenancy", "compartment", "any-tenancy")


def no_subject(cursor: Cursor) -> Fault:
    """Where `any-user`, `group` and their like are expected."""
    at = cursor.index
    word = cursor.words[at]
    lower = word.lower()
    following = cursor.words[at + 1].lower() if word else ""
    hint = "name who: any-user, any-group, group NAME, dynamic-group NAME or service NAME"
    if lower == "user":
        return cursor.fault(
            "missing-subject",
            "a statement cannot name a single user",
            "put the user into a group and name that: group NAME",
            at=at,
        )
    near = closest(lower.replace("_", "-"), SUBJECTS)
    if near and lower not in ("to", "of"):
        return cursor.misspelt(at, near)
    if cursor.is_name(at) and lower != "to" and following in ("to", "of", ",", "{", "/"):
        return cursor.fault(
            "missing-subject",
            f"`{word}` does not say what it is the name of",
            "write group or dynamic-group in front of a name",
            at=at,
            edit=cursor.before(at, "group"),
        )
    return cursor.fault("missing-subject", f"expected who, found {cursor.found(at)}", hint, at=at)


def no_name(cursor: Cursor, kind: str) -> Fault:
    """Where the name of a group, a compartment or an alias is expected."""
    at = cursor.index
    found = cursor.found(at)
    return cursor.fault(
        "missing-name",
        f"expected the name of {_article(kind)}, found {found}",
        f"write the name after {kind}; in single quotes if it has a blank in it",
        at=at,
    )


def no_ocid(cursor: Cursor, kind: str) -> Fault:
    """Where an OCID is expected after `id` or `as`."""
    at = cursor.index
    word = cursor.words[at]
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


def no_to(cursor: Cursor) -> Fault:
    """Where `to` is expected behind the subject."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1].lower() if word else ""
    hint = "write to between the subject and what it may do"
    if lower in VERBS or lower == "associate":
        name = words[at - 1]
        edit = cursor.before(at, "to")
        if len(name) > 2 and name.endswith("to"):
            edit = Edit(cursor.after(at - 1) - 2, cursor.after(at - 1), " to")
        return cursor.fault(
            "missing-word", f"expected `to` before `{word}`", hint, at=at, edit=edit
        )
    if lower == "of":
        return cursor.fault(
            "unexpected-text",
            "only an admit says of which tenancy its subject is",
            "take `of tenancy ...` away, or write an admit statement",
            at=at,
            edit=cursor.remove(at, min(at + 2, cursor.last)),
        )
    if cursor.is_word(at) and len(word) <= 3 and (following in VERBS or following == "{"):
        return cursor.misspelt(at, "to")
    if cursor.is_word(at) and cursor.is_word(at - 1) and words[at - 1].lower() not in SUBJECTS:
        last = at
        while cursor.is_word(last + 1) and words[last + 1].lower() not in ("to", "of", *VERBS):
            last += 1
        if words[last + 1].lower() in ("to", "of"):
            start, end = cursor.starts[at - 1], cursor.after(last)
            name = " ".join(cursor.text[start:end].split())
            return cursor.fault(
                "unquoted-name",
                "a name with a blank in it needs single quotes",
                f"write '{name}'",
                at=at - 1,
                to=last,
                edit=Edit(start, end, f"'{name}'"),
            )
    return cursor.fault(
        "missing-word", f"expected `to` after the subject, found {cursor.found(at)}", hint, at=at
    )


def unknown_verb(cursor: Cursor, at: int) -> Fault:
    """A verb that is none of the four; read all the same, since the grammar knows no vocabulary."""
    verb = cursor.words[at]
    near = closest(verb.lower(), VERBS)
    return cursor.fault(
        "unknown-verb",
        f"`{verb}` is none of OCI's verbs" + (f"; did you mean `{near}`?" if near else ""),
        "the verbs are inspect, read, use and manage; single operations are granted by {PERMISSION}",
        at=at,
        edit=cursor.replace(at, at, near) if near else None,
    )


def no_verb(cursor: Cursor) -> Fault:
    """Where a verb or a permission set is expected after `to`."""
    at = cursor.index
    return cursor.fault(
        "missing-word",
        f"expected a verb or a set of permissions after `to`, found {cursor.found(at)}",
        "write inspect, read, use or manage and a resource type, or {PERMISSION, PERMISSION}",
        at=at,
    )


def no_resource(cursor: Cursor) -> Fault:
    """Where a resource type is expected after a verb."""
    at = cursor.index
    verb = cursor.words[at - 1]
    if verb.lower() not in VERBS and cursor.words[at].lower() == "in":
        return cursor.fault(
            "missing-word",
            f"expected a verb before `{verb}`",
            "write inspect, read, use or manage in front of the resource type",
            at=at - 1,
        )
    return cursor.fault(
        "missing-word",
        f"expected a resource type after `{verb}`, found {cursor.found(at)}",
        f"write {verb.lower()} and one resource type, such as generative-ai-family",
        at=at,
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
    hint = "say where: in tenancy, in compartment NAME or in compartment id OCID"
    if lower in _PLACES:
        return cursor.fault(
            "missing-word",
            f"expected `in` before `{word}`",
            hint,
            at=at,
            edit=cursor.before(at, "in"),
        )
    if not word or lower == "where":
        return cursor.fault(
            "missing-location",
            f"the statement does not say where: expected `in`, found {cursor.found(at)}",
            hint,
            at=at,
        )
    if word == ",":
        return several_resource_types(cursor)
    if cursor.is_word(at) and following in _PLACES:
        if words[at - 1] == "}":
            return cursor.fault(
                "unexpected-text",
                f"expected `in` after the permissions, found {cursor.found(at)}",
                hint,
                at=at,
                edit=cursor.replace(at, at, "in"),
            )
        return cursor.misspelt(at, "in")
    if cursor.is_word(at) and following == "in":
        before = words[at - 1].lower()
        if before == "}":
            return cursor.fault(
                "unexpected-text",
                "a set of permissions already says of which resource; no type follows it",
                "take the resource type away",
                at=at,
                edit=cursor.remove(at, at),
            )
        if before in VERBS and words[grant_at].lower() in VERBS:
            weaker = min(grant_at, at - 1, key=lambda place: VERBS.index(words[place].lower()))
            stronger = at - 1 if weaker == grant_at else grant_at
            return cursor.fault(
                "unexpected-text",
                "two verbs stand one after the other; a statement has one",
                f"keep the one that is needed, {words[weaker].lower()} if it is enough",
                at=at - 1,
                edit=Edit(cursor.starts[stronger], cursor.starts[stronger + 1], ""),
            )
        return cursor.fault(
            "unexpected-text",
            f"a resource type is one word; `{word}` stands behind it",
            "write one resource type a statement, with hyphens: instance-family",
            at=at,
        )
    return cursor.fault("missing-word", f"expected `in`, found {cursor.found(at)}", hint, at=at)


def several_resource_types(cursor: Cursor) -> Fault:
    """`read buckets, objects in ...`: a statement for each."""
    first = cursor.index - 1
    words = cursor.words
    last = first
    while words[last + 1] == "," and cursor.is_word(last + 2):
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


def no_location(cursor: Cursor, *, endorse: bool) -> Fault:
    """Where a location is expected after `in`."""
    at = cursor.index
    word = cursor.words[at]
    lower = word.lower()
    allowed = ("tenancy", "compartment", "any-tenancy") if endorse else ("tenancy", "compartment")
    hint = "write tenancy, compartment NAME or compartment id OCID"
    if lower == "any-tenancy":
        return cursor.fault(
            "missing-location",
            "any-tenancy is where an endorse reaches; here the location is in the policy's own tenancy",
            hint,
            at=at,
        )
    near = closest(lower, allowed)
    named = cursor.is_name(at + 1) and cursor.words[at + 1].lower() not in ("where", "with", "of")
    if near and cursor.is_word(at) and (near != "compartment" or named):
        return cursor.misspelt(at, near)
    if lower == "tenant":
        return cursor.misspelt(at, "tenancy")
    if word.startswith("ocid1."):
        return cursor.fault(
            "missing-location",
            "an OCID after `in` needs the words `compartment id` in front of it",
            f"write compartment id {word}",
            at=at,
            edit=cursor.before(at, "compartment id"),
        )
    if cursor.is_name(at) and lower != "where":
        return cursor.fault(
            "missing-location",
            f"expected `tenancy` or `compartment` after `in`, found {cursor.found(at)}",
            f"write compartment in front of a name: compartment {word}",
            at=at,
            edit=cursor.before(at, "compartment"),
        )
    return cursor.fault(
        "missing-location",
        f"the statement does not say where: expected a location after `in`, found {cursor.found(at)}",
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
    """Where the end or `where` is expected; `alias`: the location was `tenancy` and has no alias."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1].lower() if word else ""
    if word == ";":
        return trailing_semicolon(cursor)
    if lower != "where" and (closest(lower, ("where",)) or lower in ("when", "if")):
        if "." in words[at + 1] or following in ("all", "any", "{", "!", "not"):
            return cursor.misspelt(at, "where")
    if (
        "." in word
        and not word.startswith("ocid1.")
        or lower in ("all", "any")
        and following == "{"
    ):
        return cursor.fault(
            "missing-word",
            f"expected `where` before the condition {cursor.found(at)}",
            "write where between the location and the condition",
            at=at,
            edit=cursor.before(at, "where"),
        )
    if word == ",":
        return cursor.fault(
            "unexpected-text",
            "a statement has one location",
            "write a statement for each location",
            at=at,
        )
    if word == ":":
        return cursor.fault(
            "unexpected-text",
            f"expected the end of the statement or `where`, found {cursor.found(at)}",
            "a path of compartments is written A:B:C, each part a name",
            at=at,
        )
    if alias and cursor.is_name(at):
        return cursor.fault(
            "unexpected-text",
            f"`tenancy` is the policy's own here and takes no name or OCID; found {cursor.found(at)}",
            "write tenancy alone; only endorse and admit name another one",
            at=at,
            edit=cursor.remove(at, at),
        )
    if cursor.is_word(at) and cursor.is_name(at - 1) and words[at - 1][:1] != "'" and not alias:
        last = at
        while cursor.is_word(last + 1) and words[last + 1].lower() not in ("where", "of", "with"):
            last += 1
        if last - at < 4 and words[last + 1].lower() in ("", "where", "of", "with"):
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
        "a statement ends with its location or its condition",
        at=at,
    )


def no_admit_tenancy(cursor: Cursor) -> Fault:
    """Where `tenancy` or `any-tenancy` is expected behind the `of` of an admit."""
    at = cursor.index
    word = cursor.words[at]
    near = closest(word.lower(), ("tenancy", "any-tenancy"))
    if near:
        return cursor.misspelt(at, near)
    return cursor.fault(
        "missing-word",
        f"expected `tenancy` after `of`, found {cursor.found(at)}",
        "write of tenancy ALIAS, with an alias that a define statement names",
        at=at,
        edit=cursor.before(at, "tenancy")
        if cursor.is_name(at) and cursor.words[at + 1].lower() in ("to", "{")
        else None,
    )


def no_with(cursor: Cursor) -> Fault:
    """Where `with` is expected in an associate."""
    return cursor.fault(
        "missing-word",
        f"`associate` joins two resources: expected `with`, found {cursor.found(cursor.index)}",
        "write associate TYPE in LOCATION with TYPE in LOCATION",
        at=cursor.index,
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


def no_as(cursor: Cursor, *, inferred: bool) -> Fault:
    """Where `as` is expected in a define; `inferred`: no word said what the alias stands for."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    following = words[at + 1] if word else ""
    hint = "write define tenancy ALIAS as OCID"
    near = closest(
        words[1].lower(), ("tenancy", "group", "dynamic-group", "compartment", "service")
    )
    if inferred and near and following.lower() == "as":
        return cursor.misspelt(1, near)
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
    return cursor.fault(
        "missing-word", f"expected `as` after the alias, found {cursor.found(at)}", hint, at=at
    )


def no_alias_kind(cursor: Cursor) -> Fault:
    """`define X as OCID` with an OCID that does not say which kind of alias it is."""
    return cursor.fault(
        "missing-word",
        f"expected what `{cursor.words[1]}` stands for, before the alias",
        "write define tenancy, group, dynamic-group, compartment or service ALIAS as OCID",
        at=1,
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
        edit=cursor.remove(at, at) if cursor.words[at] in (")", "}", ",", ".") else None,
    )


def legacy_role(cursor: Cursor) -> Fault:
    """`to be ServiceAdministrator for ...`: roles of older integration instances."""
    return cursor.fault(
        "legacy-role",
        "`to be ROLE for ...` is the role form of older Oracle Integration instances, not a policy grant",
        "write a verb and a resource type, such as use integration-instances",
        at=cursor.index,
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"
