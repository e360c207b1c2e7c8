"""The SDK's end of the wire: the only door to the package oci, imported with the first call.

    cloud = Cloud(Profile(name="CALLER"))
    for policy in cloud.policies():
        ...

A `Cloud` is one side, a profile and the tenancy it leads to (`identity`); `inference` has the calls
that try access out. Both ask over a `connection`: it signs with the `credentials` of the profile,
looks first whether anything answers at all (`reach`), and tries again what may pass. What goes
wrong is one of three `errors`, with cause and way out. `snapshot` reads a tenancy as a world,
`live` the tenancies of a config as plan needs them.

Not read (November 2026): the identity domains other than Default, since the API of 2016 lists the
users, groups and dynamic groups of that one alone; principals that are no users; network sources.
"""

from ocipolicy.cloud.connection import Attempt, OnAttempt, Retries
from ocipolicy.cloud.errors import CloudError, NoCredentials, Refused, Unreachable
from ocipolicy.cloud.identity import Caller, Cloud, Listed, LivePolicy, Subscription

__all__ = [
    "Attempt",
    "Caller",
    "Cloud",
    "CloudError",
    "Listed",
    "LivePolicy",
    "NoCredentials",
    "OnAttempt",
    "Refused",
    "Retries",
    "Subscription",
    "Unreachable",
]
