"""Plans for people and as data: the steps with their statements, the access, and what else to know.

Statements stay whole, since they are there to be compared and pasted; all else fits the terminal.
The marks read the same without colours: `+` comes, `-` goes, `~` changes, `=` stays, `?` is not
certain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any

from ocipolicy import reference
from ocipolicy.diagnostics import CannotGoOn, Severity
from ocipolicy.language import parse, show
from ocipolicy.language.tree import Statement
from ocipolicy.outputs.condensed import condensed
from ocipolicy.outputs.json import of_diagnostics as diagnostics_as_data
from ocipolicy.outputs.lines import WIDTH, Width, fold, listed
from ocipolicy.outputs.text import Paint, of_diagnostics, plain
from ocipolicy.plan import (
    Action,
    Change,
    Create,
    Delete,
    HandedOver,
    Keep,
    Plan,
    Step,
    Update,
    Version,
    action,
    versions,
)
from ocipolicy.plan.normal import as_named, normal
from ocipolicy.world import Tags

_MOST_NAMED = 3
_MOST_DOUBTED = 8
_MARKS: Mapping[Action, tuple[str, str]] = {
    "create": ("+", "added"),
    "update": ("~", "changed"),
    "delete": ("-", "removed"),
    "keep": ("=", "comment"),
}
_TURNS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("denied", "allowed"): ("+", "added", "gains"),
    ("unknown", "allowed"): ("+", "added", "gains for certain"),
    ("denied", "unknown"): ("?", "warning", "may gain"),
    ("allowed", "unknown"): ("?", "warning", "may lose"),
    ("unknown", "denied"): ("-", "removed", "loses, if it had it,"),
    ("allowed", "denied"): ("-", "removed", "loses"),
}


def as_text(plan: Plan, paint: Paint = plain, width: Width = None) -> str:
    """A whole plan, the summary last."""
    blocks = [*_tenancies(plan, paint, width), *_handed_over(plan, paint, width)]
    if not blocks and not plan.refused:
        return "nothing to do: there is no policy of ours"
    if not plan.refused:
        blocks.append(_access(plan, paint, width))
    if plan.diagnostics:
        blocks.append(of_diagnostics(plan.diagnostics, paint, width))
    blocks.append("\n".join(_summary(plan, paint)))
    return "\n\n".join(blocks)


def summary(plans: Iterable[Plan]) -> str:
    """`2 to create, 1 to update, 0 to delete, 1 unchanged`, over all plans together."""
    counts: dict[Action, int] = {"create": 0, "update": 0, "delete": 0, "keep": 0}
    for plan in plans:
        for word, count in plan.counts().items():
            counts[word] += count
    return (
        f"{counts['create']} to create, {counts['update']} to update,"
        f" {counts['delete']} to delete, {counts['keep']} unchanged"
    )


def table(
    plans: Sequence[tuple[str, Plan | None, CannotGoOn | None]],
    paint: Paint = plain,
    width: Width = None,
) -> str:
    """A line for each config (its file, its plan, or why it has none), and one over all of them."""
    words = (*_MARKS,)
    room = (width or WIDTH) - len("  ".join(("", *words)))
    wide = min(room, max(len("config"), *(len(origin) for origin, _, _ in plans)))
    lines = [paint("  ".join(("config".ljust(wide), *words)), "comment")]
    for origin, plan, failure in plans:
        name = origin.ljust(wide)
        if len(origin) > wide:
            lines.append(origin)
            name = " " * wide
        if plan is not None and not plan.refused:
            counts = plan.counts()
            cells = [str(counts[word]).rjust(len(word)) for word in words]
            lines.append("  ".join((name, *cells)))
        else:
            left = (width or WIDTH) - wide - 2
            why = shorten(_why(plan, failure), left, placeholder="…")
            lines.append(f"{name}  {paint(why, 'error')}")
    made = [plan for _, plan, _ in plans if plan is not None and not plan.refused]
    lines += ["", *fold(f"{len(made)} of {len(plans)} planned: {summary(made)}", width)]
    return "\n".join(lines)


def _why(plan: Plan | None, failure: CannotGoOn | None) -> str:
    if failure is not None:
        return failure.message
    if plan is None:
        return "has mistakes"
    return next(each.message for each in plan.diagnostics if each.severity is Severity.ERROR)


def _summary(plan: Plan, paint: Paint) -> Iterator[str]:
    missing = [each for each in plan.wanted if each.verdict != "allowed"]
    if plan.wanted and not plan.refused:
        count = f"{len(plan.wanted) - len(missing)} of {len(plan.wanted)}"
        word = paint("allowed", "warning" if missing else "added")
        yield f"{word} after this: {count} wanted operations{_provided(plan)}"
    word = paint("refused:", "error") if plan.refused else "plan:"
    yield f"{word} {summary([plan])}"


def _provided(plan: Plan) -> str:
    sides = dict.fromkeys(each.target.side for each in plan.handed_over if each.assumed)
    return f", with the {' and '.join(sides)} side as above" if sides else ""


def _tenancies(plan: Plan, paint: Paint, width: Width) -> Iterator[str]:
    for ocid in dict.fromkeys(each.target.tenancy for each in plan.steps):
        shown = f"({ocid})"
        head = "\n".join(fold(f"{plan.called(ocid)} {shown}", width, hang=4))
        lines = [head.removesuffix(shown) + paint(shown, "comment")]
        for step in plan.steps:
            if step.target.tenancy == ocid:
                mark, kind = _MARKS[action(step)]
                lines.append("  " + paint(f"{mark} {action(step)} {step.target.name}", kind))
                lines += ("      " + line for line in _diff(step, paint, width))
        yield "\n".join(lines)


def _diff(step: Step, paint: Paint, width: Width) -> Iterator[str]:
    """What changes in a policy, line by line."""
    match step:
        case Keep():
            return
        case Create(after=after):
            yield from (paint(f"+ {text}", "added") for text in map(show, after.statements))
        case Delete(before=before):
            yield from (paint(f"- {text}", "removed") for text in _shown(before))
        case Update(before=before, after=after):
            stays = {*map(as_named, before.statements)} & {*map(as_named, after.statements)}
            yield from (
                paint(f"- {text}", "removed")
                for text, statement in zip(_shown(before), _trees(before), strict=True)
                if statement is None or as_named(statement) not in stays
            )
            yield from (
                paint(f"+ {show(each)}", "added")
                for each in after.statements
                if as_named(each) not in stays
            )
            yield from _beside(before, after, paint, width)
            if stays:
                yield paint(f"{_count(len(stays), 'statement')} unchanged", "comment")


def _beside(before: Version, after: Version, paint: Paint, width: Width) -> Iterator[str]:
    """What changes beside the statements."""
    room = (width or WIDTH) - 6
    if before.description != after.description:
        lines = fold(f"~ description: {after.description}", room, hang=2)
        yield from (paint(line, "changed") for line in lines)
    for key in sorted({*before.tags, *after.tags}):
        was, comes = before.tags.get(key), after.tags.get(key)
        if was != comes and comes is None:
            yield paint(f"- tag {key}", "removed")
        elif was != comes:
            tag = f"{'~' if was else '+'} tag {key}: {' '.join(comes or ())}"
            yield from (paint(line, "changed") for line in fold(tag, room, hang=2))
    same = [normal(each) for each in before.statements] != [normal(e) for e in after.statements]
    if same and {*map(normal, before.statements)} == {*map(normal, after.statements)}:
        yield paint("~ order: a define stands above what uses it", "changed")


def _trees(version: Version) -> Iterator[Statement | None]:
    """The tree of each text; None for one that cannot be read."""
    for text in version.texts:
        parsed = parse(text).statements
        yield parsed[0] if len(parsed) == 1 else None


def _shown(version: Version) -> Iterator[str]:
    """The statements in canonical form, and in one line what cannot be read."""
    for text, statement in zip(version.texts, _trees(version), strict=True):
        yield " ".join(text.split()) if statement is None else show(statement)


def _handed_over(plan: Plan, paint: Paint, width: Width) -> Iterator[str]:
    for each in plan.handed_over:
        lines = [paint(f"not ours to apply: the {each.target.side} side", "warning")]
        lines += fold(f"{each.target.name} in {each.target.tenancy}", width, 2)
        lines += fold(each.instruction, width, 2)
        lines += (f"      {show(statement)}" for statement in each.statements)
        yield "\n".join(lines)


def _access(plan: Plan, paint: Paint, width: Width) -> str:
    if not plan.access:
        return "no change of access"
    lines = ["access"]
    certain_first = sorted(plan.access, key=lambda each: "unknown" in (each.before, each.after))
    for who in dict.fromkeys(each.who for each in plan.access):
        lines += listed(_first(who, _MOST_NAMED), width, 2)
        for change in certain_first:
            if change.who == who:
                lines += _change(plan, change, paint, width)
    return "\n".join(lines)


def _change(plan: Plan, change: Change, paint: Paint, width: Width) -> Iterator[str]:
    mark, kind, verb = _TURNS[change.before, change.after]
    path = "" if change.compartment == "/" else f"/{change.compartment}"
    below = " and below" if change.below else ""
    head = fold(f"{mark} {verb} in {plan.called(change.tenancy)}{path}{below}", width, 4, 6)
    yield from (" " * 4 + paint(line[4:], kind) for line in head)
    grants, rest = condensed(change)
    doubted = "unknown" in (change.before, change.after)
    yield from (f"{' ' * 8}{each}" for each in grants)
    for service, names in _by_service(each for each in change.operations if each in rest).items():
        shown = _first(names, _MOST_DOUBTED) if doubted else names
        yield from listed(shown, width, 8, service)
    needed = {
        permission
        for name in change.operations
        for operation in reference.operation(name)
        for permission in operation.permissions
    }
    alone = [each for each in change.permissions if each in rest and each not in needed]
    yield from listed([each for each in change.verbs if each in rest], width, 8)
    yield from listed(alone, width, 8, "permissions")


def _by_service(operations: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in operations:
        service, _, name = each.partition(":")
        found.setdefault(service, []).append(name)
    return found


def _first(words: Sequence[str], most: int) -> Sequence[str]:
    more = len(words) - most
    return words if more <= 1 else (*words[:most], f"and {more} others")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan with all that is needed to apply it; `steps` and `access` are the stable part."""
    return {
        "name": plan.name,
        "config": plan.origin or None,
        "tenancies": [
            {
                "ocid": each.ocid,
                "name": each.name,
                "profile": each.profile.model_dump() if each.profile else None,
            }
            for each in plan.parties
        ],
        "steps": [_step(each) for each in plan.steps],
        "access": [_change_as_data(each) for each in plan.access],
        "wanted": [
            {
                "who": each.who,
                "operation": each.operation,
                "tenancy": each.tenancy,
                "compartment": each.compartment,
                "verdict": each.verdict,
            }
            for each in plan.wanted
        ],
        "handed_over": [_handed_over_as_data(each) for each in plan.handed_over],
        "diagnostics": diagnostics_as_data(plan.diagnostics),
    }


