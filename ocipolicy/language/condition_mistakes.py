"""What people get wrong in a condition: for each thing that is expected, what stands there instead.

As in `mistakes`, every function looks at the cursor where a reader gave up and returns the fault.
"""

from ocipolicy.diagnostics import closest
from ocipolicy.language.lexer import OCID, Cursor, Edit, Fault, joined, shortened

_CONDITION = "a condition is VARIABLE = 'VALUE', or several of them in all {...} or any {...}"
_ALL_OR_ANY = "write all {A, B} where both must hold, any {A, B} where one is enough"
_OPERATORS = "the operators are =, !=, in, not in, before, after and between"
_LIKE = frozenset({"like", "matches"})
_LIKE_EQUALS = _LIKE | {"==", "is", "equals", "eq"}
_LIKE_NOT_EQUALS = frozenset({"<>", "ne", "! ="})


def behind_condition(cursor: Cursor, first: int) -> Fault:
    """Where the end is expected behind a condition that began at token `first`."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    if word == ";":
        return trailing_semicolon(cursor)
    if word == "," and at == cursor.last:
        cursor.index = at + 1
        return trailing_comma(cursor)
    if word == "," and _is_value(words[at + 1]) and words[at - 2] in ("=", "!="):
        return second_value(cursor, at)
    if lower in ("and", "or", ",", "where"):
        return _unjoined(cursor, first, at)
    if word in ("}", ")"):
        return stray_bracket(cursor)
    if word in ("=", "!=") or lower in ("in", "not"):
        return _negated(cursor, first)
    if cursor.is_word(at) and "." in word:
        return cursor.fault(
            "missing-all-or-any",
            f"a second condition begins at {cursor.found(at)}, and nothing joins it to the first",
            _ALL_OR_ANY,
            at=at,
        )
    return cursor.fault(
        "unexpected-text",
        f"expected the end of the statement, found {cursor.found(at)}",
        "a statement ends with its condition",
        at=at,
    )


def _unjoined(cursor: Cursor, first: int, at: int) -> Fault:
    """`A and B`, `A or B`, `A, B`, `A where B`."""
    joint = cursor.words[at].lower()
    kind = "any" if joint == "or" else "all"
    places = _joints(cursor, first, joint)
    edit = None
    if places:
        start, end = cursor.starts[first], cursor.after(cursor.last)
        edits = [Edit(start, start, f"{kind} {{")]
        edits += [Edit(cursor.after(place - 1), cursor.after(place), ",") for place in places]
        edit = joined(cursor.text, [*edits, Edit(end, end, "}")])
    if joint == "where":
        message = "a statement has one `where`"
    else:
        message = (
            f"conditions are not joined by `{cursor.words[at]}`, but stand together in all {{...}}"
            " or any {...}"
        )
    rule = "missing-all-or-any" if joint in (",", "where") else "and-or"
    hint = f"write {kind} {{A, B}}" if edit else _ALL_OR_ANY
    return cursor.fault(rule, message, hint, at=at, edit=edit)


def second_value(cursor: Cursor, comma: int) -> Fault:
    """`VARIABLE = 'a', 'b'`."""
    words = cursor.words
    last = comma + 1
    while words[last + 1] == "," and _is_value(words[last + 2]):
        last += 2
    operator = "in" if words[comma - 2] == "=" else "not in"
    parts = [
        Edit(cursor.after(comma - 3), cursor.starts[comma - 1], f" {operator} ("),
        Edit(cursor.after(last), cursor.after(last), ")"),
    ]
    return cursor.fault(
        "unknown-operator",
        f"`{words[comma - 2]}` compares with one value, and here comes a second one",
        f"write VARIABLE {operator} ('a', 'b')",
        at=comma,
        edit=joined(cursor.text, parts),
    )


def stray_bracket(cursor: Cursor) -> Fault:
    """A closing bracket without an opening one."""
    at = cursor.index
    return cursor.fault(
        "unexpected-text",
        f"there is a `{cursor.words[at]}` that nothing opened",
        "take it away",
        at=at,
        edit=cursor.remove(at, at),
    )


def _negated(cursor: Cursor, first: int) -> Fault:
    """`not VARIABLE = 'a'`: the clause that ends at the cursor is `not VARIABLE`."""
    at = cursor.index
    words = cursor.words
    negation = at - 2
    right = {"=": "!=", "in": "not in"}.get(words[at].lower())
    negated = negation >= first and words[negation].lower() in ("not", "!")
    parts = [Edit(cursor.starts[negation], cursor.starts[at - 1], "")]
    parts.append(cursor.replace(at, at, right or ""))
    return cursor.fault(
        "unknown-operator",
        f"`{words[negation]}` in front of a variable asks whether it is absent; no"
        f" {cursor.found(at)} can follow"
        if negated
        else f"expected the end of the condition, found {cursor.found(at)}",
        "write VARIABLE != 'VALUE', or VARIABLE not in ('a', 'b')",
        at=negation if negated else at,
        to=at,
        edit=joined(cursor.text, parts) if negated and right else None,
    )


def trailing_semicolon(cursor: Cursor) -> Fault:
    """`in tenancy;`: nothing ends a statement."""
    at = cursor.index
    return cursor.fault(
        "trailing-semicolon",
        "a statement has no semicolon at its end",
        "take the semicolon away",
        at=at,
        edit=cursor.remove(at, at),
    )


def empty_group(cursor: Cursor, first: int) -> Fault:
    """`all {}`."""
    return cursor.fault(
        "empty-list",
        f"`{cursor.words[first]} {{}}` has no condition in it",
        "put at least one condition between the braces",
        at=first + 1,
        to=cursor.index,
    )


def empty_list(cursor: Cursor, opening: int) -> Fault:
    """`in ()`."""
    return cursor.fault(
        "empty-list",
        "the list of values is empty, so it can match nothing",
        "put at least one value in it: ('a', 'b')",
        at=opening,
        to=cursor.index,
    )


def trailing_comma(cursor: Cursor) -> Fault:
    """`{a, }`, `('a', )`: the cursor stands behind the comma."""
    comma = cursor.index - 1
    return cursor.fault(
        "trailing-comma",
        "there is a comma, but nothing after it",
        "take the comma away",
        at=comma,
        edit=cursor.remove(comma, comma),
    )


def too_deep(cursor: Cursor, deepest: int) -> Fault:
    """Braces in braces in braces."""
    return cursor.fault(
        "too-deep",
        f"the condition is nested more than {deepest} deep",
        "write it with fewer braces inside one another",
        at=cursor.index,
        to=cursor.index + 1,
    )


def unclosed_group(cursor: Cursor, opening: int) -> Fault:
    """Where `,` or `}` is expected after a condition inside the braces of token `opening`."""
    at = cursor.index
    word = cursor.words[at]
    kind = cursor.words[opening].lower()
    if word.lower() in ("and", "or"):
        agrees = (word.lower() == "and") == (kind == "all")
        return cursor.fault(
            "and-or",
            f"conditions inside {kind} {{...}} are parted by commas, not by `{word}`",
            _ALL_OR_ANY,
            at=at,
            edit=Edit(cursor.after(at - 1), cursor.after(at), ",") if agrees else None,
        )
    if word == ")" and "}" in cursor.words[at:]:
        return stray_bracket(cursor)
    if word in ("=", "!=") or word.lower() in ("in", "not"):
        return _negated(cursor, opening)
    if not word or word in (")", ";"):
        return cursor.fault(
            "unclosed-brace",
            f"the brace after `{cursor.words[opening]}` is not closed",
            "close it with }",
            at=at,
            edit=cursor.replace(at, at, "}") if word else cursor.behind(at - 1, "}"),
        )
    return cursor.fault(
        "unexpected-text",
        f"expected `,` or `}}` after the condition, found {cursor.found(at)}",
        "part the conditions by commas, and close the brace",
        at=at,
        edit=cursor.behind(at - 1, ",") if cursor.is_word(at) or word == "!" else None,
    )


def unclosed_list(cursor: Cursor) -> Fault:
    """Where `,` or `)` is expected after a value."""
    at = cursor.index
    word = cursor.words[at]
    if word[:1] in ("'", "/") and len(word) > 1:
        return cursor.fault(
            "unexpected-text",
            f"expected `,` or `)` after the value, found {cursor.found(at)}",
            "part the values by commas",
            at=at,
            edit=cursor.behind(at - 1, ","),
        )
    return cursor.fault(
        "unclosed-brace",
        f"the round bracket is not closed: expected `)`, found {cursor.found(at)}",
        "close it with )",
        at=at,
        edit=cursor.behind(at - 1, ")"),
    )


def no_variable(cursor: Cursor) -> Fault:
    """Where a variable is expected and no word stands."""
    at = cursor.index
    word = cursor.words[at]
    if word in ("{", "("):
        return _bare_brackets(cursor)
    if _is_value(word) and cursor.words[at - 1] == "," and cursor.words[at - 3] in ("=", "!="):
        return second_value(cursor, at - 1)
    if word[:1] == "'" and len(word) > 1:
        return cursor.fault(
            "unexpected-text",
            f"expected a variable, found the value {cursor.found(at)}",
            _CONDITION,
            at=at,
        )
    return cursor.fault(
        "unexpected-text",
        f"expected a condition, found {cursor.found(at)}",
        _CONDITION,
        at=at,
        edit=cursor.remove(at, at) if word == "," else None,
    )


def odd_variable(cursor: Cursor) -> Fault:
    """Where a variable is expected and a word without a dot stands."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    lower = word.lower()
    following = words[at + 1]
    if lower == "where":
        return cursor.fault(
            "repeated-word",
            "`where` stands twice" if at else "a matching rule is its condition alone, no `where`",
            "write it once" if at else "take the word away",
            at=at,
            edit=Edit(cursor.starts[at], cursor.starts[at + 1], ""),
        )
    if lower in ("all", "any") and following == "(":
        return _round_group(cursor)
    if lower in ("all", "any"):
        rest = words[at + 1 :]
        lost = "}" in rest and "{" not in rest[: rest.index("}")]
        return cursor.fault(
            "unclosed-brace",
            f"expected `{{` after `{word}`, found {cursor.found(at + 1)}",
            f"write {lower} {{A, B}}",
            at=at + 1,
            edit=cursor.before(at + 1, "{") if lost else None,
        )
    near = closest(lower, ("all", "any"))
    if following == "{" and near:
        return cursor.misspelt(at, near)
    if lower == "sets-equal":
        return cursor.fault(
            "unknown-operator",
            "`sets-equal` is named on Oracle's pages about deny, but its form is not documented",
            "write sets-intersect(VARIABLE, ('a', 'b')), or compare with = or in",
            at=at,
        )
    if closest(lower, ("sets-intersect",)) and following == "(":
        return cursor.misspelt(at, "sets-intersect")
    return cursor.fault(
        "unexpected-text",
        f"expected a variable such as request.principal.id, found {cursor.found(at)}",
        _CONDITION,
        at=at,
    )


