"""Whom a statement speaks of: any-user and its like, groups, services, resources."""

from typing import assert_never

from ocipolicy.evaluate.compiled import Compiled
from ocipolicy.evaluate.logic import Truth, both, either
from ocipolicy.evaluate.membership import Memberships
from ocipolicy.evaluate.request import Who
from ocipolicy.language.tree import Name, Ocid, OfAnyTenancy, OfTenancy, Subject
from ocipolicy.world import User


def speaks_of(statement: Compiled, who: Who, groups: Memberships) -> Truth:
    """Whether a principal, who is in these groups, is among those whom a statement names.

    Whatever is no admit never covers a principal of another tenancy.
    """
    if statement.statement.kind in ("admit", "deny-admit"):
        return both((_comes_from(statement, who), _is_named(statement, who, groups)))
    return who.tenancy.ocid == statement.tenancy.ocid and _is_named(statement, who, groups)


def _comes_from(statement: Compiled, who: Who) -> Truth:
    """Whether an admit is for the tenancy that the principal is of."""
    match statement.statement.of:
        case OfTenancy():
            source = statement.source
            return source is not None and source.means(who.tenancy.ocid)
        case OfAnyTenancy():
            return True
        case None:
            # No page says whom an admit without `of tenancy` lets in.
            return None


def _is_named(statement: Compiled, who: Who, groups: Memberships) -> Truth:
    subject = statement.statement.subject
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
                for ocid, certain in statement.groups.items()
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
