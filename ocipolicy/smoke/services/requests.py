"""Causes that lie in what is asked: model, version, parameters, the text, the amount."""

import re

from ocipolicy.diagnostics import closest
from ocipolicy.render.payloads import payload, streamed
from ocipolicy.smoke.diagnosis import Cause
from ocipolicy.smoke.services.seen import Seen

_VERSION = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-preview)?"
FILTERED = ("content_filter", "ERROR_TOXIC")
_MONEY = {
    "openai": "https://platform.openai.com/settings/organization/billing",
    "azure-openai": "the subscription in the Azure portal",
    "cohere": "https://dashboard.cohere.com/billing",
    "nvidia": "https://build.nvidia.com, where the credits of an account are shown",
}
_LIMITS = {
    "openai": "https://platform.openai.com/settings/organization/limits has those of the project",
    "azure-openai": "give the deployment more tokens per minute, as far as the quota goes",
    "cohere": "a trial key may call little; a production key more",
    "nvidia": "the limit is that of the account, over all its keys",
}
_DROPPED = ("max_tokens", "temperature", "stream")


def call_retired(seen: Seen) -> Cause | None:
    """A kind of call that the provider serves no model for."""
    if seen.error is not None or seen.answer is not None or not seen.service.retired:
        return None
    return Cause(
        f"{seen.provider} has retired {seen.service.kind}",
        ("nothing was sent",),
        f"take `kind` away from {seen.service.name}, and name a model that chats",
    )


def content_filter(seen: Seen) -> Cause | None:
    """A filter that stopped the question or the answer."""
    error = seen.refused
    stopped = seen.answer is not None and seen.answer.finish in FILTERED
    if not stopped and not (
        seen.calls_it("content_filter", "content_policy_violation")
        or seen.says(r"content management policy|contentpolicyviolation|content policy")
    ):
        return None
    shown = [seen.brief] if error else []
    if error is not None and error.filtered:
        shown.append(f"it found: {', '.join(error.filtered)}")
    if stopped and seen.answer is not None:
        shown.append(f"the answer ended with {seen.answer.finish}")
    return Cause(
        "the content filter stopped " + ("the answer" if stopped else "the question"),
        tuple(shown),
        "the question is harmless, so the filter is very strict: have another one put on the"
        + (" deployment" if seen.is_azure else " model, or name another model"),
    )


def context_length(seen: Seen) -> Cause | None:
    """More tokens than the model takes."""
    if not seen.calls_it("context_length_exceeded") and not seen.says(
        r"maximum context length|contextwindowexceeded|too many tokens|context window"
    ):
        return None
    return Cause(
        "question and answer together are longer than the model can take",
        (seen.brief,),
        "name a model with a larger context; in Digital Assistant ask for a shorter answer"
        " (`max_tokens`), and shorten the prompt and its history",
    )


def quota_spent(seen: Seen) -> Cause | None:
    """No money, or no credits, left."""
    if (
        not seen.refused_with(402)
        and not seen.calls_it("insufficient_quota", "billing_hard_limit_reached")
        and not seen.says(
            r"exceeded your current quota|billing (details|hard limit)|credits? (is|are|has|have)"
            r"|out of credits|insufficient (balance|credit|funds|quota)"
        )
    ):
        return None
    return Cause(
        f"the quota at {seen.whose} is spent",
        (seen.brief,),
        f"pay or raise it: {_money(seen)}; to wait does not help",
    )


def throttled(seen: Seen) -> Cause | None:
    """Too many requests at the moment."""
    error = seen.refused_with(429, 529)
    if error is None:
        return None
    wait = [f"it asks to wait {error.wait:g} s"] if error.wait is not None else []
    return Cause(
        f"{seen.whose} is throttling: too much was asked in a short time",
        (seen.brief, *wait),
        "try again in a minute" + ("" if seen.elsewhere else f"; {_LIMITS[seen.service.provider]}"),
        commands=(seen.again(),),
    )


def wrong_api_version(seen: Seen) -> Cause | None:
    """A version that Azure does not have, or that the model is not in."""
    if not seen.is_azure or seen.refused_with(400, 404) is None:
        return None
    named = seen.says(r"api[- ]?version")
    if not named and not (seen.refused_with(404) and seen.says(r"^resource not found")):
        return None
    found = re.search(_VERSION, seen.brief)
    version = found[0] if found and found[0] != seen.entry.api_version else "2024-10-21"
    return Cause(
        f"the resource has no such call in the version {seen.entry.api_version}",
        (seen.brief,),
        seen.line("api_version", version),
        doubt=None
        if named
        else "Azure says the same of a path that is not there for another reason: `endpoint` has to"
        " end with the host",
    )


def unknown_deployment(seen: Seen) -> Cause | None:
    """A deployment that the resource does not have."""
    if not seen.is_azure or not (
        seen.calls_it("deploymentnotfound", "model_not_found")
        or seen.says(
            r"deployment .*does not exist|invalid model name|model .*(not found|does not exist)"
            r"|no healthy deployments for this model"
        )
    ):
        return None
    name = seen.entry.deployment or ""
    near = closest(name, seen.models)
    return Cause(
        f"the resource has no deployment {name}",
        (seen.brief, "a deployment has a name of its own, which may differ from its model's"),
        f"did you mean `{near}`? " + seen.line("deployment", near)
        if near
        else "write `deployment:` as Azure lists it; one that is new takes some minutes",
        commands=(seen.az("deployment", "list", "--query", "'[].name'"),),
    )


