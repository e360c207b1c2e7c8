"""What plan, apply, rollback and destroy share: configs to plans, and plans to a tenancy."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import assert_never

import click

from ocipolicy.apply import Blocked, Journals, Outcome, Run, apply
from ocipolicy.apply.rollback import unfinished
from ocipolicy.cli import show_failure
from ocipolicy.cli.patience import retries, show_attempt
from ocipolicy.cli.proving import proved
from ocipolicy.cli.terminal import (
    gap,
    label,
    paint,
    read,
    say,
    show_diagnostics,
    state_folder,
    width,
)
from ocipolicy.cloud import Cloud
from ocipolicy.cloud.live import clouds, read_live
from ocipolicy.config import Loaded, load
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, Unreadable, has_errors
from ocipolicy.outputs import outcomes as as_outcomes
from ocipolicy.outputs import plans as as_plans
from ocipolicy.plan import Live, Plan
from ocipolicy.plan.together import same_names
from ocipolicy.render import Bundle, Templates

# Tenancies that are read at once. Each of them is read by several threads of its own.
_AT_ONCE = 4
UNREAD = "tenancy-unread"


@dataclass(frozen=True)
class Wanted:
    """A config that can be planned: what it renders, proved, and the sides that can be reached."""

    loaded: Loaded
    bundle: Bundle
    clouds: Mapping[str, Cloud]


@dataclass(frozen=True)
class Planned:
    """What came of a config: a plan with the clouds to apply it on, or why there is none.

    `wanted` is what it was made from; a plan that was saved comes without.
    """

    origin: str
    plan: Plan | None = None
    clouds: Mapping[str, Cloud] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    failure: CannotGoOn | None = None
    wanted: Wanted | None = None

    @property
    def code(self) -> int:
        """The exit code for it alone: 0, 1 for mistakes, 2 where there is no answer."""
        if self.failure is not None:
            return 1 if isinstance(self.failure, Blocked) else 2
        if self.plan is None:
            return 1
        if any(each.rule == UNREAD for each in self.plan.diagnostics):
            return 2
        return 1 if self.plan.refused else 0


def wanted(file: str, templates: tuple[Path, ...]) -> tuple[Wanted | None, tuple[Diagnostic, ...]]:
    """What a config wants, and everything that is wrong with it; nothing is asked of any cloud."""
    loaded = load(*read(file, "`ocipolicy init` writes a config to start from"))
    bundle, proof, diagnostics = proved(loaded, Templates(templates))
    if loaded.config is None or bundle is None or proof is None:
        return None, diagnostics
    if not proof.proved or has_errors(diagnostics):
        return None, diagnostics
    sides = clouds(loaded.config, retries=retries(), on_attempt=show_attempt)
    if not sides:
        raise CannotGoOn(
            f"{loaded.source.origin} has no profile, so no tenancy can be read",
            "add `profile:` to the sides that you administer",
        )
    return Wanted(loaded, bundle, sides), diagnostics


def planned(
    files: Sequence[str],
    templates: tuple[Path, ...],
    make: Callable[[Wanted, Live], Plan],
) -> tuple[Planned, ...]:
    """A plan for each config, in their order; they are read at once, and none waits for another."""
    with _reading(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="config") as pool:
        found = tuple(pool.map(lambda file: _planned(file, templates, make), files))
    for each in found:
        close_in_the_end(each)
    return _without_doubles(found)


def _without_doubles(found: Sequence[Planned]) -> tuple[Planned, ...]:
    """The same, with no plan for a config whose policies are those of one before it."""
    made = [(at, each.wanted) for at, each in enumerate(found) if each.wanted is not None]
    wrong = same_names([(each.loaded, each.bundle) for _, each in made])
    several = list(found)
    for (at, _), mistake in zip(made, wrong, strict=True):
        if mistake is not None:
            several[at] = Planned(found[at].origin, diagnostics=(mistake,))
    return tuple(several)


@contextmanager
def _reading() -> Iterator[None]:
    """Say that there is something to wait for, where somebody waits."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo("reading the tenancies ...", nl=False, err=True)
    try:
        yield
    finally:
        click.echo("\r\x1b[2K", nl=False, err=True)


