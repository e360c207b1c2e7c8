"""Our reading of the valid cases against oci-lexer-parser's, and why the two differ."""

import re
from typing import Any as Json

import pytest
from oci_lexer_parser import parse_policy_statements

from ocipolicy.language import parse
from ocipolicy.language.tree import (
    Access,
    All,
    Any,
    AssociateGrant,
    Clause,
    Condition,
    Define,
    InAnyTenancy,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Location,
    Name,
    OfAnyTenancy,
    OfTenancy,
    Pattern,
    PermissionGrant,
    Statement,
    String,
    Subject,
    Value,
    Variable,
    VerbGrant,
)
from tests.language import cases

_OPERATORS = {"=": "eq", "!=": "neq", "not in": "not_in", "present": "exists"}


def theirs(line: str) -> Json:
    """What the reference makes of a statement, or that it refuses it."""
    try:
        parsed: Json = parse_policy_statements(line)
    except ValueError:
        return "refused"
    [statement] = parsed["statements"]
    return statement


def ours(statement: Statement) -> Json:
    """A statement in the shape that the reference gives it."""
    if isinstance(statement, Define):
        return {
            "kind": "define",
            "symbol": {"type": statement.what, "name": statement.alias},
            "def": {"type": "ocid", "value": statement.ocid},
        }
    shape: dict[str, Json] = {
        "kind": statement.kind.replace("-", "_"),
        "subject": _subject(statement.subject),
        **_grant(statement),
    }
    if statement.location is not None:
        where = "target" if statement.kind.endswith("endorse") else "location"
        shape[where] = _location(statement.location)
    match statement.of:
        case OfTenancy(alias):
            shape["source"] = {"type": "tenancy", "values": [alias]}
        case OfAnyTenancy():
            shape["source"] = {"type": "any-tenancy", "values": []}
    if statement.condition is not None:
        shape["conditions"] = _outermost(statement.condition)
    return shape


def _subject(subject: Subject) -> Json:
    names: list[Json] = []
    kind: str = subject.type
    for each in subject.names:
        if isinstance(each, Name):
            names.append({"label": each.name})
            if each.domain is not None:
                names[-1]["identity_domain"] = each.domain
        else:
            kind = f"{subject.type}-id"
            names.append({"label": each.ocid})
    return {"type": kind, "values": names}


def _grant(statement: Access) -> Json:
    match statement.grant:
        case VerbGrant(verb, "all-resources"):
            return {
                "actions": {"type": "verbs", "values": [verb]},
                "resources": {"type": "all-resources", "values": []},
            }
        case VerbGrant(verb, resource):
            return {
                "actions": {"type": "verbs", "values": [verb]},
                "resources": {"type": "specific", "values": [resource]},
            }
        case PermissionGrant(permissions):
            return {
                "actions": {
                    "type": "permissions",
                    "values": [each.lower() for each in permissions],
                },
                "resources": {"type": "unknown", "values": []},
            }
        case AssociateGrant():
            return {}


def _location(location: Location) -> Json:
    match location:
        case InTenancy(alias):
            return {"type": "tenancy", "values": [alias] if alias is not None else []}
        case InAnyTenancy():
            return {"type": "any-tenancy", "values": []}
        case InCompartmentId(ocid):
            return {"type": "compartment-id", "values": [ocid]}
        case InCompartment(path, alias):
            kind = "compartment_name" if len(path) == 1 else "compartment-path"
            shape = {"type": kind, "values": [*path]}
            return shape if alias is None else {**shape, "tenancy": alias}


def _outermost(condition: Condition) -> Json:
    """The reference puts `all` around a lone clause."""
    return _condition(condition if not isinstance(condition, Clause) else All((condition,)))


def _condition(condition: Condition) -> Json:
    match condition:
        case All(conditions) | Any(conditions):
            mode = "all" if isinstance(condition, All) else "any"
            items = [_condition(each) for each in conditions]
            return {"type": "group", "mode": mode, "items": items}
        case Clause(variable, operator, values):
            node: dict[str, Json] = {"lhs": variable, "op": _OPERATORS.get(operator, operator)}
            match operator, [_value(value) for value in values]:
                case "in" | "not in", several:
                    node["rhs"] = {"type": "list", "values": several}
                case "between", [low, high]:
                    node["rhs"] = {"type": "range", "from": low, "to": high}
                case _, [one]:
                    node["rhs"] = one
            return {"type": "clause", "node": node}


def _value(value: Value) -> Json:
    match value:
        case String(text):
            return {"type": "ocid" if text.startswith("ocid1.") else "literal", "value": text}
        case Pattern(text):
            return {"type": "regex", "value": f"/{text}/", "pattern": text}
        case Variable(name):
            return {"type": "literal", "value": name}


# Why the reference refuses a statement, or reads it otherwise: what is in the statement then.
REFUSED = {
    "it knows no associate with two ends": r" to associate ",
    "it knows no resource subjects": r"^allow resource ",
    "it knows no alias of a service": r"^define service ",
    "it knows no sets-intersect": r"sets-intersect\(",
    "it knows no colon in a variable": r"tag\.\S*:",
    "it knows no @ in a name": r"\w@\w",
    "it knows no OCIDs among names": r"^allow group \w+, id ",
    "a keyword is no name there": (
        r"\b(group|compartment|tenancy|as|define) ('\w+'/)?(all|any|group|tenancy|allow|admit|deny"
        r"|manage|any-user|compartment)\b(?!-)"
    ),
    "a keyword is no resource type there": r"\b(manage group|use use) in",
    "a keyword is no permission there": r"\{TO, IN",
    "an endorse reaches nothing of its own tenancy there": (
        r"^endorse .* in (tenancy$|compartment \w+$|compartment id )"
    ),
    "an endorse has no `to` before permissions there": r"^(deny )?endorse \S+ to \{",
    "an admit has no alias in its location there": r"^admit .* in tenancy \w+$",
    "a backslash at the end of a string begins an escape there": r"\\'$",
}
OTHERWISE = {
    "it takes `!variable` for `variable`": r"[ {]!\w",
    "it loses an underscore at the beginning": r" _\w",
    "it takes a slash inside quotes for that of a domain": r"'A/B testers'",
}


@pytest.mark.parametrize("line", cases.valid())
def test_both_read_the_same_or_there_is_a_reason(line: str) -> None:
    reading = theirs(line)
    if reading == "refused":
        assert reasons(REFUSED, line)
    elif reading != ours(parse(line).statements[0]):
        assert reasons(OTHERWISE, line)


def test_every_reason_is_needed() -> None:
    refused: set[str] = set()
    otherwise: set[str] = set()
    alike = 0
    for line in cases.valid():
        reading = theirs(line)
        if reading == "refused":
            refused.update(reasons(REFUSED, line)[:1])
        elif reading != ours(parse(line).statements[0]):
            otherwise.update(reasons(OTHERWISE, line)[:1])
        else:
            alike += 1
    assert refused == set(REFUSED)
    assert otherwise == set(OTHERWISE)
    assert alike > 250


def reasons(table: dict[str, str], line: str) -> list[str]:
    return [reason for reason, form in table.items() if re.search(form, line)]
