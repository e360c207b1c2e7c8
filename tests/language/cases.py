"""The cases of `tests/cases/language`: what is written, and all that is to be said about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocipolicy.diagnostics import Diagnostic

CASES = Path(__file__).parent.parent / "cases" / "language"


@dataclass(frozen=True)
class Finding:
    """A diagnostic as a case writes it down, with its line, its column and what is marked."""

    severity: str
    rule: str
    at: str
    marks: str
    says: str
    help: str | None

    @classmethod
    def of(cls, diagnostic: Diagnostic) -> "Finding":
        span = diagnostic.span
        return cls(
            diagnostic.severity,
            diagnostic.rule,
            f"{span.line}:{span.column}",
            span.text,
            diagnostic.message,
            diagnostic.help,
        )


@dataclass(frozen=True)
class Case:
    """A text, the findings on it, and its canonical form if it can be read."""

    text: str
    findings: list[Finding]
    canonical: str | None = None


def valid() -> list[str]:
    """Statements in canonical form, one a line."""
    lines = [
        line
        for path in sorted((CASES / "valid").glob("*.policy"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [line for line in lines if line and not line.startswith("//")]


def written(path: Path) -> list[Case]:
    """The cases of one YAML file."""
    return [_case(entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def broken() -> list[Case]:
    """Texts with mistakes, of every file but that of matching rules."""
    paths = sorted((CASES / "broken").glob("*.yaml"))
    return [case for path in paths if path.stem != "rules" for case in written(path)]


def _case(entry: dict[str, Any]) -> Case:
    findings = [_finding(each) for each in entry.get("findings", [])]
    return Case(entry["text"], findings, entry.get("canonical"))


def _finding(entry: dict[str, Any]) -> Finding:
    severity = "error" if "error" in entry else "warning"
    return Finding(
        severity, entry[severity], entry["at"], entry["marks"], entry["says"], entry["help"]
    )
