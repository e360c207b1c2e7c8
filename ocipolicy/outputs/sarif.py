"""SARIF 2.1.0: findings for programs that collect those of many tools, such as code scanning.

Source: the OASIS standard, and its JSON Schema, against which a test holds what comes out here.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from ocipolicy.check import BY_NAME
from ocipolicy.diagnostics import Diagnostic, Fix, Span

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def of_diagnostics(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Any]:
    """A log with one run: the rules that were found, with their pages, and a result for each.

    Lines and columns count from 1 in code points, the end is exclusive. `version` is our own.
    """
    found = [*diagnostics]
    rules = sorted({each.rule for each in found})
    driver = {"name": "ocipolicy", "version": version, "rules": [_rule(name) for name in rules]}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, rules.index(each.rule)) for each in found],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = BY_NAME.get(name)
    if rule is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": rule.page.partition("\n")[0]},
        "help": {"text": rule.page},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    way_out = f"\nhelp: {diagnostic.help}" if diagnostic.help else ""
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": diagnostic.severity.value,
        "message": {"text": diagnostic.message + way_out},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _file(diagnostic.span),
                    "region": _region(diagnostic.span),
                }
            }
        ],
    }
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _fix(fix: Fix) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(fix.span), "insertedContent": {"text": fix.text}}
    return {
        "artifactChanges": [
            {"artifactLocation": _file(fix.span), "replacements": [replacement]},
        ]
    }


def _file(span: Span) -> dict[str, str]:
    return {"uri": quote(span.source.origin.replace("\\", "/") or "text")}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
