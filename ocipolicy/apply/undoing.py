"""How changes are taken back: the step from what is live to what was there before them.

A policy that somebody else has changed since is left alone: what it says now is theirs.
"""

from collections import Counter
from collections.abc import Collection, Iterable

from ocipolicy.apply.journal import Stored
from ocipolicy.cloud import Cloud, LivePolicy
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.language import parse, show
from ocipolicy.plan import Create, Delete, Step, Target, Update, Version
from ocipolicy.plan.normal import normal
from ocipolicy.world import Tags


class Blocked(CannotGoOn):
    """A policy that cannot be brought back, since it is not what was left of it."""


def stored(version: Version) -> Stored:
    """What a policy says, as a journal keeps it."""
    return Stored(version.texts, version.description, version.tags)


def version(kept: Stored) -> Version:
    """What a journal kept, as a plan has it."""
    return Version(
        kept.statements, parse("\n".join(kept.statements)).statements, kept.description, kept.tags
    )


def says(live: LivePolicy | Stored | None, wanted: Stored | None) -> bool:
    """Whether a policy says the same, however it is spaced, cased and ordered; None is its absence.

    Defined tags do not count: tag defaults of a tenancy set them by themselves.
    """
    if live is None or wanted is None:
        return live is None and wanted is None
    return (
        _meant(live.statements) == _meant(wanted.statements)
        and live.description == wanted.description
        and _free(live.tags) == _free(wanted.tags)
    )


def _free(tags: Tags) -> Tags:
    return {key: values for key, values in tags.items() if "." not in key}


def _meant(texts: Iterable[str]) -> Counter[str]:
    """Statements in their normal form; one that cannot be read stands for itself."""
    found: Counter[str] = Counter()
    for text in texts:
        statements = parse(text).statements
        found.update([show(normal(each)) for each in statements] or [text])
    return found


def inverse(
    target: Target, live: LivePolicy | None, before: Stored | None, since: Collection[Stored | None]
) -> Step | None:
    """The step that brings a policy back to `before`; None where it is there already.

    `since` has all that it may say because of us. Raises Blocked where it says anything else.
    """
    if says(live, before):
        return None
    if not any(says(live, each) for each in since):
        gone = "is gone" if live is None else "has been changed by somebody else since"
        raise Blocked(
            f"policy {target.name} {gone}, so it is left as it is",
            "look at it, and bring it back by hand",
        )
    if live is None:
        return None if before is None else Create(target, version(before))
    now = version(Stored(live.statements, live.description, live.tags))
    if before is None:
        return Delete(target, live.ocid, live.etag, now)
    return Update(target, live.ocid, live.etag, now, version(before))


def find(cloud: Cloud, target: Target, ocid: str | None) -> LivePolicy | None:
    """The policy of an OCID, or the one that is called like a target; None where it is not there.

    It is looked for in the list: of a policy asked for by itself, a 404 could mean that the caller
    may not see it.
    """
    if ocid is None:
        return cloud.policy_named(target.name, target.tenancy)
    there = any(each.ocid == ocid for each in cloud.policies(target.tenancy))
    return cloud.policy(ocid) if there else None
