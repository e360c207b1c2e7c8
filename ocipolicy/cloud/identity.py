"""The identity service of one side: what is in its tenancy, and its policies read and written.

Policies are written in the home region, and once that is known everything is read there too: what
was written a moment ago is not yet everywhere else.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ocipolicy.cloud.connection import Connection, OnAttempt, Retries
from ocipolicy.cloud.credentials import Credentials
from ocipolicy.cloud.errors import Refused
from ocipolicy.config import Profile
from ocipolicy.world import Tags

_PAGE = 1000  # the most that the identity service gives at once
_SET_BY_OCI = "Oracle-Tags"  # who made a thing, and when
# The SDK gives states that it does not know another name, and those count for nothing.
_LIVING = {"ACTIVE", "CREATING", "INACTIVE"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a side's calls come from: OCIDs of his tenancy and of himself, and his region."""

    tenancy: str
    principal: str
    region: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A region that a tenancy is subscribed to."""

    region: str
    key: str
    is_home: bool
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """Something that a list has; `above` is the OCID of a compartment's parent.

    `rule` is the matching rule of a dynamic group. The tags are defined ones.
    """

    ocid: str
    name: str
    tags: Tags = field(hash=False)
    above: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """A policy as it is stored; `compartment` is the OCID of the one it is attached to.

    The tags are defined ones (`namespace.key`) and free-form ones. A list gives no `etag`.
    """

    ocid: str
    compartment: str
    name: str
    description: str
    statements: tuple[str, ...]
    tags: Tags = field(hash=False)
    etag: str = ""
    request_id: str = field(default="", compare=False)


class Cloud:
    """One side: a profile, and the tenancy that it leads to. All methods raise CloudError.

    With credentials that are `known` already, those of the profile are not looked at.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        retries: Retries | None = None,
        on_attempt: OnAttempt | None = None,
        page: int = _PAGE,
        known: Credentials | None = None,
    ) -> None:
        self.connection = Connection(profile, retries=retries, on_attempt=on_attempt, known=known)
        self._page = page
        self._lock = threading.Lock()
        self._region: str | None = None

    @property
    def profile(self) -> Profile:
        """The profile that it is reached by."""
        return self.connection.profile

    def close(self) -> None:
        """Let go of the sockets; the next call opens others."""
        self.connection.close()

    def whoami(self) -> Caller:
        """Who the calls come from, as the profile or the token has it; nothing is sent."""
        known = self.connection.credentials
        return Caller(known.tenancy, known.principal, known.region)

    @property
    def region(self) -> str:
        """The home region; where the caller may not look that up, the region of the profile."""
        with self._lock:
            if self._region is None:
                self._region = self._home()
            return self._region

    def _home(self) -> str:
        try:
            listed = self.regions()
        except Refused as error:
            if not error.is_denied:
                raise
            return self.connection.credentials.region
        own = self.connection.credentials.region
        return next((each.region for each in listed if each.is_home), own)

    def regions(self) -> tuple[Subscription, ...]:
        """The regions that the tenancy is subscribed to."""
        known = self.connection.credentials
        answer = self.connection.ask(
            "identity", known.region, "list_region_subscriptions", known.tenancy
        )
        return tuple(
            Subscription(
                each.region_name, each.region_key, bool(each.is_home_region), each.status == "READY"
            )
            for each in answer.data
        )

    def tenancy(self) -> Listed:
        """The tenancy itself; its tags are those of the root compartment."""
        found = self._ask("get_tenancy", self.whoami().tenancy).data
        return Listed(found.id, found.name, _defined(found))

    def compartments(self, *, accessible: bool = False) -> tuple[Listed, ...]:
        """All compartments below the root, or those that the caller may inspect."""
        level = "ACCESSIBLE" if accessible else "ANY"
        listed = self._list("list_compartments", compartment_id_in_subtree=True, access_level=level)
        return tuple(
            Listed(each.id, each.name, _defined(each), each.compartment_id) for each in listed
        )

    def users(self) -> tuple[Listed, ...]:
        """The users of the Default domain."""
        listed = self._list("list_users")
        return tuple(Listed(each.id, each.name, _defined(each)) for each in listed)

    def groups(self) -> tuple[Listed, ...]:
        """The groups of the Default domain."""
        listed = self._list("list_groups")
        return tuple(Listed(each.id, each.name, _defined(each)) for each in listed)

    def members(self, group: str) -> tuple[str, ...]:
        """The OCIDs of the users in a group (its OCID)."""
        listed = self._list("list_user_group_memberships", group_id=group)
        return tuple(each.user_id for each in listed)

    def dynamic_groups(self) -> tuple[Listed, ...]:
        """The dynamic groups of the Default domain, with their matching rules."""
        listed = self._list("list_dynamic_groups")
        return tuple(
            Listed(each.id, each.name, _defined(each), rule=each.matching_rule) for each in listed
        )

    def policies(self, compartment: str | None = None) -> tuple[LivePolicy, ...]:
        """The policies of a compartment (its OCID; the root if none is named), without etags."""
        listed = self._list("list_policies", compartment=compartment)
        return tuple(_policy(each) for each in listed)

    def policy(self, ocid: str) -> LivePolicy | None:
        """A policy by its OCID, with its etag; None where it is not there, or may not be read."""
        try:
            return _live(self._ask("get_policy", ocid))
        except Refused as error:
            if not error.is_denied:
                raise
            return None

    def policy_named(self, name: str, compartment: str | None = None) -> LivePolicy | None:
        """The policy of a name in a compartment (as for `policies`), with its etag."""
        for each in self._list("list_policies", compartment=compartment, name=name):
            if each.name == name:
                return self.policy(each.id)
        return None

    def create_policy(
        self,
        compartment: str,
        name: str,
        statements: Sequence[str],
        description: str,
        tags: Tags,
        retry_token: str,
    ) -> LivePolicy:
        """Make a policy in a compartment (its OCID); that of the root is the tenancy's.

        With the token of an earlier call of the same content it is not made a second time. Of the
        tags those are left out that OCI sets by itself.
        """
        from oci.identity.models import CreatePolicyDetails

        details = CreatePolicyDetails(
            compartment_id=compartment,
            name=name,
            description=description,
            statements=[*statements],
            freeform_tags=_free_form(tags),
            defined_tags=_by_namespace(tags),
        )
        return _live(self._ask("create_policy", details, opc_retry_token=retry_token))

    def update_policy(
        self, ocid: str, etag: str, statements: Sequence[str], description: str, tags: Tags
    ) -> LivePolicy:
        """Replace what a policy says; without this etag any more it is Refused, with 412.

        Of the tags only the free-form ones are sent, all of them: defined ones stay as they are.
        """
        from oci.identity.models import UpdatePolicyDetails

        details = UpdatePolicyDetails(
            description=description, statements=[*statements], freeform_tags=_free_form(tags)
        )
        return _live(self._ask("update_policy", ocid, details, if_match=etag))

    def delete_policy(self, ocid: str, etag: str) -> str:
        """Take a policy away if it has this etag still; gives the id of the request."""
        return str(self._ask("delete_policy", ocid, if_match=etag).request_id or "")

    def _ask(self, name: str, *arguments: Any, **options: Any) -> Any:
        return self.connection.ask("identity", self.region, name, *arguments, **options)

    def _list(
        self, operation: str, *, compartment: str | None = None, **options: Any
    ) -> Iterator[Any]:
        where = compartment or self.whoami().tenancy
        listed = self.connection.every(self.region, operation, where, limit=self._page, **options)
        return (each for each in listed if each.lifecycle_state in _LIVING)


