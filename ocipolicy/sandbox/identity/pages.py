"""Lists: which of the things, in which order, and how many of them at a time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Refusal, Reply, answer, invalid

# How many a page has where nothing is said is not documented; the most is what `limit` may say.
_ONE_PAGE = 100
_LONGEST_PAGE = 1000
_SORT_KEYS = {"TIMECREATED": "timeCreated", "NAME": "name"}


def listed(
    asked: Asked,
    things: Iterable[Mapping[str, Any]],
    *,
    finish: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda thing: thing,
) -> Reply:
    """The page of things that a request is for, each one's JSON completed by `finish`.

    Raises Refusal for a parameter that cannot be. A token names the last thing of its page, so that
    pages neither skip nor repeat one when others come and go between them.
    """
    query = asked.call.query
    sort = _one_of(query, "sortBy", "TIMECREATED", *_SORT_KEYS)
    order = _one_of(query, "sortOrder", "DESC" if sort == "TIMECREATED" else "ASC", "ASC", "DESC")
    limit = _limit(query.get("limit"))

    def place(thing: Mapping[str, Any]) -> tuple[str, str]:
        return str(thing.get(_SORT_KEYS[sort], "")), str(thing["id"])

    wanted = [each for each in things if _is_wanted(each, query)]
    wanted.sort(key=place, reverse=order == "DESC")
    if "page" in query:
        last = _read_token(query["page"])
        after = last.__gt__ if order == "DESC" else last.__lt__
        wanted = [each for each in wanted if after(place(each))]
    page = wanted[:limit]
    headers = {"opc-next-page": _token(place(page[-1]))} if len(wanted) > limit else {}
    return answer([finish(each) for each in page], headers=headers)


def _is_wanted(thing: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    state = query.get("lifecycleState", "").upper()
    return query.get("name", thing.get("name")) == thing.get("name") and (
        state in ("", thing["lifecycleState"])
    )


def _one_of(query: Mapping[str, str], name: str, otherwise: str, *allowed: str) -> str:
    value = query.get(name, otherwise).upper()
    if value not in allowed:
        raise invalid(f"Invalid Parameter: {name} must be {' or '.join(allowed)}")
    return value


def _limit(text: str | None) -> int:
    if text is None:
        return _ONE_PAGE
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LONGEST_PAGE):
        raise invalid(f"Invalid Parameter: limit must be a number from 1 to {_LONGEST_PAGE}")
    return int(text)


def _token(place: tuple[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(text: str) -> tuple[str, str]:
    """The place that a token names. The text of the refusal is Oracle's default for its code."""
    try:
        key, ocid = json.loads(urlsafe_b64decode(text.encode()))
    except (ValueError, TypeError, RecursionError):
        raise _wrong_token() from None
    if not isinstance(key, str) or not isinstance(ocid, str):
        raise _wrong_token()
    return key, ocid


def _wrong_token() -> Refusal:
    return Refusal(400, "InvalidParameter", "Wrong pagination token format.")
