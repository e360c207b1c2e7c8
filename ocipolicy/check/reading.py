"""A file to what rules look at, whichever of the four kinds it is, with what is wrong as text.

The kinds: a text of policy statements; a world; JSON or YAML with lists under `statements`, as the
OCI CLI reads and prints them (`documents`); and a config, which is rendered first (`rendered`).
"""

import re
from typing import TYPE_CHECKING

from ocipolicy.check.seen import Proof, Read, Seen, SeenPolicy
from ocipolicy.diagnostics import Source
from ocipolicy.language import parse
from ocipolicy.language.tree import Statement

if TYPE_CHECKING:
    from ocipolicy.render import Templates

# The line that `render` writes above each policy: a text may hold several.
_HEADER = re.compile(r"//\s*policy \S+, in ")
_STATEMENT = re.compile(
    r"^[ \t]*(?:allow|deny|define|endorse|admit)[ \t]+\w", re.IGNORECASE | re.MULTILINE
)
# Most worlds are known by this line, and need not be read twice.
_WORLD = re.compile(r"^tenancies:", re.MULTILINE)


def read(text: str, origin: str, templates: "Templates | None", proof: Proof | None) -> Read:
    """A file of any kind. Raises Unreadable where a template file of a config cannot be read."""
    if _is_policy(text, origin):
        return _policy_text(text, origin)
    # Late, since a text of statements needs neither YAML nor templates.
    from ocipolicy.check import documents

    if _WORLD.search(text):
        return documents.world(text, origin)
    found = documents.document_of(Source(text, origin))
    if found is not None:
        return found
    from ocipolicy.check.rendered import config
    from ocipolicy.config import load
    from ocipolicy.render import Templates

    return config(load(text, origin), templates or Templates(), proof)


def is_ours(text: str, origin: str) -> bool:
    """Whether a file looks like one of the four kinds, for a folder that holds others as well."""
    if _is_policy(text, origin):
        return True
    from ocipolicy.check import documents

    return documents.is_ours(Source(text, origin))


def _is_policy(text: str, origin: str) -> bool:
    """Whether a file is a text of statements: by its name, or where that says nothing by itself."""
    if origin.endswith((".yaml", ".yml", ".json")):
        return False
    return origin.endswith(".policy") or (
        not text.lstrip().startswith(("{", "[")) and _STATEMENT.search(text) is not None
    )


def _policy_text(text: str, origin: str) -> Read:
    parsed = parse(text, origin)
    bounds = [start for start, end in parsed.comments if _HEADER.match(text, start, end)]
    policies: list[list[Statement]] = [[] for _ in range(len(bounds) + 1)]
    for statement in parsed.statements:
        policies[sum(bound <= statement.start for bound in bounds)].append(statement)
    # The texts that `render` writes are for the root compartment.
    at_root = (None, *([True] * len(bounds)))
    seen = tuple(
        SeenPolicy(tuple(Seen(each, parsed.source) for each in statements), root, not parsed.broken)
        for statements, root in zip(policies, at_root, strict=True)
        if statements
    )
    return Read("policy", parsed.source, seen, parsed.diagnostics)
