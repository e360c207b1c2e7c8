"""What is true of every decision in every world."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ocipolicy import reference
from ocipolicy.evaluate import (
    Compiled,
    Decision,
    PermissionNeed,
    Statements,
    evaluate,
    may,
    principals,
    what_can,
    who_can,
)
from ocipolicy.evaluate.considered import consider
from ocipolicy.evaluate.decide import applies, halves
from ocipolicy.language.tree import Define
from ocipolicy.world import Policy, Tenancy, World
from tests.evaluate import naive
from tests.evaluate.pasting import pasted
from tests.evaluate.worlds import Question, denies, grants, policy, questions, type_and_verb, worlds

# How much is let through: nothing, perhaps, all.
ORDER = {False: 0, None: 1, True: 2}
NUMBERS = {False: naive.NO, None: naive.PERHAPS, True: naive.YES}
slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def truth(question: Question, world: World) -> bool | None:
    return may(question.request(world), Statements(world))


def asked(question: Question, world: World) -> list[naive.Asked]:
    request = question.request(world)
    return [
        naive.Asked(
            world,
            request.who.tenancy,
            request.who.principal,
            request.where.tenancy,
            request.where.compartment,
            need.permission if isinstance(need, PermissionNeed) else None,
            type_and_verb(need)[1],
            type_and_verb(need)[0],
            request.operation.name if request.operation else None,
            question.given,
        )
        for need in request.needs
    ]


def changed(world: World, change: Callable[[Tenancy], tuple[Policy, ...]]) -> World:
    return World(
        {name: replace(each, policies=change(each)) for name, each in world.tenancies.items()}
    )


@slow
@given(worlds, st.lists(questions, min_size=5, max_size=20))
def test_a_naive_reading_agrees(world: World, several: list[Question]) -> None:
    statements = Statements(world)
    for question in several:
        found = may(question.request(world), statements)
        assert NUMBERS[found] == naive.decide(asked(question, world)), question


@slow
@given(worlds, st.lists(questions, min_size=5, max_size=20))
def test_the_index_hides_nothing(world: World, several: list[Question]) -> None:
    statements = Statements(world)
    for question in several:
        request = question.request(world)
        for need, one in zip(request.needs, asked(question, world), strict=True):
            ready = statements.question(request, need)
            for half in halves(request):
                looked_at = {id(each) for each in statements.candidates(half, ready)}
                for each in statements.of(half):
                    if naive.applies(read_naively(each), one) > naive.NO:
                        assert id(each) in looked_at, each.text


def read_naively(each: Compiled) -> naive.Said:
    numbered = enumerate(each.policy.statements)
    at = next(number for number, one in numbered if one is each.statement)
    return naive.Said(each.tenancy, each.policy, at, each.statement)


@slow
@given(worlds, st.lists(questions, min_size=1, max_size=5))
def test_the_parts_say_what_the_decision_says(world: World, several: list[Question]) -> None:
    statements = Statements(world)
    for question in several:
        request = question.request(world)
        for need in request.needs:
            ready = statements.question(request, need)
            for half in halves(request):
                for each in statements.of(half):
                    assert consider(each, ready).truth == applies(each, ready)


@slow
@given(worlds, questions)
def test_may_and_who_agree(world: World, question: Question) -> None:
    statements, request = Statements(world), question.request(world)
    rows = who_can(request.needs, request.operation, request.where, statements, question.given)
    found = {(answer.who.tenancy.name, answer.who.label): verdict for answer, verdict in rows}
    for who in principals(world):
        expected = evaluate(replace(request, who=who), statements).verdict
        assert found.get((who.tenancy.name, who.label), "denied") == expected


@settings(slow, max_examples=20)
@given(worlds, questions)
def test_may_and_what_agree(world: World, question: Question) -> None:
    statements, request = Statements(world), question.request(world)
    rows = [*what_can(request.who, statements, question.given)]
    said = {
        (answer.operation, place.ocid): verdict
        for answer, verdict in rows
        for place in answer.where.tenancy.compartments.values()
        if place == answer.where.compartment
        or (answer.below and answer.where.compartment.holds(place))
    }
    for tenancy in world.tenancies.values():
        for place in tenancy.compartments.values():
            for name in ("Chat", "ListModels", "DeleteModel", "BatchLanguageTranslation"):
                (operation, *_) = reference.operation(name)
                again = replace(
                    question,
                    there=tenancy.name,
                    path=place.path,
                    what=f"{operation.service}:{name}",
                )
                expected = evaluate(again.request(world), statements).verdict
                assert said.get((operation, place.ocid), "denied") == expected


@slow
@given(worlds, questions, st.randoms())
def test_order_does_not_matter(world: World, question: Question, random: Random) -> None:
    def shuffled(tenancy: Tenancy) -> tuple[Policy, ...]:
        found = []
        for each in tenancy.policies:
            defines = [one for one in each.statements if isinstance(one, Define)]
            rest = [one for one in each.statements if not isinstance(one, Define)]
            random.shuffle(rest)
            # Where a define stands among the others does matter; among themselves it does not.
            if [*each.statements[: len(defines)]] == defines:
                random.shuffle(defines)
                found.append(replace(each, statements=(*defines, *rest)))
            else:
                found.append(each)
        random.shuffle(found)
        return tuple(found)

    assert truth(question, changed(world, shuffled)) == truth(question, world)


@slow
@given(worlds, questions, grants, st.sampled_from(("one", "two")))
def test_a_grant_more_takes_nothing(
    world: World, question: Question, text: str, where: str
) -> None:
    more = changed(world, lambda each: added(each, where, text))
    assert ORDER[truth(question, more)] >= ORDER[truth(question, world)]


@slow
@given(worlds, questions, denies, st.sampled_from(("one", "two")))
def test_a_deny_more_gives_nothing(world: World, question: Question, text: str, where: str) -> None:
    more = changed(world, lambda each: added(each, where, text))
    assert ORDER[truth(question, more)] <= ORDER[truth(question, world)]


def added(tenancy: Tenancy, where: str, text: str) -> tuple[Policy, ...]:
    more = policy(
        "more",
        (),
        [
            "define tenancy one as ocid1.tenancy.oc1..one",
            "define tenancy two as ocid1.tenancy.oc1..two",
            text,
        ],
    )
    return (*tenancy.policies, more) if tenancy.name == where else tenancy.policies


@slow
@given(worlds, questions)
def test_saying_less_decides_nothing(world: World, question: Question) -> None:
    assume(question.given)
    less = truth(replace(question, given={}), world)
    assert less is None or less == truth(question, world)


@slow
@given(worlds, questions)
def test_what_is_missing_is_enough(world: World, question: Question) -> None:
    statements, request = Statements(world), question.request(world)
    decision = evaluate(request, statements)
    if decision.missing:
        assert decision.verdict == "denied"
        assert truth(question, pasted(world, decision)) is True
        assert smallest(world, question, decision)
    elif decision.verdict == "denied":
        # A deny decides, or may do so.
        kept_out = [half for half in halves(request) if half.denies]
        assert any(
            applies(each, statements.question(request, need)) is not False
            for half in kept_out
            for each in statements.of(half)
            for need in request.needs
        )


def smallest(world: World, question: Question, decision: Decision) -> bool:
    """Without any one of its statements the request is not allowed."""
    for each in decision.missing:
        rest = tuple(one for one in decision.missing if one is not each)
        less = truth(question, pasted(world, replace(decision, missing=rest)))
        if less is True and not isinstance(each.statement, Define):
            return False
    return True


@slow
@given(worlds, questions)
def test_every_decision_says_why(world: World, question: Question) -> None:
    decision = evaluate(question.request(world), world)
    match decision.verdict:
        case "allowed":
            assert decision.because
            assert {each.part for each in decision.because} <= {"allow", "endorse", "admit"}
        case "denied":
            assert {each.part for each in decision.because} <= {"deny"}
        case "unknown":
            assert decision.undecided
