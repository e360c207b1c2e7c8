"""Why a call of another provider failed: the first cause that fits, with what shows it.

`CAUSES` has every cause that is known, with the page that it was read on or who reported it; the
order is that in which a call meets them: the key, the way, the text and the amount, the model, the
rights, the parameters, and what is left then. Where a gateway such as LiteLLM stands before a
provider the names of mistakes are lost, and their words decide.
"""

from ocipolicy.smoke.diagnosis import Cause
from ocipolicy.smoke.diagnosis.known import Known, first
from ocipolicy.smoke.services import credentials, requests, wire
from ocipolicy.smoke.services.seen import Seen

_DATE = ", 2026-11"
_OPENAI = "https://platform.openai.com/docs/guides/error-codes" + _DATE
_AZURE = "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference" + _DATE
_ENTRA = (
    "https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/managed-identity" + _DATE
)
_RBAC = (
    "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/role-based-access-control"
    + _DATE
)
_FILTERS = (
    "https://learn.microsoft.com/en-us/azure/ai-foundry/openai/concepts/content-filter" + _DATE
)
_COHERE = "https://docs.cohere.com/reference/errors" + _DATE
_NVIDIA = "https://python.langchain.com/docs/integrations/chat/nvidia_ai_endpoints" + _DATE
_ODA = "https://docs.oracle.com/en-us/iaas/digital-assistant/doc/llm-services.html" + _DATE
_HTTPX = "httpx 0.28.1"
_REPORTS = "reports of users, in issues of public projects, 2023 to 2026"


CAUSES = (
    Known("call-retired", requests.call_retired, _COHERE),
    Known("key-missing", credentials.key_missing, _OPENAI),
    Known("key-wrong-shape", credentials.key_wrong_shape, _NVIDIA),
    Known("azure-identity-missing", credentials.library_missing, _ENTRA),
    Known("no-token", credentials.no_token, "azure-identity 1.27.0"),
    Known("redirected", wire.redirected, _HTTPX),
    Known("unknown-host", wire.unknown_host, _HTTPX),
    Known("certificate-refused", wire.certificate_refused, _HTTPX),
    Known("proxy-in-the-way", wire.proxy_in_the_way, _HTTPX),
    Known("no-answer", wire.no_answer, _HTTPX),
    Known("cut-off", wire.cut_off, _HTTPX),
    Known(
        "answer-pending",
        wire.answer_pending,
        "https://docs.nvidia.com/cloud-functions/user-guide/latest/cloud-function/api.html" + _DATE,
        "that of chats was not seen, and is what NVIDIA's functions do otherwise",
    ),
    Known("not-streamed", wire.not_streamed, _ODA),
    Known("other-api", wire.other_api, _HTTPX),
    Known("content-filter", requests.content_filter, _FILTERS),
    Known("context-length", requests.context_length, _ODA),
    Known("quota-spent", requests.quota_spent, _OPENAI),
    Known("throttled", requests.throttled, _OPENAI),
    Known("wrong-api-version", requests.wrong_api_version, _REPORTS),
    Known("unknown-deployment", requests.unknown_deployment, _REPORTS),
    Known("model-retired", requests.model_retired, _REPORTS),
    Known("model-not-allowed", requests.model_not_allowed, _REPORTS),
    Known("wrong-task", requests.wrong_task, _REPORTS),
    Known("keys-switched-off", credentials.keys_switched_off, _REPORTS),
    Known("network-closed", credentials.network_closed, _REPORTS),
    Known("country-not-served", credentials.country_not_served, _OPENAI),
    Known("role-missing", credentials.role_missing, _RBAC),
    Known("wrong-key", credentials.wrong_key, _OPENAI),
    Known("key-may-not", credentials.not_allowed, _OPENAI),
    Known("parameter-refused", requests.parameter_refused, _NVIDIA),
    Known("unknown-model", requests.unknown_model, _OPENAI),
    Known("timed-out", wire.timed_out, _HTTPX),
    Known("wrong-path", wire.wrong_path, _REPORTS),
    Known("service-failed", wire.service_failed, _OPENAI),
    Known("bad-request", requests.bad_request, _AZURE),
    Known("unexplained", requests.unexplained, _OPENAI),
)


def diagnosed(seen: Seen) -> Cause:
    """The first cause that fits, or what is known where none does."""
    return first(CAUSES, seen)
