"""The sandbox itself over HTTP, under `/_sandbox/`: health, log, world, faults, reset.

It is for the computer that the sandbox runs on: the host has to be a loopback name, lest a web page
comes in under one of its own, and what changes something needs the token that is in the sandbox's
folder (header `x-ocipolicy-control`), which a web page cannot read.

    GET    health                     {"schema": 1, "status": "ready", "tenancies": [NAME...]}
    GET    log[?after=NUMBER]         {"schema": 1, "entries": [...]}, the oldest first
    GET    world                      the world as it is now, as YAML
    GET    faults                     {"schema": 1, "faults": [...], "propagation": S, "skew": S}
    POST   faults                     the keys of a fault, or `propagation` or `skew` in seconds
    DELETE faults                     nothing goes wrong any more
    POST   reset                      the world it began with, no faults, an empty log
    POST   environ                    {"as": WHO | null, "proxy": BOOL}; answers with
                                      {"schema": 1, "environ": {...}}
    POST   stop                       the end of the sandbox
"""

import hmac
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.faults import Fault
from ocipolicy.sandbox.hosts import LOOPBACK, split_authority
from ocipolicy.sandbox.log import Entry
from ocipolicy.sandbox.wire import Call, Refusal, Reply, answer, invalid, json_object
from ocipolicy.world import dump_world

TOKEN_HEADER = "x-ocipolicy-control"  # noqa: S105 - the name of a header
_PREFIX = "/_sandbox/"
_FAULT: Mapping[str, tuple[type, ...]] = {
    "operation": (str,),
    "times": (int,),
    "delay": (int, float),
    "status": (int,),
    "code": (str,),
    "message": (str,),
    "drop": (str,),
    "cut": (int,),
}
_LASTING = ("propagation", "skew")
_YEAR = 365 * 86400.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What a sandbox does when it is told to.

    `reset` brings the first world back; `stop` lets whoever waits for its end go on; `environ` says
    what sends clients to it, as a principal (None for nobody in particular), through the proxy or
    not, with None for what to unset, and raises CannotGoOn where there is no such principal.
    """

    reset: Callable[[], None]
    stop: Callable[[], None]
    environ: Callable[[str | None, bool], Mapping[str, str | None]]


class Control:
    """What a desk's sandbox tells of itself, and takes orders for, which come with `token`."""

    def __init__(self, desk: Desk, token: str, orders: Orders) -> None:
        self._desk = desk
        self._token = token
        self._orders = orders

    def counter(self, call: Call, entry: Entry) -> Reply | None:
        """The answer to a request for the sandbox itself; None for any other. Raises Refusal."""
        if not call.path.startswith(_PREFIX):
            return None
        what = call.path.removeprefix(_PREFIX)
        entry.operation = f"sandbox:{what}"[:80]
        authority = split_authority(call.headers.get("host", ""))
        if authority is None or authority[0] not in LOOPBACK:
            raise Refusal(403, "NotAllowed", "The sandbox is controlled at its own address only.")
        match call.method, what:
            case "GET", "health":
                names = [*self._desk.state.world.tenancies]
                return answer({"schema": 1, "status": "ready", "tenancies": names})
            case "GET", "log":
                return answer({"schema": 1, "entries": self._entries(call.query.get("after", "0"))})
            case "GET", "world":
                text = dump_world(self._desk.state.world)
                return Reply(200, {"content-type": "application/yaml"}, text.encode())
            case "GET", "faults":
                return self._faults()
            case "POST", "faults":
                self._check_token(call)
                self._order(json_object(call.body))
                return self._faults()
            case "DELETE", "faults":
                self._check_token(call)
                self._desk.faults.clear()
                self._desk.state.propagation = timedelta(0)
                return Reply(204)
            case "POST", "reset":
                self._check_token(call)
                self._orders.reset()
                return Reply(204)
            case "POST", "environ":
                self._check_token(call)
                return self._environ(json_object(call.body))
            case "POST", "stop":
                self._check_token(call)
                self._orders.stop()
                return Reply(204)
        raise Refusal(404, "NotFound", f"There is no {call.method} {call.path} in the sandbox.")

    def _check_token(self, call: Call) -> None:
        said = call.headers.get(TOKEN_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(said, self._token.encode()):
            raise Refusal(
                403, "NotAllowed", f"Send the sandbox's control token in the header {TOKEN_HEADER}."
            )

    def _entries(self, after: str) -> list[dict[str, Any]]:
        if not re.fullmatch("[0-9]{1,15}", after):
            raise invalid("`after` is the number of an entry.")
        # What was asked about the log is not of the log.
        return [each.data() for each in self._desk.log.after(int(after)) if not each.own]

    def _faults(self) -> Reply:
        return answer(
            {
                "schema": 1,
                "faults": [asdict(each) for each in self._desk.faults],
                "propagation": self._desk.state.propagation.total_seconds(),
                "skew": self._desk.faults.skew.total_seconds(),
            }
        )

    def _environ(self, said: dict[str, Any]) -> Reply:
        who, proxy = said.get("as"), said.get("proxy", False)
        if not isinstance(who, str | None) or not isinstance(proxy, bool):
            raise invalid("`as` is the name of a principal, and `proxy` true or false.")
        try:
            environ = self._orders.environ(who, proxy)
        except CannotGoOn as error:
            message = f"{error.message}; {error.help}" if error.help else error.message
            raise invalid(message) from None
        return answer({"schema": 1, "environ": dict(environ)})

    def _order(self, said: dict[str, Any]) -> None:
        lasting = {name: _seconds(name, said.pop(name)) for name in _LASTING if name in said}
        if lasting.get("propagation", timedelta(0)) < timedelta(0):
            raise invalid("`propagation` cannot be negative.")
        fault = _fault(said) if said or not lasting else None
        if "propagation" in lasting:
            self._desk.state.propagation = lasting["propagation"]
        if "skew" in lasting:
            self._desk.faults.skew = lasting["skew"]
        if fault is not None:
            self._desk.faults.add(fault)


def _seconds(name: str, value: object) -> timedelta:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not abs(number) <= _YEAR:
        raise invalid(f"`{name}` is a number of seconds, at most a year.")
    return timedelta(seconds=number)


def _fault(said: dict[str, Any]) -> Fault:
    for name, value in said.items():
        kinds = _FAULT.get(name)
        if kinds is None:
            raise invalid(f"A fault has no `{name}`; it has {', '.join(_FAULT)}.")
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise invalid(f"`{name}` is {' or '.join(each.__name__ for each in kinds)}.")
    if said.get("delay", 0) is None:
        del said["delay"]
    try:
        return Fault(**said)
    except CannotGoOn as error:
        raise invalid(f"{error.message}: {error.help}.") from None
