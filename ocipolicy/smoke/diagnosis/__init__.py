"""Why a call failed, or would: one cause, the first that fits, with what shows it and the way out.

`CAUSES` has every cause that is known, each with the page or report that it was read in; the order
is that in which a call meets them: what keeps it from being sent, the way to the service, the
signature, the request, the model, the policies, and what is left then. `wire`, `models` and
`statements` have a small function for each.
"""

from functools import partial

from ocipolicy.smoke.diagnosis import models, statements, wire
from ocipolicy.smoke.diagnosis.known import Known, first
from ocipolicy.smoke.diagnosis.seen import Cause, Paste, Proof, Seen

__all__ = ["CAUSES", "Cause", "Known", "Paste", "Proof", "Seen", "diagnosed"]

_ERRORS = "https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm"
_CROSS = "https://docs.oracle.com/en-us/iaas/Content/Identity/policieshow/iam-cross-domain.htm"
_CONDITIONS = (
    "https://docs.oracle.com/en-us/iaas/Content/Identity/Concepts/policyadvancedfeatures.htm"
)
_POLICIES = "https://docs.oracle.com/en-us/iaas/Content/Identity/Concepts/policies.htm"
_SDK = "oci 2.189.0 (Oracle's SDK for Python)"
_RETIRED = "https://docs.oracle.com/en-us/iaas/Content/generative-ai/deprecating-on-demand.htm"
_ODA = "https://docs.oracle.com/en-us/iaas/digital-assistant/doc/llm-services.html"
_REPORTS = "reports of users, in issues of public projects"

CAUSES = (
    Known("allowed-all-the-same", statements.allowed_all_the_same, _POLICIES),
    Known("expired-token", wire.expired_token, _SDK),
    Known("no-resource-principal", wire.no_resource_principal, _SDK),
    Known("no-credentials", wire.no_credentials, _SDK),
    Known(
        "proxy-in-the-way",
        wire.proxy_in_the_way,
        _REPORTS,
        "an answer without a request id is taken for another's than OCI's",
    ),
    Known(
        "region-without-service",
        wire.region_without_service,
        "https://docs.oracle.com/en-us/iaas/Content/generative-ai/regions.htm",
        "regions are added; the list is as old as the reference",
    ),
    Known("no-answer", wire.unreachable, _SDK),
    Known("cut-off", wire.cut_off, _SDK),
    Known("wrong-clock", wire.wrong_clock, _ERRORS),
    Known("region-not-subscribed", wire.region_not_subscribed, _CROSS),
    Known("unknown-key", wire.unknown_key, _ERRORS),
    Known("throttled", wire.throttled, _ERRORS),
    Known("limit-reached", wire.limit_reached, _ERRORS),
    Known("service-failed", wire.service_failed, _ERRORS),
    Known(
        "wrong-task",
        models.wrong_task,
        _REPORTS,
        "of these words only those about TextGeneration were read",
    ),
    Known(
        "wrong-api-format", models.wrong_format, _REPORTS, "the words of the service were not read"
    ),
    Known("bad-request", models.bad_request, _ERRORS),
    Known("action-retired", models.action_retired, _RETIRED, "that no model is left was inferred"),
    Known("model-retired", models.model_retired, _RETIRED),
    Known("model-unknown", models.model_unknown, _REPORTS),
    Known("model-not-served-here", models.model_elsewhere, _REPORTS),
    Known("wrong-compartment", statements.no_such_compartment, _POLICIES),
    Known("compartment-unread", statements.compartment_unread, _POLICIES),
    Known(
        "denied-by-policy",
        statements.denied_by_deny,
        "https://docs.oracle.com/en-us/iaas/Content/Identity/policysyntax/denypolicies.htm",
    ),
    Known("define-in-another-policy", statements.define_elsewhere, _CROSS),
    Known("wrong-alias", statements.wrong_alias, _CROSS),
    Known("policy-not-in-root", statements.not_in_root, _CROSS),
    Known("inapplicable-variable", statements.inapplicable_variable, _CONDITIONS),
    Known("wrong-instance", statements.wrong_instance, _ODA),
    Known("wrong-compartment", statements.wrong_compartment, _POLICIES),
    Known("condition-fails", statements.condition_fails, _CONDITIONS),
    Known(
        "dynamic-group-misses",
        statements.dynamic_group_misses,
        "https://docs.oracle.com/en-us/iaas/Content/Identity/Tasks/managingdynamicgroups.htm",
    ),
    Known("verb-too-low", statements.lower_verb, _POLICIES),
    Known("unknown-resource-type", statements.unknown_type, _REPORTS),
    Known("unreadable-statement", statements.unreadable_statement, _REPORTS),
    Known("missing-allow", partial(statements.missing_statement, "allow"), _ERRORS),
    Known("missing-endorse", partial(statements.missing_statement, "endorse"), _CROSS),
    Known("missing-admit", partial(statements.missing_statement, "admit"), _CROSS),
    Known("oracles-side", statements.oracles_side, _ODA),
    Known("undecided", statements.undecided, _CONDITIONS),
    Known(
        "endpoint-unknown",
        models.endpoint_unknown,
        _SDK,
        "which compartment counts for a dedicated endpoint is not documented",
    ),
    Known(
        "not-yet-propagated",
        statements.not_yet_there,
        "https://docs.oracle.com/en-us/iaas/Content/Identity/policymgmt/managingpolicies.htm",
    ),
    Known("policies-unread", statements.unread_policies, _ERRORS),
    Known("unexplained", statements.unexplained, _ERRORS),
)


def diagnosed(seen: Seen) -> Cause:
    """The first cause that fits; there always is one."""
    return first(CAUSES, seen)
