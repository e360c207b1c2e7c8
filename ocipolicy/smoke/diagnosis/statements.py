"""What is wrong with the policies: the statement that nearly lets a call through, and its fault.

The faults are told by the parts of a statement that the evaluator has weighed. A near miss may be
meant for somebody else, and then be right as it is: so the fix is always the statement that this
call needs, never a change of the other one.
"""

from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.evaluate import Considered
from ocipolicy.language import show, show_location
from ocipolicy.language.tree import (
    Access,
    Define,
    InAnyTenancy,
    InTenancy,
    OfTenancy,
    VerbGrant,
)
from ocipolicy.smoke.diagnosis.seen import Cause, Paste, Seen, command
from ocipolicy.world import User

_LONG = 60.0  # seconds; what is not there by then is not late
_PLACE = "add to a policy in the root compartment:"
_WHO = "request.principal.id"


def allowed_all_the_same(seen: Seen) -> Cause | None:
    """A call that is answered, though the policies that could be read deny it."""
    if not seen.answered:
        return None
    return Cause(
        "it is allowed, though the policies that could be read deny it",
        (f"predicted denied: {seen.prediction.why}",),
        "what was taken away stays in force for some minutes; else another statement lets it"
        " through, for a group of another identity domain, say",
        commands=(seen.again(),),
    )


def no_such_compartment(seen: Seen) -> Cause | None:
    """A compartment of the config that the tenancy does not have."""
    if seen.error is not None and not seen.is_denied:
        return None
    tenancies = {each.ocid: each for each in seen.live.world.tenancies.values()}
    tenancy = tenancies.get(seen.there)
    if tenancy is None or any(
        each.startswith("compartment") for each in seen.live.left_out.get(seen.there, ())
    ):
        return None
    if seen.compartment is not None and tenancy.compartment(seen.compartment) is not None:
        return None
    paths = [":".join(path) for path in tenancy.compartments if path]
    return Cause(
        f"{tenancy.name} has no such compartment: {_wanted(seen)}",
        (f"it has {', '.join(sorted(paths)[:8]) or 'none below its root'}",),
        f"write the right `compartment:` into {seen.origin}, from the root: ai:genai, or its OCID",
    )


def compartment_unread(seen: Seen) -> Cause | None:
    """A path to a compartment in a tenancy that cannot be read, so that nothing could be sent."""
    if seen.compartment is not None or seen.proof == "instance-access":
        return None
    return Cause(
        f"nobody here can look up the OCID of {_wanted(seen)}, so nothing was sent",
        (seen.prediction.why,),
        f"write the OCID into {seen.origin}: `compartment: ocid1.compartment...`",
    )


def denied_by_deny(seen: Seen) -> Cause | None:
    """A deny statement, which wins over every other."""
    decision = seen.prediction.decision
    if decision is None or decision.verdict != "denied" or not _asked(seen):
        return None
    denies = [each.statement for each in decision.because if each.part == "deny"]
    if not denies:
        return None
    first = denies[0]
    return Cause(
        f"policy {first.policy.name} of {first.tenancy.name} denies it",
        (first.text,),
        "a deny wins over every allow: take it away, or leave this caller out of it",
    )


def define_elsewhere(seen: Seen) -> Cause | None:
    """An alias that another policy defines: a define counts in its own policy only."""
    for each in _misses(seen):
        alias = _unknown_alias(each)
        if alias is None:
            continue
        for policy in each.statement.tenancy.policies:
            for define in policy.statements:
                if isinstance(define, Define) and define.alias.casefold() == alias.casefold():
                    if policy is each.statement.policy:
                        continue
                    own = each.statement
                    return Cause(
                        f"`{alias}` is defined in policy {policy.name}, and used in"
                        f" {own.policy.name}: a define counts in its own policy only",
                        _about(each),
                        f"put the define above it, into policy {own.policy.name}:",
                        (
                            Paste(own.tenancy.name, own.tenancy.ocid, show(define)),
                            Paste(own.tenancy.name, own.tenancy.ocid, own.text),
                        ),
                    )
    return None


