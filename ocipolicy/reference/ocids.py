"""The shape of an OCID: `ocid1.<type>.<realm>.[region].<id>`, with any id that is not empty.

Source: https://docs.oracle.com/en-us/iaas/Content/General/Concepts/identifiers.htm, 2026-11.
"""

import re
from dataclasses import dataclass

# Every character of an OCID is one that a bare word of the policy language may have, so that an
# OCID can never end a statement early.
_OCID = re.compile(
    r"ocid1\.(?P<kind>[A-Za-z0-9_-]+)\.(?P<realm>[A-Za-z0-9_-]+)\.(?P<region>[A-Za-z0-9_-]*)"
    r"\.(?P<id>[A-Za-z0-9_.-]*[A-Za-z0-9_-])"
)
_REALM = re.compile(r"oc[0-9]+")


@dataclass(frozen=True, slots=True)
class OcidParts:
    """The parts of an OCID; `kind` is its type word (`odainstance`), `region` may be empty."""

    kind: str
    realm: str
    region: str
    id: str

    @property
    def is_of_oracle(self) -> bool:
        """Whether the realm is written like one of Oracle's: `oc` and a number."""
        return _REALM.fullmatch(self.realm) is not None


def ocid_parts(text: str) -> OcidParts | None:
    """The parts of an OCID; None for a text that is none.

    >>> ocid_parts("ocid1.odainstance.oc1.iad.sales").kind
    'odainstance'
    """
    found = _OCID.fullmatch(text)
    return OcidParts(**found.groupdict()) if found else None
