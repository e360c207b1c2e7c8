"""A refusal read: each provider has a form of its own for saying no, and some have several.

- OpenAI, Azure OpenAI and LiteLLM: `{"error": {"message", "type", "param", "code"}}`; Azure adds
  `innererror` with what its content filter found, LiteLLM has the status as the
  code, and what Azure adds in `provider_specific_fields`
- Cohere: `{"message", "id"}`
- NVIDIA: a problem (RFC 9457, `{"status", "title", "detail"}`), FastAPI's `{"detail": [{"loc",
  "msg", "type"}]}`, and, of servers made with vLLM, `{"message", "type", "param", "code"}`

Sources: https://platform.openai.com/docs/guides/error-codes,
https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/content-filters,
https://docs.cohere.com/reference/errors, langchain's page on NVIDIA AI endpoints, all 2026-11, and
what users report of each.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ocipolicy.providers.errors import Refused


def refused(
    status: int,
    data: Mapping[str, Any],
    request_id: str = "",
    wait: float | None = None,
) -> Refused:
    """The body of an answer with an error's status as ours."""
    error = data.get("error", data)
    if not isinstance(error, Mapping):
        error = {"message": error}
    param = _text(error.get("param"))
    said = _text(error.get("message"))
    details = error.get("detail", data.get("detail"))
    if isinstance(details, list):
        found = [each for each in details if isinstance(each, Mapping)]
        said = said or "; ".join(_of_validation(each) for each in found)
        param = param or next(filter(None, map(_place, found)), "")
    else:
        said = said or _text(details)
    code = _text(error.get("code"))
    inner = error.get("innererror")
    more = error.get("provider_specific_fields")
    if inner is None and isinstance(more, Mapping):
        inner = more.get("innererror")
    return Refused(
        status,
        said or _text(error.get("title")) or "it gave no reason",
        code="" if code == str(status) else code,
        kind=_text(error.get("type")).removeprefix("about:blank") or _text(error.get("title")),
        param=param,
        filtered=tuple(_filtered(inner if isinstance(inner, Mapping) else error)),
        request_id=request_id,
        wait=wait,
    )


def seconds(text: str | None) -> float | None:
    """What `Retry-After` says, where it is a number."""
    return float(text) if text and text.isascii() and text.isdigit() else None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _place(detail: Mapping[str, Any]) -> str:
    """The field that a validation found fault with: the last name of `["body", "stream"]`."""
    loc = detail.get("loc")
    names = [each for each in loc if isinstance(each, str)] if isinstance(loc, list) else []
    return names[-1] if len(names) > 1 else ""


def _of_validation(detail: Mapping[str, Any]) -> str:
    loc = detail.get("loc")
    place = " -> ".join(str(each) for each in loc) if isinstance(loc, list) else ""
    return f"{place}: {_text(detail.get('msg'))} ({_text(detail.get('type'))})"


def _filtered(error: Mapping[str, Any]) -> Iterator[str]:
    """What a content filter found: the kinds of content that were `filtered`."""
    results = error.get("content_filter_result")
    for name, found in results.items() if isinstance(results, Mapping) else ():
        if isinstance(found, Mapping) and found.get("filtered") is True:
            severity = found.get("severity")
            yield f"{name} ({severity})" if isinstance(severity, str) else str(name)
