"""Users, groups and dynamic groups: list, create, get, update, delete.

They are all in the root compartment, and new ones in the Default domain. One of another domain is
listed as `DOMAIN/NAME`; OCI has these behind the endpoint of their domain only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from ocipolicy.language import parse_rule
from ocipolicy.language.tree import Condition
from ocipolicy.sandbox.identity.fields import Body, required
from ocipolicy.sandbox.identity.pages import listed
from ocipolicy.sandbox.identity.records import described, new_record, next_record
from ocipolicy.sandbox.identity.writes import check_version, once, store
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.state import Named, Record, mint, with_named, without_named
from ocipolicy.sandbox.wire import Refusal, Reply, answer, invalid, not_found
from ocipolicy.world import DEFAULT_DOMAIN, DynamicGroup, Group, Tags, Tenancy, User

Given = Mapping[str, tuple[str, ...]]
_Thing = TypeVar("_Thing", User, Group, DynamicGroup)


def root_of(asked: Asked, ocid: str, given: Given | None = None) -> Tenancy:
    """The tenancy of an OCID, if the caller may do there what he asks."""
    place = asked.allow(ocid, given)
    if place.compartment.path:
        raise invalid("Invalid Parameter: compartmentId must be the OCID of the tenancy")
    return place.tenancy


@dataclass(frozen=True)
class _Kind(Generic[_Thing]):
    """One kind of these: its path, its name in operations and OCIDs, and all of a tenancy."""

    plural: str
    word: str
    of: Callable[[Tenancy], Mapping[str, _Thing]]

    def given(self, thing: _Thing) -> Given:
        """The condition variables of one."""
        kind = self.word.lower()
        return {f"target.{kind}.id": (thing.ocid,), f"target.{kind}.name": (thing.name,)}

    def find(self, asked: Asked, ocid: str) -> tuple[Tenancy, _Thing]:
        """One by its OCID. Raises Refusal, 404, where it is not there."""
        tenancy = asked.state.world.tenancy_of(ocid)
        if tenancy is not None:
            for each in self.of(tenancy).values():
                if each.ocid == ocid:
                    return tenancy, each
        raise not_found()

    def list(self, asked: Asked) -> Reply:
        """Answer with a page of them."""
        tenancy = root_of(asked, required(asked, "compartmentId"))
        things = [self._json(asked, tenancy, each) for each in self.of(tenancy).values()]
        return listed(asked, things)

    def create(self, asked: Asked) -> Reply:
        """Make one."""
        body = Body(asked.body())
        name = body.name(person=True)
        given = {f"target.{self.word.lower()}.name": (name,)}
        tenancy = root_of(asked, body.text("compartmentId"), given)

        def make() -> str:
            record = new_record(body, asked.state)
            thing = _new(self.word, body, name, mint(self.word.lower()), record.tags)
            if thing.label in self.of(tenancy):
                # By analogy with policies; what OCI says here was not found.
                message = f"{self.word} '{name}' already exists"
                raise Refusal(409, f"{self.word}AlreadyExists", message)
            world = with_named(asked.state.world, tenancy, thing)
            store(asked.state, world, thing.ocid, record)
            return thing.ocid

        return self._shown(asked, once(asked, f"Create{self.word}", make))

    def get(self, asked: Asked) -> Reply:
        """Answer with one."""
        _, thing, _ = self._allowed(asked)
        return self._shown(asked, thing.ocid)

    def update(self, asked: Asked) -> Reply:
        """Change one."""
        body = Body(asked.body())
        tenancy, thing, record = self._allowed(asked)
        check_version(asked, record)
        record = next_record(body, record)
        changed = _changed(thing, body, record.tags)
        store(asked.state, with_named(asked.state.world, tenancy, changed), thing.ocid, record)
        return self._shown(asked, thing.ocid)

    def delete(self, asked: Asked) -> Reply:
        """Take one away; a user must be in no group, and a group must have no members (SDK)."""
        tenancy, thing, record = self._allowed(asked)
        check_version(asked, record)
        if _has_memberships(thing, tenancy):
            message = f"{self.word} '{thing.name}' still has memberships"
            raise Refusal(409, "Conflict", message)
        store(asked.state, without_named(asked.state.world, tenancy, thing), thing.ocid, None)
        return Reply(204)

    def routes(self) -> Iterator[Route]:
        """The routes of a kind."""
        every = f"/20160918/{self.plural[0].lower()}{self.plural[1:]}"
        one = f"{every}/<thing>"
        yield Route("GET", every, "identity", f"List{self.plural}", self.list)
        yield Route("POST", every, "identity", f"Create{self.word}", self.create, writes=True)
        yield Route("GET", one, "identity", f"Get{self.word}", self.get)
        yield Route("PUT", one, "identity", f"Update{self.word}", self.update, writes=True)
        yield Route("DELETE", one, "identity", f"Delete{self.word}", self.delete, writes=True)

    def _allowed(self, asked: Asked) -> tuple[Tenancy, _Thing, Record]:
        tenancy, thing = self.find(asked, asked.arguments["thing"])
        asked.allow(tenancy.ocid, self.given(thing))
        return tenancy, thing, asked.state.records[thing.ocid]

    def _shown(self, asked: Asked, ocid: str) -> Reply:
        said = self._json(asked, *self.find(asked, ocid))
        return answer(said, headers={"etag": asked.state.records[ocid].etag})

    def _json(self, asked: Asked, tenancy: Tenancy, thing: _Thing) -> dict[str, Any]:
        return {
            "id": thing.ocid,
            "compartmentId": tenancy.ocid,
            "name": thing.label,
            **described(asked.state.records[thing.ocid]),
            **_more(thing),
        }


def _new(word: str, body: Body, name: str, ocid: str, tags: Tags) -> Named:
    match word:
        case "User":
            return User(name, ocid, DEFAULT_DOMAIN, tags)
        case "Group":
            return Group(name, ocid, DEFAULT_DOMAIN, (), tags)
    text = body.text("matchingRule")
    return DynamicGroup(name, ocid, DEFAULT_DOMAIN, _rule(text), text, tags)


def _changed(thing: Named, body: Body, tags: Tags) -> Named:
    if isinstance(thing, DynamicGroup) and body.has("matchingRule"):
        text = body.text("matchingRule")
        thing = replace(thing, rule=_rule(text), rule_text=text)
    return replace(thing, tags=tags)


def _more(thing: Named) -> Mapping[str, Any]:
    match thing:
        case User():
            return {"email": None, "emailVerified": False, "isMfaActivated": False}
        case Group():
            return {}
        case DynamicGroup():
            return {"matchingRule": thing.rule_text}


def _has_memberships(thing: Named, tenancy: Tenancy) -> bool:
    match thing:
        case User():
            return bool(tenancy.groups_of(thing))
        case Group():
            return bool(thing.members)
        case DynamicGroup():
            return False


def _rule(text: str) -> Condition:
    """A matching rule. Raises Refusal, in words of ours, for one that cannot be read."""
    parsed = parse_rule(text)
    if parsed.rule is None:
        first = parsed.diagnostics[0]
        raise invalid(
            f"Invalid Parameter: matchingRule cannot be parsed: {first.message} "
            f"(column {first.span.start + 1})"
        )
    return parsed.rule


USERS = _Kind("Users", "User", lambda tenancy: tenancy.users)
GROUPS = _Kind("Groups", "Group", lambda tenancy: tenancy.groups)
_DYNAMIC_GROUPS = _Kind("DynamicGroups", "DynamicGroup", lambda tenancy: tenancy.dynamic_groups)
ROUTES = (*USERS.routes(), *GROUPS.routes(), *_DYNAMIC_GROUPS.routes())
