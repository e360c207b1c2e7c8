"""The calls of a config, ready to be made: each with its operation, its model and the format.

`smoke.model` is for the calls that chat and write. One that it is not made for takes the model that
the reference has for its task today, and says so: a chat model makes no embeddings, and an endpoint
does one thing only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ocipolicy import reference
from ocipolicy.cloud.inference import Call, Question, StreamCall, api_format
from ocipolicy.config import Config, Loaded, Smoke
from ocipolicy.diagnostics import Diagnostic, Severity

AnyCall = Call | StreamCall
# LLAMA is what generateText calls the format of all models but Cohere's.
Format = Literal["COHERE", "COHEREV2", "GENERIC", "LLAMA"]

ENDPOINT = "ocid1.generativeaiendpoint."
_OCID = "ocid1."
_MOST_TOKENS = 20
OPERATIONS: Mapping[AnyCall, str] = {
    "generate-text": "generative-ai:GenerateText",
    "generate-text-stream": "generative-ai:GenerateText",
    "chat": "generative-ai:Chat",
    "chat-stream": "generative-ai:Chat",
    "summarize": "generative-ai:SummarizeText",
    "embed": "generative-ai:EmbedText",
    "rerank": "generative-ai:RerankText",
    "language": "language:BatchDetectDominantLanguage",
}
# The part of `access:` that a call needs, which is what the reference calls a model's task as well.
PARTS: Mapping[AnyCall, str] = {
    "generate-text": "text-generation",
    "generate-text-stream": "text-generation",
    "chat": "chat",
    "chat-stream": "chat",
    "summarize": "text-summarization",
    "embed": "text-embedding",
    "rerank": "text-rerank",
    "language": "dominant-language",
}
_BY_PART: Mapping[str, tuple[AnyCall, ...]] = {
    "chat": ("chat", "chat-stream"),
    "text-generation": ("generate-text", "generate-text-stream"),
    "text-summarization": ("summarize",),
    "text-embedding": ("embed",),
    "text-rerank": ("rerank",),
    "dominant-language": ("language",),
}
_USUAL: Mapping[str, tuple[AnyCall, ...]] = {
    "generative-ai": ("chat", "chat-stream"),
    "language": ("language",),
}
_WITH_FORMAT: frozenset[AnyCall] = frozenset(
    ("chat", "chat-stream", "generate-text", "generate-text-stream")
)
_VECTORS: frozenset[AnyCall] = frozenset(("embed", "rerank"))


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that can be made as it is; `note` says why it does not take the config's model.

    `model` is a name, the OCID of a model or that of an endpoint; empty for a call without one.
    """

    call: AnyCall
    operation: reference.Operation
    model: str = ""
    format: Format | None = None
    max_tokens: int = _MOST_TOKENS
    temperature: float = 0
    note: str = ""

    @property
    def dedicated(self) -> bool:
        """Whether an endpoint of a dedicated AI cluster answers."""
        return self.model.startswith(ENDPOINT)

    def question(self, compartment: str) -> Question:
        """It as it is sent; `compartment` is an OCID."""
        return Question(
            compartment,
            self.model,
            "GENERIC" if self.format == "LLAMA" else self.format,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


@dataclass(frozen=True, slots=True)
class Asks:
    """The calls of a config in its order, none where a diagnostic is an error."""

    asks: tuple[Ask, ...]
    diagnostics: tuple[Diagnostic, ...]


def asks(loaded: Loaded, today: date) -> Asks:
    """The calls of a config that was loaded without an error."""
    config = loaded.config
    if config is None:
        return Asks((), loaded.diagnostics)
    if config.region is None:
        return Asks((), (_no_region(loaded),))
    smoke = config.smoke or Smoke()
    calls: tuple[AnyCall, ...] = smoke.calls or tuple(_usual(config))
    found: list[Ask] = []
    diagnostics = list(_without_access(loaded, config, calls))
    for call in calls:
        model, note = _model(call, calls, smoke.model, today)
        format_ = _format(call, model, smoke)
        if format_ is None and call in _WITH_FORMAT:
            return Asks((), (_no_format(loaded, call, model),))
        (operation,) = reference.operation(OPERATIONS[call])
        found.append(
            Ask(
                call,
                operation,
                model,
                format_,
                smoke.max_tokens or _MOST_TOKENS,
                smoke.temperature or 0,
                note,
            )
        )
    return Asks(tuple(found), tuple(diagnostics))


def current_model(task: str, today: date) -> reference.Model | None:
    """The first model of a task that is served on demand on a day; else the first that was."""
    of_task = [each for each in reference.models().values() if task in each.tasks]
    served = [each for each in of_task if not is_retired(each, today)]
    return next(iter(served or of_task), None)


def is_retired(model: reference.Model, today: date) -> bool:
    """Whether a model is not served on demand on a day."""
    since = model.retired_on_demand
    return since <= today if since else model.note == "retired"


def _usual(config: Config) -> Iterator[AnyCall]:
    """The calls of a config that names none: those that its `access` is for."""
    for access in config.access:
        if access.parts:
            for part in access.parts:
                yield from _BY_PART.get(part, ())
        else:
            yield from _USUAL.get(access.service, ())


def _model(
    call: AnyCall, calls: tuple[AnyCall, ...], wanted: str | None, today: date
) -> tuple[str, str]:
    """The model of a call, and why it is not the config's where it is another one."""
    if call == "language":
        return "", ""
    task = PARTS[call]
    if wanted is not None and _fits(call, calls, wanted):
        return wanted, ""
    other = current_model(task, today)
    name = other.name if other else ""
    if wanted is None:
        return name, "smoke names no model"
    what = "an endpoint does one thing" if wanted.startswith(_OCID) else f"{wanted} is not for it"
    return name, what


def _fits(call: AnyCall, calls: tuple[AnyCall, ...], wanted: str) -> bool:
    """Whether the config's model is meant for a call."""
    known = reference.model(wanted)
    if known is None:
        # Of an endpoint's model nothing is known: it is for vectors where nothing else is asked.
        alone = not {*calls} - _VECTORS - {"language"} and len({*calls} & _VECTORS) == 1
        return call not in _VECTORS or alone
    if PARTS[call] in known.tasks:
        return True
    # What a model for chats does not do is for the service to say; one for vectors is not asked.
    return call not in _VECTORS and not {*known.tasks} <= {PARTS[each] for each in _VECTORS}


def _format(call: AnyCall, model: str, smoke: Smoke) -> Format | None:
    """The format of a chat or a text: the config's for its own model, else the vendor's."""
    own = smoke.api_format if model == smoke.model or smoke.model is None else None
    match call:
        case "chat" | "chat-stream":
            if own or not model.startswith(_OCID):
                return own or api_format(model)
        case "generate-text" | "generate-text-stream":
            if own:
                return "LLAMA" if own == "GENERIC" else "COHERE"
            if not model.startswith(_OCID):
                return "COHERE" if model.startswith("cohere.") else "LLAMA"
    return None


def _without_access(
    loaded: Loaded, config: Config, calls: tuple[AnyCall, ...]
) -> Iterator[Diagnostic]:
    """Calls that the instances are not meant to make, by the config's own words."""
    for at, call in enumerate(calls):
        service = "language" if call == "language" else "generative-ai"
        of_service = [each for each in config.access if each.service == service]
        part = PARTS[call]
        if any(not each.parts or part in each.parts for each in of_service):
            continue
        yield Diagnostic(
            "service-without-access",
            Severity.WARNING,
            f"the instances would be refused {call}: `access` does not give them {part}",
            loaded.span("smoke", "calls", at),
            f"add {service}: [{part}] to access, or leave {call} out",
        )


def _no_region(loaded: Loaded) -> Diagnostic:
    return Diagnostic(
        "missing-key",
        Severity.ERROR,
        "smoke needs `region`, where Generative AI is called",
        loaded.key_span("smoke"),
        "add it: `region: us-chicago-1`",
    )


def _no_format(loaded: Loaded, call: AnyCall, model: str) -> Diagnostic:
    formats = "COHERE, COHEREV2 or GENERIC"
    return Diagnostic(
        "unknown-format",
        Severity.ERROR,
        f"the OCID of the model does not say which format it takes for {call}: {model}",
        loaded.span("smoke", "model"),
        f"add `api_format:` under smoke, with {formats}",
    )
