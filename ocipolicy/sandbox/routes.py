"""What a service offers: its routes, and what a handler gets to answer one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ocipolicy.evaluate import Place, Who
from ocipolicy.sandbox.authorization import Authorization
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.wire import Call, Reply, json_object, not_found


@dataclass(frozen=True)
class Asked:
    """An authenticated call of an operation: who asks, of which region, and the means to answer.

    `arguments` are the parts of the path in angle brackets, `region` is the one that is asked: the
    home region of the caller's tenancy where the call names none.
    """

    call: Call
    who: Who
    state: State
    region: str
    arguments: Mapping[str, str]
    authorization: Authorization

    def body(self) -> dict[str, Any]:
        """The JSON object that came with the call. Raises Refusal where there is none."""
        return json_object(self.call.body)

    def allow(
        self, compartment: object, given: Mapping[str, tuple[str, ...]] | None = None
    ) -> Place:
        """The place that a compartment's OCID names, if the caller may do there what he asks.

        `given` has condition variables of the target. Raises Refusal, 404 as in OCI, for a
        compartment that is not there and for one where the policies do not allow it.
        """
        place = self.state.place(compartment) if isinstance(compartment, str) else None
        if place is None or not self.authorization.allows(place, given or {}):
            raise not_found()
        return place


Handler = Callable[[Asked], Reply]


@dataclass(frozen=True)
class Route:
    """An operation of a service on the wire.

    `path` is a rule of werkzeug's routing. `operation` is the name that the reference has, or None
    where everybody may (the list of regions). A route that `writes` identity works in the home
    region only.
    """

    method: str
    path: str
    service: str
    name: str
    handler: Handler = field(repr=False)
    writes: bool = False
