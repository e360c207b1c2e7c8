"""What comes of a plan: whether the wanted access is there behind it, and if not, why."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocipolicy.config import Config, Loaded
from ocipolicy.diagnostics import Diagnostic, Severity
from ocipolicy.evaluate import (
    VERDICTS,
    Place,
    Request,
    Statements,
    Who,
    evaluate,
    may,
    needs_of,
)
from ocipolicy.language import show, show_location
from ocipolicy.language.tree import InCompartment, InCompartmentId
from ocipolicy.plan.steps import Wanted
from ocipolicy.prove import wanted_operations
from ocipolicy.world import Compartment, Tenancy, World


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why something that is wanted is not there, as words around it, and the way out."""

    rule: str
    before: str
    may: str
    why: str
    hint: str | None


def wanted(
    loaded: Loaded, config: Config, world: World, after: Statements
) -> tuple[list[Wanted], list[Diagnostic]]:
    """Every operation that the config wants for every instance, asked behind the plan."""
    party = config.service or config.caller
    there = next((each for each in world.tenancies.values() if each.ocid == party.tenancy), None)
    if there is None:
        # A scenario of somebody's own, which has no policy where the calls go to.
        return [], []
    compartment = _where(config, there)
    if compartment is None:
        return [], [_no_compartment(loaded, config)]
    where = Place(there, compartment)
    found: list[Wanted] = []
    diagnostics: list[Diagnostic] = []
    for at, ocid in enumerate(config.caller.instances):
        who = Who(*world.principal(ocid))
        causes: dict[_Cause, list[str]] = {}
        for operation in wanted_operations(config):
            given = {"request.region": (config.region,)} if config.region else {}
            request = Request(who, where, needs_of(operation), operation, given)
            truth = may(request, after)
            path = ":".join(where.compartment.path) or "/"
            name = f"{operation.service}:{operation.name}"
            found.append(Wanted(who.label, name, where.tenancy.ocid, path, VERDICTS[truth]))
            if truth is not True:
                causes.setdefault(_cause(request, after), []).append(operation.name)
        span = loaded.span("caller", "instances", at)
        for cause, names in causes.items():
            what = f"{cause.before}{who.label} {cause.may} {_listed(names)} in {where.label}"
            message = f"{what}{cause.why}"
            diagnostics.append(Diagnostic(cause.rule, Severity.WARNING, message, span, cause.hint))
    return found, diagnostics


def _where(config: Config, tenancy: Tenancy) -> Compartment | None:
    """Where the config wants its calls: its compartment in the tenancy that is called."""
    match config.compartment:
        case InCompartment(path=path):
            return tenancy.compartments.get(path)
        case InCompartmentId(ocid=ocid):
            return tenancy.compartment(ocid)
        case None:
            return tenancy.root


def _no_compartment(loaded: Loaded, config: Config) -> Diagnostic:
    shown = show_location(config.compartment) if config.compartment else "tenancy"
    return Diagnostic(
        "no-such-compartment",
        Severity.WARNING,
        f"the tenancy has no {shown}, as far as it can be read; OCI refuses a policy that names one"
        " which is not there",
        loaded.span("compartment"),
        "name it as the Console does, from the root: ai:genai; or by its OCID",
    )


def _cause(request: Request, after: Statements) -> _Cause:
    """Why a wanted request is not allowed behind the plan."""
    decision = evaluate(request, after)
    if decision.verdict == "unknown":
        by = ", ".join(decision.undecided)
        return _Cause("access-unknown", "whether ", "may", f" is not known: {by} decides", None)
    denies = [each.statement for each in decision.because if each.part == "deny"]
    if denies:
        deny = denies[0]
        where = f"policy {deny.policy.name} of {deny.tenancy.name}"
        return _Cause(
            "deny-wins",
            "",
            "still may not",
            f" after this: {where} denies it: {deny.text}",
            "a deny wins over every allow; take it away, or leave these instances out of it",
        )
    missing = [f"in {each.tenancy}: {show(each.statement)}" for each in decision.missing]
    hint = "\n".join(("what is missing, in the root compartment", *missing)) if missing else None
    return _Cause("access-missing", "", "still may not", " after this", hint)


def _listed(names: Sequence[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
