"""What the demo shows: its scenes, each with the commands of it and what they have to come to.

Nothing in it knows a scenario. Who calls, where, and with which profiles is read off the config
that `init` makes and off the scenario's `world.yaml`, whose first words say what there is.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from ocipolicy.cli.demo_stage import Cut
from ocipolicy.cli.init import fill
from ocipolicy.cli.sandboxes import PORT, Place
from ocipolicy.config import Config, load
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.evaluate import Place as Where
from ocipolicy.evaluate import Who
from ocipolicy.language.tree import InCompartment, InCompartmentId
from ocipolicy.render import Templates
from ocipolicy.sandbox.founding import founded
from ocipolicy.world import World, load_world

CONFIG, WORLD, POLICIES, PLAN = "ocipolicy.yaml", "world.yaml", "policies", "plan.json"
STATE = "state"
_LONG = 76  # characters of a command line before it goes on in a next one


@dataclass(frozen=True, slots=True)
class Calls:
    """What the sandbox must have seen of chats in a step: who called, and what was decided."""

    who: str
    verdict: Literal["allowed", "denied"]


@dataclass(frozen=True, slots=True)
class Step:
    """A command: its words without the program's name, and what it has to come to.

    `explained` is for a refusal: what the sandbox knows to be missing has to be in the output.
    """

    words: tuple[str, ...]
    code: int = 0
    cut: Cut | None = None
    calls: Calls | None = None
    explained: bool = False

    @property
    def line(self) -> str:
        """It as somebody types it, on several lines where it is long."""
        line = shlex.join(("ocipolicy", *self.words))
        if self.cut:
            line += f" | {self.cut.end} -n {self.cut.lines}"
        if len(line) <= _LONG:
            return line
        first, *rest = line.split(" --")
        lines = [first]
        for each in rest:
            if len(lines[-1]) + len(each) + 3 <= _LONG:
                lines[-1] += f" --{each}"
            else:
                lines.append(f"    --{each}")
        return " \\\n".join(lines)


@dataclass(frozen=True, slots=True)
class Read:
    """Files of a folder, as `cat` shows them."""

    folder: str

    @property
    def line(self) -> str:
        """It as somebody types it."""
        return f"cat {self.folder}/*.policy"


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer of the model that is shown as it comes; there is no command for it alone."""

    calls: Calls


Act = Step | Read | Stream


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the demo: what it is called, what is said, and what is done."""

    title: str
    words: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Cast:
    """Who plays: the texts of a scenario's world and config, and what they come to.

    `instance` calls, in `where`; `profile` is the administrator's, on the side that is called.
    """

    scenario: str
    world: World
    world_text: str
    config_text: str
    config: Config
    instance: Who
    where: Where
    profile: str

    @property
    def prologue(self) -> str:
        """What there is: the first words of the world's file."""
        comment = re.match(r"(?:# .*\n)+", self.world_text)
        return " ".join(comment[0].replace("#", " ").split()) if comment else ""

    @property
    def everybody(self) -> int:
        """How many principals there are."""
        return sum(len(each.users) + len(each.resources) for each in self.world.tenancies.values())


def cast(scenario: str, templates: Templates, place: Place) -> Cast:
    """The cast of a scenario in the sandbox of a place. Raises CannotGoOn for lack of one."""
    source = templates.source(f"{scenario}/{WORLD}")
    world = load_world(source.text, source.origin).world
    config = load(fill(templates, scenario, {})).config
    if world is None or config is None:
        raise CannotGoOn(f"the scenario {scenario} cannot be shown: its world or config is wrong")
    instance = Who(*world.principal(config.caller.instances[0]))
    there = _tenancy(world, (config.service or config.caller).tenancy)
    profiles = {
        f"{side}_profile": {
            "name": f"{_tenancy(world, said.tenancy)}/admin",
            "config_file": f"{STATE}/ocipolicy/sandbox/{place.port}/config",
            "endpoint": f"{place.endpoint}/r/{{region}}",
        }
        for side, said in (("caller", config.caller), ("service", config.service))
        if said is not None and said.profile is not None
    }
    text = fill(templates, scenario, profiles)
    final = load(text).config
    if final is None:
        raise CannotGoOn(f"the scenario {scenario} cannot be shown: its config takes no profile")
    inside = _inside(final)
    place_asked = inside if inside.startswith("ocid1.") else f"{there}/{inside}"
    return Cast(
        scenario,
        founded(world),
        source.text,
        text,
        final,
        instance,
        Where(*world.place(place_asked)),
        f"{there}/admin",
    )


