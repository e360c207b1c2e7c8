"""A question to the evaluator: who asks, for which permissions, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ocipolicy import reference
from ocipolicy.world import Compartment, Principal, Tenancy, User


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: a user, or a resource (an instance, a function, a service ...), of a tenancy."""

    tenancy: Tenancy
    principal: Principal

    @property
    def kind(self) -> reference.Caller:
        """`user`, `instance` (compute), `service`, or `resource` for every other principal."""
        if isinstance(self.principal, User):
            return "user"
        if self.principal.type == "service":
            return "service"
        known = reference.principal_type(self.principal.type)
        return known.caller if known else "resource"

    @property
    def label(self) -> str:
        """`TENANCY/NAME`, with the domain of a user outside the Default one."""
        principal = self.principal
        name = principal.label if isinstance(principal, User) else principal.name
        return f"{self.tenancy.name}/{name}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a compartment of a tenancy."""

    tenancy: Tenancy
    compartment: Compartment

    @property
    def label(self) -> str:
        """`TENANCY/PATH:TO:COMPARTMENT`, the tenancy alone for its root."""
        return "/".join((self.tenancy.name, ":".join(self.compartment.path))).rstrip("/")


@dataclass(frozen=True, slots=True)
class PermissionNeed:
    """One permission that has to be granted."""

    permission: str


@dataclass(frozen=True, slots=True)
class VerbNeed:
    """A verb on a resource type, where the permission behind an operation is not documented."""

    verb: str
    resource: str


Need = PermissionNeed | VerbNeed


@dataclass(frozen=True, slots=True)
class Request:
    """May `who` do this `where`? Everything in `needs` has to be granted.

    `operation` is None when permissions were asked for by name. `given` has the values of condition
    variables that the asker states: one that does not apply to the request has no effect, and one
    that contradicts what the request and the world say themselves is refused with CannotGoOn.
    """

    who: Who
    where: Place
    needs: tuple[Need, ...]
    operation: reference.Operation | None = None
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        lower = {name.lower(): values for name, values in self.given.items()}
        object.__setattr__(self, "given", MappingProxyType(lower))


def needs_of(operation: reference.Operation) -> tuple[Need, ...]:
    """What an operation needs; a verb on its type where its permission is not documented."""
    if operation.permissions:
        return tuple(PermissionNeed(permission) for permission in operation.permissions)
    if operation.resource_type and operation.verb:
        return (VerbNeed(operation.verb, operation.resource_type),)
    return ()
