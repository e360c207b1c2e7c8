"""In which groups a principal is: users by their membership, everything else by matching rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from ocipolicy.evaluate.conditions import Known, Lacking, Values, holds
from ocipolicy.evaluate.logic import Truth, agreed
from ocipolicy.evaluate.request import Who
from ocipolicy.world import DynamicGroup, Group, Resource, Tags, User


@dataclass(frozen=True, slots=True)
class Memberships:
    """The groups of a user; the dynamic groups that anything else is in, or may be (None).

    `by_ocid` has both kinds, with what is known of each.
    """

    groups: tuple[Group, ...]
    dynamic_groups: tuple[tuple[DynamicGroup, Truth], ...]
    by_ocid: Mapping[str, Truth]


def memberships(who: Who) -> Memberships:
    """The groups and dynamic groups of its tenancy that a principal is, or may be, in."""
    groups: tuple[Group, ...] = ()
    if isinstance(who.principal, User):
        groups = who.tenancy.groups_of(who.principal)
    matched = [(each, matches(each, who)) for each in who.tenancy.dynamic_groups.values()]
    dynamic = tuple((each, truth) for each, truth in matched if truth is not False)
    known = [(each.ocid, True) for each in groups], [(each.ocid, truth) for each, truth in dynamic]
    return Memberships(groups, dynamic, dict(chain(*known)))


def matches(group: DynamicGroup, who: Who) -> Truth:
    """Whether a principal is in a dynamic group, by its matching rule.

    Source: managingdynamicgroups. Users and service principals never are.
    """
    resource = who.principal
    if isinstance(resource, User) or who.kind == "service":
        return False

    def lookup(name: str) -> Values:
        return _value(name.lower(), who, resource)

    def without_resource(name: str) -> Values:
        # Samples ask for compute instances with `instance.`; whether `resource.` is them as well is
        # not documented.
        return Lacking.INAPPLICABLE if name.lower().startswith("resource.") else lookup(name)

    if who.kind == "instance":
        return agreed(holds(group.rule, lookup), holds(group.rule, without_resource))
    return holds(group.rule, lookup)


def _value(name: str, who: Who, resource: Resource) -> Values:
    family, _, rest = name.partition(".")
    if family == "tag" and name.endswith(".value"):
        return tag_values((resource.tags,), rest.removesuffix(".value"))
    if family == "instance" and who.kind != "instance":
        return Lacking.INAPPLICABLE
    if family in ("instance", "resource"):
        match rest:
            case "id":
                return Known((resource.ocid,))
            case "compartment.id":
                return Known((who.tenancy.compartments[resource.compartment].ocid,))
            case "type" if family == "resource":
                return Known((resource.type,))
    return Lacking.UNKNOWN


def tag_values(listed: tuple[Tags, ...], tag: str) -> Values:
    """The values of a tag, `namespace.key`, on several things together.

    A world need not list all tags of a thing, so nothing is known of one that it does not list.
    """
    found = [_values(tags, tag) for tags in listed]
    values = tuple(value for each in found if each for value in each)
    complete = all(each is not None for each in found)
    return Known(values, complete) if values or complete else Lacking.UNKNOWN


def _values(tags: Tags, tag: str) -> tuple[str, ...] | None:
    return next((values for key, values in tags.items() if key.lower() == tag), None)
