"""Compartments: list, create, get, update, delete."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from ocipolicy.evaluate import Place
from ocipolicy.sandbox.identity.fields import Body, required
from ocipolicy.sandbox.identity.pages import listed
from ocipolicy.sandbox.identity.records import described, new_record, next_record
from ocipolicy.sandbox.identity.writes import check_version, once, store
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import mint, with_compartment, without_compartment
from ocipolicy.sandbox.wire import Refusal, Reply, answer, invalid, not_found
from ocipolicy.world import Compartment, Tenancy


def _list(asked: Asked) -> Reply:
    """The compartments in one, or in the whole tenancy, but for the root.

    With `accessLevel=ACCESSIBLE` only those that the caller may inspect, or that lead to one, and
    the permission for the compartment that is listed is not asked for (SDK on `access_level`).
    """
    query = asked.call.query
    ocid = required(asked, "compartmentId")
    level = query.get("accessLevel", "ANY").upper()
    if level not in ("ANY", "ACCESSIBLE"):
        raise invalid("Invalid Parameter: accessLevel must be ANY or ACCESSIBLE")
    place = asked.state.place(ocid) if level == "ACCESSIBLE" else asked.allow(ocid)
    if place is None:
        raise not_found()
    inside, top = query.get("compartmentIdInSubtree", "false").lower() == "true", place.compartment
    below = [each for each in place.tenancy.compartments.values() if each.path and top.holds(each)]
    things = [each for each in below if inside or each.parent == top.ocid]
    if level == "ACCESSIBLE":
        things = [each for each in things if _is_accessible(asked, place.tenancy, each)]
        if not things:
            asked.allow(ocid)
    if inside and top.path:
        raise invalid("Invalid Parameter: compartmentIdInSubtree is for the tenancy only")

    def finish(thing: Mapping[str, Any]) -> Mapping[str, Any]:
        compartment = place.tenancy.compartment(thing["id"])
        accessible = compartment and _is_accessible(asked, place.tenancy, compartment)
        return {**thing, "isAccessible": accessible}

    return listed(asked, [_json(asked, each) for each in things], finish=finish)


def _is_accessible(asked: Asked, tenancy: Tenancy, compartment: Compartment) -> bool:
    """Whether the caller may inspect a compartment or one below it."""
    # A question of ours, which must not stand in the log in place of the caller's own.
    authorization = copy(asked.authorization)
    return any(
        authorization.allows(Place(tenancy, each), {})
        for each in tenancy.compartments.values()
        if compartment.holds(each)
    )


def _create(asked: Asked) -> Reply:
    body = Body(asked.body())
    place = asked.allow(body.text("compartmentId"))
    tenancy, above = place.tenancy, place.compartment

    def make() -> str:
        name, record = body.name(), new_record(body, asked.state)
        path = (*above.path, name)
        _check_free(tenancy, path)
        compartment = Compartment(name, mint("compartment"), path, above.ocid, record.tags)
        world = with_compartment(asked.state.world, tenancy, compartment)
        store(asked.state, world, compartment.ocid, record)
        return compartment.ocid

    return _shown(asked, once(asked, "CreateCompartment", make))


def _get(asked: Asked) -> Reply:
    return _shown(asked, asked.allow(asked.arguments["compartment"]).compartment.ocid)


def _update(asked: Asked) -> Reply:
    body = Body(asked.body())
    place = asked.allow(asked.arguments["compartment"])
    compartment, record = place.compartment, asked.state.records[place.compartment.ocid]
    check_version(asked, record)
    if body.has("name") and body.text("name") != compartment.name:
        if not compartment.path:
            raise invalid("Invalid Parameter: the root compartment has the name of the tenancy")
        path = (*compartment.path[:-1], body.name())
        _check_free(place.tenancy, path)
        compartment = replace(compartment, name=path[-1], path=path)
    record = next_record(body, record)
    compartment = replace(compartment, tags=record.tags)
    world = with_compartment(asked.state.world, place.tenancy, compartment)
    store(asked.state, world, compartment.ocid, record)
    return _shown(asked, compartment.ocid)


def _delete(asked: Asked) -> Reply:
    place = asked.allow(asked.arguments["compartment"])
    compartment = place.compartment
    check_version(asked, asked.state.records[compartment.ocid])
    if not compartment.path:
        raise invalid("Invalid Parameter: the root compartment cannot be deleted")
    if not _is_empty(place.tenancy, compartment):
        # OCI takes the request, and its work request fails. IncorrectState would be the code to
        # say so at once, but clients wait for that to pass.
        raise Refusal(409, "Conflict", f"Compartment '{compartment.name}' is not empty")
    world = without_compartment(asked.state.world, place.tenancy, compartment)
    store(asked.state, world, compartment.ocid, None)
    return Reply(202, {"opc-work-request-id": mint("identityworkrequest")})


def _is_empty(tenancy: Tenancy, compartment: Compartment) -> bool:
    paths = [path for path in tenancy.compartments if path != compartment.path]
    paths += [each.compartment for each in tenancy.policies]
    paths += [each.compartment for each in tenancy.resources.values()]
    depth = len(compartment.path)
    return all(path[:depth] != compartment.path for path in paths)


def _check_free(tenancy: Tenancy, path: tuple[str, ...]) -> None:
    """Raise Refusal where there is such a compartment. Text: ampernetacle#56."""
    if path in tenancy.compartments:
        message = f"A compartment with name '{path[-1]}' already exists."
        raise Refusal(409, "CompartmentAlreadyExists", message)


def _shown(asked: Asked, ocid: str) -> Reply:
    place = asked.state.place(ocid)
    if place is None:
        raise not_found()
    etag = asked.state.records[ocid].etag
    return answer({**_json(asked, place.compartment), "isAccessible": None}, headers={"etag": etag})


def _json(asked: Asked, compartment: Compartment) -> dict[str, Any]:
    return {
        "id": compartment.ocid,
        "compartmentId": compartment.parent,
        "name": compartment.name,
        **described(asked.state.records[compartment.ocid]),
    }


_ALL = "/20160918/compartments"
_ONE = f"{_ALL}/<compartment>"

ROUTES = (
    Route("GET", _ALL, "identity", "ListCompartments", _list),
    Route("POST", _ALL, "identity", "CreateCompartment", _create, writes=True),
    Route("GET", _ONE, "identity", "GetCompartment", _get),
    Route("PUT", _ONE, "identity", "UpdateCompartment", _update, writes=True),
    Route("DELETE", _ONE, "identity", "DeleteCompartment", _delete, writes=True),
)
