"""What a request says: the values of a JSON object, each checked as it is taken out.

A value that is null is not there. What is asked for and not there, or of another kind, is refused
with 400; what is not asked for is not looked at. Names in refusals are paths: `chatRequest.topP`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ocipolicy.sandbox.wire import Refusal, invalid


def missing(name: str) -> Refusal:
    """What OCI says where a parameter is missing."""
    return Refusal(400, "MissingParameter", f"Missing Parameter: {name}")


class Fields:
    """The values of an object by their names; `path` is where it stands in the request."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    def has(self, name: str) -> bool:
        """Whether there is such a value."""
        return self._values.get(name) is not None

    def is_text(self, name: str) -> bool:
        """Whether there is such a value, and a text at that."""
        return isinstance(self._values.get(name), str)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; one without a default has to be there, and not be empty."""
        if not self.has(name):
            if default is None:
                raise missing(self._path + name)
            return default
        text = _text(self._values[name], self._path + name)
        if not text and default is None:
            raise invalid(f"Invalid Parameter: {self._path}{name} must not be empty")
        return text

    def word(self, name: str, words: Sequence[str], default: str | None = None) -> str:
        """One of some words; without a default it has to be there."""
        text = self.text(name, default)
        if text not in words:
            raise invalid(f"Invalid Parameter: {self._path}{name} must be {_or(words)}")
        return text

    def flag(self, name: str) -> bool:
        """A yes or no, by default no."""
        value = self._values.get(name) or False
        if not isinstance(value, bool):
            raise invalid(f"Invalid Parameter: {self._path}{name} must be true or false")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number in a range."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(f"Invalid Parameter: {self._path}{name} must be a number")
        if not low <= value <= high:
            raise invalid(f"Invalid Parameter: {self._path}{name} must be from {low} to {high}")
        return value

    def whole(self, name: str, low: int, high: int | None = None) -> int | None:
        """A whole number in a range, or from `low` on."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid(f"Invalid Parameter: {self._path}{name} must be a whole number")
        if value < low or (high is not None and value > high):
            bounds = f"{low} or more" if high is None else f"from {low} to {high}"
            raise invalid(f"Invalid Parameter: {self._path}{name} must be {bounds}")
        return value

    def part(self, name: str) -> "Fields":
        """An object that has to be there."""
        if not self.has(name):
            raise missing(self._path + name)
        return _part(self._values[name], f"{self._path}{name}")

    def parts(self, name: str) -> tuple["Fields", ...]:
        """A list of objects; one that is not there is empty."""
        listed = self._list(name)
        return tuple(_part(each, f"{self._path}{name}[{at}]") for at, each in enumerate(listed))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one that is not there is empty."""
        listed = self._list(name)
        return tuple(_text(each, f"{self._path}{name}[{at}]") for at, each in enumerate(listed))

    def _list(self, name: str) -> list[Any]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise invalid(f"Invalid Parameter: {self._path}{name} must be a list")
        return value or []


def _part(value: object, path: str) -> Fields:
    if not isinstance(value, dict):
        raise invalid(f"Invalid Parameter: {path} must be an object")
    return Fields(value, f"{path}.")


def _text(value: object, path: str) -> str:
    """A text that can be sent back: half a character of JSON's escapes cannot."""
    if not isinstance(value, str):
        raise invalid(f"Invalid Parameter: {path} must be a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"Invalid Parameter: {path} is no text that UTF-8 can hold") from None
    return value


def _or(words: Sequence[str]) -> str:
    *rest, last = words
    return " or ".join(part for part in (", ".join(rest), last) if part)