def _step(step: Step) -> dict[str, Any]:
    before, after = versions(step)
    said = after or before
    return {
        "action": action(step),
        "tenancy": step.target.tenancy,
        "side": step.target.side,
        "compartment": step.target.compartment,
        "name": step.target.name,
        "ocid": None if isinstance(step, Create) else step.ocid,
        "etag": None if isinstance(step, Create) else step.etag,
        "before": None if before is None else [*before.texts],
        "after": None if after is None else [*after.texts],
        "description": said.description if said else "",
        "tags": _tags(said.tags) if said else {},
        "was": None
        if before is None
        else {"description": before.description, "tags": _tags(before.tags)},
    }


def _tags(tags: Tags) -> dict[str, Any]:
    return {key: each[0] if len(each) == 1 else [*each] for key, each in tags.items()}


def _change_as_data(change: Change) -> dict[str, Any]:
    return {
        "who": [*change.who],
        "change": "gain" if change.is_gain else "loss",
        "before": change.before,
        "after": change.after,
        "tenancy": change.tenancy,
        "compartment": change.compartment,
        "below": change.below,
        "operations": [*change.operations],
        "permissions": [*change.permissions],
        "verbs": [*change.verbs],
    }


def _handed_over_as_data(each: HandedOver) -> dict[str, Any]:
    return {
        "tenancy": each.target.tenancy,
        "side": each.target.side,
        "compartment": each.target.compartment,
        "name": each.target.name,
        "description": each.description,
        "statements": [*map(show, each.statements)],
        "instruction": each.instruction,
        "assumed": each.assumed,
    }
