"""Statements made ready for questions: names looked up in the world once, as OCI does on saving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ocipolicy.evaluate.aliases import Alias, Aliases, with_aliases
from ocipolicy.evaluate.named import NamedGroups, named_groups
from ocipolicy.evaluate.scope import Scope, scope_of
from ocipolicy.evaluate.values import types_of_resources
from ocipolicy.language import show
from ocipolicy.language.tree import Access, All, Clause, Condition, Kind, OfTenancy, String
from ocipolicy.world import Policy, Tenancy, World

Part = Literal["allow", "endorse", "admit", "deny"]
_PARTS: Mapping[Kind, Part] = {
    "allow": "allow",
    "endorse": "endorse",
    "admit": "admit",
    "deny": "deny",
    "deny-endorse": "deny",
    "deny-admit": "deny",
}


_IDENTIFYING = ("request.principal.id", "request.user.id", "request.principal.compartment.id")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement of a policy, and what its names mean.

    `groups` are those that it names, `source` the tenancy that an admit is for; one that `denies`
    takes access away.
    """

    tenancy: Tenancy
    policy: Policy
    statement: Access
    scope: Scope
    groups: NamedGroups
    source: Alias | None
    denies: bool

    @property
    def text(self) -> str:
        """The statement in canonical form."""
        return show(self.statement)

    @property
    def part(self) -> Part:
        """What the statement can contribute to a decision."""
        return _PARTS[self.statement.kind]

    @property
    def is_attached_right(self) -> bool:
        """Whether its policy is where such a statement works: across tenancies, in the root only.

        Source: drg-iam, "must be attached to the tenancy".
        """
        return self.statement.kind in ("allow", "deny") or not self.policy.compartment


def compiled(world: World) -> Iterator[Compiled]:
    """Every statement of a world but the defines."""
    for tenancy in world.tenancies.values():
        for policy in tenancy.policies:
            yield from compiled_policy(world, tenancy, policy)


def compiled_policy(world: World, tenancy: Tenancy, policy: Policy) -> Iterator[Compiled]:
    """The statements of a policy of a tenancy of the world."""
    tenancies = {each.ocid: each for each in world.tenancies.values()}
    for statement, aliases in with_aliases(policy.statements):
        yield Compiled(
            tenancy,
            policy,
            statement,
            scope_of(statement, tenancy, policy.compartment, aliases, tenancies),
            named_groups(statement, tenancy, aliases, tenancies.values()),
            _source(statement, aliases),
            _PARTS[statement.kind] == "deny",
        )


def _source(statement: Access, aliases: Aliases) -> Alias | None:
    if not isinstance(statement.of, OfTenancy):
        return None
    return aliases.of("tenancy", statement.of.alias)


def only_for(statement: Compiled) -> frozenset[str] | None:
    """Of these a principal has to have one for a statement to apply at all; None for no limit.

    They are its OCID, that of its compartment or of a group that it is in, or its type. With this
    only the statements that could matter are looked at, among thousands.
    """
    named = _only_principals(statement.statement.condition)
    if named is not None:
        return named
    if statement.statement.subject.type in ("group", "dynamic-group"):
        return frozenset(each.casefold() for each in statement.groups)
    return None


def _only_principals(condition: Condition | None) -> frozenset[str] | None:
    match condition:
        case Clause(operator="=" | "in"):
            return _only_values(condition)
        case All(conditions=conditions):
            found = [_only_principals(each) for each in conditions]
            return min((each for each in found if each is not None), key=len, default=None)
    return None


def _only_values(clause: Clause) -> frozenset[str] | None:
    """What a comparison lists, where it is with something that every principal has or lacks."""
    variable = clause.variable.casefold()
    listed = [each.text.casefold() for each in clause.values if isinstance(each, String)]
    if len(listed) < len(clause.values) or any("*" in text for text in listed):
        return None
    # No user or service has the type of a resource; what other words they have is not known.
    of_type = variable == "request.principal.type" and types_of_resources().issuperset(listed)
    return frozenset(listed) if variable in _IDENTIFYING or of_type else None
