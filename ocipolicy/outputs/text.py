"""Text for people: diagnostics with their carets, policies ready to be pasted.

Colours are asked for by name from a `Paint`, which the terminal's side provides; a plain one leaves
the text as it is. What is printed reads the same without them.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ocipolicy.diagnostics import Diagnostic, Severity
from ocipolicy.language import show
from ocipolicy.outputs.files import File

if TYPE_CHECKING:  # a command without a bundle should not pay for the rendering
    from ocipolicy.render.bundle import Bundle, Policy

# A text and what it is ("error", "warning", "note", "help", "comment") to the painted text.
Paint = Callable[[str, str], str]
_WIDEST = 78


def plain(text: str, _: str) -> str:
    """No colours."""
    return text


def of_diagnostic(diagnostic: Diagnostic, paint: Paint = plain) -> str:
    """`file:line:column: severity: message [rule]`, the line with carets under it, and the help."""
    span = diagnostic.span
    origin = span.source.origin or "<text>"
    severity = diagnostic.severity.value
    place = f"{origin}:{span.line}:{span.column}: "
    lines = [
        place
        + paint(f"{severity}:", severity)
        + f" {diagnostic.message} "
        + paint(f"[{diagnostic.rule}]", "comment")
    ]
    shown, carets = _carets(diagnostic)
    if shown.strip():
        gutter = " " * len(str(span.line))
        lines.append(paint(f" {span.line} | ", "comment") + shown)
        lines.append(paint(f" {gutter} | ", "comment") + paint(carets, severity))
    if diagnostic.help:
        first, *rest = diagnostic.help.split("\n")
        lines.append(paint("help: ", "help") + first)
        lines += (" " * 6 + each for each in rest)
    return "\n".join(lines)


def _carets(diagnostic: Diagnostic) -> tuple[str, str]:
    """The source line and the carets below its span; a long line is cut round the span."""
    span = diagnostic.span
    line = span.source.line(span.line)
    first = span.column - 1
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    last = max(last, first + 1)
    cut = 0
    if last > _WIDEST and len(line) > _WIDEST:
        cut = max(0, min(first - 30, len(line) - _WIDEST + 2))
    shown = line[cut:]
    if len(shown) > _WIDEST:
        shown = shown[: _WIDEST - 1] + "…"
    if cut:
        shown = "…" + shown[1:]
    # Whatever would move the caret or the terminal is shown as a blank of the same width.
    shown = "".join(character if character.isprintable() else " " for character in shown)
    width = min(last, cut + len(shown)) - first
    return shown, " " * (first - cut) + "^" * max(1, width)


def of_diagnostics(diagnostics: Iterable[Diagnostic], paint: Paint = plain) -> str:
    """All of them, an empty line between two."""
    return "\n\n".join(of_diagnostic(each, paint) for each in diagnostics)


def summary(diagnostics: Iterable[Diagnostic], paint: Paint = plain) -> str:
    """`2 errors, 1 warning`; empty where there is nothing to say."""
    counts = dict.fromkeys(Severity, 0)
    for each in diagnostics:
        counts[each.severity] += 1
    return ", ".join(
        paint(f"{count} {severity.value}{'s' if count > 1 else ''}", severity.value)
        for severity, count in counts.items()
        if count
    )


def of_bundle(bundle: "Bundle", paint: Paint = plain) -> str:
    """The policies, with what each is for in comments, so that the text can be read as policies."""
    parts = [of_policy(policy, paint) for policy in bundle.policies]
    for letter in bundle.letters:
        lines = ["", *letter.text.splitlines()]
        head = "// The source tenancy is not known yet. Send this to Oracle as a service request:"
        body = "\n".join(f"// {line}".rstrip() for line in lines)
        parts.insert(0, paint(f"{head}\n{body}", "comment") + "\n")
    return "\n".join(parts)


def of_policy(policy: "Policy", paint: Paint = plain) -> str:
    """One policy: comments that say where it goes, and its statements."""
    where = policy.tenancy or "the source tenancy (Oracle Support knows its OCID)"
    head = f"// policy {policy.name}, in the root compartment of {where}\n// {policy.description}"
    if not policy.apply:
        head += "\n// Oracle manages this side: expect these statements there, do not create them."
    return paint(head, "comment") + "\n" + "".join(f"{show(each)}\n" for each in policy.statements)


def files(bundle: "Bundle") -> tuple[File, ...]:
    """A `.policy` file for each policy, and the letters."""
    return (
        *(File(f"{policy.name}.policy", of_policy(policy)) for policy in bundle.policies),
        *(File(letter.name, letter.text) for letter in bundle.letters),
    )