def _planned(
    file: str, templates: tuple[Path, ...], make: Callable[[Wanted, Live], Plan]
) -> Planned:
    try:
        found, diagnostics = wanted(file, templates)
        if found is None:
            return Planned(file, diagnostics=diagnostics)
        live = read_live(found.bundle.name, found.clouds)
        weighty = tuple(each for each in diagnostics if each.severity is not Severity.NOTE)
        return Planned(file, make(found, live), found.clouds, weighty, wanted=found)
    except CannotGoOn as failure:
        return Planned(file, failure=failure)


def close_in_the_end(found: Planned) -> None:
    """Have the clouds of a plan let go of their sockets when the command is through."""
    for cloud in (found.clouds or {}).values():
        click.get_current_context().call_on_close(cloud.close)


def one(file: str, templates: tuple[Path, ...], make: Callable[[Wanted, Live], Plan]) -> Planned:
    """The plan of one config."""
    return planned([file], templates, make)[0]


def worst(codes: Iterable[int]) -> int:
    """The exit code over all."""
    return max(codes, default=0)


def show_plans(found: Sequence[Planned]) -> None:
    """Every plan for people, and with several a table of all."""
    for each in found:
        if len(found) > 1:
            click.echo(click.style(f"# {each.origin}", bold=True))
        if each.failure is not None:
            show_failure(each.failure)
        elif each.plan is None:
            show_diagnostics(each.diagnostics)
        else:
            click.echo(as_plans.as_text(each.plan, paint, width()))
            if each.diagnostics:
                gap()
            show_diagnostics(each.diagnostics)
        if len(found) > 1:
            click.echo()
    if len(found) > 1:
        plans = [(each.origin, each.plan, each.failure) for each in found]
        click.echo(as_plans.table(plans, paint, width()))


def show_unfinished(found: Planned) -> None:
    """Say that runs before did not come to their end; the plan counts in what they left."""
    if found.plan is None:
        return
    try:
        runs = unfinished(journals_of(found.plan).runs())
    except Unreadable as failure:  # it is needed for a rollback alone
        label("warning:", failure.message)
        return
    if runs:
        click.echo()
        back = f"ocipolicy rollback {quote(found.plan.origin)}"
        say(
            f"The run of {runs[0].started:%Y-%m-%d %H:%M:%S} UTC has not come to its end. The plan"
            f" starts from what it left; `{back}` takes that back instead."
        )


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether to go on. Raises UsageError where nobody can be asked and `--yes` was not given."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("There is no terminal to ask on: say --yes to go on.")
    return click.confirm(question, default=False)


def carry_out(found: Planned, undoes: Sequence[Run] = ()) -> int:
    """Apply a plan, a rollback of runs if any are named, and tell of each step; the exit code."""
    if found.plan is None or found.clouds is None:
        return found.code
    outcomes: list[Outcome] = []
    lost: OSError | None = None
    try:
        for outcome in apply(found.plan, found.clouds, journals_of(found.plan), undoes):
            outcomes.append(outcome)
            try:
                click.echo(as_outcomes.line(outcome, found.plan, paint, width()))
            except OSError as error:  # that nobody can read it must not stop it half way
                lost = error
    except CannotGoOn as failure:
        show_failure(failure)
        return 2
    if lost is not None:
        raise lost
    click.echo(as_outcomes.summary(outcomes, found.plan, paint, width()))
    return 1 if any(each.result in ("failed", "left") for each in outcomes) else 0


def journals_of(made: Plan | Bundle) -> Journals:
    """The journals of a config, under the user's state folder."""
    match made:
        case Plan(parties=parties):
            tenancies = {each.ocid for each in parties}
        case Bundle(policies=policies):
            tenancies = {each.tenancy for each in policies if each.tenancy is not None}
        case _:
            assert_never(made)
    return Journals(state_folder() / "ocipolicy" / "apply", made.name, tenancies)
