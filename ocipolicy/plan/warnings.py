"""What there is to say beside the steps: what a plan leaves behind, doubles or runs into."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ocipolicy import reference
from ocipolicy.config import Config, Loaded
from ocipolicy.diagnostics import Diagnostic, Severity
from ocipolicy.evaluate import Compiled, Place, Request, Statements, evaluate, may, needs_of
from ocipolicy.evaluate.compiled import compiled_policy
from ocipolicy.evaluate.decide import applies, halves
from ocipolicy.language import show
from ocipolicy.language.tree import (
    Access,
    All,
    Any,
    AssociateGrant,
    Clause,
    Condition,
    Statement,
    String,
)
from ocipolicy.plan.compare import TAG, side_of, tagged
from ocipolicy.plan.live import Live
from ocipolicy.plan.questions import askings
from ocipolicy.plan.steps import Action, Create, Keep, Step, action
from ocipolicy.plan.worlds import Worlds, without
from ocipolicy.world import CompartmentPath, Tenancy, User

_OPERATIONS: Mapping[Action, str] = {
    "create": "CreatePolicy",
    "update": "UpdatePolicy",
    "delete": "DeletePolicy",
}


def left_behind(
    loaded: Loaded,
    config: Config,
    steps: Sequence[Step],
    tenancies: Iterable[Tenancy],
    live: Live,
) -> Iterator[Diagnostic]:
    """Policies that look like ours of another day: another name of the config, another place.

    Of policies under another config's name only those are told that grant our instances while ours
    are being made: that is what a renamed config looks like.
    """
    ours = {each.ocid for each in tenancies}
    creating = {each.target.tenancy for each in steps if isinstance(each, Create)}
    name, instances = config.name, frozenset(config.caller.instances)
    for tenancy in live.world.tenancies.values():
        for policy in tenancy.policies:
            owner = tagged(policy)
            where = f"policy {policy.name} of {tenancy.name}"
            message = hint = None
            if owner == name and (tenancy.ocid not in ours or side_of(name, policy) is None):
                message = (
                    f"{where} is tagged `{TAG}: {name}` but is no policy of this config, and stays"
                )
                hint = "delete it by hand if nothing else needs it"
            elif (
                owner not in (None, name)
                and tenancy.ocid in creating
                and not instances.isdisjoint(_named(policy.statements))
            ):
                message = (
                    f"{where} grants the same instances for the config `{owner}`;"
                    " if that was this one's name before, it stays behind"
                )
                hint = f"destroy it under its old name first: `name: {owner}`"
            if message is not None:
                yield _warning(loaded, "left-behind", message, hint)


def _named(statements: Iterable[Statement]) -> Iterator[str]:
    """The principals that statements name by their OCIDs."""
    for each in statements:
        if isinstance(each, Access):
            yield from _texts(each.condition)


def _texts(condition: Condition | None) -> Iterator[str]:
    match condition:
        case Clause(variable=variable) if variable.casefold() == "request.principal.id":
            yield from (each.text for each in condition.values if isinstance(each, String))
        case All(conditions=several) | Any(conditions=several):
            for each in several:
                yield from _texts(each)


def name_taken(
    loaded: Loaded, steps: Iterable[Step], tenancies: Mapping[str, Tenancy]
) -> Iterator[Diagnostic]:
    """New policies whose name another compartment has; whether that is allowed is doubtful."""
    for step in steps:
        if isinstance(step, Create):
            for each in tenancies[step.target.tenancy].policies:
                if each.name == step.target.name and each.compartment:
                    where = ":".join(each.compartment)
                    message = (
                        f"there is a policy {each.name} in compartment {where}; where names are"
                        " unique in the tenancy, OCI refuses another one"
                    )
                    hint = "choose another `name:` if it does"
                    yield _warning(loaded, "name-taken", message, hint)


def covered(
    loaded: Loaded,
    config: Config,
    steps: Iterable[Step],
    worlds: Worlds,
    tenancies: Mapping[str, Tenancy],
) -> Iterator[Diagnostic]:
    """New policies that add nothing: behind the plan the answers are the same without them."""
    for step in steps:
        if not isinstance(step, Create):
            continue
        world = worlds.after.world
        tenancy = next(
            each for each in world.tenancies.values() if each.ocid == step.target.tenancy
        )
        policy = next(
            each
            for each in tenancy.policies
            if each.name == step.target.name and not each.compartment
        )
        statements = tuple(compiled_policy(world, tenancy, policy))
        other = Statements(without(world, step.target))
        by = _granting(statements, worlds.after, other, config.caller.instances, tenancy.ocid)
        if by:
            message = (
                f"policy {step.target.name} adds nothing to what {', '.join(sorted(by))}"
                f" of {tenancies[step.target.tenancy].name} grants already"
            )
            hint = "keep it only if the other one is to be taken away"
            yield _warning(loaded, "already-covered", message, hint, ("access",))


def _granting(
    statements: Sequence[Compiled],
    whole: Statements,
    other: Statements,
    instances: Iterable[str],
    tenancy: str,
) -> set[str]:
    """The policies that let through what these statements do; none where one answer differs."""
    found: set[str] = set()
    for asking in askings(statements, whole, frozenset(instances)):
        for _, _, request in asking.questions():
            truth = may(request, other)
            if truth != may(request, whole):
                return set()
            if truth:
                found.update(_policies(request, other, tenancy))
    return found


def _policies(request: Request, statements: Statements, tenancy: str) -> Iterator[str]:
    """The policies of a tenancy that let a request through."""
    for need in request.needs:
        question = statements.question(request, need)
        for half in halves(request):
            if half.tenancy == tenancy and not half.denies:
                for each in statements.candidates(half, question):
                    if applies(each, question):
                        yield each.policy.name
                        break


def limits(
    loaded: Loaded, tenancies: Mapping[str, Tenancy], after: Statements
) -> Iterator[Diagnostic]:
    """Limits of a tenancy that the plan passes; one that is passed already has been raised."""
    policies = reference.limit("policies-per-tenancy")
    hierarchy = reference.limit("statements-per-hierarchy")
    for now in tenancies.values():
        then = next(e for e in after.world.tenancies.values() if e.ocid == now.ocid)
        before, behind = len(now.policies), len(then.policies)
        if before <= policies.value < behind:
            message = f"{now.name} comes to {behind} policies; OCI allows {policies.value}"
            hint = "delete policies that nobody needs, or ask Oracle to raise the limit"
            yield _warning(loaded, "limit-passed", message, hint, ("access",))
        (was, _), (count, path) = _longest(now), _longest(then)
        if was <= hierarchy.value < count:
            where = f"the path to {':'.join(path)}" if path else "the root compartment"
            message = (
                f"{where} of {now.name} comes to {count} statements;"
                f" OCI allows {hierarchy.value} from the root to a leaf"
            )
            hint = "put statements together, or move policies down to the compartments they are for"
            yield _warning(loaded, "limit-passed", message, hint, ("access",))


def _longest(tenancy: Tenancy) -> tuple[int, CompartmentPath]:
    """The path from the root with the most statements on it, and how many they are."""
    counts: dict[CompartmentPath, int] = {}
    for each in tenancy.policies:
        said = len(each.texts) + len(each.unread)
        counts[each.compartment] = counts.get(each.compartment, 0) + said
    paths = sorted(tenancy.compartments, key=len)
    totals: dict[CompartmentPath, int] = {}
    for path in paths:
        totals[path] = counts.get(path, 0) + (totals[path[:-1]] if path else 0)
    best = max(paths, key=lambda each: totals[each])
    return totals[best], best


def rights(
    loaded: Loaded,
    steps: Iterable[Step],
    live: Live,
    before: Statements,
    tenancies: Mapping[str, Tenancy],
) -> Iterator[Diagnostic]:
    """Rights that whoever applies lacks, with the statements to ask for."""
    needed: dict[str, dict[str, str]] = {}
    for step in steps:
        if not isinstance(step, Keep):
            operation = _OPERATIONS[action(step)]
            needed.setdefault(step.target.tenancy, {})[operation] = step.target.side
    for ocid, operations in needed.items():
        who, tenancy = live.applying.get(ocid), tenancies[ocid]
        if who is None or (
            isinstance(who.principal, User) and who.tenancy.is_administrator(who.principal)
        ):
            continue
        asked = [each for name in operations for each in reference.operation(f"identity:{name}")]
        needs = tuple(dict.fromkeys(need for each in asked for need in needs_of(each)))
        lacking = [
            each.name
            for each in asked
            if may(Request(who, Place(tenancy, tenancy.root), needs_of(each), each), before)
            is False
        ]
        if lacking:
            decision = evaluate(Request(who, Place(tenancy, tenancy.root), needs), before)
            texts = [f"in {each.tenancy}: {show(each.statement)}" for each in decision.missing]
            hint = "\n".join(("ask an administrator for this, in the root compartment", *texts))
            message = f"{who.label} may not {', '.join(lacking)} in the root of {tenancy.name}"
            side = next(iter(operations.values()))
            yield _warning(
                loaded, "right-missing", message, hint if texts else None, (side, "profile")
            )


def untold(
    loaded: Loaded, live: Live, tenancies: Mapping[str, Tenancy], changed: Iterable[Compiled]
) -> Iterator[Diagnostic]:
    """What is left out of all that is said about access."""
    for tenancy in tenancies.values():
        left_out = live.left_out.get(tenancy.ocid, ())
        if left_out:
            message = (
                f"not all of {tenancy.name} could be read, and what is said about access is without"
                f" it: {'; '.join(left_out)}"
            )
            yield Diagnostic("partly-unread", Severity.NOTE, message, loaded.span("name"))
        for policy in tenancy.policies:
            for text in policy.unread:
                message = (
                    f"a statement of policy {policy.name} of {tenancy.name} cannot be read, and is"
                    f" left out of what is said about access: {text}"
                )
                yield _warning(loaded, "unreadable-statement", message, None)
    for statement in changed:
        tree = statement.statement
        by_group = tree.subject.type in ("group", "dynamic-group") and not statement.groups
        if isinstance(tree.grant, AssociateGrant) or by_group:
            why = "its group is not known" if by_group else "it joins two resources"
            message = f"the access that this changes cannot be told, since {why}: {statement.text}"
            yield Diagnostic("access-untold", Severity.NOTE, message, loaded.span("access"))


def _warning(
    loaded: Loaded, rule: str, message: str, hint: str | None, path: tuple[str, ...] = ("name",)
) -> Diagnostic:
    return Diagnostic(rule, Severity.WARNING, message, loaded.span(*path), hint)
