"""The sentences of a world, policy statements and matching rules, read at their places in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ocipolicy.diagnostics import Diagnostic, Severity, has_errors
from ocipolicy.document import Document, Path, called
from ocipolicy.language import parse, parse_rule
from ocipolicy.language.tree import Condition, Statement
from ocipolicy.world.nodes import named, text_at, texts_at
from ocipolicy.world.places import moved


@dataclass(frozen=True, slots=True)
class Sentences:
    """What could be read, by the path of its text in the file, and what is wrong with the rest."""

    statements: dict[Path, Statement] = field(default_factory=dict)
    rules: dict[Path, Condition] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def read_sentences(document: Document) -> Sentences:
    """Every statement and matching rule of a world file."""
    found = Sentences()
    for tenancy, _ in named(document, ("tenancies",)):
        for policy, _ in named(document, (*tenancy, "policies")):
            for path, text in texts_at(document, (*policy, "statements")):
                found.diagnostics.extend(_statement(document, found, path, text))
            for path, _ in texts_at(document, (*policy, "unread")):
                found.diagnostics.append(_unread(document, path))
        for group, _ in named(document, (*tenancy, "dynamic_groups")):
            path = (*group, "rule")
            text_here = text_at(document, path)
            if text_here is not None:
                parsed = parse_rule(text_here)
                found.diagnostics.extend(_moved(document, path, parsed.diagnostics))
                if parsed.rule is not None:
                    found.rules[path] = parsed.rule
    return found


def _statement(document: Document, found: Sentences, path: Path, text: str) -> Iterator[Diagnostic]:
    parsed = parse(text)
    yield from _moved(document, path, parsed.diagnostics)
    if has_errors(parsed.diagnostics):
        return
    if len(parsed.statements) == 1:
        found.statements[path] = parsed.statements[0]
        return
    several = bool(parsed.statements)
    yield Diagnostic(
        "several-statements" if several else "empty-statement",
        Severity.ERROR,
        f"{called(path)} holds {len(parsed.statements) or 'no'} statement{'s' * several}",
        document.span(path),
        "begin each statement with a `- ` of its own" if several else "write one, or take it out",
    )


def _unread(document: Document, path: Path) -> Diagnostic:
    return Diagnostic(
        "unread-statement",
        Severity.WARNING,
        "this statement could not be read, so no answer knows of it",
        document.span(path),
        "put it right and move it to `statements`, or keep in mind what it says",
    )


def _moved(
    document: Document, path: Path, diagnostics: tuple[Diagnostic, ...]
) -> Iterator[Diagnostic]:
    node = document.at(path)
    if node is not None:
        yield from (moved(each, document.source, node) for each in diagnostics)
