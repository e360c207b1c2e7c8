"""What is done with missing statements: they go into a policy of each tenancy's root."""

from dataclasses import replace

from ocipolicy.evaluate import Decision
from ocipolicy.language import parse, show
from ocipolicy.world import Policy, World


def pasted(world: World, decision: Decision) -> World:
    tenancies = dict(world.tenancies)
    for name in dict.fromkeys(each.tenancy for each in decision.missing):
        text = "\n".join(show(each.statement) for each in decision.missing if each.tenancy == name)
        parsed = parse(text)
        assert parsed.diagnostics == ()
        policy = Policy("pasted", None, (), parsed.statements, ())
        policies = (*tenancies[name].policies, policy)
        tenancies[name] = replace(tenancies[name], policies=policies)
    return World(tenancies)
