"""The second lock on values: a template means the same whatever fills it.

A template is rendered twice, with the user's values and with stand-ins of the same kind, and the
two trees are laid side by side: they may differ only in leaves, and each leaf only as the stand-in
in it differs from the value that it stands for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from ocipolicy.language.tree import Node, Statement

Leaf = str | int | bool | None


def differences(
    real: Sequence[Statement], stand_ins: Sequence[Statement], values: dict[str, str]
) -> Iterator[tuple[int, str]]:
    """Where a value has changed more than its leaf: (index of the statement, what has changed).

    `values` has the value that each stand-in stands for. No stand-in is part of another one.
    """
    if len(real) != len(stand_ins):
        shorter = min(len(real), len(stand_ins))
        yield shorter, f"it makes {len(real)} statements instead of {len(stand_ins)}"
        return
    for index, (ours, theirs) in enumerate(zip(real, stand_ins, strict=True)):
        changed = _difference(ours, theirs, values, "statement")
        if changed is not None:
            yield index, changed


def _difference(real: object, stand_in: object, values: dict[str, str], path: str) -> str | None:
    if type(real) is not type(stand_in):
        return f"its {path} becomes another kind of thing"
    if isinstance(real, Node):
        for each in fields(real):
            if each.compare:
                left, right = getattr(real, each.name), getattr(stand_in, each.name)
                changed = _difference(left, right, values, each.name)
                if changed is not None:
                    return changed
        return None
    if isinstance(real, tuple) and isinstance(stand_in, tuple):
        if len(real) != len(stand_in):
            return f"its {path} has {len(real)} parts instead of {len(stand_in)}"
        pairs = zip(real, stand_in, strict=True)
        found = (_difference(left, right, values, path) for left, right in pairs)
        return next((changed for changed in found if changed is not None), None)
    if isinstance(stand_in, str):
        for name, value in values.items():
            stand_in = stand_in.replace(name, value)
    return None if real == stand_in else f"its {path} is {real!r} instead of {stand_in!r}"
