"""What came of the steps of an apply, for people."""

from collections.abc import Iterator, Sequence

from ocipolicy.apply import Outcome, Result
from ocipolicy.outputs.lines import Width, fold
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.plan import Action, Plan, action

_DONE: dict[Action, str] = {"create": "created", "update": "updated", "delete": "deleted"}
_MARKS: dict[Result, tuple[str, str]] = {
    "kept": ("=", "comment"),
    "done": ("✓", "added"),
    "failed": ("✗", "error"),
    "undone": ("↺", "warning"),
    "left": ("!", "error"),
}


def line(outcome: Outcome, plan: Plan, paint: Paint = plain, width: Width = None) -> str:
    """An outcome, and where something went wrong the reason and the way out under it."""
    step = outcome.step
    mark, kind = _MARKS[outcome.result]
    where = f"{step.target.name} in {plan.called(step.target.tenancy)}"
    lines = fold(f"{mark} {_words(outcome.result, action(step))} {where}", width, hang=2)
    lines[0] = paint(mark, kind) + lines[0].removeprefix(mark)
    why = outcome.why
    if why is not None:
        lines += _below("because", "error", why.message, paint, width)
        if why.help:
            lines += _below("help:", "help", why.help, paint, width)
    return "\n".join(lines)


def _below(head: str, kind: str, words: str, paint: Paint, width: Width) -> Iterator[str]:
    """A sentence on as many lines as it needs, below the step that it is about."""
    first, *rest = fold(f"{head} {words}", width, 4, 6)
    yield first.replace(head, paint(head, kind), 1)
    yield from rest


def _words(result: Result, word: Action) -> str:
    match result:
        case "kept":
            return "unchanged"
        case "done":
            return _DONE[word]
        case "failed":
            return f"did not {word}"
        case "undone":
            return f"took back the {word} of"
        case "left":
            return f"could not take back the {word} of"


def summary(
    outcomes: Sequence[Outcome], plan: Plan, paint: Paint = plain, width: Width = None
) -> str:
    """One line over all of them."""
    results = [each.result for each in outcomes]
    word, kind = "not done:", "error"
    if "left" in results:
        said = (
            "some of it is still there; run this again to go on, or `ocipolicy rollback"
            f" {plan.origin}` to go back"
        )
    elif any(each.is_doubtful for each in outcomes):
        said = (
            "everything is as it was before, unless the service does late what it did not answer;"
            " run this again in a minute"
        )
    elif "failed" in results:
        said = "everything is as it was before"
    elif done := [action(each.step) for each in outcomes if each.result == "done"]:
        word, kind = "done:", "added"
        said = ", ".join(f"{done.count(word)} {_DONE[word]}" for word in _DONE if word in done)
    else:
        return "nothing to do: everything is as it should be"
    return "\n".join(fold(f"{word} {said}", width)).replace(word, paint(word, kind), 1)
