"""The API of OpenAI, which Azure OpenAI and NVIDIA have as well: chats, completions, models.

Source: https://platform.openai.com/docs/api-reference/chat, 2026-11.
"""

from collections.abc import Mapping
from typing import Any

from ocipolicy.providers.answers import Said


def whole(data: Mapping[str, Any]) -> Said | None:
    """What an answer says; None for a body that is none."""
    return _said(data, "message") if isinstance(data.get("choices"), list) else None


def piece(data: Mapping[str, Any]) -> Said:
    """What an event of a stream says: the first of Azure's has nothing but its filter's word."""
    return _said(data, "delta")


def names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The models of a list."""
    listed = data.get("data")
    return tuple(
        str(each["id"])
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping) and "id" in each
    )


def _said(data: Mapping[str, Any], part: str) -> Said:
    choices = data.get("choices")
    error = data.get("error")
    first = choices[0] if isinstance(choices, list) and choices else None
    choice = first if isinstance(first, Mapping) else {}
    message = choice.get(part)
    # A completion has its text where a chat has a message.
    text = message.get("content") if isinstance(message, Mapping) else choice.get("text")
    return Said(
        text if isinstance(text, str) else "",
        str(choice.get("finish_reason") or ""),
        str(data.get("model") or ""),
        error if isinstance(error, Mapping) else None,
    )
