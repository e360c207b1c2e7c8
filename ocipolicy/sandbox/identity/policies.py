"""Policies: list, create, get, update, delete."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ocipolicy.sandbox.fields import missing
from ocipolicy.sandbox.identity import statements
from ocipolicy.sandbox.identity.fields import Body, required
from ocipolicy.sandbox.identity.pages import listed
from ocipolicy.sandbox.identity.records import described, new_record, next_record
from ocipolicy.sandbox.identity.writes import check_version, once, store
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import Record, mint, with_policy, without_policy
from ocipolicy.sandbox.wire import Refusal, Reply, answer, not_found
from ocipolicy.world import Policy, Tenancy


def _list(asked: Asked) -> Reply:
    place = asked.allow(required(asked, "compartmentId"))
    here = (each for each in place.tenancy.policies if each.compartment == place.compartment.path)
    return listed(asked, [_json(place.tenancy, each, _record(asked, each)) for each in here])


def _create(asked: Asked) -> Reply:
    body = Body(asked.body())
    name, texts = body.name(), body.texts("statements")
    if not body.has("statements"):
        raise missing("statements")
    kinds = tuple(sorted(statements.kinds(texts)))
    given = {"target.policy.name": (name,), "target.policy.type": kinds}
    place = asked.allow(body.text("compartmentId"), given)
    tenancy, path = place.tenancy, place.compartment.path

    def make() -> str:
        record = new_record(body, asked.state)
        policy = Policy(
            name,
            mint("policy"),
            path,
            statements.read(texts, tenancy, path),
            texts,
            record.tags_of_policy,
            record.description,
        )
        # The service's guide has names unique in a compartment, the SDK in the whole tenancy.
        if any((each.name, each.compartment) == (name, path) for each in tenancy.policies):
            message = f"Policy '{name}' already exists"
            raise Refusal(409, "PolicyAlreadyExists", message)
        statements.check_hierarchy(tenancy, path, 0, len(texts))
        ocid = policy.ocid or ""
        store(asked.state, with_policy(asked.state.world, tenancy, policy), ocid, record)
        return ocid

    return _shown(asked, once(asked, "CreatePolicy", make))


def _get(asked: Asked) -> Reply:
    tenancy, policy = _found(asked)
    asked.allow(_compartment(tenancy, policy), _given(policy))
    return _shown(asked, policy.ocid)


def _update(asked: Asked) -> Reply:
    body = Body(asked.body())
    texts = body.texts("statements")
    tenancy, policy = _found(asked)
    # Both what the policy is and what it becomes, so that a deny on either keeps its force; which
    # of the two OCI looks at is not documented.
    kinds = statements.kinds_of(policy.statements) | statements.kinds(texts)
    asked.allow(_compartment(tenancy, policy), _given(policy, kinds))
    record = _record(asked, policy)
    check_version(asked, record)
    if body.has("statements"):
        trees = statements.read(texts, tenancy, policy.compartment)
        statements.check_hierarchy(tenancy, policy.compartment, len(policy.texts), len(texts))
        policy = replace(policy, statements=trees, texts=texts, unread=())
    record = next_record(body, record)
    policy = replace(policy, tags=record.tags_of_policy, description=record.description)
    world = with_policy(asked.state.world, tenancy, policy)
    store(asked.state, world, policy.ocid or "", record)
    return _shown(asked, policy.ocid)


def _delete(asked: Asked) -> Reply:
    tenancy, policy = _found(asked)
    kinds = statements.kinds_of(policy.statements)
    asked.allow(_compartment(tenancy, policy), _given(policy, kinds))
    check_version(asked, _record(asked, policy))
    world = without_policy(asked.state.world, tenancy, policy)
    store(asked.state, world, policy.ocid or "", None)
    return Reply(204)


def _found(asked: Asked) -> tuple[Tenancy, Policy]:
    found = asked.state.policy(asked.arguments["policy"])
    if found is None:
        raise not_found()
    return found


def _compartment(tenancy: Tenancy, policy: Policy) -> str:
    return tenancy.compartments[policy.compartment].ocid


def _record(asked: Asked, policy: Policy) -> Record:
    return asked.state.records[policy.ocid or ""]


def _given(policy: Policy, kinds: frozenset[str] | None = None) -> Mapping[str, tuple[str, ...]]:
    given: dict[str, tuple[str, ...]] = {
        "target.policy.id": (policy.ocid or "",),
        "target.policy.name": (policy.name,),
    }
    if kinds is not None:
        given["target.policy.type"] = tuple(sorted(kinds))
    return given


def _shown(asked: Asked, ocid: str | None) -> Reply:
    found = asked.state.policy(ocid or "")
    if found is None:
        raise not_found()
    record = _record(asked, found[1])
    return answer(_json(*found, record), headers={"etag": record.etag})


def _json(tenancy: Tenancy, policy: Policy, record: Record) -> dict[str, Any]:
    return {
        "id": policy.ocid,
        "compartmentId": _compartment(tenancy, policy),
        "name": policy.name,
        "statements": [*policy.texts, *policy.unread],
        "versionDate": record.version_date,
        **described(record),
    }


ROUTES = (
    Route("GET", "/20160918/policies", "identity", "ListPolicies", _list),
    Route("POST", "/20160918/policies", "identity", "CreatePolicy", _create, writes=True),
    Route("GET", "/20160918/policies/<policy>", "identity", "GetPolicy", _get),
    Route("PUT", "/20160918/policies/<policy>", "identity", "UpdatePolicy", _update, writes=True),
    Route(
        "DELETE", "/20160918/policies/<policy>", "identity", "DeletePolicy", _delete, writes=True
    ),
)
