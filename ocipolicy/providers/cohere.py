"""The API of Cohere: chats of its second version, and models.

Source: https://docs.cohere.com/reference/chat, https://docs.cohere.com/reference/chat-stream,
https://docs.cohere.com/reference/list-models, 2026-11.
"""

from collections.abc import Mapping
from typing import Any

from ocipolicy.providers.answers import Said


def whole(data: Mapping[str, Any]) -> Said | None:
    """What an answer says; None for a body that is none."""
    message = data.get("message")
    if not isinstance(message, Mapping):
        return None
    content = message.get("content")
    texts = [
        each.get("text")
        for each in (content if isinstance(content, list) else ())
        if isinstance(each, Mapping)
    ]
    text = "".join(each for each in texts if isinstance(each, str))
    finish = str(data.get("finish_reason") or "")
    return Said(text, finish, failed={"kind": finish} if finish == "ERROR" else None)


def piece(data: Mapping[str, Any]) -> Said:
    """What an event of a stream says: most begin or end a part, and have no text."""
    delta = data.get("delta")
    if not isinstance(delta, Mapping):
        return Said()
    message = delta.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    text = content.get("text") if isinstance(content, Mapping) else None
    finish = delta.get("finish_reason") if data.get("type") == "message-end" else None
    failed = {"message": delta.get("error")} if finish == "ERROR" else None
    return Said(text if isinstance(text, str) else "", str(finish or ""), failed=failed)


def names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The models of a list."""
    listed = data.get("models")
    return tuple(
        str(each["name"])
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping) and "name" in each
    )
