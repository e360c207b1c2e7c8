"""The tenancies of a sandbox as they are now, and what the API says of each thing in them.

What is there is a `World`, an immutable one: a write makes the next. That gives reads without a
lock, and a delay until policies take effect for free: the statements in force are those of the
newest world that is old enough.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ocipolicy.evaluate import Place, Statements
from ocipolicy.world import World

REALM = "oc0"  # nobody's: an OCID of the sandbox cannot be taken for a real one


def mint(kind: str) -> str:
    """A new OCID.

    >>> mint("policy").startswith("ocid1.policy.oc0..sandbox")
    True
    """
    return f"ocid1.{kind}.{REALM}..sandbox{uuid4().hex}"


def etag() -> str:
    """A new etag."""
    return uuid4().hex[:16]


@dataclass(frozen=True, slots=True)
class Record:
    """What the API tells of a thing beyond what a world holds."""

    etag: str
    time_created: datetime
    description: str = ""
    version_date: str | None = None
    freeform_tags: Mapping[str, str] = field(default_factory=dict)
    defined_tags: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class State:
    """A world that changes, with the record of everything in it by OCID."""

    def __init__(self, world: World, clock: Callable[[], datetime] | None = None) -> None:
        self.lock = threading.RLock()  # held while a write reads, decides and changes
        self.now = clock or (lambda: datetime.now(UTC))
        self.propagation = timedelta(0)
        self.records: dict[str, Record] = {}
        self._worlds: deque[tuple[datetime, World]] = deque(
            [(datetime.min.replace(tzinfo=UTC), world)]
        )
        self._statements: tuple[World, Statements] | None = None

    @property
    def world(self) -> World:
        """What the API shows: the newest world."""
        return self._worlds[-1][1]

    def change(self, world: World) -> None:
        """Replace the world; its policies take effect after the propagation delay."""
        with self.lock:
            self._worlds.append((self.now() + self.propagation, world))

    def statements(self) -> Statements:
        """The statements in force."""
        with self.lock:
            while len(self._worlds) > 1 and self._worlds[1][0] <= self.now():
                self._worlds.popleft()
            world = self._worlds[0][1]
            if self._statements is None or self._statements[0] is not world:
                self._statements = (world, Statements(world))
            return self._statements[1]

    def place(self, ocid: str) -> Place | None:
        """The compartment of an OCID, the root for a tenancy's."""
        tenancy = self.world.tenancy_of(ocid)
        compartment = tenancy.compartment(ocid) if tenancy else None
        return Place(tenancy, compartment) if tenancy and compartment else None
