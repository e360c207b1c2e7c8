"""Decisions a second: ours beside cedarpy's, with equal policies, equal requests and equal answers.

    python -m benchmarks.decisions

Both sides parse once: ours into Statements, cedarpy into a PolicySet and Entities. A request is
handed to each as its API wants it: a Request, made before, and a dict, which cedarpy reads on every
call. A decision is that of `may`, which like cedarpy's is a verdict; `evaluate` says why as well.

The first table has statements of many kinds, as in a large tenancy; the second only such as no
index can tell apart, so that each decision looks at all of them.

Every statement stands in Cedar with what it means in OCI: verbs and families are groups of actions,
compartments contain one another, a deny is a forbid.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy

from ocipolicy import reference
from ocipolicy.evaluate import Place, Request, Statements, Who, evaluate, may, needs_of
from ocipolicy.evaluate.decide import VERDICTS
from ocipolicy.language import parse
from ocipolicy.world import (
    Compartment,
    CompartmentPath,
    Group,
    Policy,
    Resource,
    Tenancy,
    User,
    World,
)

SIZES = (50, 500, 5_000)
ROUNDS = 25
AT_MOST = 3.0
APPS = 40
ROOT = "ocid1.tenancy.oc1..t"
OPERATIONS = ("Chat", "EmbedText", "GetModel", "DeleteModel")
# The verbs and types of the statements, as groups of actions in Cedar.
GRANTS = (
    "use generative-ai-family",
    "use generative-ai-chat",
    "read generative-ai-model",
    "manage generative-ai-model",
)


@dataclass(frozen=True)
class Pair:
    """A statement in both languages."""

    oci: str
    cedar: str


def mixed(count: int) -> Iterator[Pair]:
    """So many statements: for groups and for instances, in a compartment or everywhere; denies."""
    for number in range(count):
        app = f"app-{number % APPS}"
        bot = f"ocid1.odainstance.oc1.iad.bot{number}"
        where = f'resource in Compartment::"{app}"'
        match number % 5:
            case 0 | 1:
                yield Pair(
                    f"allow group team-{number} to use generative-ai-family "
                    f"in compartment apps:{app}",
                    f'permit(principal in Group::"team-{number}", {_in(0)}, {where});',
                )
            case 2:
                yield Pair(
                    f"allow any-user to use generative-ai-chat in tenancy "
                    f"where request.principal.id = '{bot}'",
                    f'permit(principal, {_in(1)}, resource in Compartment::"root") '
                    f'when {{ principal has id && principal.id == "{bot}" }};',
                )
            case 3:
                yield Pair(
                    f"allow any-user to read generative-ai-model in compartment apps:{app} where "
                    f"all {{request.principal.type = 'odainstance', "
                    f"request.principal.id in ('{bot}')}}",
                    f"permit(principal, {_in(2)}, {where}) when {{ principal has type && "
                    f'principal.type == "odainstance" && ["{bot}"].contains(principal.id) }};',
                )
            case _:
                yield Pair(
                    f"deny group team-{number - 4} to manage generative-ai-model in tenancy",
                    f'forbid(principal in Group::"team-{number - 4}", {_in(3)}, resource);',
                )


def alike(count: int) -> Iterator[Pair]:
    """So many statements for whoever asks, of which the last one alone lets anybody in."""
    for number in range(count):
        name = "app-1" if number == count - 1 else f"other-{number}"
        yield Pair(
            f"allow any-user to use generative-ai-family in tenancy "
            f"where target.compartment.name = '{name}'",
            f'permit(principal, {_in(0)}, resource in Compartment::"root") '
            f'when {{ resource has name && resource.name == "{name}" }};',
        )


def _in(grant: int) -> str:
    return f'action in Action::"{GRANTS[grant]}"'


def world(count: int, pairs: Sequence[Pair]) -> World:
    """A tenancy with a user for each group, and an instance for each statement that names one."""
    root = Compartment("t", ROOT, (), None)
    apps = Compartment("apps", "ocid1.compartment.oc1..apps", ("apps",), ROOT)
    compartments: dict[CompartmentPath, Compartment] = {(): root, ("apps",): apps}
    for number in range(APPS):
        name = f"app-{number}"
        ocid = f"ocid1.compartment.oc1..{name}"
        compartments["apps", name] = Compartment(name, ocid, ("apps", name), apps.ocid)
    users = {f"u{n}": User(f"u{n}", f"ocid1.user.oc1..u{n}") for n in range(count)}
    groups = {
        f"team-{n}": Group(f"team-{n}", f"ocid1.group.oc1..team{n}", members=(f"u{n}",))
        for n in range(count)
    }
    resources = {
        f"bot{n}": Resource(
            f"bot{n}", f"ocid1.odainstance.oc1.iad.bot{n}", "odainstance", ("apps",)
        )
        for n in range(count)
    }
    parsed = parse("\n".join(each.oci for each in pairs))
    if parsed.diagnostics:
        sys.exit("the statements of this benchmark do not read")
    policies = tuple(
        Policy(f"p{at}", None, (), parsed.statements[at : at + 50], ())
        for at in range(0, count, 50)
    )
    return World(
        {"t": Tenancy("t", ROOT, None, (), compartments, users, groups, {}, resources, policies)}
    )


def questions(here: World, count: int) -> list[Request]:
    """The same number for every size: users and instances of the first and the last statements."""
    tenancy = here.tenancies["t"]
    found = []
    for number in (0, 1, 2, 3, 4, count - 5, count - 4, count - 3, count - 2, count - 1):
        for name in (f"u{number}", f"bot{number}"):
            principal = tenancy.users.get(name) or tenancy.resources[name]
            for operation in OPERATIONS:
                found_operation = reference.operation(operation)[0]
                place = Place(tenancy, tenancy.compartments["apps", f"app-{number % APPS}"])
                needs = needs_of(found_operation)
                found.append(Request(Who(tenancy, principal), place, needs, found_operation))
    return found


def entities(here: World) -> str:
    """The principals, compartments and actions of a world, as Cedar wants them."""
    tenancy = here.tenancies["t"]
    found: list[dict[str, Any]] = [_entity("Action", each) for each in GRANTS]
    for name in OPERATIONS:
        # What each of the grants covers: the verb, and whatever is below it.
        granted = {
            "Chat": GRANTS[:2],
            "EmbedText": GRANTS[:1],
            "GetModel": (GRANTS[0], GRANTS[2]),
            "DeleteModel": (GRANTS[3],),
        }[name]
        found.append(_entity("Action", name, [("Action", each) for each in granted]))
    found.append(_entity("Compartment", "root"))
    found.append(_entity("Compartment", "apps", [("Compartment", "root")]))
    apps = [f"app-{number}" for number in range(APPS)]
    inside = [("Compartment", "apps")]
    found.extend(_entity("Compartment", name, inside, {"name": name}) for name in apps)
    found.extend(_entity("Group", name) for name in tenancy.groups)
    for number, name in enumerate(tenancy.users):
        found.append(_entity("User", name, [("Group", f"team-{number}")]))
    for name, each in tenancy.resources.items():
        found.append(_entity("Instance", name, (), {"id": each.ocid, "type": each.type}))
    return json.dumps(found)


def _entity(
    kind: str,
    name: str,
    parents: Sequence[tuple[str, str]] = (),
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "uid": {"type": kind, "id": name},
        "attrs": attributes or {},
        "parents": [{"type": type_, "id": each} for type_, each in parents],
    }


def as_cedar(request: Request) -> dict[str, Any]:
    """A request as cedarpy wants it."""
    principal = request.who.principal
    kind = "User" if isinstance(principal, User) else "Instance"
    operation = request.operation.name if request.operation else ""
    return {
        "principal": f'{kind}::"{principal.name}"',
        "action": f'Action::"{operation}"',
        "resource": f'Compartment::"{request.where.compartment.name}"',
        "context": {},
    }


@dataclass(frozen=True)
class Row:
    """Seconds that each side takes: to get ready, and for a decision."""

    ready: tuple[float, float]
    may: float
    evaluate: float
    cedarpy: float


def measured(size: int, pairs: Sequence[Pair]) -> Row:
    """One world, both sides."""
    here = world(size, pairs)
    asked = questions(here, size)
    text, known_text = "\n".join(each.cedar for each in pairs), entities(here)
    wanted = [as_cedar(each) for each in asked]
    ready = (
        _timed(lambda: Statements(here)),
        _timed(lambda: (_policy_set(text), cedarpy.Entities.from_json_str(known_text))),
    )
    statements = Statements(here)
    policies, known = _policy_set(text), cedarpy.Entities.from_json_str(known_text)
    _compare(asked, statements, wanted, policies, known)
    times = (
        shortest(lambda: [may(each, statements) for each in asked]),
        shortest(lambda: [evaluate(each, statements) for each in asked]),
        shortest(lambda: [cedarpy.is_authorized(each, policies, known) for each in wanted]),
    )
    return Row(ready, *(each / len(asked) for each in times))


def _policy_set(text: str) -> cedarpy.PolicySet:
    return cedarpy.PolicySet.from_str(text)


def table(title: str, pairs: Callable[[int], Iterator[Pair]]) -> dict[int, Row]:
    """Prints decisions a second for each size."""
    print(
        f"{title:22}{'may':>10}{'evaluate':>10}{'cedarpy':>10}{'may/cedarpy':>13}{'made in s':>16}"
    )
    rows = {}
    for size in SIZES:
        row = rows[size] = measured(size, [*pairs(size)])
        a_second = "".join(f"{1 / each:10,.0f}" for each in (row.may, row.evaluate, row.cedarpy))
        made = "{:.3f} / {:.3f}".format(*row.ready)
        print(f"{size:<22,}{a_second}{row.cedarpy / row.may:13.1f}{made:>16}")
    return rows


def side_by_side() -> bool:
    """Whether ours stay level with the number of statements, and are not slower than cedarpy's."""
    rows = table("of many kinds", mixed)
    print()
    table("all alike", alike)
    growth = rows[SIZES[-1]].may / rows[SIZES[0]].may
    full = rows[SIZES[-1]].evaluate / rows[SIZES[0]].evaluate
    level = rows[500].cedarpy / rows[500].may
    print(
        f"\na decision at {SIZES[-1]:,} costs {growth:.2f} of one at {SIZES[0]}, at most {AT_MOST};"
    )
    print(
        f"one with its reasons {full:.2f}; at 500 ours are {level:.1f} times as many as cedarpy's"
    )
    return growth <= AT_MOST and full <= AT_MOST and level >= 1


def _compare(
    asked: Sequence[Request],
    statements: Statements,
    wanted: Sequence[dict[str, Any]],
    policies: cedarpy.PolicySet,
    known: cedarpy.Entities,
) -> None:
    """Both sides give the same answers, and not all the same; what is measured is no mistake."""
    ours = [VERDICTS[may(each, statements)] for each in asked]
    theirs = [
        "allowed" if cedarpy.is_authorized(each, policies, known).allowed else "denied"
        for each in wanted
    ]
    if ours != theirs or len(set(ours)) < 2:
        sys.exit(f"the two sides of this benchmark do not agree: {ours} {theirs}")


def shortest(work: Callable[[], object]) -> float:
    """The seconds of the round that was disturbed least."""
    return min(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    if not side_by_side():
        sys.exit("decisions are not as fast as they have to be")
