"""JSON for programs: stable shapes, each with the number of its schema."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, assert_never

from ocipolicy.diagnostics import Diagnostic, Fix
from ocipolicy.language import show
from ocipolicy.language.tree import (
    Access,
    All,
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
from ocipolicy.language.tree import Any as AnyOf

if TYPE_CHECKING:  # a command without a bundle should not pay for the rendering
    from ocipolicy.prove import Proof
    from ocipolicy.render.bundle import Bundle, Policy

SCHEMA = 1


def dump(value: dict[str, Any]) -> str:
    """A JSON text with the schema's number in front, in ASCII, which any terminal can print."""
    return json.dumps({"schema": SCHEMA, **value}, indent=2)


def line(value: dict[str, Any]) -> str:
    """The same in one line, for a stream of values."""
    return json.dumps({"schema": SCHEMA, **value})


def of_parsed(parsed: Parsed) -> dict[str, Any]:
    """`{"statements": [...], "diagnostics": [...]}`."""
    return {
        "statements": [
            of_statement(each, parsed.source.position(each.start)[0]) for each in parsed.statements
        ],
        "diagnostics": of_diagnostics(parsed.diagnostics),
    }


def of_diagnostics(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics with their places: lines and columns from 1, ends exclusive."""
    return [
        {
            "rule": each.rule,
            "severity": each.severity.value,
            "message": each.message,
            "help": each.help,
            "file": each.span.source.origin or None,
            "line": each.span.line,
            "column": each.span.column,
            "end_line": each.span.end_line,
            "end_column": each.span.end_column,
            "fix": None if each.fix is None else _fix(each.fix),
        }
        for each in diagnostics
    ]


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "text": fix.text,
        "line": fix.span.line,
        "column": fix.span.column,
        "end_line": fix.span.end_line,
        "end_column": fix.span.end_column,
    }


def of_statement(statement: Statement, line: int) -> dict[str, Any]:
    """A statement with its first line (from 1) and its canonical text."""
    found: dict[str, Any] = {"kind": "define", "line": line, "text": show(statement)}
    match statement:
        case Define():
            what = {"what": statement.what, "alias": statement.alias, "ocid": statement.ocid}
            return found | what
        case Access():
            found["kind"] = statement.kind
            found["subject"] = _subject(statement.subject)
            match statement.of:
                case OfTenancy(alias=alias):
                    found["of"] = {"tenancy": alias}
                case OfAnyTenancy():
                    found["of"] = {"any_tenancy": True}
                case None:
                    pass
            found["grant"] = _grant(statement.grant)
            if statement.location is not None:
                found["location"] = _location(statement.location)
            if statement.condition is not None:
                found["condition"] = of_condition(statement.condition)
            return found
    assert_never(statement)


def _subject(subject: Subject) -> dict[str, Any]:
    return {"type": subject.type, "names": [_reference(name) for name in subject.names]}


def _reference(reference: Name | Ocid) -> dict[str, str]:
    match reference:
        case Ocid(ocid=ocid):
            return {"ocid": ocid}
        case Name(name=name, domain=domain):
            return {"name": name} if domain is None else {"name": name, "domain": domain}
    assert_never(reference)


def _grant(grant: Grant) -> dict[str, Any]:
    match grant:
        case VerbGrant():
            return {"verb": grant.verb, "resource": grant.resource}
        case PermissionGrant():
            return {"permissions": list(grant.permissions)}
        case AssociateGrant():
            return {
                "associate": grant.resource,
                "in": _location(grant.location),
                "with": grant.with_resource,
                "with_in": _location(grant.with_location),
            }
    assert_never(grant)


def _location(location: Location) -> dict[str, Any]:
    match location:
        case InTenancy(alias=None):
            return {"tenancy": True}
        case InTenancy(alias=alias):
            return {"tenancy": alias}
        case InAnyTenancy():
            return {"any_tenancy": True}
        case InCompartment():
            found: dict[str, Any] = {"compartment": list(location.path)}
        case InCompartmentId():
            found = {"compartment_id": location.ocid}
        case _:
            assert_never(location)
    if location.of_tenancy is not None:
        found["of_tenancy"] = location.of_tenancy
    return found


def of_condition(condition: Condition) -> dict[str, Any]:
    """A condition, of a statement or of a dynamic group's matching rule."""
    match condition:
        case Clause(variable=variable, operator=operator, values=values):
            found: dict[str, Any] = {"variable": variable, "operator": operator}
            match operator:
                case "=" | "!=" | "before" | "after":
                    found["value"] = _value(values[0])
                case "in" | "not in" | "between" | "sets-intersect":
                    found["values"] = [_value(value) for value in values]
                case "present" | "absent":
                    pass
                case _:
                    assert_never(operator)
            return found
        case All(conditions=conditions):
            return {"all": [of_condition(each) for each in conditions]}
        case AnyOf(conditions=conditions):
            return {"any": [of_condition(each) for each in conditions]}
    assert_never(condition)


def _value(value: Value) -> dict[str, str]:
    match value:
        case String(text=text):
            return {"string": text}
        case Pattern(text=text):
            return {"pattern": text}
        case Variable(name=name):
            return {"variable": name}
    assert_never(value)


def of_bundle(
    bundle: "Bundle | None", proof: "Proof | None", diagnostics: Iterable[Diagnostic]
) -> dict[str, Any]:
    """`{"policies": [...], "proof": {...}, "diagnostics": [...]}`.

    `tenancy` is null while nobody knows it, `proof` where there is no bundle to prove.
    """
    policies = [] if bundle is None else [_policy(policy) for policy in bundle.policies]
    return {
        "policies": policies,
        "proof": None if proof is None else _proof(proof),
        "diagnostics": of_diagnostics(diagnostics),
    }


def _proof(proof: "Proof") -> dict[str, Any]:
    return {
        "proved": proof.proved,
        "allowed": proof.allowed,
        "refused": proof.refused,
        "stand_ins": list(proof.stand_ins),
        "probes": [
            {
                "who": each.who,
                "operation": each.operation,
                "where": each.where,
                "half": each.half,
                "wanted": each.wanted,
                "verdict": each.verdict,
            }
            for each in proof.probes
        ],
    }


def _policy(policy: "Policy") -> dict[str, Any]:
    return {
        "tenancy": policy.tenancy,
        "side": policy.side,
        "compartment": policy.compartment,
        "name": policy.name,
        "description": policy.description,
        "statements": [show(statement) for statement in policy.statements],
        "apply": policy.apply,
    }