def _tenancy(world: World, ocid: str | None) -> str:
    found = next((each for each in world.tenancies.values() if each.ocid == ocid), None)
    if found is None:
        raise CannotGoOn(f"{WORLD} has no tenancy {ocid}, which the config of the scenario has")
    return found.name


def _inside(config: Config) -> str:
    """The compartment that is charged: its path or OCID, nothing for the root."""
    match config.compartment:
        case InCompartment(path=path):
            return ":".join(path)
        case InCompartmentId(ocid=ocid):
            return ocid
        case None:
            return ""
    assert_never(config.compartment)


def story(of: Cast, place: Place, more: Sequence[str] = ()) -> tuple[Scene, ...]:
    """The scenes; `more` are words that every command about the config takes besides."""
    started = ("--port", str(place.port)) if place.port != PORT else ()
    who, instance = of.instance.label, of.instance.principal.ocid
    as_instance = (CONFIG, "--as", who, *more)
    inside = _inside(of.config)
    side = "service" if of.config.service else "caller"
    explained = inside if inside.startswith("ocid1.") else f"{side}/{inside}".rstrip("/")
    return (
        Scene(
            "A cloud to try it in",
            "The sandbox speaks OCI's protocol, verifies every signature and enforces the policies "
            f"that are in it. {of.prologue}",
            (
                Step(
                    ("sandbox", "start", "--world", WORLD, "--background", *started),
                    cut=Cut("head", 1 + of.everybody),
                ),
            ),
        ),
        Scene(
            "The call is refused",
            f"The instance {who} calls the model with its own key, as Digital Assistant does. All "
            "that it gets is a bare 404; `smoke` says what is missing, and where.",
            (Step(("smoke", *as_instance), 1, calls=Calls(who, "denied"), explained=True),),
        ),
        Scene(
            "The statements",
            f"{CONFIG} says who calls what. Out of it come the statements of each tenancy, and a "
            "proof that they give what is wanted, and nothing to anybody else.",
            (Step(("render", CONFIG, "-o", POLICIES, *more)), Read(POLICIES)),
        ),
        Scene(
            "The plan",
            "What would change in the tenancies, and who gains or loses access by it. Nothing is "
            "changed yet.",
            (Step(("plan", CONFIG, "-o", PLAN, *more)),),
        ),
        Scene(
            "The change",
            "Each step of the plan is done and read back; where one fails, those before it are "
            "taken back.",
            (Step(("apply", PLAN, "--yes", *more), cut=Cut("tail", 7)),),
        ),
        Scene(
            "The call is allowed",
            "First your own calls, as administrator, and what the policies give the instance; then "
            "the calls of the instance itself.",
            (
                Step(("smoke", CONFIG, *more), calls=Calls(of.profile, "allowed")),
                Step(("smoke", *as_instance), calls=Calls(who, "allowed")),
            ),
        ),
        Scene(
            "An answer as it comes",
            "The instance asks once more, and the answer is shown piece by piece. It is the "
            "sandbox's own text, for there is no model in it.",
            (Stream(Calls(who, "allowed")),),
        ),
        Scene(
            "Why",
            "`explain` asks no cloud: it reads the statements, here those of the config, and says "
            "which of them let its first instance through.",
            (
                Step(
                    (
                        *("explain", "--config", CONFIG, "--who", instance),
                        *("--do", "Chat", "--in", explained),
                        *more,
                    )
                ),
            ),
        ),
        Scene(
            "All of it taken back",
            "`destroy` removes the policies that are ours, and only those. Then the call is "
            "refused as before.",
            (
                Step(("destroy", CONFIG, "--yes", *more), cut=Cut("tail", 5)),
                Step(
                    ("smoke", *as_instance),
                    1,
                    Cut("head", 7),
                    Calls(who, "denied"),
                    explained=True,
                ),
                Step(("sandbox", "stop", *started)),
            ),
        ),
    )
