"""A world as YAML text that loads back equal."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ocipolicy.world.tree import (
    DEFAULT_DOMAIN,
    Compartment,
    CompartmentPath,
    DynamicGroup,
    Group,
    Policy,
    Resource,
    Tags,
    Tenancy,
    User,
)

if TYPE_CHECKING:
    from ocipolicy.world.lookup import World

# Words that no reader of YAML, old or new, takes for anything but text.
_PLAIN = re.compile(
    r"(?!(?:true|false|null|yes|no|on|off|y|n)\Z)[A-Za-z/][A-Za-z0-9_.@/-]*", re.IGNORECASE
)


def dump_world(world: "World") -> str:
    """The file that `load_world` reads back as an equal world."""
    # Late, so that reading a world does not pay for writing one.
    import yaml

    # The fast one, where PyYAML was built with it; it can only be told at run time.
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Quotes every text that could be read as something else."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

    def text(dumper: Dumper, data: str) -> yaml.ScalarNode:
        plain = _PLAIN.fullmatch(data)
        style = None if plain else '"' if "'" in data or not data.isprintable() else "'"
        node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)
        return node

    Dumper.add_representer(str, text)
    data = {"tenancies": {each.name: _tenancy(each) for each in world.tenancies.values()}}
    return yaml.dump(
        data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, indent=2
    )


def _tenancy(tenancy: Tenancy) -> dict[str, Any]:
    return _full(
        {
            "ocid": tenancy.ocid,
            "home_region": tenancy.home_region,
            "regions": [*tenancy.regions],
            "tags": _tags(tenancy.root.tags),
            "compartments": _below(tenancy, ()),
            "users": {_key(each): _user(each) for each in tenancy.users.values()},
            "groups": {_key(each): _group(each) for each in tenancy.groups.values()},
            "dynamic_groups": {
                _key(each): _dynamic_group(each) for each in tenancy.dynamic_groups.values()
            },
            "resources": {each.name: _resource(each) for each in tenancy.resources.values()},
            "policies": {key: _policy(each, key) for key, each in _policies(tenancy)},
        }
    )


def _below(tenancy: Tenancy, path: CompartmentPath) -> dict[str, Any]:
    depth = len(path) + 1
    return {
        each.name: _compartment(tenancy, each)
        for each in tenancy.compartments.values()
        if len(each.path) == depth and each.path[:-1] == path
    }


def _compartment(tenancy: Tenancy, compartment: Compartment) -> dict[str, Any]:
    return _full(
        {
            "ocid": compartment.ocid,
            "tags": _tags(compartment.tags),
            "compartments": _below(tenancy, compartment.path),
        }
    )


def _user(user: User) -> dict[str, Any]:
    return _full({"ocid": user.ocid, "domain": _domain(user), "tags": _tags(user.tags)})


def _group(group: Group) -> dict[str, Any]:
    return _full(
        {
            "ocid": group.ocid,
            "domain": _domain(group),
            "members": [*group.members],
            "tags": _tags(group.tags),
        }
    )


def _dynamic_group(group: DynamicGroup) -> dict[str, Any]:
    said = {"ocid": group.ocid, "domain": _domain(group), "rule": group.rule_text}
    return _full({**said, "tags": _tags(group.tags)})


def _resource(resource: Resource) -> dict[str, Any]:
    return _full(
        {
            "ocid": resource.ocid,
            "type": resource.type,
            "compartment": _place(resource.compartment),
            "tags": _tags(resource.tags),
        }
    )


def _policies(tenancy: Tenancy) -> Iterator[tuple[str, Policy]]:
    """Each policy with its key: its name, or, where another compartment has that, what is free."""
    names = {each.name for each in tenancy.policies}
    taken: set[str] = set()
    for each in tenancy.policies:
        key, count = each.name, 1
        while key in taken or (count > 1 and key in names):
            count += 1
            key = f"{each.name} ({count})"
        taken.add(key)
        yield key, each


def _policy(policy: Policy, key: str) -> dict[str, Any]:
    said = {
        "name": policy.name if policy.name != key else None,
        "ocid": policy.ocid,
        "compartment": _place(policy.compartment),
        "description": policy.description,
        "tags": _tags(policy.tags),
    }
    # A policy without statements says so, since the key is required.
    return {**_full(said), "statements": [*policy.texts], **_full({"unread": [*policy.unread]})}


def _key(each: User | Group | DynamicGroup) -> str:
    """Its label; a name that begins like its own domain has the domain once more before it."""
    twice = each.name.startswith(f"{each.domain}/")
    return f"{each.domain}/{each.name}" if twice else each.label


def _domain(each: User | Group | DynamicGroup) -> str | None:
    return each.domain if each.domain != DEFAULT_DOMAIN or "/" in each.name else None


def _place(path: CompartmentPath) -> str:
    return ":".join(path) or "/"


def _tags(tags: Tags) -> dict[str, Any]:
    return {key: each[0] if len(each) == 1 else [*each] for key, each in tags.items()}


def _full(entry: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that say nothing."""
    return {key: value for key, value in entry.items() if value}