def no_value(cursor: Cursor) -> Fault:
    """Where a value is expected."""
    at = cursor.index
    word = cursor.words[at]
    before = cursor.words[at - 1]
    if cursor.is_word(at) and word.lower() not in ("where", "all", "any", "and", "or"):
        kind = "an OCID" if OCID.match(word) else "a value"
        return cursor.fault(
            "unquoted-value",
            f"{kind} needs single quotes; without them OCI reads {cursor.found(at)} as a variable",
            "put it in single quotes",
            at=at,
            edit=cursor.replace(at, at, f"'{word}'"),
        )
    if word == "(" and before in ("=", "!="):
        return cursor.fault(
            "unknown-operator",
            f"`{before}` compares with one value, not with a list",
            "write in (...) or not in (...) for a list",
            at=at - 1,
            edit=Edit(
                cursor.after(at - 2), cursor.starts[at], " in " if before == "=" else " not in "
            ),
        )
    if before in ("=", "!=") and word in ("=", "~", "!", "<", ">", "=="):
        return cursor.fault(
            "unknown-operator",
            f"`{before}{word}` is no operator of conditions",
            _OPERATORS,
            at=at - 1,
            to=at,
            edit=cursor.replace(at - 1, at, {"=": "=", "~": "=", "!": "!="}[word])
            if word in ("=", "~", "!")
            else None,
        )
    return cursor.fault(
        "missing-value",
        f"expected a value in single quotes after `{before}`, found {cursor.found(at)}",
        "write a value in single quotes, a pattern between slashes, or a variable",
        at=at,
    )


