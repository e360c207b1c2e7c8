"""Statements made ready for questions: names looked up in the world once, as OCI does on saving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ocipolicy.evaluate.aliases import Alias, Aliases, with_aliases
from ocipolicy.evaluate.scope import Scope, scope_of
from ocipolicy.evaluate.subjects import NamedGroups, named_groups
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


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement of a policy, and what its names mean.

    `groups` are those that it names, `source` the tenancy that an admit is for.
    """

    tenancy: Tenancy
    policy: Policy
    statement: Access
    scope: Scope
    groups: NamedGroups
    source: Alias | None

    @property
    def text(self) -> str:
        """The statement in canonical form."""
        return show(self.statement)

    @property
    def part(self) -> Part:
        """What the statement can contribute to a decision."""
        return _PARTS[self.statement.kind]

    @property
    def denies(self) -> bool:
        """Whether it takes access away."""
        return self.part == "deny"

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
        )


def _source(statement: Access, aliases: Aliases) -> Alias | None:
    if not isinstance(statement.of, OfTenancy):
        return None
    return aliases.of("tenancy", statement.of.alias)


def only_for(statement: Compiled) -> frozenset[str] | None:
    """The OCIDs of which a principal has to have one for a statement to apply; None for no limit.

    These are its own, its compartment's, or that of a group that it is, or may be, in.

    With this only the statements that could matter are looked at, among thousands.
    """
    named = _only_principals(statement.statement.condition)
    if named is not None:
        return named
    if statement.statement.subject.type in ("group", "dynamic-group"):
        return frozenset(each.casefold() for each in statement.groups)
    return None


_IDENTIFYING = ("request.principal.id", "request.user.id", "request.principal.compartment.id")


def _only_principals(condition: Condition | None) -> frozenset[str] | None:
    match condition:
        case Clause(variable=variable, operator="=" | "in", values=values):
            if variable.casefold() in _IDENTIFYING:
                texts = [each.text for each in values if isinstance(each, String)]
                if len(texts) == len(values) and not any("*" in text for text in texts):
                    return frozenset(text.casefold() for text in texts)
        case All(conditions=conditions):
            found = (_only_principals(each) for each in conditions)
            return next((each for each in found if each is not None), None)
    return None
