"""How many mistakes go unnoticed: valid statements, spoilt in the ways people spoil them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from ocipolicy.language import parse, show
from ocipolicy.language.lexer import tokenize
from ocipolicy.language.tree import Statement
from tests.language import cases
from tests.language.trees import KEYWORDS


@dataclass(frozen=True)
class Mistake:
    """A valid statement with one thing wrong in it: what was done to which of its tokens."""

    what: str
    word: str
    previous: str
    line: str
    text: str


def mistakes(line: str) -> Iterator[Mistake]:
    words, starts = tokenize(line)
    for index, word in enumerate(words):
        start, end = starts[index], starts[index] + len(word)
        before, behind = line[:start], line[end:]
        spoilt = partial(Mistake, word=word, previous=words[index - 1], line=line)
        yield spoilt("lose", text=before + line[starts[index + 1] :])
        yield spoilt("double", text=f"{before}{word} {word}{behind}")
        if index + 1 < len(words):
            second = starts[index + 1]
            far = second + len(words[index + 1])
            swapped = f"{before}{words[index + 1]}{line[end:second]}{word}{line[far:]}"
            yield spoilt("swap", text=swapped)
        if word.lower() in KEYWORDS and len(word) > 2:
            for at in range(1, len(word) - 1):
                yield spoilt("misspell", text=before + word[:at] + word[at + 1 :] + behind)
                typo = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
                yield spoilt("misspell", text=before + typo + behind)
        if word[0] == "'":
            yield spoilt("lose quote", text=before + word[1:] + behind)
            yield spoilt("lose quote", text=before + word[:-1] + behind)
            yield spoilt("lose quotes", text=before + word[1:-1] + behind)


def unnoticed(mistake: Mistake) -> bool:
    """Whether nothing at all is said about it, and the meaning is not what it was."""
    parsed = parse(mistake.text)
    return not parsed.diagnostics and parsed.statements != parse(mistake.line).statements


ALL = [mistake for line in cases.valid() for mistake in mistakes(line)]
UNNOTICED = [mistake for mistake in ALL if unnoticed(mistake)]

# Why what has come out is a statement too. Each is about what was done and to which token.
REASONS: dict[str, Callable[[Mistake], bool]] = {
    "a name or a type that is a keyword is another one when it is misspelt": lambda m: (
        m.what == "misspell" and _shape(m.line) == _shape(m.text)
    ),
    "without its negation it says the opposite": lambda m: (
        m.what == "lose" and m.word in ("!", "not")
    ),
    "without its deny it is an endorse or an admit": lambda m: (
        m.what == "lose" and m.word == "deny"
    ),
    "two words without the mark between them are one word": lambda m: (
        m.what == "lose" and m.word in (",", ":")
    ),
    "a tenancy without its alias is the policy's own": lambda m: (
        m.what == "lose" and m.previous == "tenancy"
    ),
    "a resource subject has two words, or one, in any order": lambda m: (
        m.line.startswith("allow resource ") and m.what in ("lose", "swap")
    ),
    "a name that is a keyword does what that does, once the word before it is gone": lambda m: (
        m.what in ("lose", "swap") and m.word in KEYWORDS
    ),
    "a name with a mark in it is two names without its quotes": lambda m: (
        m.what == "lose quotes" and (", " in m.word or ":" in m.word)
    ),
}


def _shape(text: str) -> str:
    """What kind of token stands where: names and their like are all the same here."""
    statement: Statement = parse(text).statements[0]
    words, _ = tokenize(show(statement))
    first = words[0]
    return first + " ".join("x" if word[0].isalnum() or word[0] == "'" else word for word in words)


@pytest.mark.parametrize("mistake", UNNOTICED, ids=lambda mistake: mistake.text)
def test_what_goes_unnoticed_is_a_statement_too(mistake: Mistake) -> None:
    assert [reason for reason, holds in REASONS.items() if holds(mistake)] != []


def test_every_reason_is_needed() -> None:
    needed = {
        next((reason for reason, holds in REASONS.items() if holds(mistake)), "")
        for mistake in UNNOTICED
    }
    assert needed == set(REASONS)


def test_next_to_nothing_goes_unnoticed() -> None:
    made = Counter(mistake.what for mistake in ALL)
    missed = Counter(mistake.what for mistake in UNNOTICED)
    score = "\n".join(
        f"{what}: {missed[what]} of {count} unnoticed" for what, count in made.items()
    )
    assert missed["double"] == missed["lose quote"] == 0, score
    assert len(UNNOTICED) < len(ALL) * 0.011, score
