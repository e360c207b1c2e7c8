"""Who answers a request, and for whom: the compartment, then the model on demand or the endpoint.

First the caller is asked about, then the model: whoever has no permission learns nothing of models
and endpoints. The compartment of a request is the one where the operation has to be allowed.

On demand, `modelId` is the name of a model or its OCID (as ListModels has it; what a real tenancy
calls it is not there). Policies may compare `target.model.id`, which is the name however the model
was asked for, as in Oracle's example. It has to be in the reference, not retired on the day of the
sandbox's clock, and made for the task.

Dedicated, `endpointId` is the OCID of a resource in the world whose type is `generativeaiendpoint`,
in whatever tenancy; the operation has to be allowed in its compartment as well. The world does not
say which model is behind an endpoint, so it serves every task and format; `target.model.id` is not
known for it, and a statement that compares it lets nobody through.

Not modelled: which model is offered in which region; quotas and limits of a tenancy.
"""

from dataclasses import dataclass

from ocipolicy import reference
from ocipolicy.evaluate import Place
from ocipolicy.sandbox.fields import Fields
from ocipolicy.sandbox.models import is_retired, model_of
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import Refusal, invalid, not_found
from ocipolicy.world import Resource, World

ENDPOINT = "generativeaiendpoint"
# At most so many tokens of an answer on demand (oci 2.189.0, `maxTokens`).
MOST_TOKENS = 4000

# What OCI calls a task when a model is not made for it. Only the first was read anywhere, in
# reports of `cohere.command-r-08-2024 does not support TextGeneration`; the others follow it.
_TASKS = {
    "text-generation": "TextGeneration",
    "text-summarization": "TextSummarization",
    "text-embedding": "TextEmbedding",
    "text-rerank": "TextRerank",
    "chat": "Chat",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What answers a request: a model on demand, or an endpoint with `model` None.

    `id` is what the request called it, `label` what people call it.
    """

    place: Place
    id: str
    label: str
    model: reference.Model | None

    @property
    def version(self) -> str:
        """`modelVersion` of a response, as it was seen for Cohere's models and for Meta's."""
        return "1.0.0" if self.model and self.model.vendor != "cohere" else "1.0"


def refused(status: int, message: str) -> Refusal:
    """An error of the inference itself: OCI has the status for a code there.

    Source: reports, and the tests of Elasticsearch, `{"code": "404", "message": "Entity with key
    cohere.x not found"}`.
    """
    return Refusal(status, str(status), message)


def serve(asked: Asked, body: Fields, task: str) -> Served:
    """Who answers a request with a `compartmentId` and a `servingMode`. Raises Refusal."""
    compartment = body.text("compartmentId")
    mode = body.part("servingMode")
    kind = mode.word("servingType", ("ON_DEMAND", "DEDICATED"))
    if kind == "DEDICATED":
        return dedicated(asked, compartment, mode.text("endpointId"))
    return on_demand(asked, compartment, mode.text("modelId"), task)


def serve_named(asked: Asked, compartment: str, name: str, task: str) -> Served:
    """Who answers where one word names a model or an endpoint, as in OpenAI's API."""
    if name.startswith(f"ocid1.{ENDPOINT}."):
        return dedicated(asked, compartment, name)
    return on_demand(asked, compartment, name, task)


def on_demand(asked: Asked, compartment: str, name: str, task: str) -> Served:
    """The model of a name or OCID, for a caller who may use it."""
    check_region(asked)
    model = model_of(name)
    place = asked.allow(compartment, {"target.model.id": (model.name if model else name,)})
    state = asked.state
    if model is None or (is_retired(model, state.now().date()) and not state.serve_retired):
        raise refused(404, f"Entity with key {name} not found")
    if task not in model.tasks:
        raise refused(400, f"{name} does not support {_TASKS[task]}")
    return Served(place, name, model.name, model)


def dedicated(asked: Asked, compartment: str, ocid: str) -> Served:
    """The endpoint of an OCID, for a caller who may use it."""
    check_region(asked)
    place = asked.allow(compartment)
    endpoint = _endpoint(asked.state.world, ocid)
    if endpoint is None:
        raise not_found()
    asked.allow(endpoint[0])
    return Served(place, ocid, endpoint[1].name, None)


def check_region(asked: Asked) -> None:
    """Refuse a region where Generative AI does not run; in OCI it has no host there at all.

    A request that names no region is taken for one to a region where it does.
    """
    region = asked.call.region
    if region is not None and region not in reference.regions():
        raise Refusal(404, "NotFound", f"Generative AI does not run in the region {region}.")


def limit(served: Served, request: Fields, *names: str) -> int | None:
    """The lowest of the limits on tokens that a request has under some names."""
    found: list[int] = []
    for name in names:
        value = request.whole(name, 1)
        if value is not None and served.model is not None and value > MOST_TOKENS:
            raise invalid(
                f"Invalid Parameter: {name} is at most {MOST_TOKENS} for on-demand inferencing"
            )
        found += [value] if value is not None else []
    return min(found, default=None)


def _endpoint(world: World, ocid: str) -> tuple[str, Resource] | None:
    """The OCID of an endpoint's compartment, and the endpoint."""
    tenancy = world.tenancy_of(ocid)
    for each in tenancy.resources.values() if tenancy else ():
        if tenancy and each.ocid == ocid and each.type == ENDPOINT:
            return tenancy.compartments[each.compartment].ocid, each
    return None
