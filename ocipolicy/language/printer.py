"""Tree to text: the canonical form, one line a statement, and whole files with their comments."""

import re
from typing import assert_never

from ocipolicy.language.lexer import is_bare
from ocipolicy.language.tree import (
    Access,
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
    Location,
    Name,
    Ocid,
    OfAnyTenancy,
    OfTenancy,
    Parsed,
    Pattern,
    PermissionGrant,
    Statement,
    String,
    Subject,
    Value,
    Variable,
    VerbGrant,
)

# Words that a reader takes for the next part of the sentence where a name may stand.
_KEYWORDS = frozenset({"to", "in", "of", "where", "with", "as", "id"})


def show(statement: Statement) -> str:
    """A statement in canonical form: one line, keywords in lower case, quotes only where needed.

    >>> from ocipolicy import parse
    >>> show(parse("ALLOW GROUP 'Admins' TO Use Buckets IN TENANCY").statements[0])
    'allow group Admins to use buckets in tenancy'
    """
    match statement:
        case Define():
            return f"define {statement.what} {_alias(statement.alias)} as {statement.ocid}"
        case Access():
            words = [statement.kind.replace("-", " "), show_subject(statement.subject)]
            match statement.of:
                case OfTenancy():
                    words.append(f"of tenancy {_tenancy(statement.of.alias)}")
                case OfAnyTenancy():
                    words.append("of any-tenancy")
            words.append(f"to {show_grant(statement.grant)}")
            if statement.location is not None:
                words.append(f"in {show_location(statement.location)}")
            if statement.condition is not None:
                words.append(f"where {show_condition(statement.condition)}")
            return " ".join(words)
    assert_never(statement)


def show_subject(subject: Subject) -> str:
    """`group 'Dom'/Admins, id ocid1.group.oc1..a`."""
    separator = " " if subject.type == "resource" else ", "
    names = separator.join(map(_reference, subject.names))
    return f"{subject.type} {names}" if names else subject.type


def show_grant(grant: Grant) -> str:
    """`use buckets`, `{BUCKET_READ}`, or `associate ... with ...`."""
    match grant:
        case VerbGrant():
            return f"{grant.verb} {grant.resource}"
        case PermissionGrant():
            return "{" + ", ".join(grant.permissions) + "}"
        case AssociateGrant():
            return (
                f"associate {grant.resource} in {show_location(grant.location)}"
                f" with {grant.with_resource} in {show_location(grant.with_location)}"
            )
    assert_never(grant)


def show_location(location: Location) -> str:
    """`tenancy`, `any-tenancy`, `compartment A:B`, `compartment id OCID`."""
    match location:
        case InTenancy():
            return "tenancy" if location.alias is None else f"tenancy {_tenancy(location.alias)}"
        case InAnyTenancy():
            return "any-tenancy"
        case InCompartment():
            text = "compartment " + ":".join(map(_name, location.path))
        case InCompartmentId():
            text = f"compartment id {location.ocid}"
        case _:
            assert_never(location)
    if location.of_tenancy is None:
        return text
    return f"{text} of tenancy {_tenancy(location.of_tenancy)}"


def show_condition(condition: Condition) -> str:
    """`all {request.principal.type = 'odainstance', any {...}}`; of a matching rule as well."""
    match condition:
        case Clause():
            return _clause(condition)
        case All():
            return "all {" + ", ".join(map(show_condition, condition.conditions)) + "}"
        case Any():
            return "any {" + ", ".join(map(show_condition, condition.conditions)) + "}"
    assert_never(condition)


def _clause(clause: Clause) -> str:
    values = [_value(value) for value in clause.values]
    match clause.operator:
        case "=" | "!=" | "before" | "after":
            return f"{clause.variable} {clause.operator} {values[0]}"
        case "in" | "not in":
            return f"{clause.variable} {clause.operator} ({', '.join(values)})"
        case "between":
            return f"{clause.variable} between {values[0]} and {values[1]}"
        case "sets-intersect":
            alone = len(values) == 1 and isinstance(clause.values[0], Variable)
            second = values[0] if alone else f"({', '.join(values)})"
            return f"sets-intersect({clause.variable}, {second})"
        case "present":
            return clause.variable
        case "absent":
            return f"!{clause.variable}"
    assert_never(clause.operator)


def _value(value: Value) -> str:
    match value:
        case String():
            return f"'{value.text}'"
        case Pattern():
            return f"/{value.text}/"
        case Variable():
            return value.name
    assert_never(value)


def _reference(reference: Name | Ocid) -> str:
    match reference:
        case Ocid():
            return f"id {reference.ocid}"
        case Name(domain=None):
            return _name(reference.name)
        case Name():
            return f"'{reference.domain}'/{_name(reference.name)}"
    assert_never(reference)


def _name(name: str) -> str:
    return f"'{name}'" if name.startswith("ocid1.") else _alias(name)


def _alias(alias: str) -> str:
    bare = is_bare(alias) and alias.lower() not in _KEYWORDS
    return alias if bare else f"'{alias}'"


def _tenancy(alias: str) -> str:
    return f"'{alias}'" if alias.lower() == "tenancy" else _alias(alias)


_BLANK_LINE = re.compile(r"(?:\r\n|\r(?!\n)|\n)[ \t\f\v]*[\r\n]")
_LINE_END = re.compile(r"\r\n?|\n")


def show_file(parsed: Parsed) -> str:
    """A whole text in canonical form: comments kept, broken statements as they were.

    A comment behind a statement stays behind it, one inside a statement moves above it; at most one
    empty line stays between two things. The text's own kind of line end is used throughout.
    """
    text = parsed.source.text
    # Each piece is (start, end, what to write); a comment inside a statement sorts before it.
    pieces = [(node.start, node.end, show(node)) for node in parsed.statements]
    pieces += [(start, end, text[_indent(text, start) : end]) for start, end in parsed.broken]
    pieces.sort()
    broken = set(parsed.broken)
    kept: dict[int, list[str]] = {}
    alone: list[tuple[int, int, str]] = []
    index = 0
    for start, end in parsed.comments:
        while index < len(pieces) and pieces[index][1] <= start:
            index += 1
        note = text[start:end].rstrip()
        if index == len(pieces) or start < pieces[index][0]:
            alone.append((start, end, note))
        elif pieces[index][:2] not in broken:
            kept.setdefault(pieces[index][0], []).append(note)
    return _join(text, sorted(pieces + alone), kept)


def _indent(text: str, start: int) -> int:
    """Where the blanks in front of a piece begin, if it is the first on its line."""
    indent = start
    while indent and text[indent - 1] in " \t":
        indent -= 1
    return indent if not indent or text[indent - 1] in "\r\n" else start


def _join(text: str, pieces: list[tuple[int, int, str]], kept: dict[int, list[str]]) -> str:
    if not pieces:
        return ""
    newline = next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")
    out: list[str] = []
    last = 0
    for start, end, written in pieces:
        gap = text[last:start]
        is_comment = written.startswith(("//", "#"))
        if out and is_comment and not _LINE_END.search(gap):
            out.append(" " + written)
        else:
            if out:
                out.append(newline * (2 if _BLANK_LINE.search(gap) else 1))
            out.extend(note + newline for note in kept.get(start, ()))
            out.append(written)
        last = end
    return "".join(out) + newline
