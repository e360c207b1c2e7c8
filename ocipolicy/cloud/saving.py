"""Why a policy is not taken when it is saved: what OCI says, what it means, and what to write.

The words are those that users report; OCI documents none of them.
"""

import re
from dataclasses import dataclass

OPERATIONS = frozenset(("CreatePolicy", "UpdatePolicy"))


@dataclass(frozen=True, slots=True)
class Objection:
    """Words of OCI about a statement (a pattern), what they mean, what to do; and where seen."""

    said: str
    cause: str
    fix: str
    source: str


OBJECTIONS = (
    Objection(
        r"the (dynamic )?group .* does not exist under current compartment hierarchy",
        "a group of a statement is not there, or it is in another identity domain",
        "create it, or name it with its domain: 'DOMAIN'/'GROUP'",
        "terraform-oci-ocloud-foundation#6",
    ),
    Objection(
        r"the compartment .* does not exist under current compartment hierarchy",
        "a compartment's path does not lead anywhere from the compartment of the policy",
        "write the path from there, or `compartment id` and the OCID",
        "oci-micronaut#3",
    ),
    Objection(
        r"compartment .* does not exist or is not part of the policy compartment subtree",
        "a compartment is not below the one that the policy is attached to",
        "attach the policy further up, to the root compartment say",
        "oracle-enterprise-landingzone#100",
    ),
    Objection(
        r"invalid right-hand side in condition",
        "a value without quotes is taken for a variable, or `id` is missing in front of an OCID",
        "put the value in single quotes, and write `compartment id OCID`",
        "terraform-provider-oci#1335",
    ),
    Objection(
        r"maximum number of policy statements allowed for this compartment hierarchy",
        "there are 500 statements on the way from the root to a compartment, and no more are taken",
        "put statements together, or move policies down to the compartments that they are for",
        "https://www.ateam-oracle.com/?p=11768",
    ),
    Objection(
        r"deny statement passed into a allow compilation",
        "the tenancy has not opted in to deny statements",
        "a member of Administrators of the Default domain enables them in the Console",
        "https://docs.oracle.com/en-us/iaas/Content/Identity/policysyntax/denypolicies.htm",
    ),
)


def objection(operation: str, said: str) -> tuple[str, str] | None:
    """Cause and fix of a policy that was not taken; None for words that are not known.

    >>> objection("CreatePolicy", "The group X does not exist under current compartment hierarchy.")
    ... # doctest: +ELLIPSIS
    ('a group of a statement is not there, ...
    """
    if operation not in OPERATIONS:
        return None
    for each in OBJECTIONS:
        if re.search(each.said, said, re.IGNORECASE):
            return each.cause, each.fix
    return None
