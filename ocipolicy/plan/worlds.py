"""The world before a plan and behind it, and the statements in which the two differ."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ocipolicy import reference
from ocipolicy.config import Config
from ocipolicy.evaluate import Compiled, Statements
from ocipolicy.evaluate.compiled import compiled_policy
from ocipolicy.language import show
from ocipolicy.plan.live import Live
from ocipolicy.plan.normal import meaning, meanings
from ocipolicy.plan.steps import Step, Target, Version, touched
from ocipolicy.prove import smallest_world
from ocipolicy.render import Bundle
from ocipolicy.world import Compartment, Policy, Resource, Tenancy, World


@dataclass(frozen=True, slots=True)
class Worlds:
    """A world before and behind some steps, ready for questions.

    `changed` has the statements that only one of the two has: only about what these grant, to whom
    and where can the answers differ.
    """

    before: Statements
    after: Statements
    changed: tuple[Compiled, ...]


def worlds(world: World, steps: Iterable[Step]) -> Worlds:
    """The worlds around some steps."""
    policies = [*touched(tuple(steps))]
    after = world_with(world, policies)
    targets = [target for target, _, _ in policies]
    old = {meaning(each): each for each in _statements(world, targets)}
    new = {meaning(each): each for each in _statements(after, targets)}
    changed = [each for key, each in old.items() if key not in new]
    changed += [each for key, each in new.items() if key not in old]
    return Worlds(Statements(world), Statements(after), tuple(changed))


def without(world: World, target: Target) -> World:
    """A world in which a policy is not there."""
    return world_with(world, [(target, None, None)])


def world_with(
    world: World, policies: Iterable[tuple[Target, Version | None, Version | None]]
) -> World:
    """A world in which policies have become what they are to be: (which, before, after)."""
    tenancies = dict(world.tenancies)
    for target, _, after in policies:
        for name, tenancy in tenancies.items():
            if tenancy.ocid == target.tenancy:
                rest = [each for each in tenancy.policies if not _is(each, target)]
                if after is not None:
                    rest.append(_policy(target, after))
                tenancies[name] = replace(tenancy, policies=tuple(rest))
    return World(tenancies)


def _is(policy: Policy, target: Target) -> bool:
    return policy.name == target.name and not policy.compartment


def _policy(target: Target, version: Version) -> Policy:
    return Policy(target.name, None, (), version.statements, version.texts)


def _statements(world: World, targets: Iterable[Target]) -> Iterator[Compiled]:
    tenancies = {each.ocid: each for each in world.tenancies.values()}
    for target in targets:
        tenancy = tenancies[target.tenancy]
        for policy in tenancy.policies:
            if _is(policy, target):
                yield from compiled_policy(world, tenancy, policy)


def surroundings(config: Config, bundle: Bundle, live: Live) -> World:
    """The live world with what it need not list: the instances, and sides that nobody here reads.

    Such a side has the policies of the bundle, as if its administrator had made them already. What
    a live policy says in other words than the bundle is put in the bundle's: the evaluator doubts
    a name in another case, but OCI has taken it.
    """
    tenancies = {
        name: replace(each, policies=tuple(_settled(live.world, each, bundle)))
        for name, each in live.world.tenancies.items()
    }
    read = {each.ocid for each in tenancies.values()}
    assumed = smallest_world(config, bundle).tenancies
    for policy in bundle.policies:
        if policy.tenancy is not None and policy.tenancy not in read:
            read.add(policy.tenancy)
            tenancy = replace(assumed[policy.side], users={}, resources={})
            name = tenancy.name if tenancy.name not in tenancies else tenancy.ocid
            tenancies[name] = replace(tenancy, name=name)
    caller = config.caller.tenancy
    if caller is not None and caller not in read:
        root = Compartment(caller, caller, (), None)
        tenancies[caller] = Tenancy(caller, caller, None, (), {(): root}, {}, {}, {}, {}, ())
    listed = {each.ocid for every in tenancies.values() for each in every.resources.values()}
    instances = {
        each: resource(each, each) for each in config.caller.instances if each not in listed
    }
    for name, tenancy in tenancies.items():
        if tenancy.ocid == caller:
            tenancies[name] = replace(tenancy, resources={**tenancy.resources, **instances})
    return World(tenancies)


def _settled(world: World, tenancy: Tenancy, bundle: Bundle) -> Iterator[Policy]:
    """The policies of a tenancy, those of the bundle in its words where they mean the same."""
    wanted = {
        each.name: each.statements for each in bundle.policies if each.tenancy == tenancy.ocid
    }
    for policy in tenancy.policies:
        if policy.name in wanted and not policy.compartment:
            statements = wanted[policy.name]
            ours = replace(policy, statements=statements, texts=tuple(map(show, statements)))
            words = dict(zip(meanings(world, tenancy, ours), statements, strict=True))
            pairs = zip(meanings(world, tenancy, policy), policy.statements, strict=True)
            settled = tuple(words.get(key, statement) for key, statement in pairs)
            yield replace(policy, statements=settled)
        else:
            yield policy


def resource(name: str, ocid: str) -> Resource:
    """A principal of which nothing is known but its OCID, which has its type."""
    parts = reference.ocid_parts(ocid)
    return Resource(name, ocid, parts.kind if parts else "unknown", ())
