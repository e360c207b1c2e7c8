"""Text for people: diagnostics with their carets, policies ready to be pasted.

Colours are asked for by name from a `Paint`, which the terminal's side provides; a plain one leaves
the text as it is. What is printed reads the same without them. How wide it is: `lines`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ocipolicy.diagnostics import Diagnostic, Severity, without_secrets
from ocipolicy.language import show
from ocipolicy.outputs.lines import WIDTH, Width, columns, fold, message

if TYPE_CHECKING:  # a command without a bundle should not pay for rendering and writing files
    from ocipolicy.outputs.files import File
    from ocipolicy.prove import Proof
    from ocipolicy.render.bundle import Bundle, Policy

# A text and what it is ("error", "warning", "note", "help", "comment") to the painted text.
Paint = Callable[[str, str], str]


def plain(text: str, _: str) -> str:
    """No colours."""
    return text


def of_diagnostic(diagnostic: Diagnostic, paint: Paint = plain, width: Width = None) -> str:
    """`file:line:column: severity: message [rule]`, the line with carets under it, and the help."""
    span = diagnostic.span
    origin = span.source.origin or "<text>"
    severity = diagnostic.severity.value
    place = f"{origin}:{span.line}:{span.column}:"
    head = f"{place} {severity}: {diagnostic.message} [{diagnostic.rule}]"
    lines = message(head, width, hang=4)
    lines[0] = lines[0].replace(f" {severity}:", " " + paint(f"{severity}:", severity), 1)
    rule = f"[{diagnostic.rule}]"
    lines[-1] = lines[-1].removesuffix(rule) + paint(rule, "comment")
    gutter = f" {span.line} | "
    shown, carets = _carets(diagnostic, (width or WIDTH) - len(gutter))
    if shown.strip():
        lines.append(paint(gutter, "comment") + shown)
        lines.append(paint(f"{'| ':>{len(gutter)}}", "comment") + paint(carets, severity))
    if diagnostic.help:
        lines += labelled("help:", diagnostic.help, paint, width)
    return "\n".join(lines)


def labelled(label: str, text: str, paint: Paint, width: Width) -> list[str]:
    """`error: ...` or `help: ...`, with the lines behind the first one below its words."""
    first, *rest = message(f"{label} {text}", width, hang=len(label) + 1)
    return [first.replace(label, paint(label, label.rstrip(":")), 1), *rest]


def _carets(diagnostic: Diagnostic, room: int) -> tuple[str, str]:
    """The source line and the carets below its span; of a long line the part that has the span."""
    span = diagnostic.span
    line = without_secrets(span.source.line(span.line))
    first = span.column - 1
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    start, end = 0, len(line)
    if columns(line[:last]) > room:
        start = max(0, first - min(30, room // 3))
        while start and columns(line[start - 1 :]) <= room:
            start -= 1
    while columns(line[start:end]) > room:
        end -= 1
    shown = line[start:end]
    if start:
        shown = "…" + shown[1:]
    if end < len(line):
        shown = shown[:-1] + "…"
    # Whatever would move the caret or the terminal is shown as a blank of the same width.
    shown = "".join(character if character.isprintable() else " " for character in shown)
    before, under = shown[: first - start], shown[first - start : last - start]
    return shown, " " * columns(before) + "^" * max(1, columns(under))


def of_diagnostics(
    diagnostics: Iterable[Diagnostic], paint: Paint = plain, width: Width = None
) -> str:
    """All of them, an empty line between two."""
    return "\n\n".join(of_diagnostic(each, paint, width) for each in diagnostics)


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


def of_bundle(bundle: "Bundle", paint: Paint = plain, width: Width = None) -> str:
    """The policies, with what each is for in comments, so that the text can be read as policies."""
    parts = [_letter(bundle, letter.text, paint, width) for letter in bundle.letters]
    parts += (of_policy(bundle, policy, paint, width) for policy in bundle.policies)
    return "\n".join(parts)


def _letter(bundle: "Bundle", text: str, paint: Paint, width: Width) -> str:
    """A letter in comments, whose lines are as its template has them."""
    missing = " and ".join(bundle.unknown)
    head = f"{missing} is not known yet. Send this to Oracle as a service request:"
    lines = [*_comment(head, width), "//", *(f"// {line}".rstrip() for line in text.splitlines())]
    return paint("\n".join(lines), "comment") + "\n"


def _comment(text: str, width: Width) -> list[str]:
    return [f"// {line}" for line in fold(text, (width or WIDTH) - 3)]


def of_policy(bundle: "Bundle", policy: "Policy", paint: Paint = plain, width: Width = None) -> str:
    """One policy: comments that say where it goes, and its statements."""
    where = policy.tenancy or "a tenancy that is not known yet"
    head = [f"policy {policy.name}, in the root compartment of {where}", policy.description]
    if not policy.apply:
        head.append("Do not create it yourself: Oracle manages this side.")
    elif bundle.unknown:
        missing = " and ".join(bundle.unknown)
        head.append(f"Do not create it yet: a stand-in is in the place of {missing}.")
    comments = paint("\n".join(line for each in head for line in _comment(each, width)), "comment")
    return "\n".join([comments, *map(show, policy.statements), ""])


def files(bundle: "Bundle") -> tuple["File", ...]:
    """A `.policy` file for each policy, and the letters."""
    from ocipolicy.outputs.files import File

    return (
        *(File(f"{policy.name}.policy", of_policy(bundle, policy)) for policy in bundle.policies),
        *(File(letter.name, letter.text) for letter in bundle.letters),
    )


def of_proof(proof: "Proof", paint: Paint = plain, width: Width = None) -> str:
    """The proof in one line: `proved: 2 instances x 3 operations allowed, 14 probes refused`."""
    asked = f"{_count(proof.instances, 'instance')} x {_count(proof.operations, 'operation')}"
    if not proof.proved:
        failed = sum(not each.holds for each in proof.probes)
        return paint("not proved:", "error") + f" {failed} of {len(proof.probes)} probes"
    stand_ins = f" (with a stand-in for {' and '.join(proof.stand_ins)})" if proof.stand_ins else ""
    refused = _count(proof.refused, "probe")
    said = "\n".join(
        message(f"proved: {asked} allowed, {refused} refused{stand_ins}", width, hang=8)
    )
    return said.replace("proved:", paint("proved:", "added"), 1)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
