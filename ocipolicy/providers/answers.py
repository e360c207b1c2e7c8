"""What a provider answers, as far as it matters here: that it came, how fast, and a few words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its text, why it ended (`stop`, `length`), and which model says that it is.

    `seconds` is how long the whole took, `first` how long the first piece of a stream, which had
    `pieces`; these are None and 0 of an answer that came as a whole.
    """

    text: str
    seconds: float
    first: float | None = None
    request_id: str = ""
    finish: str = ""
    model: str = ""
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a body or a piece of a stream says; `finish` is empty while more is to come.

    `failed` says that it is an error, which came with the status of an answer.
    """

    text: str = ""
    finish: str = ""
    model: str = ""
    failed: Mapping[str, Any] | None = None