def _policy(data: Any, etag: str = "", request_id: str = "") -> LivePolicy:
    free_form = {str(key): (str(value),) for key, value in (data.freeform_tags or {}).items()}
    return LivePolicy(
        data.id,
        data.compartment_id,
        data.name,
        data.description or "",
        tuple(data.statements or ()),
        {**_defined(data), **free_form},
        etag,
        request_id,
    )


def _live(answer: Any) -> LivePolicy:
    return _policy(answer.data, answer.headers.get("etag") or "", str(answer.request_id or ""))


def _defined(data: Any) -> Tags:
    found: dict[str, tuple[str, ...]] = {}
    for namespace, keys in (data.defined_tags or {}).items():
        for key, value in (keys or {}).items():
            values = value if isinstance(value, list) else [value]
            texts = tuple(str(each) for each in values if each is not None)
            if texts:
                found[f"{namespace}.{key}"] = texts
    return found


def _free_form(tags: Tags) -> dict[str, str]:
    return {name: "".join(values) for name, values in tags.items() if "." not in name}


def _by_namespace(tags: Tags) -> dict[str, dict[str, object]]:
    """Defined tags as the service takes them, but for those that it sets by itself."""
    found: dict[str, dict[str, object]] = {}
    for name, values in tags.items():
        namespace, dot, key = name.partition(".")
        if dot and namespace != _SET_BY_OCI:
            found.setdefault(namespace, {})[key] = values[0] if len(values) == 1 else [*values]
    return found
