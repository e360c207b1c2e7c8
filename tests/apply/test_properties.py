"""Random tenancies, configs and faults: what others have stays, and a second run puts all right."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

from ocipolicy.apply import Journals, Result, Run, apply, rollback
from ocipolicy.cloud import Cloud, Retries
from ocipolicy.cloud.live import read_live
from ocipolicy.config import Loaded, Profile, load
from ocipolicy.diagnostics import CannotGoOn, has_errors
from ocipolicy.language import parse
from ocipolicy.plan import Plan, plan, plan_destroy, plan_given
from ocipolicy.render import Bundle, Templates, render
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.state import State
from ocipolicy.world import Policy, World
from tests.apply.place import NAME, SIDES, Place, Side
from tests.examples import changed

SALES = ["ocid1.odainstance.oc1.iad.sales"]
RETRIES = Retries(attempts=3, pause=0.002, longest=0.01, total=5)
PLACES: Mapping[Side, tuple[tuple[str, ...], ...]] = {
    "caller": ((), ("bots",)),
    "service": ((), ("ai",)),
}
NAMES = ("others", "sales-assistant", "sales-assistant-extra", "other-caller", "Ours and theirs")
TEXTS = (
    "Allow group Auditors to  read all-resources IN tenancy",
    "allow any-user to read buckets in tenancy where request.user.id='ocid1.user.oc1..x'",
    "ENDORSE group Auditors to read objects in any-tenancy",
    "define group other-auditors as ocid1.group.oc1..other",
    "admit group other-auditors of any-tenancy to read objects in tenancy",
)
TAGS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"ocipolicy": ("other",)},
    {"ops.stage": ("live",), "owner": ("nina",)},
)
ACCESS = (
    [{"generative-ai": ["chat"]}],
    [{"generative-ai": ["chat", "text-embedding"]}],
    ["generative-ai", "language"],
)
OPERATIONS = ("CreatePolicy", "UpdatePolicy", "DeletePolicy", "ListPolicies", "GetPolicy", None)
KINDS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (401, 404, 409, 412, 429, 500, 503)),
    {"status": 409, "code": "PolicyAlreadyExists"},
    {"drop": "before"},
    {"drop": "after"},
    {"cut": 0},
)

foreign = st.builds(
    lambda name, at, texts, tags, words: (name, at, texts, tags, words),
    st.sampled_from(NAMES),
    st.integers(0, 1),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
    st.sampled_from(TAGS),
    st.sampled_from(("", "Größe  42", "made by hand")),
)
configs = st.fixed_dictionaries(
    {
        "access": st.sampled_from(ACCESS),
        "compartment": st.sampled_from((None, "ai:genai", "ai")),
        "endorse": st.sampled_from(("any-tenancy", "service-tenancy")),
        "caller.instances": st.sampled_from((SALES, [*SALES, "ocid1.odainstance.oc1.iad.support"])),
    }
)
# How many calls go well before, what then goes wrong, and how often.
faults = st.tuples(
    st.sampled_from(SIDES),
    st.sampled_from(OPERATIONS),
    st.integers(0, 8),
    st.sampled_from(KINDS),
    st.sampled_from((1, 2, 3, 1000)),
)


@dataclass
class Bench:
    """One example: the place, the ways to its sides, and a folder for journals."""

    place: Place
    sides: Mapping[str, Cloud]
    folder: Path

    @property
    def journals(self) -> Journals:
        return Journals(self.folder, NAME, self.sides)

    def run(
        self, change: Mapping[str, Any], *, destroy: bool = False, stop: int = 99
    ) -> list[Result]:
        """The results of a run, killed behind so many of them. Raises CannotGoOn."""
        loaded, bundle = rendered(change)
        live = read_live(NAME, self.sides)
        if destroy:
            made = plan_destroy(loaded, bundle, live)
        else:
            made = plan(loaded, bundle, live, adopt=True)
        return self.take(made, stop)

    def take(self, made: Plan, stop: int = 99, undoes: Sequence[Run] = ()) -> list[Result]:
        errors = [each.message for each in made.diagnostics if has_errors([each])]
        if errors:
            raise CannotGoOn("; ".join(errors))
        walk = apply(made, self.sides, self.journals, undoes)
        results = [outcome.result for outcome in itertools.islice(walk, stop)]
        walk.close()  # type: ignore[attr-defined]
        return results

    def back(self, change: Mapping[str, Any]) -> None:
        """A rollback."""
        loaded, bundle = rendered(change)
        runs = rollback.last(self.journals.runs())
        live = read_live(NAME, self.sides)
        made = plan_given(loaded, bundle, live, rollback.steps(runs, self.sides))
        if made.changes:
            assert {*self.take(made, undoes=runs)} <= {"done"}


def rendered(change: Mapping[str, Any]) -> tuple[Loaded, Bundle]:
    profiles = {f"{side}.profile": side for side in SIDES}
    loaded = load(changed("cross-tenancy", {**profiles, **change}), "ocipolicy.yaml")
    bundle = render(loaded, Templates()).bundle
    assert bundle is not None
    return loaded, bundle


@contextmanager
def bench(sandboxes: Mapping[Side, Sandbox], others: Mapping[Side, Any]) -> Iterator[Bench]:
    """Both sides with policies of others, and nothing of ours."""
    place = Place(Path(), sandboxes)
    for side, sandbox in sandboxes.items():
        sandbox.reset()
        world = sandbox.state.world
        tenancy = world.tenancies[side]
        more = [
            Policy(
                # One may well be called like ours, as long as it is in another compartment.
                f"{name} {number}" if number or not PLACES[side][at % 2] else f"{NAME}-{side}",
                f"ocid1.policy.oc1..{side}{number}",
                PLACES[side][at % 2],
                parse("\n".join(texts)).statements,
                tuple(texts),
                tags,
                words,
            )
            for number, (name, at, texts, tags, words) in enumerate(others[side])
        ]
        tenancy = replace(tenancy, policies=(*tenancy.policies, *more))
        state = State(World({**world.tenancies, side: tenancy}))
        state.keys = sandbox.state.keys
        sandbox.desk.state = state
    sides = {
        place.tenancy(side).ocid: Cloud(
            Profile.model_validate(place.profile(side)), retries=RETRIES
        )
        for side in SIDES
    }
    folder = Path(tempfile.mkdtemp())
    try:
        yield Bench(place, sides, folder)
    finally:
        shutil.rmtree(folder)
        place.heal()
        for each in sides.values():
            each.close()


def wrong(
    place: Place, side: Side, operation: str | None, well: int, kind: Any, times: int
) -> None:
    if well:
        place.fault(side, operation, times=well, delay=1e-6)
    place.fault(side, operation, times=times, **kind)


@settings(max_examples=settings().max_examples // 6)
@given(
    others=st.fixed_dictionaries({side: st.lists(foreign, max_size=3) for side in SIDES}),
    named=st.sets(st.sampled_from(SIDES)),
    earlier=st.none() | configs,
    wanted=configs,
    destroy=st.booleans(),
    going_wrong=st.lists(faults, max_size=3),
    stop=st.sampled_from((99, 99, 1, 2)),
)
def test_whatever_goes_wrong(
    sandboxes: Mapping[Side, Sandbox],
    others: Mapping[Side, Any],
    named: set[Side],
    earlier: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
    destroy: bool,
    going_wrong: list[tuple[Any, ...]],
    stop: int,
) -> None:
    with bench(sandboxes, others) as here:
        place = here.place
        place.watch()
        for side in named:  # by hand, and called like ours
            place.add(side, TEXTS[0], TEXTS[3], owner="nina")
        if earlier is not None:
            here.run(earlier)
        before, first = place.said(), len(here.journals.runs())

        for each in going_wrong:
            wrong(place, *each)
        with suppress(CannotGoOn):
            here.run(wanted, destroy=destroy, stop=stop)
        note(yaml.safe_dump([run.end for run in here.journals.runs()]))
        assert place.lost() == 0
        place.heal()

        assert {*here.run(wanted, destroy=destroy)} <= {"kept", "done"}

        assert place.lost() == 0
        assert place.allowed(rendered(wanted)[0]) == {"denied" if destroy else "allowed"}
        for side in named:
            assert {TEXTS[0], TEXTS[3]} <= {*place.ours(side)}
        runs = here.journals.runs()
        if any(run.standing and run.end != "undone" for run in runs[: len(runs) - first]):
            here.back(wanted)
            assert place.said() == before
            assert place.lost() == 0
