"""Walks a plan on its tenancies: one outcome a step, each read back, all taken back if one fails.

Before each step the `journal` says what the policy is like, so that `undoing` can bring it back:
at once, where a later step fails, or when `rollback` asks for it, by a plan of its own.

A step that fails may still have been taken: the answer can be lost behind the work. Where it may,
what is live is looked at again before anything is said of a failure.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import uuid4

from ocipolicy.apply.journal import Entry, Journal, Journals, Run, Stored
from ocipolicy.apply.undoing import Blocked, find, inverse, says, stored
from ocipolicy.cloud import Cloud, CloudError, LivePolicy, Unreachable
from ocipolicy.diagnostics import CannotGoOn, Unwritable
from ocipolicy.plan import Create, Delete, Keep, Plan, Step, Target, Update, versions

__all__ = [
    "Blocked",
    "Entry",
    "Interrupted",
    "Journals",
    "Outcome",
    "Result",
    "Run",
    "Stored",
    "apply",
]

Result = Literal["kept", "done", "failed", "undone", "left"]

# Pauses before each look at what was written, in seconds: a list may lag behind.
_LOOKS = (0.0, 0.5, 1.0, 2.0)


class Interrupted(CannotGoOn):
    """Somebody has interrupted the run."""

    def __init__(self) -> None:
        super().__init__("it was interrupted")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step.

    `kept` needed nothing, `done` was taken and read back, `failed` changed nothing, `undone` was
    taken back since a later step failed, and `left` could not be: there `why` says what is live.
    """

    step: Step
    result: Result
    why: CannotGoOn | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether it failed without an answer, so that the service may still do it."""
        lost = isinstance(self.why, Unreachable) and self.why.maybe_done
        return self.result == "failed" and (lost or isinstance(self.why, Interrupted))


def apply(
    plan: Plan, clouds: Mapping[str, Cloud], journals: Journals, undoes: Sequence[Run] = ()
) -> Iterator[Outcome]:
    """Take the steps of a plan, in its order; `clouds` has one for each tenancy's OCID.

    Nothing is written where nothing changes, and nothing where a policy has moved on since the plan
    was made: then those steps have failed. `undoes` are the runs that this plan brings back.

    Raises CannotGoOn, with nothing changed, where the plan must not be applied, a tenancy cannot be
    read, the journal cannot be written, or another run is going on. What is taken of the iterator
    is done; one that is not taken to its end is a run that was interrupted.
    """
    if plan.refused:
        raise CannotGoOn("the plan has errors, so it is not applied")
    with journals.alone():
        moved = tuple(_moved(plan, clouds))
        yield from (Outcome(each, "failed", _has_moved(each, plan)) for each in moved)
        if moved:
            return
        yield from (Outcome(each, "kept") for each in plan.steps if isinstance(each, Keep))
        if plan.changes:
            with journals.open(plan.origin, undoes) as journal:
                yield from _Walk(plan, clouds, journal).outcomes()


def _moved(plan: Plan, clouds: Mapping[str, Cloud]) -> Iterator[Step]:
    """The steps whose policy is no longer what the plan was made for."""
    for step in plan.changes:
        cloud = clouds.get(step.target.tenancy)
        if cloud is None:
            raise CannotGoOn(
                f"there is no profile for the tenancy {plan.called(step.target.tenancy)}",
                "add `profile:` to that side of the config",
            )
        found = find(cloud, step.target, _known(step))
        if (None if found is None else found.etag) != _etag(step):
            yield step


def _has_moved(step: Step, plan: Plan) -> CannotGoOn:
    where = f"policy {step.target.name} of {plan.called(step.target.tenancy)}"
    return CannotGoOn(f"{where} has changed since the plan was made", "plan again")


def _known(step: Step) -> str | None:
    return None if isinstance(step, Create) else step.ocid


def _etag(step: Step) -> str | None:
    return None if isinstance(step, Create) else step.etag


class _Walk:
    """One run over the steps of a plan."""

    def __init__(self, plan: Plan, clouds: Mapping[str, Cloud], journal: Journal) -> None:
        self.plan = plan
        self.clouds = clouds
        self.journal = journal
        self.taken: list[tuple[Step, Entry]] = []

    def outcomes(self) -> Iterator[Outcome]:
        for step in self.plan.changes:
            try:
                self._take(step)
            except (CannotGoOn, KeyboardInterrupt) as error:
                yield from self._give_up(step, _reason(error))
                return
            yield Outcome(step, "done")
        with suppress(Unwritable):  # it is all done; an end that is missing takes nothing back
            self.journal.close("applied")

    def _take(self, step: Step) -> None:
        """Take a step and read it back. Raises CannotGoOn where that went wrong."""
        cloud = self.clouds[step.target.tenancy]
        before, after = versions(step)
        entry = Entry(
            step.target,
            None if before is None else stored(before),
            None if after is None else stored(after),
            uuid4().hex,
            _known(step),
        )
        number = len(self.taken)
        self.journal.intend(number, entry)
        self.taken.append((step, entry))
        try:
            live = _change(cloud, step, entry.token)
        except CloudError as error:
            if not error.maybe_done:  # what is there now, if it is not as before, is somebody's
                self.taken.pop()
                with suppress(Unwritable):
                    self.journal.undid(number)
            raise
        ocid, etag = (entry.ocid, None) if live is None else (live.ocid, live.etag)
        self.taken[number] = (step, replace(entry, ocid=ocid, etag=etag, taken=True))
        self.journal.took(number, ocid, etag)
        _read_back(cloud, step.target, ocid, entry.after, _etag(step))

    def _give_up(self, failed: Step, why: CannotGoOn) -> Iterator[Outcome]:
        """Take back what was done, the last step first, and say of each what is live now."""
        left = False
        outcome = Outcome(failed, "failed", why)
        if not any(step is failed for step, _ in self.taken):
            yield outcome
        for number, (step, entry) in reversed([*enumerate(self.taken)]):
            try:
                is_undone = self._undo(entry)
            except (CannotGoOn, KeyboardInterrupt) as error:
                left = True
                reason = _reason(error)
                if step is failed and reason.message != why.message:
                    reason = CannotGoOn(f"{why.message}; and then {reason.message}", reason.help)
                yield Outcome(step, "left", reason)
                continue
            if step is failed and outcome.is_doubtful and not is_undone:
                left = True  # the record of it stays, in case that it is done after all
            else:
                # The changes matter more than the record of them: what is live tells it as well.
                with suppress(Unwritable):
                    self.journal.undid(number)
            yield outcome if step is failed else Outcome(step, "undone")
        with suppress(Unwritable):
            self.journal.close("left" if left else "undone")

    def _undo(self, entry: Entry) -> bool:
        """Bring a policy back to what it said; whether there was anything to do for that."""
        cloud = self.clouds[entry.target.tenancy]
        live = find(cloud, entry.target, entry.ocid)
        back = inverse(entry.target, live, entry.before, (entry.after,))
        if back is not None:
            _change(cloud, back, uuid4().hex)
        return back is not None


def _reason(error: CannotGoOn | KeyboardInterrupt) -> CannotGoOn:
    return error if isinstance(error, CannotGoOn) else Interrupted()


def _change(cloud: Cloud, step: Step, token: str) -> LivePolicy | None:
    """Take a step, and give the policy that comes of it; None for one that is gone.

    Raises CloudError, but not where the step was taken all the same: the answer can be lost behind
    the work, and a second try is then refused because of the first.
    """
    try:
        return _write(cloud, step, token)
    except CloudError as error:
        if not error.maybe_done:
            raise
        try:
            found = find(cloud, step.target, _known(step))
        except CloudError:
            raise error from None
        after = versions(step)[1]
        if not says(found, None if after is None else stored(after)):
            raise
        return found


def _write(cloud: Cloud, step: Step, token: str) -> LivePolicy | None:
    match step:
        case Create(target=target, after=after):
            return cloud.create_policy(
                target.tenancy, target.name, after.texts, after.description, after.tags, token
            )
        case Update(ocid=ocid, etag=etag, after=after):
            return cloud.update_policy(ocid, etag, after.texts, after.description, after.tags)
        case Delete(ocid=ocid, etag=etag):
            cloud.delete_policy(ocid, etag)
            return None
        case Keep():
            raise ValueError("a step that changes nothing is not taken")
    assert_never(step)


def _read_back(
    cloud: Cloud, target: Target, ocid: str | None, wanted: Stored | None, old: str | None
) -> None:
    """Raise CannotGoOn where a policy does not say what was written; `old` is its etag before.

    It is looked at a few times while the answer may be one of before.
    """
    for pause in _LOOKS:
        time.sleep(pause)
        found = find(cloud, target, ocid)
        if says(found, wanted):
            return
        if found is not None and found.etag != old:
            break
    raise CannotGoOn(
        f"policy {target.name} does not say what was written",
        "somebody else may be changing it; plan again",
    )
