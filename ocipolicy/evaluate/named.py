"""The groups that a statement names, as OCI resolves them to OCIDs when a policy is saved."""

from collections.abc import Iterable, Mapping

from ocipolicy.evaluate.aliases import Alias, Aliases
from ocipolicy.language.tree import Access, Name, Ocid, Subject
from ocipolicy.world import DEFAULT_DOMAIN, DynamicGroup, Group, Tenancy, label

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
