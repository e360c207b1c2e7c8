"""Which hosts the sandbox answers for: its own, and in proxy mode those of Oracle's cloud."""

import re
from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost")
METADATA = "169.254.169.254"

# The second-level domains of Oracle's realms, as oci 2.189.0 has them.
_NUMBERED = (8, 9, 10, 14, 15, 20, 21, 23, 24, 26, 29, 35, 42, 51, 52)
DOMAINS = (
    "oraclecloud.com",
    "oraclecloud.eu",
    "oraclegovcloud.com",
    "oraclegovcloud.uk",
    *(f"oraclecloud{realm}.com" for realm in _NUMBERED),
)
_DOMAIN = "(?:" + "|".join(map(re.escape, DOMAINS)) + ")"
_ORACLES = re.compile(rf"(?:[a-z0-9-]+\.)+{_DOMAIN}")
_REGIONAL = re.compile(
    r"(?P<service>[a-z0-9.-]+?)\.(?P<region>[a-z]+(?:-[a-z]+)+-[0-9]+)\.(?:ds\.)?(?:oci\.)?"
    + _DOMAIN
)
_AUTHORITY = re.compile(r"(?P<name>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
# What stands before the region in a host, with the service that the reference names.
SERVICES = {
    "auth": "auth",
    "identity": "identity",
    "inference.generativeai": "generative-ai",
    "generativeai": "generative-ai",
    "language.aiservice": "language",
}


@dataclass(frozen=True, slots=True)
class Host:
    """Whom a request is for.

    `region` and `service` are None where the host speaks of none, as the sandbox's own address. A
    service that is not simulated is the empty word.
    """

    name: str
    region: str | None = None
    service: str | None = None


def is_oracles(name: str) -> bool:
    """Whether a name is that of a host in Oracle's cloud.

    >>> is_oracles("identity.us-chicago-1.oci.oraclecloud.com"), is_oracles("example.com")
    (True, False)
    """
    return len(name) < 254 and _ORACLES.fullmatch(name.lower()) is not None


def split_authority(text: str) -> tuple[str, int | None] | None:
    """Name (in lower case) and port of `NAME[:PORT]`; None for what is neither.

    >>> split_authority("127.0.0.1:8080")
    ('127.0.0.1', 8080)
    """
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    port = found["port"]
    return found["name"].lower(), int(port) if port else None


def host_of(text: str) -> Host | None:
    """The host that a Host header names; None for one that the sandbox does not answer for.

    A web page could have the browser call the sandbox under a name of its own (DNS rebinding), so
    no other names are served.
    """
    authority = split_authority(text)
    if authority is None:
        return None
    name = authority[0]
    if name in (*LOOPBACK, METADATA):
        return Host(name)
    if not is_oracles(name):
        return None
    regional = _REGIONAL.fullmatch(name)
    if regional is None:
        return Host(name, None, "")
    return Host(name, regional["region"], SERVICES.get(regional["service"], ""))
