"""Wanted policies against live ones: what apply would do, and the access that it adds or takes.

`plan`, `plan_destroy` and `plan_given` are pure: what is wanted is a bundle, what is there a
`Live`, and what comes out is a `Plan`, which is data to print, to save and to apply.

1. `compare` finds which live policies are ours and makes one step for each wanted one; it compares
   the `normal` forms of trees, never text;
2. `worlds` has the world before the steps and behind them, with what no world lists;
3. `questions` asks the evaluator what changed statements can change, of their `audience`, one for
   all that are `alike`, and `access` folds the differences into what is gained and lost;
4. `outcome` asks whether the wanted access is there behind all, `warnings` what else goes wrong.

With an error nothing may be applied, and no word is said about access.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocipolicy.config import Config, Loaded, Profile
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, has_errors
from ocipolicy.plan import outcome, warnings
from ocipolicy.plan.access import access
from ocipolicy.plan.compare import KEPT, TAG, is_for_us, ours, planned, released, steps
from ocipolicy.plan.live import Live
from ocipolicy.plan.steps import (
    Action,
    Change,
    Create,
    Delete,
    HandedOver,
    Keep,
    Party,
    Plan,
    Step,
    Target,
    Update,
    Version,
    Wanted,
    action,
    versions,
)
from ocipolicy.plan.worlds import surroundings, worlds
from ocipolicy.render import Bundle, weighed
from ocipolicy.render.bundle import Side

__all__ = [
    "KEPT",
    "TAG",
    "Action",
    "Change",
    "Create",
    "Delete",
    "HandedOver",
    "Keep",
    "Live",
    "Party",
    "Plan",
    "Step",
    "Target",
    "Update",
    "Version",
    "Wanted",
    "action",
    "plan",
    "plan_destroy",
    "plan_given",
    "versions",
]


def plan(loaded: Loaded, bundle: Bundle, live: Live, *, adopt: bool = False) -> Plan:
    """The steps from what is live to what a config wants, and what comes of them.

    With `adopt` a policy that is called like ours but is not becomes ours, and keeps what it says.
    Raises CannotGoOn where the config has mistakes, or a live policy of ours has no OCID or etag.
    """
    config = _config(loaded)
    found, diagnostics = steps(loaded, bundle, live, adopt=adopt)
    listed = [*_not_known(loaded, bundle), *_unread(loaded, bundle, live), *diagnostics]
    made = _plan(loaded, config, bundle, live, found)
    if has_errors(listed):
        return replace(made, diagnostics=tuple(weighed(listed, config)))
    tenancies = planned(bundle, live)
    around = worlds(surroundings(config, bundle, live), found)
    wanted, missing = outcome.wanted(loaded, config, around.after.world, around.after)
    listed += missing
    listed += warnings.covered(loaded, config, found, around, tenancies)
    listed += warnings.left_behind(loaded, config, found, tenancies.values(), live)
    listed += warnings.name_taken(loaded, found, tenancies)
    listed += warnings.limits(loaded, tenancies, around.after)
    listed += warnings.rights(loaded, found, live, around.before, tenancies)
    listed += warnings.untold(loaded, live, tenancies, around.changed)
    return replace(
        made,
        access=access(around, config.caller.instances),
        wanted=tuple(wanted),
        handed_over=tuple(_handed_over(bundle, live)),
        diagnostics=tuple(weighed(listed, config)),
    )


def plan_destroy(loaded: Loaded, bundle: Bundle, live: Live) -> Plan:
    """The steps that take away what is ours, the caller's side first, and the access that goes.

    Of an adopted policy its own statements stay. Raises CannotGoOn as `plan` does.
    """
    mine = ours(bundle.name, planned(bundle, live).values())
    found = tuple(released(bundle.name, live, tenancy, policy) for tenancy, policy in mine)
    made = plan_given(loaded, bundle, live, found)
    if made.refused:
        return made
    return replace(made, handed_over=tuple(_handed_over(bundle, live, destroy=True)))


def plan_given(loaded: Loaded, bundle: Bundle, live: Live, found: Sequence[Step]) -> Plan:
    """Steps that somebody else has found, and what comes of them; what is wanted does not count.

    Raises CannotGoOn where the config has mistakes.
    """
    config = _config(loaded)
    tenancies = planned(bundle, live)
    listed = [*_unread(loaded, bundle, live)]
    made = _plan(loaded, config, bundle, live, tuple(found))
    if has_errors(listed):
        return replace(made, diagnostics=tuple(weighed(listed, config)))
    around = worlds(surroundings(config, bundle, live), found)
    listed += warnings.left_behind(loaded, config, found, tenancies.values(), live)
    listed += warnings.rights(loaded, found, live, around.before, tenancies)
    listed += warnings.untold(loaded, live, tenancies, around.changed)
    return replace(
        made,
        access=access(around, config.caller.instances),
        diagnostics=tuple(weighed(listed, config)),
    )


def _config(loaded: Loaded) -> Config:
    if loaded.config is None:
        raise CannotGoOn("the config has mistakes, so there is nothing to plan")
    return loaded.config


def _plan(
    loaded: Loaded, config: Config, bundle: Bundle, live: Live, found: tuple[Step, ...]
) -> Plan:
    names = {each.ocid: each.name for each in live.world.tenancies.values()}
    sides: dict[Side, Profile | None] = {"caller": config.caller.profile}
    if config.service is not None:
        sides["service"] = config.service.profile
    parties = {
        each.tenancy: Party(each.tenancy, names.get(each.tenancy, each.side), sides.get(each.side))
        for each in bundle.policies
        if each.tenancy is not None
    }
    return Plan(bundle.name, loaded.source.origin, found, tuple(parties.values()))


def _not_known(loaded: Loaded, bundle: Bundle) -> Iterator[Diagnostic]:
    for key in bundle.unknown:
        message = f"`{key}` is not known yet, and a stand-in is in the statements"
        hint = "send the letter that `ocipolicy render` writes, and put the answer in"
        yield Diagnostic(
            "value-unknown", Severity.ERROR, message, loaded.key_span(*key.split(".")), hint
        )


def _unread(loaded: Loaded, bundle: Bundle, live: Live) -> Iterator[Diagnostic]:
    """Tenancies of ours that nothing is known of."""
    there = planned(bundle, live)
    for policy in bundle.policies:
        if policy.tenancy is not None and is_for_us(policy) and policy.tenancy not in there:
            why = live.why_unread(policy.tenancy) or "it was not read"
            message = f"nothing can be planned for the {policy.side} side: {why}"
            yield Diagnostic(
                "tenancy-unread", Severity.ERROR, message, loaded.span(policy.side, "tenancy")
            )


def _handed_over(bundle: Bundle, live: Live, *, destroy: bool = False) -> Iterator[HandedOver]:
    """The policies that others have to make, or to take away."""
    read = {each.ocid for each in live.world.tenancies.values()}
    for policy in bundle.policies:
        if policy.tenancy is not None and not is_for_us(policy):
            target = Target(policy.tenancy, policy.side, policy.name)
            yield HandedOver(
                target,
                policy.description,
                policy.statements,
                _instruction(bundle.name, policy.name, oracle=not policy.apply, destroy=destroy),
                policy.tenancy not in read,
            )


def _instruction(name: str, policy: str, *, oracle: bool, destroy: bool) -> str:
    match oracle, destroy:
        case True, False:
            return (
                "Oracle manages this tenancy: ask Oracle Support by a service request to confirm or"
                " create these statements in it."
            )
        case True, True:
            return (
                "Oracle manages this tenancy: ask Oracle Support by a service request to take these"
                " statements away, if nothing else needs them."
            )
        case False, False:
            return (
                "No profile is given for this tenancy: its administrator creates this policy in the"
                f" root compartment, with the free-form tag {TAG} = {name}."
            )
    return (
        f"No profile is given for this tenancy: its administrator deletes policy {policy} in the"
        f" root compartment, if it has the free-form tag {TAG} = {name}."
    )