def wrong_alias(seen: Seen) -> Cause | None:
    """An alias that nobody defines, or that stands for another tenancy."""
    request = seen.prediction.request
    if request is None:
        return None
    for each in _misses(seen):
        statement, alias = each.statement, _unknown_alias(each)
        if alias is not None:
            return Cause(
                f"no define says what tenancy `{alias}` is",
                _about(each),
                f"in policy {statement.policy.name} there has to be:",
                seen.pastes(),
            )
        tree, fault = statement.statement, _fault(each)
        other = right = None
        if isinstance(tree.of, OfTenancy) and fault == "subject" and statement.source is not None:
            alias, other = tree.of.alias, " or ".join(sorted(statement.source.ocids))
            right = request.who.tenancy
        elif tree.kind == "endorse" and fault == "location" and _alias_of(tree) is not None:
            alias, other = _alias_of(tree), _tenancy_of(each)
            right = request.where.tenancy
        if right is None or alias is None or other in (None, right.ocid):
            continue
        return Cause(
            f"`{alias}` stands for another tenancy than {right.name}",
            (*_about(each), f"it is defined as {other}", f"{right.name} is {right.ocid}"),
            f"in policy {statement.policy.name} it has to be:",
            seen.pastes(),
        )
    return None


def not_in_root(seen: Seen) -> Cause | None:
    """An endorse or admit of a policy that is not attached to the root compartment."""
    for each in seen.near(misses=2):
        # A path to a compartment leads elsewhere from there, too.
        faults = {part.part for part in each.parts if part.ok is False}
        if "attachment" not in faults or not faults <= {"attachment", "location"}:
            continue
        policy = each.statement.policy
        return Cause(
            f"policy {policy.name} is attached to the compartment {':'.join(policy.compartment)},"
            " and across tenancies only those of the root count",
            _about(each),
            "make it once more in the root compartment:",
            seen.pastes(),
        )
    return None


def wrong_instance(seen: Seen) -> Cause | None:
    """A statement for another instance, or with a slip in the OCID of this one."""
    for each in _misses(seen, "condition"):
        got = [part for part in each.parts if part.ok is False and _WHO in part.expected.lower()]
        if got:
            return Cause(
                f"policy {each.statement.policy.name} of {each.statement.tenancy.name} is for"
                " another instance",
                (*_about(each), f"it expects {got[-1].expected}", f"the call has {got[-1].got}"),
                _PLACE,
                seen.pastes(),
            )
    return None


def wrong_compartment(seen: Seen) -> Cause | None:
    """A statement for another compartment than the one that the call is charged to."""
    for each in _misses(seen, "location"):
        if _unknown_alias(each) is not None or each.statement.statement.kind == "endorse":
            continue
        part = next(part for part in each.parts if part.part == "location")
        problem = each.statement.scope.problem
        return Cause(
            f"policy {each.statement.policy.name} of {each.statement.tenancy.name} is for another"
            f" compartment than {_wanted(seen)}",
            (*_about(each), problem or f"it expects {part.expected}, the call is in {part.got}"),
            f"write that compartment into {seen.origin}, or add in the root compartment:",
            seen.pastes(),
        )
    return None


def inapplicable_variable(seen: Seen) -> Cause | None:
    """A condition on a variable that such a caller does not have: it never holds."""
    for each in _misses(seen, "condition"):
        got = [part for part in each.parts if part.ok is False and "does not apply" in part.got]
        if got:
            return Cause(
                f"the condition of policy {each.statement.policy.name} can never hold for this"
                " caller",
                (*_about(each), got[-1].got),
                "compare request.principal.id for an instance, and add in the root compartment:",
                seen.pastes(),
            )
    return None


def condition_fails(seen: Seen) -> Cause | None:
    """Another condition that does not hold now: a time, a region, a model."""
    for each in _misses(seen, "condition"):
        got = [part for part in each.parts if part.ok is False]
        return Cause(
            f"a condition of policy {each.statement.policy.name} does not hold",
            (*_about(each), f"it expects {got[-1].expected}", f"the call has {got[-1].got}"),
            "change the condition, or add in the root compartment:",
            seen.pastes(),
        )
    return None


def dynamic_group_misses(seen: Seen) -> Cause | None:
    """A statement for a dynamic group that the caller is not in, as far as its rule is read."""
    request = seen.prediction.request
    if request is None or isinstance(request.who.principal, User):
        return None
    for each in _misses(seen, "subject"):
        subject = each.statement.statement.subject
        if subject.type != "dynamic-group":
            continue
        groups = each.statement.tenancy.dynamic_groups.values()
        rules = [
            f"the rule of {group.name}: {group.rule_text}"
            for group in groups
            if group.ocid in each.statement.groups
        ]
        return Cause(
            f"the caller is not in the dynamic group of policy {each.statement.policy.name}",
            (*_about(each), *(rules or ["no such dynamic group can be read"])),
            "a changed rule takes up to an hour, resource.type is the word of the OCID, and a group"
            " outside the Default domain is 'DOMAIN'/'NAME'; or name the instance itself:",
            seen.pastes(),
        )
    return None


