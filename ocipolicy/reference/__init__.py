"""The dictionary: what OCI's words mean, as data, each row with its source and its date.

The rows are the YAML files beside this one, each read once, when it is first asked for; nothing is
read by the import. `grants` has resource types, operations and permissions, `conditions` variables
and principal types, `surroundings` regions, models and limits, `ocids` the shape of an OCID. Every
kind of word has a mapping of all (`resource_types()`) and a look-up of one (`resource_type(name)`),
which gives None for a word that is not there; `suggest` then says which was meant.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ocipolicy.diagnostics import closest
from ocipolicy.reference.conditions import (
    Caller,
    PrincipalType,
    Variable,
    principal_type,
    principal_types,
    variable,
    variables,
)
from ocipolicy.reference.facts import Fact
from ocipolicy.reference.grants import (
    ALL_RESOURCES,
    COMPLETE,
    VERBS,
    Operation,
    Part,
    Permission,
    ResourceType,
    Service,
    operation,
    operations,
    permission,
    permissions,
    resource_type,
    resource_types,
    services,
)
from ocipolicy.reference.ocids import OcidParts, ocid_parts
from ocipolicy.reference.surroundings import (
    ApiFormat,
    Limit,
    Model,
    Region,
    all_regions,
    chat_format,
    limit,
    limits,
    model,
    models,
    region,
    region_of_key,
    regions,
)

__all__ = [
    "ALL_RESOURCES",
    "COMPLETE",
    "KINDS",
    "VERBS",
    "ApiFormat",
    "Caller",
    "Fact",
    "Limit",
    "Model",
    "OcidParts",
    "Operation",
    "Part",
    "Permission",
    "PrincipalType",
    "Region",
    "ResourceType",
    "Service",
    "Variable",
    "all_regions",
    "chat_format",
    "limit",
    "limits",
    "model",
    "models",
    "ocid_parts",
    "operation",
    "operations",
    "permission",
    "permissions",
    "principal_type",
    "principal_types",
    "region",
    "region_of_key",
    "regions",
    "resource_type",
    "resource_types",
    "services",
    "suggest",
    "variable",
    "variables",
]

# Every kind of word, as people name it, with the reader of all its words. An operation can be in
# several services at once, all others are one row.
KINDS: Mapping[str, Callable[[], Mapping[str, Fact | tuple[Fact, ...]]]] = MappingProxyType(
    {
        "resource": resource_types,
        "operation": operations,
        "permission": permissions,
        "variable": variables,
        "region": all_regions,
        "model": models,
        "principal": principal_types,
        "limit": limits,
    }
)


def suggest(kind: str, name: str) -> str | None:
    """The word of a kind (a key of `KINDS`) that a misspelt one most likely means.

    >>> suggest("operation", "chat")
    'Chat'
    """
    words = KINDS[kind]()
    by_lower_case = {word.lower(): word for word in words}
    near = closest(name.lower(), by_lower_case)
    return by_lower_case[near] if near else None
