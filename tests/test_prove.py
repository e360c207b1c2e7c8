"""The proof, and how many wrong bundles it finds.

A mutant is a bundle with one statement changed as people and templates go wrong. Whether it
changes access is asked of the evaluator for every principal, operation and compartment of the
world, and for each half of a pair by itself; the proof must fail on every one that does.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from ocipolicy import reference
from ocipolicy.evaluate import Place, Request, Statements, Who, may, needs_of
from ocipolicy.language import parse, show
from ocipolicy.language.tree import (
    Access,
    Clause,
    Define,
    InAnyTenancy,
    InCompartment,
    InTenancy,
    Statement,
    String,
    VerbGrant,
)
from ocipolicy.prove import findings, prove, smallest_world
from ocipolicy.render import Bundle, Templates, render
from ocipolicy.world import Principal
from tests.examples import config

TWO = ["ocid1.odainstance.oc1.iad.sales", "ocid1.odainstance.oc1.phx.help"]
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    (example, change)
    for example in ("same-tenancy", "cross-tenancy", "paired")
    for change in (
        {},
        {"compartment": None},
        {"compartment": "ocid1.compartment.oc1..genai"},
        {"access": [{"generative-ai": ["chat"]}]},
        {"access": ["generative-ai"], "caller.instances": TWO},
        {"access": [{"language": ["translation"]}, {"generative-ai": ["chat", "model"]}]},
    )
]
VARIANTS += [
    ("cross-tenancy", {"endorse": "service-tenancy"}),
    ("paired", {"caller.scope": "this-tenancy"}),
    ("paired", {"caller.scope": "all-tenancies"}),
    ("paired", {"caller.tenancy": None}),
]


MUTATED: tuple[dict[str, Any], ...] = (
    {"caller.instances": TWO, "access": ["generative-ai", "language"]},
    {"access": [{"generative-ai": ["chat"]}], "compartment": None},
)


def proved(example: str, change: dict[str, Any]) -> tuple[Any, Bundle]:
    loaded = config(example, change)
    rendered = render(loaded, Templates())
    assert rendered.bundle is not None
    assert loaded.config is not None
    return loaded.config, rendered.bundle


@pytest.mark.parametrize(("example", "change"), VARIANTS, ids=str)
def test_every_example_is_proved(example: str, change: dict[str, Any]) -> None:
    proof = prove(*proved(example, change))

    assert [each for each in proof.probes if not each.holds] == []
    assert proof.allowed > 0
    assert proof.refused > 0


def test_what_a_whole_family_gives_beyond_the_need_is_said() -> None:
    loaded = config("same-tenancy", {"access": ["generative-ai"]})
    rendered = render(loaded, Templates())
    assert loaded.config is not None
    assert rendered.bundle is not None

    (found,) = findings(loaded, prove(loaded.config, rendered.bundle))

    assert (found.rule, found.severity.value, found.span.text) == (
        "broader-than-needed",
        "note",
        "generative-ai",
    )
    assert found.help is not None
    assert "generative-ai: [chat, text-embedding, text-rerank]" in found.help


def test_least_privilege_is_not_called_too_broad() -> None:
    proof = prove(*proved("same-tenancy", {"access": [{"generative-ai": ["chat"]}]}))

    assert proof.excess == ()


def test_a_stand_in_is_marked() -> None:
    proof = prove(*proved("paired", {"caller.tenancy": None}))

    assert proof.proved
    assert proof.stand_ins == ("caller.tenancy",)


def mutants(bundle: Bundle) -> Iterator[tuple[str, Bundle]]:
    """Bundles that are wrong in one place."""
    for at, policy in enumerate(bundle.policies):
        for index, statement in enumerate(policy.statements):
            for name, changed in mutations(statement):
                statements = list(policy.statements)
                if changed is None:
                    del statements[index]
                else:
                    statements[index] = changed
                yield f"{name}: {show(statement)}", with_policy(bundle, at, tuple(statements))
        yield f"no {policy.side} half", with_policy(bundle, at, ())


def with_policy(bundle: Bundle, at: int, statements: tuple[Statement, ...]) -> Bundle:
    policies = list(bundle.policies)
    policies[at] = replace(policies[at], statements=statements)
    return replace(bundle, policies=tuple(policies))


def mutations(statement: Statement) -> Iterator[tuple[str, Statement | None]]:
    yield "left out", None
    if isinstance(statement, Define):
        yield "another tenancy", replace(statement, ocid="ocid1.tenancy.oc1..another")
        yield "the stranger's tenancy", replace(statement, ocid="ocid1.tenancy.oc1..stranger")
        yield "another alias", replace(statement, alias="another")
        return
    yield "no condition", replace(statement, condition=None)
    yield "another instance", replace(statement, condition=only("ocid1.odainstance.oc1.iad.x"))
    kind = Clause("request.principal.type", "=", (String("odainstance"),))
    yield "every instance", replace(statement, condition=kind)
    user = Clause("request.user.name", "!=", (String("nobody"),))
    yield "a variable that does not apply", replace(statement, condition=user)
    if isinstance(statement.condition, Clause):
        negated = replace(statement.condition, operator="!=")
        if statement.condition.operator == "in":
            negated = replace(statement.condition, operator="not in")
            first = Clause("request.principal.id", "=", statement.condition.values[:1])
            yield "one instance only", replace(statement, condition=first)
        yield "the opposite condition", replace(statement, condition=negated)
    if isinstance(statement.grant, VerbGrant):
        grant = statement.grant
        for verb in ("inspect", "read", "use", "manage"):
            if verb != grant.verb:
                yield f"verb {verb}", replace(statement, grant=replace(grant, verb=verb))
        for resource in (
            "generative-ai-family",
            "ai-service-language-family",
            "generative-ai-chat",
            "all-resources",
            "genai-agent-family",
        ):
            if resource != grant.resource:
                changed = replace(grant, resource=resource)
                yield f"type {resource}", replace(statement, grant=changed)
    yield from locations(statement)
    if statement.kind in ("endorse", "admit"):
        yield "an allow instead", replace(statement, kind="allow", of=None)


def locations(statement: Access) -> Iterator[tuple[str, Statement]]:
    match statement.location:
        case InCompartment(path=path):
            yield "the whole tenancy", replace(statement, location=InTenancy())
            for depth in range(1, len(path)):
                above = InCompartment(path[:depth])
                yield "a compartment above", replace(statement, location=above)
            yield "beside", replace(statement, location=InCompartment((*path[:-1], "beside")))
            yield "below", replace(statement, location=InCompartment((*path, "beside")))
        case InTenancy(alias=None):
            yield "one compartment", replace(statement, location=InCompartment(("beside",)))
        case InTenancy():
            yield "any tenancy", replace(statement, location=InAnyTenancy())
        case InAnyTenancy():
            yield "its own tenancy", replace(statement, location=InTenancy())


def only(ocid: str) -> Clause:
    return Clause("request.principal.id", "=", (String(ocid),))


def access(settings: Any, bundle: Bundle) -> Iterator[bool | None]:
    """Every answer that the policies of a bundle give, together and half by half."""
    world = smallest_world(settings, bundle)
    worlds = [world]
    if "service" in world.tenancies:
        caller, service = world.tenancies["caller"], world.tenancies["service"]
        endorse = "endorse any-user to manage all-resources in any-tenancy"
        admit = (
            f"define tenancy caller as {caller.ocid}\n"
            "admit any-user of tenancy caller to manage all-resources in tenancy"
        )
        sides: dict[str, bool] = {policy.side: policy.apply for policy in bundle.policies}
        for side, tenancy, text in (("service", caller, endorse), ("caller", service, admit)):
            if sides[side]:
                wide = replace(
                    tenancy.policies[0], statements=parse(text).statements, texts=(text,)
                )
                opened = replace(tenancy, policies=(wide,))
                worlds.append(replace(world, tenancies={**world.tenancies, tenancy.name: opened}))
    operations = chain.from_iterable(reference.operations().values())
    asked = {needs_of(operation): operation for operation in operations if needs_of(operation)}
    for number, each in enumerate(worlds):
        statements = Statements(each)
        for tenancy in each.tenancies.values():
            everyone: list[Principal] = [*tenancy.resources.values(), *tenancy.users.values()]
            for principal in everyone:
                for there in each.tenancies.values():
                    if number and there.name != "service":
                        continue
                    for compartment in there.compartments.values():
                        where = Place(there, compartment)
                        for needs, operation in asked.items():
                            request = Request(Who(tenancy, principal), where, needs, operation)
                            yield may(request, statements)


def test_the_proof_catches_every_mutant_that_changes_access(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores: list[str] = []
    total = 0
    missed: list[str] = []
    for example in ("same-tenancy", "cross-tenancy", "paired"):
        count = changing = 0
        for change in MUTATED:
            settings, bundle = proved(example, change)
            before = list(access(settings, bundle))
            for what, mutant in mutants(bundle):
                if not any(policy.statements for policy in mutant.policies):
                    continue
                count += 1
                after = access(settings, mutant)
                if any(old != new for old, new in zip(before, after, strict=True)):
                    changing += 1
                    if prove(settings, mutant).proved:
                        missed.append(f"{example} {change}: {what}")
        total += count
        scores.append(f"{example}: {count} mutants, {changing} change access, all caught")
    assert missed == []
    assert total >= 200
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(scores) + "\n")
