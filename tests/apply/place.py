"""Two tenancies in two sandboxes, a config that is to be applied to them, and what is there then.

Each side has a sandbox of its own over the same world, so that a fault hits one side alone.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from click.testing import Result

from ocipolicy.apply import Journals
from ocipolicy.cloud import Cloud, LivePolicy
from ocipolicy.config import Config, Loaded, Profile, load
from ocipolicy.evaluate import Place as Where
from ocipolicy.evaluate import Request, Statements, Verdict, Who, evaluate, needs_of
from ocipolicy.prove import wanted_operations
from ocipolicy.sandbox import Sandbox
from ocipolicy.sandbox.faults import Fault
from ocipolicy.sandbox.state import Record
from ocipolicy.world import Policy, Tenancy, World
from tests.commands import call
from tests.examples import CASES, changed

WORLD = CASES / "apply" / "world.yaml"
NAME = "sales-assistant"
CHAT: dict[str, Any] = {"access": [{"generative-ai": ["chat"]}]}
MORE: dict[str, Any] = {"access": [{"generative-ai": ["chat", "text-embedding"]}]}
SIDES: tuple["Side", "Side"] = ("service", "caller")  # in the order of applying

Side = Literal["caller", "service"]
# A policy as it is stored, to the byte: name, path, texts, description, tags, etag.
Exactly = tuple[str, tuple[str, ...], tuple[str, ...], str, object, str]


@dataclass
class Place:
    """Where a test happens; `folder` is its working directory."""

    folder: Path
    sandboxes: Mapping[Side, Sandbox]
    before: dict[str, Exactly] = field(default_factory=dict)
    clouds: dict[Side, Cloud] = field(default_factory=dict)
    start: dict[Side, dict[str, Exactly]] = field(default_factory=dict)

    # What is asked for.

    def profile(self, side: Side, user: str = "admin") -> dict[str, str]:
        """The profile of a user of a side, as a config has it."""
        principal = self.sandboxes[side].principal(f"{side}/{user}")
        return {
            "name": principal.profile,
            "config_file": str(principal.config_file),
            "endpoint": self.sandboxes[side].endpoint + "/r/{region}",
        }

    def config(
        self,
        file: str = "ocipolicy.yaml",
        example: str = "cross-tenancy",
        change: Mapping[str, Any] | None = None,
        users: Mapping[Side, str] | None = None,
    ) -> str:
        """A config that reaches both sides, written into a file of this name.

        `change` has keys by their dotted paths: None leaves one out, `...` leaves it as it is.
        """
        who = {"caller": "admin", "service": "admin"} | dict(users or {})
        profiles = {f"{side}.profile": self.profile(side, who[side]) for side in SIDES}
        every = {**CHAT, **profiles, **(change or {})}
        text = changed(example, {key: value for key, value in every.items() if value is not ...})
        (self.folder / file).write_text(text, encoding="utf-8")
        return file

    def loaded(self, file: str = "ocipolicy.yaml") -> Loaded:
        return load((self.folder / file).read_text(encoding="utf-8"), file)

    def parsed(self, file: str = "ocipolicy.yaml") -> Config:
        config = self.loaded(file).config
        assert config is not None
        return config

    def apply(self, *arguments: str) -> Result:
        return call("apply", "--yes", "--no-smoke", *arguments)

    def fault(self, side: Side, operation: str | None, **what: Any) -> None:
        self.sandboxes[side].faults.add(Fault(operation, **what))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        for sandbox in self.sandboxes.values():
            sandbox.faults.clear()

    # What is there.

    def tenancy(self, side: Side) -> Tenancy:
        return self.sandboxes[side].state.world.tenancies[side]

    def world(self) -> World:
        """Both tenancies, each as it is in its own sandbox."""
        return World({side: self.tenancy(side) for side in SIDES})

    def policies(self, side: Side) -> Iterable[tuple[Policy, Record]]:
        state = self.sandboxes[side].state
        for each in state.world.tenancies[side].policies:
            yield each, state.records[each.ocid or ""]

    def exactly(self, side: Side) -> dict[str, Exactly]:
        """Every policy of a side by its OCID."""
        return {
            policy.ocid or "": (
                policy.name,
                policy.compartment,
                policy.texts,
                record.description,
                (record.freeform_tags, record.defined_tags),
                record.etag,
            )
            for policy, record in self.policies(side)
        }

    def ours(self, side: Side, name: str = NAME) -> list[str]:
        """The statements of the policy of ours in a side, empty where it is not there."""
        return [
            text
            for policy, record in self.policies(side)
            if policy.name == f"{name}-{side}" and not policy.compartment
            for text in policy.texts
        ]

    def etag(self, side: Side, name: str = NAME) -> str:
        """The etag of the policy of ours in a side."""
        return next(r.etag for p, r in self.policies(side) if p.name == f"{name}-{side}")

    def said(self, name: str = NAME) -> dict[Side, list[Exactly]]:
        """What the policies called like ours say, without the etags, and without OCIDs."""
        return {
            side: [
                (*each[:5], "")
                for each in self.exactly(side).values()
                if each[:2] == (f"{name}-{side}", ())
            ]
            for side in SIDES
        }

    def watch(self) -> None:
        """Remember every policy that is there and is not ours."""
        self.before = self._foreign()

    def _foreign(self) -> dict[str, Exactly]:
        return {
            ocid: exactly
            for side in SIDES
            for ocid, exactly in self.exactly(side).items()
            if exactly[:2] != (f"{NAME}-{side}", ())
        }

    def lost(self) -> int:
        """How many foreign statements are not there any more as they were, to the byte."""
        now = self._foreign()
        return sum(len(said[2]) for ocid, said in self.before.items() if now.get(ocid) != said)

    def writes(self) -> list[str]:
        """The calls that wrote, or would have: operation and status."""
        return [
            f"{entry.operation} {entry.status}"
            for side in SIDES
            for entry in self.sandboxes[side].log
            if entry.method != "GET"
        ]

    def forget(self) -> None:
        """Empty the logs."""
        for sandbox in self.sandboxes.values():
            sandbox.log.clear()

    def verdicts(self, file: str = "ocipolicy.yaml") -> set[Verdict]:
        """May the instances do what the config wants, by what is there now?"""
        return self.allowed(self.loaded(file))

    def allowed(self, loaded: Loaded) -> set[Verdict]:
        """As `verdicts`, for a config that is in no file."""
        config = loaded.config
        assert config is not None
        world = self.world()
        statements = Statements(world)
        service = world.tenancies["service"]
        where = Where(service, service.compartments["ai", "genai"])
        people = [Who(*world.principal(ocid)) for ocid in config.caller.instances]
        return {
            evaluate(Request(who, where, needs_of(each), each), statements).verdict
            for who in people
            for each in wanted_operations(config)
        }

    # The journal.

    @property
    def state(self) -> Path:
        return Path(os.environ["XDG_STATE_HOME"]) / "ocipolicy" / "apply"

    @property
    def journals(self) -> Journals:
        return Journals(self.state, NAME, [self.tenancy(side).ocid for side in SIDES])

    def count(self) -> int:
        """How many journals there are."""
        return len([*self.journals.folder.glob("*.jsonl")])

    def lines(self, behind: int = 0) -> list[dict[str, Any]]:
        """The lines so far of the newest journal, if there are more than so many."""
        paths = sorted(self.journals.folder.glob("*.jsonl"))
        whole = paths[-1].read_bytes().split(b"\n")[:-1] if len(paths) > behind else []
        return [json.loads(line) for line in whole]

    # To put it back as it was.

    def reset(self) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.reset()
        self.watch()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put both sides and the journals back behind the block as they were before it."""
        states = [sandbox.state for sandbox in self.sandboxes.values()]
        worlds = [(state.world, dict(state.records), dict(state.retries)) for state in states]
        aside = self.folder.parent / "aside"
        self.state.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.state, aside)
        yield
        for state, (world, records, retries) in zip(states, worlds, strict=True):
            state.change(world)
            state.records, state.retries = records, retries
        shutil.rmtree(self.state)
        aside.rename(self.state)

    def cloud(self, side: Side) -> Cloud:
        """A side as its administrator reaches it, who works in the console meanwhile."""
        if side not in self.clouds:
            self.clouds[side] = Cloud(Profile.model_validate(self.profile(side)))
        return self.clouds[side]

    def live(self, side: Side, name: str = NAME) -> LivePolicy:
        """The policy of ours in a side."""
        found = self.cloud(side).policy_named(f"{name}-{side}")
        assert found is not None
        return found

    def say(self, side: Side, *texts: str) -> None:
        """Have somebody in the console replace what the policy of ours says."""
        live = self.live(side)
        self.cloud(side).update_policy(live.ocid, live.etag, texts, live.description, live.tags)

    def add(self, side: Side, *texts: str, name: str = "", **tags: str) -> None:
        """Have somebody in the console make a policy; without a name it is called like ours."""
        self.cloud(side).create_policy(
            self.tenancy(side).ocid,
            name or f"{NAME}-{side}",
            texts,
            "made by hand",
            {key: (value,) for key, value in tags.items()},
            uuid4().hex,
        )
