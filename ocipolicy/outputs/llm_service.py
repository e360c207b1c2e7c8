"""`render --format llm-service`: the YAML of LLM services that Digital Assistant imports.

Keys, their order, the bodies and their layout are those of Oracle's page, for each form that it
has; chats of OCI, which it only recommends, are as the API has them. What an answer looks like goes
in as well, for the skill's own tests without a call. Keys of providers are in no file: they are
typed into Digital Assistant, and the comments say where.
Sources: https://docs.oracle.com/en-us/iaas/digital-assistant/doc/llm-services.html, oci 2.189.0,
https://docs.cohere.com/reference/chat, 2026-11.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

import yaml

from ocipolicy.outputs.files import File
from ocipolicy.render.llm_services import KeyService, OciService, Service
from ocipolicy.render.payloads import PROMPT, payload

_HEAD = """\
# Import into Digital Assistant: Settings > API Services > LLM Services > Import LLM Services.
# Then open each service and click Test Request; the answer is 200 where everything is right.
"""
_ANSWER = "Why did the gardener plant a light bulb? To grow a power plant."
_SUMMARY = "Quantum dots are tiny particles that shine in a colour which depends on their size."
_ID = "00000000-0000-4000-8000-000000000000"
_TIME = "2026-11-01T12:00:00.000Z"


class _Folded(str):
    """A text that YAML writes behind `>-`."""

    __slots__ = ()


class _Literal(str):
    """A text that YAML writes behind `|-`, line by line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes the layout of the page: lists indented, the URL folded, the bodies as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists below their key as well, for which PyYAML gives `indentless`."""
        super().increase_indent(flow, indentless=False)


def _folded(dumper: yaml.SafeDumper, text: _Folded) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">")


def _literal(dumper: yaml.SafeDumper, text: _Literal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


_Dumper.add_representer(_Folded, _folded)
_Dumper.add_representer(_Literal, _literal)


def text(services: Iterable[Service]) -> str:
    """All services as one document to import."""
    parts = [_HEAD, "exportedRestServices:\n"]
    for service in services:
        item = yaml.dump([_exported(service)], Dumper=_Dumper, sort_keys=False)
        comments = "".join(f"# {line}\n" for line in _comments(service))
        parts.append(textwrap.indent(comments + item, "  "))
    return "".join(parts)


def files(services: Sequence[Service]) -> tuple[File, ...]:
    """A file for each service, which can be imported by itself."""
    return tuple(File(f"{service.name}.yaml", text([service])) for service in services)


def _exported(service: Service) -> dict[str, Any]:
    """A service as Digital Assistant exports it."""
    answer = _oci(service) if isinstance(service, OciService) else _keyed(service)
    return {
        "endpoint": _Folded(service.url),
        "name": service.name,
        "authType": _auth_type(service),
        "restServiceMethods": [
            {
                "restServiceMethodType": "POST",
                "contentType": "application/json",
                "statusCode": 200,
                "methodIncrementId": 0,
                "requestBody": _Literal(json.dumps(payload(service), indent=4)),
                "mockResponsePayload": _Literal(json.dumps(answer, indent=4)),
                "restServiceParams": [],
            }
        ],
    }


def _auth_type(service: Service) -> str:
    # Only resourcePrincipal stands in the page's YAML. The other two are made from the words of
    # the settings, API Key and Bearer Token, in the same way.
    if isinstance(service, OciService):
        return "resourcePrincipal"
    return "apiKey" if service.provider == "azure-openai" else "bearerToken"


def _comments(service: Service) -> Iterator[str]:
    """What is to be known of a service before it is imported."""
    if service.retired:
        yield f"Retired: Oracle advises to move from {service.kind} to chat."
    match service:
        case OciService():
            yield "Authentication: OCI Resource Principal; there is no key."
        case KeyService(provider="azure-openai"):
            yield "Authentication, set after the import: API Key, in the header api-key."
            if service.auth == "entra-id":
                yield "Digital Assistant has no type for Entra ID, whose tokens last an hour or so."
        case KeyService():
            yield "Authentication, set after the import: Bearer Token, with the key as the token."
        case _:
            assert_never(service)


def _oci(service: OciService) -> dict[str, Any]:
    """An answer of OCI Generative AI."""
    # The retired models of Cohere are 15.6 on the page, the one of Meta is 1.0.
    older = service.retired and service.format != "LLAMA"
    served = {"modelId": service.model, "modelVersion": "15.6" if older else "1.0"}
    match service.kind:
        case "chat":
            return {**served, "chatResponse": _chat(service)}
        case "generate-text":
            return {**served, "inferenceResponse": _generated(service)}
        case "summarize-text":
            return {"summary": _SUMMARY, **served, "id": _ID}
        case _:
            assert_never(service.kind)


def _chat(service: OciService) -> dict[str, Any]:
    apart = {"apiFormat": service.format}
    usage = {"promptTokens": 4, "completionTokens": 15, "totalTokens": 19}
    content = [{"type": "TEXT", "text": _ANSWER}]
    match service.format:
        case "COHERE":
            return {
                **apart,
                "text": _ANSWER,
                "chatHistory": [
                    {"role": "USER", "message": PROMPT},
                    {"role": "CHATBOT", "message": _ANSWER},
                ],
                "finishReason": "COMPLETE",
                "usage": usage,
            }
        case "COHEREV2":
            return {
                **apart,
                "id": _ID,
                "message": {"role": "ASSISTANT", "content": content},
                "finishReason": "COMPLETE",
                "usage": usage,
            }
        case _:
            return {
                **apart,
                "timeCreated": _TIME,
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "ASSISTANT", "content": content},
                        "finishReason": "stop",
                    }
                ],
                "usage": usage,
            }


def _generated(service: OciService) -> dict[str, Any]:
    if service.format == "COHERE":
        return {
            "generatedTexts": [{"id": _ID, "text": _ANSWER}],
            "timeCreated": _TIME,
            "runtimeType": "COHERE",
        }
    return {
        "created": _TIME,
        "runtimeType": service.format,
        "choices": [{"finishReason": "stop", "index": 0, "text": _ANSWER}],
    }


def _keyed(service: KeyService) -> dict[str, Any]:
    """An answer of another provider."""
    if service.provider == "cohere":
        return _cohere(service)
    usage = {"completion_tokens": 15, "prompt_tokens": 11, "total_tokens": 26}
    head = {"created": 1793534400, "usage": usage, "model": service.model}
    if service.kind == "chat":
        message = {"role": "assistant", "content": _ANSWER}
        return {
            **head,
            "id": f"chatcmpl-{_ID}",
            "choices": [{"finish_reason": "stop", "index": 0, "message": message}],
            "object": "chat.completion",
        }
    return {
        **head,
        "id": f"cmpl-{_ID}",
        "choices": [{"finish_reason": "stop", "index": 0, "text": _ANSWER}],
        "object": "text_completion",
    }


def _cohere(service: KeyService) -> dict[str, Any]:
    if service.kind == "chat":
        return {
            "id": _ID,
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": _ANSWER}]},
            "usage": {"tokens": {"input_tokens": 4, "output_tokens": 15}},
        }
    fact = "Our galaxy holds more than a hundred billion stars."
    return {
        "id": _ID,
        "generations": [{"id": _ID, "text": fact}],
        "prompt": payload(service)["prompt"],
        "meta": {"api_version": {"version": "1"}},
    }
