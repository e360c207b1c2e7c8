"""Who a statement speaks of: any-user and its like, groups, dynamic groups, services, resources."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from ocipolicy.evaluate.aliases import Alias, Aliases
from ocipolicy.evaluate.logic import Truth, both, either
from ocipolicy.evaluate.membership import Memberships
from ocipolicy.evaluate.request import Who
from ocipolicy.language.tree import Access, Name, Ocid, OfAnyTenancy, OfTenancy, Subject
from ocipolicy.world import DEFAULT_DOMAIN, DynamicGroup, Group, Tenancy, User, label

# The OCIDs of the groups that a statement names, and whether that is what it names beyond doubt.
NamedGroups = Mapping[str, bool]


def named_groups(
    statement: Access, tenancy: Tenancy, aliases: Aliases, tenancies: Iterable[Tenancy]
) -> NamedGroups:
    """The groups or dynamic groups of a statement, looked up as OCI does when a policy is saved."""
    subject = statement.subject
    found: dict[str, bool] = {}
    if subject.type in ("group", "dynamic-group"):
        abroad = statement.kind in ("admit", "deny-admit")
        for each in subject.names:
            if abroad:
                names = _named_abroad(subject, each, aliases, tenancies)
            else:
                names = _named_at_home(subject, each, aliases, tenancy)
            for ocid, certain in names.items():
                found[ocid] = found.get(ocid, False) or certain
    return found


def _named_at_home(
    subject: Subject, named: Name | Ocid, aliases: Aliases, tenancy: Tenancy
) -> NamedGroups:
    """By OCID, by name (in the Default domain unless it says otherwise), or by a define."""
    if isinstance(named, Ocid):
        return {named.ocid: True}
    real = _by_name(subject, named, tenancy)
    alias = _alias(subject, named, aliases)
    if alias is None:
        return real
    defined = dict.fromkeys(alias.ocids, alias.certain)
    # The name of a group that a define gives to another one could be either.
    several = len({*real, *defined}) > 1
    return {
        ocid: not several and (real.get(ocid, False) or defined.get(ocid, False))
        for ocid in (*real, *defined)
    }


def _named_abroad(
    subject: Subject, named: Name | Ocid, aliases: Aliases, tenancies: Iterable[Tenancy]
) -> NamedGroups:
    """A group of another tenancy is known by an alias; any other way to name it may be refused."""
    if isinstance(named, Ocid):
        return {named.ocid: False}
    if named.domain is None:
        alias = _alias(subject, named, aliases)
        return dict.fromkeys(alias.ocids, alias.certain) if alias else {}
    return {ocid: False for tenancy in tenancies for ocid in _by_name(subject, named, tenancy)}


def _alias(subject: Subject, named: Name, aliases: Aliases) -> Alias | None:
    if named.domain is not None:
        return None
    return aliases.of("group" if subject.type == "group" else "dynamic-group", named.name)


def _by_name(subject: Subject, named: Name, tenancy: Tenancy) -> dict[str, bool]:
    """A group by its name and domain; whether these may differ in case is not documented."""
    domain = named.domain or DEFAULT_DOMAIN
    groups: Mapping[str, Group | DynamicGroup]
    groups = tenancy.groups if subject.type == "group" else tenancy.dynamic_groups
    exact = groups.get(label(named.name, domain))
    if exact is not None:
        return {exact.ocid: True}
    folded = _folded(named.name, domain)
    return {
        each.ocid: False for each in groups.values() if _folded(each.name, each.domain) == folded
    }


def _folded(name: str, domain: str) -> tuple[str, str]:
    return name.casefold(), domain.casefold()


def speaks_of(
    statement: Access,
    tenancy: Tenancy,
    source: Alias | None,
    named: NamedGroups,
    who: Who,
    groups: Memberships,
) -> Truth:
    """Whether a principal, who is in these groups, is among those whom a statement names.

    `source` is the tenancy that an admit names. Whatever is no admit never covers a principal of
    another tenancy.
    """
    if statement.kind in ("admit", "deny-admit"):
        return both((_comes_from(statement, source, who), _is_named(statement, named, who, groups)))
    return who.tenancy.ocid == tenancy.ocid and _is_named(statement, named, who, groups)


def _comes_from(statement: Access, source: Alias | None, who: Who) -> Truth:
    """Whether an admit is for the tenancy that the principal is of."""
    match statement.of:
        case OfTenancy():
            return source is not None and source.means(who.tenancy.ocid)
        case OfAnyTenancy():
            return True
        case None:
            # No page says whom an admit without `of tenancy` lets in.
            return None


def _is_named(statement: Access, named: NamedGroups, who: Who, groups: Memberships) -> Truth:
    subject = statement.subject
    match subject.type:
        case "any-user":
            return True
        case "any-group":
            return _is_in_any_group(who, groups)
        case "group" | "dynamic-group":
            if (subject.type == "group") != isinstance(who.principal, User):
                return False
            return either(
                both((groups.by_ocid.get(ocid, False), certain or None))
                for ocid, certain in named.items()
            )
        case "service":
            return either(_is_service(each, who) for each in subject.names)
        case "resource":
            return _is_of_type(subject, who)
    assert_never(subject.type)


def _is_in_any_group(who: Who, groups: Memberships) -> Truth:
    """One page has all groups and dynamic groups, another all users and resource principals."""
    if who.kind == "service":
        return False
    return True if True in groups.by_ocid.values() else None


def _is_service(named: Name | Ocid, who: Who) -> Truth:
    name = named.name if isinstance(named, Name) else named.ocid
    if who.kind != "service" or name.casefold() != who.principal.name.casefold():
        return False
    return True if name == who.principal.name else None


def _is_of_type(subject: Subject, who: Who) -> Truth:
    """How OCI reads the one or two words behind `resource` is not documented."""
    if isinstance(who.principal, User):
        return False
    words = {each.name.casefold() for each in subject.names if isinstance(each, Name)}
    return None if who.principal.type.casefold() in words else False