def no_list(cursor: Cursor) -> Fault:
    """Where `(` is expected after `in`."""
    at = cursor.index
    words = cursor.words
    edit = None
    if len(words[at]) > 1 and words[at][:1] in ("'", "/"):
        last = at
        while words[last + 1] == "," and words[last + 2][:1] == "'":
            last += 2
        lost = words[last + 1] == ")"
        edit = cursor.before(at, "(") if lost else cursor.wrap(at, last, "(", ")")
    elif cursor.is_word(at) and "." not in words[at]:
        edit = cursor.wrap(at, at, "('", "')")
    return cursor.fault(
        "missing-value",
        f"expected a list in round brackets after `{words[at - 1]}`, found {cursor.found(at)}",
        "write in ('a', 'b')",
        at=at,
        edit=edit,
    )


def no_second_set(cursor: Cursor) -> Fault:
    """Where the comma of `sets-intersect(a, b)` is expected."""
    return cursor.fault(
        "missing-value",
        f"sets-intersect compares two sets: expected `,`, found {cursor.found(cursor.index)}",
        "write sets-intersect(VARIABLE, ('a', 'b'))",
        at=cursor.index,
    )


def no_in_after_not(cursor: Cursor) -> Fault:
    """`VARIABLE not ('a')`."""
    at = cursor.index
    return cursor.fault(
        "unknown-operator",
        f"expected `in` after `not`, found {cursor.found(at)}",
        "write VARIABLE not in ('a', 'b')",
        at=at,
        edit=cursor.before(at, "in") if cursor.words[at] == "(" else None,
    )


