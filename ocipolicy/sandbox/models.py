"""The models of Generative AI, listed and shown: those of the reference, under OCIDs of our own.

This is the management API, `/20231130/models`. A tenancy of the sandbox has no models of its own,
only the ones that Oracle offers, and they belong to no compartment; so `GetModel` is asked for in
the root of the caller's tenancy. What OCI does there was not found. When a model was made is not
known, and `timeCreated` is left out.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from ocipolicy import reference
from ocipolicy.sandbox.fields import missing
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import REALM
from ocipolicy.sandbox.wire import Reply, answer, invalid, not_found

LARGEST_PAGE = 1000
# The names of tasks in this API (oci 2.189.0, `generative_ai.models.Model`).
CAPABILITIES: Mapping[str, str] = {
    "chat": "CHAT",
    "text-generation": "TEXT_GENERATION",
    "text-summarization": "TEXT_SUMMARIZATION",
    "text-embedding": "TEXT_EMBEDDINGS",
    "text-rerank": "TEXT_RERANK",
}


def ocid_of(model: reference.Model) -> str:
    """The OCID of a model: the same in every sandbox, and in no cloud.

    >>> ocid_of(reference.models()["cohere.command-r-08-2024"])
    'ocid1.generativeaimodel.oc0..sandboxdb6673dc4e19e14bd1e66249d30225c2'
    """
    digest = hashlib.sha256(model.name.encode()).hexdigest()[:32]
    return f"ocid1.generativeaimodel.{REALM}..sandbox{digest}"


def model_of(name: str) -> reference.Model | None:
    """The model that a name or an OCID means."""
    return reference.model(name) or _by_ocid().get(name)


def is_retired(model: reference.Model, day: date) -> bool:
    """Whether a model is not served on demand on a day; of some nobody knows since when."""
    since = model.retired_on_demand
    return since <= day if since else model.note == "retired"


def list_models(asked: Asked) -> Reply:
    """The models, by name; `capability` may be given several times, and any of them will do."""
    query = asked.call.query
    compartment = query.get("compartmentId")
    if not compartment:
        raise missing("compartmentId")
    asked.allow(compartment)
    order = query.get("sortOrder", "ASC").upper()
    if order not in ("ASC", "DESC"):
        raise invalid("Invalid Parameter: sortOrder must be ASC or DESC")
    found = sorted(_wanted(asked), key=lambda each: each.name, reverse=order == "DESC")
    first, size = _count(query, "page", 0), _count(query, "limit", LARGEST_PAGE)
    last = first + min(size, LARGEST_PAGE)
    headers = {"opc-next-page": str(last)} if last < len(found) else {}
    return answer({"items": [_shown(each) for each in found[first:last]]}, headers=headers)


def get_model(asked: Asked) -> Reply:
    """One model, by its OCID."""
    found = _by_ocid().get(asked.arguments["model"])
    given = {"target.model.id": (found.name,)} if found else {}
    asked.allow(asked.who.tenancy.ocid, given)
    if found is None:
        raise not_found()
    return answer(_shown(found))


ROUTES = (
    Route("GET", "/20231130/models", "generative-ai", "ListModels", list_models),
    Route("GET", "/20231130/models/<model>", "generative-ai", "GetModel", get_model),
)


@cache
def _by_ocid() -> Mapping[str, reference.Model]:
    return {ocid_of(each): each for each in reference.models().values()}


def _wanted(asked: Asked) -> Iterator[reference.Model]:
    """The models that the query does not leave out."""
    query = asked.call.query
    capabilities = {
        value
        for name, value in parse_qsl(asked.call.target.partition("?")[2])
        if name == "capability"
    }
    for each in reference.models().values():
        has = {
            "vendor": each.vendor,
            "displayName": each.name,
            "id": ocid_of(each),
            "lifecycleState": "ACTIVE",
        }
        tasks = {CAPABILITIES[task] for task in each.tasks}
        if all(query.get(name, value) == value for name, value in has.items()) and (
            not capabilities or capabilities & tasks
        ):
            yield each


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10) or (
        name == "limit" and int(text) == 0
    ):
        raise invalid(f"Invalid Parameter: {name}")
    return int(text)


def _shown(model: reference.Model) -> dict[str, Any]:
    return {
        "id": ocid_of(model),
        "displayName": model.name,
        "vendor": model.vendor,
        "version": "1.0",
        "capabilities": [CAPABILITIES[task] for task in model.tasks],
        "type": "BASE",
        "lifecycleState": "ACTIVE",
        "isLongTermSupported": False,
        "timeOnDemandRetired": _midnight(model.retired_on_demand),
        "timeDedicatedRetired": _midnight(model.retired_dedicated),
        "freeformTags": {},
        "definedTags": {},
    }


def _midnight(day: date | None) -> str | None:
    return f"{day.isoformat()}T00:00:00.000Z" if day else None
