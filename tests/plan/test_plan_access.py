"""The access diff against every question that there is, asked one by one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from ocipolicy import reference
from ocipolicy.evaluate import (
    VERDICTS,
    PermissionNeed,
    Place,
    Request,
    Statements,
    Verdict,
    Who,
    may,
    needs_of,
    principals,
)
from ocipolicy.language.tree import Access
from ocipolicy.plan.access import access
from ocipolicy.plan.questions import askings
from ocipolicy.plan.steps import Change, Target, Update, Version
from ocipolicy.plan.worlds import Worlds, worlds
from ocipolicy.world import Policy, Tenancy, World
from tests.evaluate import worlds as random_worlds
from tests.examples import config
from tests.plan.cases import CHAT, bundle_of, live_of

# (who, what, tenancy, compartment) to what it was and what it becomes.
Turns = dict[tuple[str, str, str, str], tuple[Verdict, Verdict]]
WHAT = ("Chat", "GetModel", "DeleteModel", "BatchLanguageTranslation", "GENERATIVE_AI_CHAT")


def version(policy: Policy) -> Version:
    return Version(policy.texts, policy.statements, "", {})


def known_words(policy: Policy) -> Policy:
    """A policy without types and permissions that the dictionary does not know.

    What such a statement gives is said by its own words, and not by every operation in doubt.
    """
    pairs = [
        (statement, text)
        for statement, text in zip(policy.statements, policy.texts, strict=True)
        if "new-" not in text and "NOBODY_KNOWS" not in text
    ]
    return replace(
        policy, statements=tuple(s for s, _ in pairs), texts=tuple(text for _, text in pairs)
    )


class Around:
    """Worlds that a failing test shows by what changes in them."""

    def __init__(self, worlds: Worlds) -> None:
        self.worlds = worlds

    def __repr__(self) -> str:
        return "\n".join(f"{each.tenancy.name}: {each.text}" for each in self.worlds.changed)


@st.composite
def changed_worlds(draw: st.DrawFn) -> Around:
    """A random world in which policies of the root become others."""
    drawn = draw(random_worlds.worlds)
    world = World(
        {
            name: replace(each, policies=tuple(map(known_words, each.policies)))
            for name, each in drawn.tenancies.items()
        }
    )
    steps = []
    for tenancy in world.tenancies.values():
        roots = [each for each in tenancy.policies if not each.compartment]
        others = [*map(known_words, draw(random_worlds.policies(tenancy.name)))]
        for before in draw(st.lists(st.sampled_from(roots), unique=True, max_size=2)):
            after = draw(st.sampled_from(others))
            target = Target(tenancy.ocid, "caller", before.name)
            steps.append(Update(target, "ocid", "etag", version(before), version(after)))
    return Around(worlds(world, steps))


def one_by_one(around: Worlds) -> Turns:
    """Every principal, in every compartment, for some operations and a permission."""
    found: Turns = {}
    world = around.before.world
    for who in principals(world):
        for tenancy in world.tenancies.values():
            for path, compartment in tenancy.compartments.items():
                for request, what in asked(who, Place(tenancy, compartment)):
                    turn = tuple(VERDICTS[may(request, each)] for each in both(around))
                    if turn[0] != turn[1]:
                        key = (who.label, what, tenancy.ocid, ":".join(path) or "/")
                        found[key] = (turn[0], turn[1])
    return found


def both(around: Worlds) -> tuple[Statements, Statements]:
    return around.before, around.after


def asked(who: Who, place: Place) -> Iterator[tuple[Request, str]]:
    for word in WHAT:
        operations = reference.operation(word)
        if operations:
            each = operations[0]
            yield Request(who, place, needs_of(each), each), f"{each.service}:{each.name}"
        else:
            yield Request(who, place, (PermissionNeed(word),)), word


def spread(changes: tuple[Change, ...], world: World) -> Turns:
    """The rows of an access diff, one compartment and thing at a time."""
    tenancies = {each.ocid: each for each in world.tenancies.values()}
    found: Turns = {}
    for change in changes:
        for path in covered(change, tenancies[change.tenancy]):
            for who in change.who:
                for what in chain(change.operations, change.permissions):
                    key = (who, what, change.tenancy, ":".join(path) or "/")
                    assert key not in found, "a thing is said once"
                    found[key] = (change.before, change.after)
    return found


def covered(change: Change, tenancy: Tenancy) -> Iterator[tuple[str, ...]]:
    top = () if change.compartment == "/" else tuple(change.compartment.split(":"))
    for path in tenancy.compartments:
        if path == top or (change.below and path[: len(top)] == top):
            yield path


def words() -> set[str]:
    """What is asked one by one, in the words of a plan."""
    operations = [reference.operation(word) for word in WHAT]
    named = {f"{each[0].service}:{each[0].name}" for each in operations if each}
    return named | {word for word in WHAT if not reference.operation(word)}


# Everything is asked one by one, which takes its time.
@settings(max_examples=max(1, settings().max_examples // 4))
@given(changed_worlds())
def test_what_is_gained_and_lost_is_what_asking_everything_says(shown: Around) -> None:
    around = shown.worlds
    world = around.before.world
    resources = {each.ocid for t in world.tenancies.values() for each in t.resources.values()}
    users = {
        f"{t.name}/{each.label}" for t in world.tenancies.values() for each in t.users.values()
    }
    labels = {who.label for who in principals(world)}

    said = spread(access(around, resources), world)
    known = {key: turn for key, turn in said.items() if key[0] in labels and key[1] in words()}
    expected = one_by_one(around)

    assert known.items() <= expected.items()
    # Of users, where a statement speaks of everyone, all are told at once.
    untold = {key for key in expected if key not in known}
    assert {key[0] for key in untold} <= users
    if untold:
        assert any(is_for_everyone(each.statement) for each in around.changed)


def is_for_everyone(statement: Access) -> bool:
    return statement.subject.type.startswith("any-") and statement.condition is None


def test_a_thousand_foreign_policies_bring_no_questions() -> None:
    assert asked_with(0) == asked_with(1000)


def asked_with(policies: int) -> int:
    """How many questions a plan asks beside so many foreign policies."""
    bundle = bundle_of(config("cross-tenancy", CHAT))
    texts = ["allow group bot-admins to use generative-ai-family in compartment ai:genai"]
    foreign = {f"p{number}": texts for number in range(policies)}
    live = live_of(bundle, {"policies": {"caller": foreign, "service": {}}})
    caller = live.world.tenancies["caller"]
    service = live.world.tenancies["service"]
    world = World({"caller": caller, "service": service})
    step = Update(
        Target(caller.ocid, "caller", "new"),
        "ocid",
        "etag",
        Version((), (), "", {}),
        Version((), bundle.policies[1].statements, "", {}),
    )
    around = worlds(world, [step])
    return sum(len([*each.questions()]) for each in askings(around.changed, around.after, ()))
