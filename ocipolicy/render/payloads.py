"""What is sent to a model: the body of each service's request, as Oracle's page or the API has it.

Digital Assistant sends it when the service is imported, and smoke when it tries the service out, so
that both are the same call. It is one short question; the summary has a short text.
Sources: https://docs.oracle.com/en-us/iaas/digital-assistant/doc/llm-services.html, oci 2.189.0,
https://docs.cohere.com/reference/chat, 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

from ocipolicy.render.llm_services import KeyService, OciService, Service

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value]"
Payload: TypeAlias = dict[str, Value]

PROMPT = "Tell me a joke"
_TEXT = (
    "Quantum dots are semiconductor particles of a few nanometres. In ultraviolet light an electron"
    " in a dot goes into a state of higher energy; when it falls back, the dot gives off light, and"
    " its colour depends on the size of the dot."
)


def payload(service: Service) -> Payload:
    """The body that is sent, its fields in the order of the page, without those to be dropped."""
    if isinstance(service, OciService):
        return _oci(service)
    body = _cohere(service) if service.provider == "cohere" else _openai(service)
    return {key: value for key, value in body.items() if key not in service.drop}


def streamed(service: KeyService) -> Payload:
    """The body that asks for the answer piece by piece."""
    return {**payload(service), "stream": True}


def _oci(service: OciService) -> Payload:
    mode: Payload = (
        {"servingType": "DEDICATED", "endpointId": service.model}
        if service.dedicated
        else {"servingType": "ON_DEMAND", "modelId": service.model}
    )
    request: Payload = {"compartmentId": service.compartment, "servingMode": mode}
    match service.kind:
        case "chat":
            return {**request, "chatRequest": _chat(service)}
        case "generate-text":
            return {
                **request,
                "inferenceRequest": {
                    "runtimeType": service.format or "",
                    "prompt": PROMPT,
                    "maxTokens": 1000,
                    "isStream": False,
                    "frequencyPenalty": 1,
                    "topP": 0.75,
                    "temperature": 0,
                },
            }
        case "summarize-text":
            return {
                **request,
                "input": _TEXT,
                "temperature": 1,
                "length": "AUTO",
                "extractiveness": "AUTO",
                "format": "PARAGRAPH",
                "additionalCommand": "provide step by step instructions",
            }
        case _:
            assert_never(service.kind)


def _chat(service: OciService) -> Payload:
    apart: Payload = {"apiFormat": service.format or ""}
    sampling: Payload = {"maxTokens": 1000, "isStream": False}
    penalty: Payload = {"frequencyPenalty": 1}
    hardly_free: Payload = {"topP": 0.75, "temperature": 0}
    messages: Payload = {
        "messages": [{"role": "USER", "content": [{"type": "TEXT", "text": PROMPT}]}]
    }
    match service.format:
        case "COHERE":
            return {**apart, "message": PROMPT, **sampling, **penalty, **hardly_free}
        case "COHEREV2":
            return {**apart, **messages, **sampling, **penalty, **hardly_free}
        case _:
            # Some of these models refuse penalties, so there is none.
            return {**apart, **messages, **sampling, **hardly_free}


def _openai(service: KeyService) -> Payload:
    tail: Payload = {"max_tokens": 128, "temperature": 0, "stream": False}
    if service.kind != "chat":
        return {"model": service.model, "prompt": PROMPT, **tail}
    # The page's system message alone is not enough for many models that NVIDIA serves.
    role = "user" if service.provider == "nvidia" else "system"
    return {"model": service.model, "messages": [{"role": role, "content": PROMPT}], **tail}


def _cohere(service: KeyService) -> Payload:
    if service.kind == "chat":
        return {
            "model": service.model,
            "messages": [{"role": "user", "content": PROMPT}],
            "max_tokens": 300,
            "temperature": 0,
            "stream": False,
        }
    return {
        "model": service.model,
        "prompt": "Generate a fact about our milky way",
        "max_tokens": 300,
        "temperature": 0.9,
        "k": 0,
        "stop_sequences": [],
        "return_likelihoods": "NONE",
    }