def no_and(cursor: Cursor) -> Fault:
    """`VARIABLE between 'a', 'b'`."""
    at = cursor.index
    word = cursor.words[at]
    edit = None
    if word in (",", "-"):
        edit = Edit(cursor.after(at - 1), cursor.after(at), " and")
    elif cursor.is_word(at):
        edit = cursor.replace(at, at, "and")
    elif word:
        edit = cursor.before(at, "and")
    return cursor.fault(
        "unknown-operator",
        f"expected `and` between the two values of `between`, found {cursor.found(at)}",
        "write VARIABLE between 'FIRST' and 'LAST'",
        at=at,
        edit=edit,
    )


def no_operator(cursor: Cursor, variable: str) -> Fault:
    """Where an operator is expected behind a variable."""
    at = cursor.index
    words = cursor.words
    word = words[at]
    last = at
    operator = word
    if word in ("=", "!", "<", ">") and words[at + 1] in ("=", ">", "~"):
        last = at + 1
        operator = (
            f"{word} {words[last]}"
            if cursor.after(at) < cursor.starts[last]
            else word + words[last]
        )
    lower = operator.lower()
    time = {"<": "before", ">": "after"}.get(word[:1])
    right = None
    if operator == "!":
        right = "!=" if words[at + 1][:1] in ("'", "/") else None
    elif lower in _LIKE_EQUALS:
        right = "="
    elif lower in _LIKE_NOT_EQUALS:
        right = "!="
    elif time and "time" in variable:
        right = time
    elif cursor.is_word(at):
        right = closest(lower, ("in", "not", "before", "after", "between"))
    if right:
        return cursor.fault(
            "unknown-operator",
            f"`{operator}` is no operator of conditions; did you mean `{right}`?",
            _OPERATORS,
            at=at,
            to=last,
            edit=_with_operator(cursor, at, last, right),
        )
    if word[:1] in ("'", "/") and len(word) > 1:
        return cursor.fault(
            "unknown-operator",
            f"expected an operator after `{shortened(variable)}`, found {cursor.found(at)}",
            _OPERATORS,
            at=at,
            edit=cursor.before(at, "="),
        )
    return cursor.fault(
        "unknown-operator",
        f"`{operator}` is no operator of conditions"
        if word[:1] in ("=", "!", "<", ">")
        else f"expected an operator after `{shortened(variable)}`, found {cursor.found(at)}",
        _OPERATORS,
        at=at,
        to=last,
    )


