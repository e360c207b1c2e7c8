"""What is answered: a text about the request, cut where the request wants it cut.

No model is behind this, and the text says so; the same request gets the same answer. A token is a
word, a sign of punctuation or a white space, a word or sign with the space in front of it, as
Cohere's models stream them: ` Why`, ` was`, `?`, `\\n`. It is a rule to count by, no vocabulary of
any model's.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal
from uuid import UUID

from ocipolicy.sandbox.inference.serving import Served
from ocipolicy.sandbox.routes import Asked

Reason = Literal["complete", "stop", "length"]

_TOKEN = re.compile(r" ?\w+| ?[^\w\s]|\s")


def tokens(text: str) -> tuple[str, ...]:
    """The tokens of a text, which is all of them in a row.

    >>> tokens("Why was it?")
    ('Why', ' was', ' it', '?')
    """
    return tuple(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer: its tokens, why it ends, and how many tokens the prompt had.

    `reason` is `stop` where a stop sequence ended it, `length` where the limit on tokens did.
    """

    tokens: tuple[str, ...]
    reason: Reason
    prompt: int

    @property
    def text(self) -> str:
        """The answer as a whole."""
        return "".join(self.tokens)

    @property
    def usage(self) -> dict[str, Any]:
        """The counts of tokens as responses have them."""
        count = len(self.tokens)
        return {
            "completionTokens": count,
            "promptTokens": self.prompt,
            "totalTokens": self.prompt + count,
        }


def complete(
    asked: Asked,
    served: Served,
    prompt: Sequence[str],
    limit: int | None,
    stops: Sequence[str] = (),
    *,
    lead: str = "",
    keep_stop: bool = False,
) -> Completion:
    """The answer to the texts of a prompt.

    It begins with `lead`, ends before the first of the `stops` (behind it where `keep_stop`), and
    after `limit` tokens.
    """
    count = sum(len(tokens(text)) for text in prompt)
    text = (
        f"{lead}Sandbox answer for {served.label}: {asked.who.label} asked in "
        f"{served.place.label}, prompt tokens: {count}. No model has read the prompt."
    )
    reason: Reason = "complete"
    found = [(text.index(each), each) for each in stops if each and each in text]
    if found:
        at, stop = min(found)
        text, reason = text[: at + len(stop) if keep_stop else at], "stop"
    every = tokens(text)
    if limit is not None and limit < len(every):
        every, reason = every[:limit], "length"
    return Completion(every, reason, count)


def identifier(asked: Asked, *more: object) -> str:
    """An id for what answers a request, the same for the same request."""
    digest = hashlib.sha256(asked.call.body + repr(more).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def created(asked: Asked) -> str:
    """The time on the sandbox's clock as responses have it."""
    return asked.state.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def pad(text: str) -> str:
    """The filler of a streamed token, which hides how long the token is."""
    return "a" * (8 - len(text) % 8)
