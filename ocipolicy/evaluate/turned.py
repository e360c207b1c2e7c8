"""The evaluator turned round: who can do this there, and what can this principal do, where?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from ocipolicy import reference
from ocipolicy.evaluate.decide import VERDICTS, Statements, Verdict, may
from ocipolicy.evaluate.logic import Truth
from ocipolicy.evaluate.reasons import Reason, because
from ocipolicy.evaluate.request import Need, Place, Request, Who, needs_of
from ocipolicy.world import CompartmentPath, Principal, Tenancy, World

Given = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of who-can and what-can: a principal may do an operation in a compartment.

    `below` says that the answer is the same in every compartment below it.
    """

    who: Who
    operation: reference.Operation | None
    needs: tuple[Need, ...]
    where: Place
    because: tuple[Reason, ...]
    below: bool = False


def who_can(
    needs: tuple[Need, ...],
    operation: reference.Operation | None,
    where: Place,
    statements: Statements,
    given: Given | None = None,
) -> Iterator[tuple[Answer, Verdict]]:
    """Every principal of the world that may, or may perhaps, do this there."""
    for who in principals(statements.world):
        request = Request(who, where, needs, operation, given or {})
        truth = may(request, statements)
        if truth is not False:
            reasons = because(request, statements, truth)
            yield Answer(who, operation, needs, where, reasons), VERDICTS[truth]


def what_can(
    who: Who, statements: Statements, given: Given | None = None
) -> Iterator[tuple[Answer, Verdict]]:
    """Every operation that a principal may do, or may perhaps do, and where.

    Where the answer for a compartment and for all below it is the same, one row stands for them.
    """
    for operation in chain.from_iterable(reference.operations().values()):
        needs = needs_of(operation)
        for tenancy in statements.world.tenancies.values() if needs else ():
            requests = {
                path: Request(who, Place(tenancy, each), needs, operation, given or {})
                for path, each in tenancy.compartments.items()
            }
            truths = {path: may(request, statements) for path, request in requests.items()}
            for path, below in _rows(tenancy, truths):
                request, truth = requests[path], truths[path]
                reasons = because(request, statements, truth)
                answer = Answer(who, operation, needs, request.where, reasons, below)
                yield answer, VERDICTS[truth]


def _rows(
    tenancy: Tenancy, truths: Mapping[CompartmentPath, Truth]
) -> Iterator[tuple[CompartmentPath, bool]]:
    """The compartments to name, and whether each stands for all below it as well."""
    same = dict.fromkeys(truths, True)
    for path in sorted(tenancy.compartments, key=len, reverse=True):
        above = path[:-1]
        if path and not (same[path] and truths[path] == truths[above]):
            same[above] = False
    for path, truth in truths.items():
        if truth is not False and not (path and same[path[:-1]]):
            yield path, same[path]


def principals(world: World) -> Iterator[Who]:
    """Every user and resource of a world."""
    for tenancy in world.tenancies.values():
        everyone: Iterator[Principal] = chain(tenancy.users.values(), tenancy.resources.values())
        yield from (Who(tenancy, principal) for principal in everyone)