def lower_verb(seen: Seen) -> Cause | None:
    """A verb that gives less than the call needs."""
    for each in _misses(seen, "verb"):
        if isinstance(grant := each.statement.statement.grant, VerbGrant) and (
            grant.resource == reference.ALL_RESOURCES
        ):
            continue  # whoever may look at everything is not meant to call
        part = next(part for part in each.parts if part.part == "verb")
        return Cause(
            f"`{part.expected}` of policy {each.statement.policy.name} does not give {part.got}",
            _about(each),
            _PLACE,
            seen.pastes(),
        )
    return None


def unknown_type(seen: Seen) -> Cause | None:
    """A resource type that is none, as some tutorials print it."""
    decision = seen.prediction.decision
    if decision is None or decision.verdict == "allowed" or not _asked(seen):
        return None
    for each in decision.considered:
        grant = each.statement.statement.grant
        known = reference.resource_type(grant.resource) if isinstance(grant, VerbGrant) else None
        if not isinstance(grant, VerbGrant) or (known and not known.obsolete_for):
            continue
        if any(p.ok is False for p in each.parts if p.part not in ("resource", "verb", "clause")):
            continue
        near = known.obsolete_for if known else reference.suggest("resource", grant.resource)
        return Cause(
            f"`{grant.resource}` is no resource type of today",
            _about(each),
            (f"it is {near}; " if near else "") + _PLACE,
            seen.pastes(),
        )
    return None


def unreadable_statement(seen: Seen) -> Cause | None:
    """A statement that nobody here can read: typographic quotes, characters that cannot be seen."""
    if not seen.missing or not _asked(seen):
        return None
    for name in dict.fromkeys(each.tenancy for each in seen.missing):
        tenancy = seen.tenancy(name)
        for policy in tenancy.policies if tenancy else ():
            for text in policy.unread:
                shown = " ".join(text.split())
                return Cause(
                    f"a statement of policy {policy.name} of {name} cannot be read",
                    (f"policy {policy.name} of {name}:\n{shown}",),
                    "look for typographic quotes and characters that cannot be seen, and write it"
                    " anew in the root compartment:",
                    seen.pastes(),
                )
    return None


def missing_statement(kind: str, seen: Seen) -> Cause | None:
    """No statement at all of a kind: allow in one tenancy, endorse and admit across two."""
    if not _asked(seen):
        return None
    kinds = seen.lacking
    if kind not in kinds:
        return None
    rest = [f", and no {other} in {where}" for other, where in kinds.items() if other != kind]
    request = seen.prediction.request
    who = request.who.principal.ocid if request else seen.principal
    return Cause(
        f"no {kind} in {kinds[kind]} lets the call through{''.join(rest)}",
        (
            f"{seen.ask.operation.name} by {who} in {_wanted(seen)}",
            *(f"nearest: {line}" for each in seen.near()[:1] for line in _about(each)),
        ),
        _PLACE,
        seen.pastes(),
        (command("apply", seen.origin),) if seen.proof != "own-call" else (),
    )


def oracles_side(seen: Seen) -> Cause | None:
    """The endorse of a tenancy that Oracle manages, or that somebody else does."""
    if seen.prediction.provided is None or seen.error is None or not seen.is_denied:
        return None
    theirs = [each for each in seen.bundle.policies if each.side == seen.prediction.provided]
    oracle = any(not each.apply for each in theirs)
    whom = "Oracle Support" if oracle else "the administrator of the caller's tenancy"
    return Cause(
        "everything on this side is there; the endorse in the caller's tenancy is not, or it is for"
        " another instance",
        (seen.prediction.why,),
        f"ask {whom} to confirm these, and the OCIDs of tenancy and instance:",
        tuple(
            Paste(each.side, each.tenancy or "", show(statement))
            for each in theirs
            for statement in each.statements
        ),
        (command("render", seen.origin),),
    )


def undecided(seen: Seen) -> Cause | None:
    """Statements whose meaning hangs on something that is not known."""
    decision = seen.prediction.decision
    if decision is None or decision.verdict != "unknown" or not _asked(seen):
        return None
    doubted = [each for each in decision.considered if each.truth is None]
    return Cause(
        f"whether it is allowed is not known: {', '.join(decision.undecided)} decides",
        tuple(line for each in doubted[:1] for line in _about(each)),
        "write the statement so that it does not hang on this",
    )


