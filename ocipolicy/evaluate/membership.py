"""In which groups a principal is: users by their membership, everything else by matching rules."""

from collections.abc import Iterator, Mapping

from ocipolicy.evaluate.conditions import Known, Lacking, Values, holds
from ocipolicy.evaluate.logic import Truth, agreed
from ocipolicy.evaluate.request import Who
from ocipolicy.world import DynamicGroup, Resource, Tags, User

# The OCIDs of groups and dynamic groups that a principal is in; None where that is not known.
Memberships = Mapping[str, Truth]


def memberships(who: Who) -> Memberships:
    """The groups and dynamic groups of its tenancy that a principal is, or may be, in."""
    if isinstance(who.principal, User):
        return {each.ocid: True for each in who.tenancy.groups_of(who.principal)}
    found = {each.ocid: matches(each, who) for each in who.tenancy.dynamic_groups.values()}
    return {ocid: truth for ocid, truth in found.items() if truth is not False}


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


def dynamic_groups(who: Who, found: Memberships) -> Iterator[tuple[DynamicGroup, Truth]]:
    """The dynamic groups of a principal, and whether it is in each of them."""
    for each in who.tenancy.dynamic_groups.values():
        if each.ocid in found:
            yield each, found[each.ocid]
