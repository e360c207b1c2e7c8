"""What a compute instance asks on the computer it is: who am I, and where (the metadata service).

A real instance reaches its own at 169.254.169.254. Here `/i/TENANCY/NAME/opc/v2` is the one of an
instance, and `/opc/v2` that of the only instance in the world; OCI_METADATA_BASE_URL names either.

Source: https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm, 2026-11.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ocipolicy import reference
from ocipolicy.evaluate import Who
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.sandbox.keys import Keys
from ocipolicy.sandbox.log import Entry
from ocipolicy.sandbox.signatures import Unsigned
from ocipolicy.sandbox.state import home_region
from ocipolicy.sandbox.wire import Call, Refusal, Reply, answer
from ocipolicy.world import Resource, World

_TEXT = "text/plain"
_PATH = re.compile(r"(?:/i/(?P<tenancy>[^/]+)/(?P<name>[^/]+))?/opc/v2/(?P<what>.*)")
# The real service refuses what a proxy passed on, since that can be somebody else's request.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")


class Metadata:
    """Answers for the instances of a world."""

    def __init__(self, world: Callable[[], World], keys: Keys, certificates: Certificates) -> None:
        self._world = world
        self._keys = keys
        self._certificates = certificates

    def counter(self, call: Call, entry: Entry) -> Reply | None:
        """The answer to a request for metadata; None for any other. Raises Refusal, Unsigned."""
        found = _PATH.fullmatch(call.target.partition("?")[0])
        if found is None:
            return None
        entry.operation = "metadata:Get"
        if call.method not in ("GET", "HEAD"):
            raise Refusal(405, "MethodNotAllowed", f"{call.method} is not possible here.")
        if call.headers.get("authorization", "").lower() != "bearer oracle":
            raise Unsigned("metadata are for requests with `Authorization: Bearer Oracle`")
        if any(name in call.headers for name in _FORWARDED):
            raise Unsigned("metadata are not for forwarded requests")
        who = self._instance(found["tenancy"], found["name"])
        if who is None:
            raise Refusal(404, "NotFound", "The sandbox has no such instance, or not just one.")
        entry.principal = who[0].label
        return self._said(*who, found["what"].rstrip("/"))

    def _instance(self, tenancy: str | None, name: str | None) -> tuple[Who, Resource] | None:
        found = [
            (Who(each, resource), resource)
            for each in self._world().tenancies.values()
            for resource in each.resources.values()
            if tenancy is None
            or (each.name, resource.name) == (unquote(tenancy), unquote(name or ""))
        ]
        instances = [each for each in found if each[0].kind == "instance"]
        return instances[0] if len(instances) == 1 else None

    def _said(self, who: Who, instance: Resource, what: str) -> Reply:
        room, _, key = what.partition("/")
        if room == "identity":
            pem = self._identity(who, instance, key)
            if pem is not None:
                return Reply(200, {"content-type": _TEXT}, pem)
        elif room == "instance":
            described = _described(who, instance)
            if not key:
                return answer(described)
            value = described.get(key)
            if isinstance(value, str):
                return Reply(200, {"content-type": _TEXT}, value.encode())
            if value is not None:
                return answer(value)
        raise Refusal(404, "NotFound", f"The sandbox has no metadata {what}.")

    def _identity(self, who: Who, instance: Resource, file: str) -> bytes | None:
        key = self._keys.of(who.label, instance.ocid)
        match file:
            case "cert.pem":
                leaf = self._certificates.of_instance(who, instance, key.public)
                return leaf.public_bytes(Encoding.PEM)
            case "intermediate.pem":
                return self._certificates.authority.public_bytes(Encoding.PEM)
            case "key.pem":
                return key.private.private_bytes(
                    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
                )
        return None


def _described(who: Who, instance: Resource) -> dict[str, Any]:
    name = _region(who, instance)
    region = reference.region(name)
    parts = reference.ocid_parts(instance.ocid)
    realm = region.realm if region else parts.realm if parts else ""
    return {
        "id": instance.ocid,
        "displayName": instance.name,
        "compartmentId": who.tenancy.compartments[instance.compartment].ocid,
        "tenantId": who.tenancy.ocid,
        "region": name,
        "canonicalRegionName": name,
        "regionInfo": {
            "realmDomainComponent": "oraclecloud.com",
            "realmKey": realm,
            "regionIdentifier": name,
            "regionKey": region.key if region else name,
        },
    }


def _region(who: Who, instance: Resource) -> str:
    """The region that an instance's OCID names, else the home region of its tenancy."""
    parts = reference.ocid_parts(instance.ocid)
    said = parts.region if parts else ""
    region = reference.region(said) or reference.region_of_key(said)
    return region.name if region else home_region(who.tenancy)
