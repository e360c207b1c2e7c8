"""What is wrong with policies beyond their grammar: rules, each a small function with a page.

1. `reading` makes of a file, whichever of four kinds it is, the statements that rules look at;
2. `rules` has every rule: of words, conditions, grants, names, places and pairs of statements;
3. a config's `rules:` weigh the findings, and comments with a reason take some away (`ignores`).

A false alarm is worse than a missed case: where a rule needs to know what a file does not say, it
is silent. `fixes` puts right what a machine can be trusted with.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocipolicy.check.fixes import fixed
from ocipolicy.check.ignores import Lines, complaints, ignores, left, unknown_rule
from ocipolicy.check.others import OTHERS
from ocipolicy.check.reading import is_ours, read
from ocipolicy.check.rules import BY_NAME, RULES, Rule, manual
from ocipolicy.check.seen import Kind, Proof, Read
from ocipolicy.diagnostics import Diagnostic, Severity, Source, Span

if TYPE_CHECKING:
    from ocipolicy.render import Templates

__all__ = [
    "BY_NAME",
    "RULES",
    "Checked",
    "Kind",
    "Proof",
    "Rule",
    "check",
    "fixed",
    "is_ours",
    "manual",
]

# A config has its own proof, which says this of it already.
_SAID_BY_THE_PROOF = frozenset({"broader-than-needed"})
_NAMES = frozenset((*BY_NAME, *OTHERS))


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a file: which kind it was taken for, and all that is to be said about it."""

    kind: Kind
    source: Source
    diagnostics: tuple[Diagnostic, ...]


def check(
    text: str,
    origin: str = "",
    *,
    templates: "Templates | None" = None,
    proof: Proof | None = None,
) -> Checked:
    """Everything that is wrong with a file: statements, a list of them, a world or a config.

    `origin` is the name of the file; its ending tells a text of statements (`.policy`) from YAML
    and JSON. `templates` and `proof` are for configs: where scenarios are looked for, and what the
    proof of a bundle says. The findings are in the order of the file.

    Raises Unreadable where a template file cannot be read.

    >>> check("allow any-user to use buckets in tenancy").diagnostics[0].rule
    'unconditioned-any-user'
    """
    # As in the parser: what is read refers back to nothing, and the collector of garbage would look
    # through thousands of statements in vain.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _check(read(text, origin, templates, proof))
    finally:
        if collecting:
            gc.enable()


def _check(found: Read) -> Checked:
    levels = found.loaded.config.rules if found.loaded and found.loaded.config else {}
    comments = ignores(found.source, lambda: _extents(found))
    # What keeps a statement from being read cannot be ignored; what only could be better, can.
    errors = [each for each in found.diagnostics if each.severity is Severity.ERROR]
    others = [each for each in found.diagnostics if each.severity is not Severity.ERROR]
    others = [each for each in others if not _is_taken_over(each.rule)]
    findings = [*others, *_weighed([*found.proof, *_findings(found)], levels)]
    kept = [*errors, *left(findings, comments)]
    about = [*complaints(comments, _NAMES), *_unknown_rules(found)]
    kept += _weighed(about, levels)
    kept.sort(key=lambda each: (each.span.source is not found.source, *_place(each.span)))
    return Checked(found.kind, found.source, tuple(kept))


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.origin, span.start, span.end


def _is_taken_over(name: str) -> bool:
    """Whether a rule here says what the parser says as well, and more of it."""
    rule = BY_NAME.get(name)
    return rule is not None and rule.statement is not None


def _findings(found: Read) -> Iterator[Diagnostic]:
    """What every rule says."""
    silent = _SAID_BY_THE_PROOF if found.kind == "config" else frozenset()
    for rule in RULES:
        if rule.name in silent:
            continue
        for policy in found.policies:
            if rule.statement is not None:
                for seen in policy.statements:
                    for each in rule.statement(seen):
                        yield each.diagnostic(rule.name, rule.severity)
            if rule.policy is not None and policy.complete:
                for each in rule.policy(policy):
                    yield each.diagnostic(rule.name, rule.severity)
        if rule.world is not None and found.world is not None:
            for each in rule.world(found.world):
                yield each.diagnostic(rule.name, rule.severity)


def _weighed(diagnostics: Iterable[Diagnostic], levels: Mapping[str, str]) -> Iterator[Diagnostic]:
    """The findings with the weight that a config gives them; here errors can be weighed as well."""
    for each in diagnostics:
        level = levels.get(each.rule, each.severity.value)
        if level != "off":
            yield replace(each, severity=Severity(level))


def _unknown_rules(found: Read) -> Iterator[Diagnostic]:
    """The names in a config's `rules:` that are no rules."""
    if found.loaded is not None and found.loaded.config is not None:
        for name in found.loaded.config.rules:
            if name not in _NAMES:
                yield unknown_rule(name, found.loaded.key_span("rules", name), _NAMES)


def _extents(found: Read) -> Iterator[Lines]:
    """The lines that each statement takes in the file."""
    for policy in found.policies:
        for seen in policy.statements:
            span = seen.at(seen.statement, "").diagnostic("", Severity.NOTE).span
            if span.source is found.source:
                yield span.line, span.end_line
