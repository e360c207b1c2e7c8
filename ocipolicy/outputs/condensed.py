"""Gained or lost access in few words: `use generative-ai-family` in the place of its operations.

Only what a verb on a type gives in full is put so, or all that it gives beyond a lower verb; the
rest stays as it is. Nothing is left out, and nothing added.
"""

from collections.abc import Collection, Iterator
from functools import cache

from ocipolicy import reference
from ocipolicy.evaluate.grants import covers
from ocipolicy.language.tree import VerbGrant
from ocipolicy.plan import Change
from ocipolicy.plan.questions import Asked, asked

# So many operations are shorter by their verb and type.
_FEWEST = 8


def condensed(change: Change) -> tuple[tuple[str, ...], frozenset[str]]:
    """The grants that a change comes to, and the operations, permissions and verbs beside them."""
    every = {*change.operations, *change.permissions, *change.verbs}
    if change.before == "unknown" or change.after == "unknown":
        return (), frozenset(every)
    rest = set(every)
    grants: list[str] = []
    candidates = ((*each, _given(*each)) for each in _candidates(every))
    for verb, beyond, type_, given in sorted(candidates, key=lambda each: -len(each[-1])):
        operations = given & rest & {*change.operations}
        if given <= every and len(operations) >= _FEWEST:
            rest -= given
            above = f" beyond {beyond}" if beyond else ""
            grants.append(f"{verb} {type_}{above} ({len(operations)} operations)")
    return tuple(grants), frozenset(rest)


def _candidates(words: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Verbs on the types that the words are about: (verb, or what it gives beyond a verb, type)."""
    types = {type_ for word in words for type_ in _types(word)}
    families = [
        each.name
        for each in reference.resource_types().values()
        if each.family and not types.isdisjoint(each.members)
    ]
    for type_ in sorted({*types, *families}):
        for rank, verb in enumerate(reference.VERBS):
            yield verb, "", type_
            yield from ((verb, lower, type_) for lower in reference.VERBS[:rank])


def _types(word: str) -> Iterator[str]:
    """The types that an operation, a permission, or a verb with its type is about."""
    if " " in word:
        yield word.partition(" ")[2]
    for operation in reference.operation(word) if ":" in word else ():
        yield from (operation.resource_type,) if operation.resource_type else ()
    known = reference.permission(word)
    yield from (type_ for type_, _ in known.granted_by) if known else ()


@cache
def _given(verb: str, beyond: str, type_: str) -> frozenset[str]:
    """What a verb on a type gives for certain, without what a lower one gives."""
    grant = VerbGrant(verb, type_)
    given = frozenset(each.what for each in asked(grant, denies=False) if _is_given(grant, each))
    return given - _given(beyond, "", type_) if beyond else given


def _is_given(grant: VerbGrant, each: Asked) -> bool:
    return all(covers(grant, need, denies=False) for need in each.needs)
