"""What came of the steps of an apply, for people."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from ocipolicy.apply import Outcome, Result
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.plan import Action, Plan, action

_WIDEST = 80
_DONE: dict[Action, str] = {"create": "created", "update": "updated", "delete": "deleted"}
_MARKS: dict[Result, tuple[str, str]] = {
    "kept": ("=", "comment"),
    "done": ("✓", "added"),
    "failed": ("✗", "error"),
    "undone": ("↺", "warning"),
    "left": ("!", "error"),
}


def line(outcome: Outcome, plan: Plan, paint: Paint = plain) -> str:
    """An outcome, and where something went wrong the reason and the way out under it."""
    step = outcome.step
    mark, kind = _MARKS[outcome.result]
    where = f"{step.target.name} in {plan.called(step.target.tenancy)}"
    said = f"{paint(mark, kind)} {_words(outcome.result, action(step))} {where}"
    why = outcome.why
    if why is None:
        return said
    lines = [said, *_wrapped("because", "error", why.message, paint)]
    if why.help:
        lines += _wrapped("help:", "help", why.help, paint)
    return "\n".join(lines)


def _wrapped(head: str, kind: str, words: str, paint: Paint) -> Iterator[str]:
    """A sentence on as many lines as it needs, below the step that it is about."""
    first, *rest = wrap(
        f"{head} {words}",
        _WIDEST - 4,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield "    " + paint(head, kind) + first.removeprefix(head)
    yield from ("    " + each for each in rest)


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


def summary(outcomes: Sequence[Outcome], plan: Plan, paint: Paint = plain) -> str:
    """One line over all of them."""
    results = [each.result for each in outcomes]
    if "left" in results:
        return paint("not done:", "error") + (
            f" some of it is still there; run this again to go on, or\n`ocipolicy rollback"
            f" {plan.origin}` to go back"
        )
    if any(each.is_doubtful for each in outcomes):
        return paint("not done:", "error") + (
            " everything is as it was before, unless the service does late what\nit did not answer;"
            " run this again in a minute"
        )
    if "failed" in results:
        return paint("not done:", "error") + " everything is as it was before"
    done = [action(each.step) for each in outcomes if each.result == "done"]
    if not done:
        return "nothing to do: everything is as it should be"
    counts = [f"{done.count(word)} {_DONE[word]}" for word in _DONE if word in done]
    return paint("done:", "added") + f" {', '.join(counts)}"