def unread_policies(seen: Seen) -> Cause | None:
    """A refusal that the policies would explain, if they could be read."""
    if not seen.is_denied or seen.prediction.verdict != "unknown":
        return None
    return Cause(
        "the caller may not do that there, or it is not there; the policies that would tell cannot"
        " be read"
        if seen.error is not None
        else "whether it is allowed is not known, since not all policies can be read",
        tuple(filter(None, (_said(seen), seen.prediction.why))),
        "let the profile read them: its group needs `inspect policies in tenancy` and"
        " `inspect compartments in tenancy`",
        commands=(command("render", seen.origin),),
    )


def not_yet_there(seen: Seen) -> Cause | None:
    """A policy that is live, and not in force everywhere yet."""
    error = seen.refused_with(404)
    if seen.prediction.verdict != "allowed" or error is None or not error.is_denied:
        return None
    if seen.waited >= _LONG:
        return None
    home = next(
        (
            each.home_region
            for each in seen.live.world.tenancies.values()
            if each.ocid == seen.there
        ),
        None,
    )
    more = (
        (f"{seen.region} is not the home region {home}, and gets policies later",)
        if home not in (None, seen.region)
        else ()
    )
    waited = (f"tried for {seen.waited:.0f} s",) if seen.waited else ()
    return Cause(
        "the policies allow it, and the service does not know them yet",
        (_said(seen), f"predicted allowed: {seen.prediction.why}", *more, *waited),
        "a policy takes effect within 10 seconds as a rule, in other regions within minutes",
        commands=(seen.again("--wait", "120"),),
    )


def unexplained(seen: Seen) -> Cause | None:
    """A refusal that the policies do not explain."""
    if seen.error is None:
        return Cause(
            f"it is not allowed: {seen.prediction.why}",
            fix="see what `ocipolicy plan` says of it",
            commands=(command("plan", seen.origin),),
        )
    error = seen.refused
    id_ = error.request_id if error else ""
    return Cause(
        "it failed, and nothing that could be read explains it",
        (seen.error.message, f"predicted {seen.prediction.verdict}: {seen.prediction.why}"),
        "ask Oracle Support with the request id" + (f" {id_}" if id_ else ""),
    )


def _asked(seen: Seen) -> bool:
    """Whether the policies are the reason: the service said no, or nobody called."""
    return seen.is_denied


def _misses(seen: Seen, part: str | None = None) -> Iterator[Considered]:
    """The statements that miss by one part alone, or by a certain one."""
    for each in seen.near():
        if part is None or _fault(each) == part:
            yield each


def _fault(each: Considered) -> str:
    """The part of a near miss that does not fit."""
    return next(part.part for part in each.parts if part.ok is False and part.part != "clause")


def _unknown_alias(each: Considered) -> str | None:
    """The alias of a near miss that no define of its policy says anything of."""
    statement = each.statement
    tree = statement.statement
    if isinstance(tree.of, OfTenancy) and _fault(each) == "subject" and statement.source is None:
        return tree.of.alias
    problem = statement.scope.problem or ""
    return _alias_of(tree) if problem.startswith("no define") else None


def _alias_of(tree: Access) -> str | None:
    """The alias of the tenancy in a location."""
    location = tree.location
    if location is None or isinstance(location, InAnyTenancy):
        return None
    return location.alias if isinstance(location, InTenancy) else location.of_tenancy


def _tenancy_of(each: Considered) -> str | None:
    """The OCID that the alias in the location of a near miss stands for."""
    alias = _alias_of(each.statement.statement)
    defines = (d for d in each.statement.policy.statements if isinstance(d, Define))
    return next((d.ocid for d in defines if d.alias == alias), None)


def _about(each: Considered) -> tuple[str, ...]:
    statement = each.statement
    return (f"policy {statement.policy.name} of {statement.tenancy.name}:\n{statement.text}",)


def _wanted(seen: Seen) -> str:
    """The compartment that is charged, as people name it."""
    request = seen.prediction.request
    if request is not None:
        return request.where.label
    location = seen.config.compartment
    return show_location(location) if location else "the whole tenancy"


def _said(seen: Seen) -> str:
    error = seen.refused
    return f"{error.operation}: {error.brief}: {error.said.rstrip('.')}" if error else ""