def model_retired(seen: Seen) -> Cause | None:
    """A model that is not served any more."""
    if not seen.refused_with(410) and not seen.says(
        r"end of life|has been (deprecated|removed|retired|shut down)|was (removed|retired) on"
    ):
        return None
    return Cause(
        f"{seen.whose} serves the model {seen.service.model} no more",
        (seen.brief, *_where_listed(seen)),
        "name another model",
        commands=_list(seen),
    )


def model_not_allowed(seen: Seen) -> Cause | None:
    """A model that is there, and not for this key."""
    if not seen.says(
        r"not found for account|does not have access to model|not have access to the model"
    ):
        return None
    return Cause(
        f"the key may not use the model {seen.service.model}",
        (seen.brief, *_where_listed(seen)),
        "name a model that the key may use, or have its project or account given this one",
        commands=_list(seen),
        doubt="NVIDIA lists models that it does not serve for every account, as users report"
        if seen.service.provider == "nvidia"
        else None,
    )


def unknown_model(seen: Seen) -> Cause | None:
    """A model that the provider does not have."""
    model = seen.service.model
    unlisted = bool(seen.models) and model not in seen.models and seen.refused_with(400, 404, 422)
    if not unlisted and not (
        seen.calls_it("model_not_found")
        or seen.says(
            r"invalid model name|unknown model|model\W.*(not found|does not exist|not exist)"
            r"|no such model|no healthy deployments for this model"
        )
    ):
        return None
    near = closest(model, seen.models)
    return Cause(
        f"{seen.whose} has no model {model}, or the key may not use it",
        (seen.brief, *_where_listed(seen)),
        f"did you mean `{near}`? " + seen.line("model", near)
        if near
        else seen.line("model", "NAME") + ", as the list has it",
        commands=_list(seen),
    )


def wrong_task(seen: Seen) -> Cause | None:
    """A model that does other things than chat."""
    if not seen.calls_it("operationnotsupported") and not seen.says(
        r"not a chat model|only supported in v1/|does not work with the specified model"
        r"|not supported by the \w+ api|not supported in the v1|not compatible with .*endpoint"
    ):
        return None
    model = seen.entry.deployment or seen.service.model
    what = "a deployment of a model" if seen.is_azure else "a model"
    return Cause(
        f"{model} is not made for {seen.service.kind}",
        (seen.brief,),
        f"name {what} that chats"
        if seen.service.kind == "chat"
        else f"take `kind` away from {seen.service.name}, if the model chats",
        commands=_list(seen),
    )


def parameter_refused(seen: Seen) -> Cause | None:
    """A parameter that the model does not take."""
    name = _refused(seen)
    if name is None:
        return None
    if name not in _DROPPED:
        return Cause(
            f"the model does not take the parameter `{name}`",
            (seen.brief,),
            "name another model; this parameter cannot be left out",
        )
    drop = ", ".join((*seen.service.drop, name))
    other = " Digital Assistant can send `max_completion_tokens` in its place."
    return Cause(
        f"the model does not take the parameter `{name}`",
        (seen.brief,),
        f"leave it out: {seen.line('drop', f'[{drop}]')}"
        + ("." + other if seen.says("max_completion_tokens") else ""),
        commands=(seen.again(),),
    )


def bad_request(seen: Seen) -> Cause | None:
    """Something that the provider does not accept, in its own words."""
    error = seen.refused
    if error is None or not 400 <= error.status < 500:
        return None
    return Cause(
        f"{seen.whose} does not accept what was sent",
        (seen.brief, *([f"it is about `{error.param}`"] if error.param else [])),
        "its words say what is wrong; a parameter that the model does not know is left out with"
        f" `drop:` under {seen.service.name}",
    )


def unexplained(seen: Seen) -> Cause | None:
    """Whatever is left, such as an error within a stream that has no name."""
    said = seen.brief or (seen.error.message if seen.error else "")
    return Cause(
        f"{seen.whose} gave an error that is not known here",
        (said,) if said else (),
        "its words are all that is known",
        commands=(seen.again(),),
    )


def _refused(seen: Seen) -> str | None:
    """The parameter that a refusal is about, if it is about one that the model does not take."""
    error = seen.refused_with(400, 422)
    if error is None or not (
        seen.calls_it("unsupported_parameter", "unsupported_value", "unknown_parameter")
        or seen.says(
            r"unsupported (parameter|value)|unrecognized request argument|extra_forbidden"
            r"|extra (inputs|fields)( are)? not permitted|unknown (parameter|field|argument)"
            r"|does not support parameters|unexpected (keyword|field)"
        )
    ):
        return None
    sent = streamed(seen.service) if seen.streamed else payload(seen.service)
    if error.param in sent:
        return error.param
    named = [name for name in sent if re.search(rf"\b{name}\b", error.said)]
    return named[0] if named else None


def _where_listed(seen: Seen) -> tuple[str, ...]:
    """What the list of models says of this one."""
    if not seen.models:
        return ()
    has = "has it" if seen.service.model in seen.models else "does not have it"
    count = "1 model" if len(seen.models) == 1 else f"{len(seen.models)} models"
    return (f"the list of {count} {has}",)


def _money(seen: Seen) -> str:
    return f"ask whoever runs {seen.elsewhere}" if seen.elsewhere else _MONEY[seen.service.provider]


def _list(seen: Seen) -> tuple[str, ...]:
    if seen.is_azure:
        return (seen.az("deployment", "list", "--query", "'[].[name, properties.model.name]'"),)
    return (seen.listing(),)
