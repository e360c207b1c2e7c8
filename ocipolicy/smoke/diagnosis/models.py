"""What goes wrong with models, their formats, and actions that are no more."""

import re
from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.smoke.asks import PARTS, current_model, is_retired
from ocipolicy.smoke.diagnosis.seen import Cause, Seen
from ocipolicy.smoke.diagnosis.wire import limits_of

_RETIRED = frozenset(("generate-text", "generate-text-stream", "summarize"))
_ENTITY = re.compile(r"entity with key (?P<key>\S+) not found", re.IGNORECASE)


def wrong_task(seen: Seen) -> Cause | None:
    """A model that is called for what it does not do: a chat model for generateText."""
    error = seen.refused_with(400, "does not support")
    if error is None or "apiformat" in error.said.lower() or "runtimetype" in error.said.lower():
        return None
    known = seen.model
    does = f"{known.name} is for {', '.join(known.tasks)}" if known else None
    return Cause(
        f"the model does not do {seen.ask.call}: {seen.ask.model}",
        tuple(filter(None, (error.said, does))),
        f"call it for what it does: write `calls: [{_instead(seen)}]` under smoke",
        commands=("ocipolicy reference model",),
    )


def wrong_format(seen: Seen) -> Cause | None:
    """A request in a format that the model does not take."""
    error = seen.refused_with(400)
    if error is None or seen.ask.format is None:
        return None
    wanted = _wanted_format(seen)
    said = any(word in error.said.lower() for word in ("apiformat", "runtimetype"))
    if not said and (wanted is None or wanted == seen.ask.format):
        return None
    hint = f"{seen.ask.model} takes {wanted}" if wanted else "an endpoint takes its model's format"
    own = "take `api_format:` out of smoke, so that it follows the model"
    return Cause(
        f"the model does not take the format {seen.ask.format}",
        (error.said, hint),
        f"{own}, or write {wanted}" if wanted else "write another `api_format:` under smoke",
    )


def bad_request(seen: Seen) -> Cause | None:
    """A request that the service does not accept for another reason."""
    error = seen.refused_with(400)
    if error is None:
        return None
    return Cause(
        "the service does not accept the request",
        (f"{error.brief}: {error.said}",),
        "the words of the service say what is wrong; max_tokens and temperature are under smoke",
    )


def action_retired(seen: Seen) -> Cause | None:
    """An action that no model on demand serves any more: generateText and summarizeText."""
    if seen.ask.call not in _RETIRED or seen.ask.dedicated:
        return None
    gone = seen.refused_with(404, "entity with key")
    bare = seen.is_denied and seen.error is not None and seen.prediction.verdict == "allowed"
    if gone is None and not bare:
        return None
    other = current_model("chat", seen.today)
    said = seen.refused.said if seen.refused else ""
    return Cause(
        f"{seen.ask.operation.name} is retired: no model on demand serves it any more",
        (said, *_since(seen)),
        f"chat instead: `calls: [{_instead(seen)}]`"
        + (f" and `model: {other.name}` under smoke" if other else " under smoke"),
        commands=("ocipolicy reference model",),
    )


def model_retired(seen: Seen) -> Cause | None:
    """A model that is not served on demand any more."""
    known, today = seen.model, seen.today
    if known is None or not is_retired(known, today) or seen.refused_with(404) is None:
        return None
    if seen.is_denied and seen.prediction.verdict != "allowed":
        return None
    other = current_model(PARTS[seen.ask.call], today)
    return Cause(
        f"the model {known.name} is retired",
        (*_since(seen), *((seen.refused.said,) if seen.refused else ())),
        f"name another one under smoke: `model: {other.name}`" if other else "name another one",
        commands=("ocipolicy reference model",),
    )


def model_unknown(seen: Seen) -> Cause | None:
    """A model that nobody knows."""
    error = seen.refused_with(404, "entity with key")
    if error is None or seen.model is not None:
        return None
    found = _ENTITY.search(error.said)
    name = found["key"] if found else seen.ask.model
    near = reference.suggest("model", name)
    return Cause(
        f"there is no model {name} in {seen.region}",
        (error.said,),
        f"did you mean `model: {near}`?" if near else "name another model under smoke",
        commands=("ocipolicy reference model",),
    )


def model_elsewhere(seen: Seen) -> Cause | None:
    """A model that is served, but not in this region, or not to this tenancy."""
    error = seen.refused_with(404, "entity with key")
    if error is None or seen.model is None:
        return None
    return Cause(
        f"the model {seen.ask.model} is not served in {seen.region}, or not to this tenancy",
        (error.said, "the reference has it among those that are served on demand"),
        "choose another region or model, or look whether the tenancy's limit for it is zero",
        commands=(limits_of(seen),),
    )


def endpoint_unknown(seen: Seen) -> Cause | None:
    """An endpoint that is not there, or in a compartment that the caller may not use."""
    if not seen.ask.dedicated or not seen.is_denied or seen.error is None:
        return None
    if seen.prediction.verdict == "denied":
        return None
    return Cause(
        "the endpoint is not there, or in a compartment where the call is not allowed",
        (
            f"smoke calls {seen.ask.model}",
            f"in the compartment that is charged: {seen.prediction.why}",
        ),
        "compare the OCID, its region and its compartment with what the Console shows",
        commands=(
            f"oci generative-ai endpoint get --endpoint-id {seen.ask.model} --region {seen.region}",
        ),
    )


def _endpoint_of(seen: Seen) -> str:
    return f"oci generative-ai endpoint get --endpoint-id {seen.ask.model} --region {seen.region}"


def _since(seen: Seen) -> Iterator[str]:
    known = seen.model
    if known is not None and known.retired_on_demand is not None:
        yield f"{known.name} is not served on demand since {known.retired_on_demand}"
    elif known is not None and known.note == "retired":
        yield f"{known.name} is retired; the day was not found"


def _instead(seen: Seen) -> str:
    return "chat-stream" if seen.ask.call.endswith("-stream") else "chat"


def _wanted_format(seen: Seen) -> str | None:
    if seen.ask.model.startswith("ocid1."):
        return None
    if seen.ask.call.startswith("generate-text"):
        return "COHERE" if seen.ask.model.startswith("cohere.") else "LLAMA"
    return reference.chat_format(seen.ask.model)