def _with_operator(cursor: Cursor, at: int, last: int, right: str) -> Edit:
    """The edit that puts the right operator; what `like` compares with becomes a pattern."""
    value = cursor.words[last + 1]
    if cursor.words[at].lower() in _LIKE and "*" in value and value[0] == "'":
        start, end = cursor.after(at - 1), cursor.after(last + 1)
        return Edit(start, end, f" {right} /{value[1:-1]}/")
    return Edit(cursor.after(at - 1), cursor.starts[last + 1], f" {right} ")


def _joints(cursor: Cursor, first: int, joint: str) -> list[int]:
    """Where the joint stands from token `first` to the end; nowhere if it is mixed with others."""
    places: list[int] = []
    depth = 0
    between = False
    for at in range(first, cursor.last + 1):
        lower = cursor.words[at].lower()
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(lower, 0)
        if depth:
            continue
        if lower == "between":
            between = True
        elif lower == "and" and between:
            between = False
        elif lower in ("and", "or", ",", "where"):
            if lower != joint:
                return []
            places.append(at)
    return places


def _bare_brackets(cursor: Cursor) -> Fault:
    """`{A, B}` and `(A)` without `all` or `any`."""
    at = cursor.index
    words = cursor.words
    close = _closing(cursor, at)
    edit = None
    if close is not None and close > at + 1:
        marks = ("", "") if "," not in words[at:close] else ("all {", "}")
        parts = [cursor.replace(at, at, marks[0]), cursor.replace(close, close, marks[1])]
        edit = joined(cursor.text, parts)
    return cursor.fault(
        "missing-all-or-any",
        "braces in a condition need `all` or `any` in front of them"
        if words[at] == "{"
        else "round brackets hold values; conditions stand in all {...} or any {...}",
        _ALL_OR_ANY,
        at=at,
        edit=edit,
    )


def _round_group(cursor: Cursor) -> Fault:
    """`any (A, B)`."""
    at = cursor.index
    close = _closing(cursor, at + 1)
    edit = None
    if close is not None:
        parts = [cursor.replace(at + 1, at + 1, "{"), cursor.replace(close, close, "}")]
        edit = joined(cursor.text, parts)
    return cursor.fault(
        "missing-all-or-any",
        f"the conditions of `{cursor.words[at]}` stand in braces, not in round brackets",
        f"write {cursor.words[at].lower()} {{A, B}}",
        at=at + 1,
        edit=edit,
    )


def _is_value(word: str) -> bool:
    return len(word) > 1 and word[0] in ("'", "/")


def _closing(cursor: Cursor, opening: int) -> int | None:
    """The token that closes the bracket at `opening`."""
    first = cursor.words[opening]
    last = {"{": "}", "(": ")"}[first]
    depth = 0
    for at in range(opening, cursor.last + 1):
        depth += (cursor.words[at] == first) - (cursor.words[at] == last)
        if depth == 0:
            return at
    return None
