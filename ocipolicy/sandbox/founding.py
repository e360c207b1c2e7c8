"""What a sandbox adds to a world before it opens: what every tenancy has from its first day.

Regions and an administrator, without whom it could not be used (`founded`); the group
Administrators with him in it, and the policy that gives it everything (`governed`). Source of these
two: https://docs.oracle.com/en-us/iaas/Content/Identity/getstarted, "Administrators group and
policy", 2026-11.
"""

from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

from ocipolicy import reference
from ocipolicy.language import parse, show
from ocipolicy.sandbox.state import REALM, home_region
from ocipolicy.world import ADMINISTRATORS, Group, Policy, Tenancy, User, World

ADMIN = "admin"
_POLICY = "Tenant Admin Policy"
_STATEMENT = "ALLOW GROUP Administrators to manage all-resources IN TENANCY"


def founded(world: World) -> World:
    """A world whose tenancies all have an administrator, a home region, and regions with it.

    A tenancy whose regions the world does not say is in all where Generative AI runs.
    """
    tenancies = {name: _founded(tenancy) for name, tenancy in world.tenancies.items()}
    return World(MappingProxyType(tenancies))


def administrators(world: World) -> Collection[str]:
    """The OCIDs of the users `admin`, who are outside enforcement.

    They are known by OCID, lest a user who may create users makes himself an administrator.
    """
    return frozenset(
        tenancy.users[ADMIN].ocid for tenancy in world.tenancies.values() if ADMIN in tenancy.users
    )


def governed(world: World) -> World:
    """A world whose tenancies all have the group Administrators, `admin` in it, and its policy.

    The sandbox itself has no need of them, but whoever reads a tenancy to say what its users may do
    finds in it what he finds in every one of Oracle's.
    """
    tenancies = {name: _governed(tenancy) for name, tenancy in world.tenancies.items()}
    return World(MappingProxyType(tenancies))


def _founded(tenancy: Tenancy) -> Tenancy:
    home = home_region(tenancy)
    regions = tenancy.regions or tuple(dict.fromkeys((home, *reference.regions())))
    admin = User(ADMIN, _ocid("user", ADMIN, tenancy))
    users = MappingProxyType({ADMIN: admin, **tenancy.users})
    return replace(tenancy, home_region=home, regions=regions, users=users)


def _governed(tenancy: Tenancy) -> Tenancy:
    group = tenancy.groups.get(ADMINISTRATORS) or Group(
        ADMINISTRATORS, _ocid("group", ADMINISTRATORS, tenancy)
    )
    members = tuple(dict.fromkeys((*group.members, ADMIN)))
    groups = {**tenancy.groups, ADMINISTRATORS: replace(group, members=members)}
    return replace(
        tenancy,
        groups=MappingProxyType(groups),
        policies=(*tenancy.policies, *_policy(tenancy)),
    )


def _ocid(kind: str, name: str, tenancy: Tenancy) -> str:
    """The same in every run, so that keys and config files stay good."""
    identifier = sha256(f"{name} {tenancy.ocid}".encode()).hexdigest()[:32]
    return f"ocid1.{kind}.{REALM}..sandbox{identifier}"


def _policy(tenancy: Tenancy) -> tuple[Policy, ...]:
    """The policy of the administrators, where no other one says the same."""
    statements = parse(_STATEMENT).statements
    said = {show(each) for other in tenancy.policies for each in other.statements}
    if {*map(show, statements)} <= said:
        return ()
    ocid = _ocid("policy", _POLICY, tenancy)
    return (Policy(_POLICY, ocid, (), statements, (_STATEMENT,), description=_POLICY),)
