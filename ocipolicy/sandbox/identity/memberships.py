"""Who is in which group: list, get, add, remove; and the API keys of a user.

Keys cannot be uploaded: the sandbox has made one for each user that somebody asked it to be.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.identity.fields import required
from ocipolicy.sandbox.identity.pages import listed
from ocipolicy.sandbox.identity.people import GROUPS, USERS, Given, root_of
from ocipolicy.sandbox.identity.records import described
from ocipolicy.sandbox.identity.writes import check_version, once, store
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import Record, etag, membership_ocid, with_named
from ocipolicy.sandbox.wire import Refusal, Reply, answer, not_found
from ocipolicy.world import Group, Tenancy, User

_TOLD = ("timeCreated", "lifecycleState", "inactiveStatus")


def _list(asked: Asked) -> Reply:
    query = asked.call.query
    user, group = query.get("userId"), query.get("groupId")
    if not user and not group:
        raise missing("userId or groupId")
    tenancy = root_of(asked, required(asked, "compartmentId"))
    things = [
        _json(asked, tenancy, *each)
        for each in _memberships(tenancy)
        if user in (None, "", each[0].ocid) and group in (None, "", each[1].ocid)
    ]
    return listed(asked, things)


def _add(asked: Asked) -> Reply:
    body = Fields(asked.body())
    user_ocid, group_ocid = body.text("userId"), body.text("groupId")
    tenancy, group = GROUPS.find(asked, group_ocid)
    home, user = USERS.find(asked, user_ocid)
    if home is not tenancy:
        raise not_found()
    asked.allow(tenancy.ocid, _given(user, group))

    def make() -> str:
        ocid = membership_ocid(group.ocid, user.ocid)
        if user.label in group.members:
            # By analogy with policies; what OCI says here was not found.
            message = f"User '{user.name}' is a member of group '{group.name}' already"
            raise Refusal(409, "UserGroupMembershipAlreadyExists", message)
        more = replace(group, members=(*group.members, user.label))
        record = Record(etag(), asked.state.now())
        store(asked.state, with_named(asked.state.world, tenancy, more), ocid, record)
        return ocid

    return _shown(asked, once(asked, "AddUserToGroup", make))


def _get(asked: Asked) -> Reply:
    tenancy, user, group = _found(asked, asked.arguments["membership"])
    asked.allow(tenancy.ocid, _given(user, group))
    return _shown(asked, asked.arguments["membership"])


def _remove(asked: Asked) -> Reply:
    ocid = asked.arguments["membership"]
    tenancy, user, group = _found(asked, ocid)
    asked.allow(tenancy.ocid, _given(user, group))
    check_version(asked, asked.state.records[ocid])
    left = replace(group, members=tuple(each for each in group.members if each != user.label))
    store(asked.state, with_named(asked.state.world, tenancy, left), ocid, None)
    return Reply(204)


def _list_api_keys(asked: Asked) -> Reply:
    tenancy, user = USERS.find(asked, asked.arguments["user"])
    asked.allow(tenancy.ocid, USERS.given(user))
    keys = asked.state.keys
    key = keys.find(f"{tenancy.name}/{user.label}", user.ocid) if keys else None
    if key is None:
        return answer([])
    said = described(asked.state.records[user.ocid])
    pem = key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return answer(
        [
            {
                "keyId": f"{tenancy.ocid}/{user.ocid}/{key.fingerprint}",
                "keyValue": pem,
                "fingerprint": key.fingerprint,
                "userId": user.ocid,
                **{name: said[name] for name in _TOLD},
            }
        ]
    )


def _memberships(tenancy: Tenancy) -> Iterator[tuple[User, Group]]:
    for group in tenancy.groups.values():
        for member in group.members:
            yield tenancy.users[member], group


def _found(asked: Asked, ocid: str) -> tuple[Tenancy, User, Group]:
    for tenancy in asked.state.world.tenancies.values():
        for user, group in _memberships(tenancy):
            if membership_ocid(group.ocid, user.ocid) == ocid:
                return tenancy, user, group
    raise not_found()


def _given(user: User, group: Group) -> Given:
    return {**GROUPS.given(group), **USERS.given(user)}


def _shown(asked: Asked, ocid: str) -> Reply:
    said = _json(asked, *_found(asked, ocid))
    return answer(said, headers={"etag": asked.state.records[ocid].etag})


def _json(asked: Asked, tenancy: Tenancy, user: User, group: Group) -> dict[str, Any]:
    ocid = membership_ocid(group.ocid, user.ocid)
    said = described(asked.state.records[ocid])
    return {
        "id": ocid,
        "compartmentId": tenancy.ocid,
        "groupId": group.ocid,
        "userId": user.ocid,
        **{name: said[name] for name in _TOLD},
    }


_ALL = "/20160918/userGroupMemberships"
_ONE = f"{_ALL}/<membership>"

ROUTES = (
    Route("GET", _ALL, "identity", "ListUserGroupMemberships", _list),
    Route("POST", _ALL, "identity", "AddUserToGroup", _add, writes=True),
    Route("GET", _ONE, "identity", "GetUserGroupMembership", _get),
    Route("DELETE", _ONE, "identity", "RemoveUserFromGroup", _remove, writes=True),
    Route("GET", "/20160918/users/<user>/apiKeys", "identity", "ListApiKeys", _list_api_keys),
)
