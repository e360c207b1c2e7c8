"""The desk: a request in, a reply out, whatever server carries them.

In this order: is the host one of ours, does the request go to the sandbox itself (`counters`), is
there such an operation, who signed it, is the region one of his tenancy's, does a write go to the
home region, is a fault due; then the handler of the service answers. Every request is in the log.
"""

import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote
from uuid import uuid4

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from ocipolicy import reference
from ocipolicy.evaluate import Statements, Who
from ocipolicy.sandbox.authentication import (
    Authentication,
    Caller,
    not_authenticated,
    principal_in,
)
from ocipolicy.sandbox.authorization import Authorization
from ocipolicy.sandbox.faults import Dropped, Faults, after
from ocipolicy.sandbox.hosts import Host, host_of
from ocipolicy.sandbox.log import Entry, Log
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.signatures import WITH_BODY, Unsigned
from ocipolicy.sandbox.state import State, home_region
from ocipolicy.sandbox.wire import Call, Refusal, Reply, answer

MARK = "x-ocipolicy-sandbox"
LARGEST = 10 * 2**20  # bytes of a body

_OUR_FAULT = "Internal error occurred in the sandbox; its log has the reason."
_REGION = re.compile(r"/r/([^/?]+)(?=[/?]|\Z)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Something of the sandbox itself that answers a request, or leaves it to the others (None).
Counter = Callable[[Call, Entry], Reply | None]


class Desk:
    """Answers requests about a state; `administrators` are OCIDs of users outside enforcement."""

    def __init__(
        self,
        state: State,
        authentication: Authentication,
        routes: Iterable[Route],
        *,
        administrators: Collection[str] = (),
        log: Log | None = None,
    ) -> None:
        self.state = state
        self.log = Log() if log is None else log
        self.faults = Faults()
        self.counters: Sequence[Counter] = ()  # what the sandbox has beside the services
        self._authentication = authentication
        self._administrators = frozenset(administrators)
        rules = [Rule(each.path, methods=[each.method], endpoint=each) for each in routes]
        self._routes = Map(rules, merge_slashes=False).bind("sandbox")

    def now(self) -> datetime:
        """The time on the sandbox's clock."""
        return self.state.now() + self.faults.skew

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Answer a request; `target` is the raw one of the request line.

        Raises Dropped where a fault drops the connection, and so may the body of the reply.
        """
        call = Call(method, target, {name.lower(): text for name, text in headers.items()}, body)
        entry = self._begin(call)
        try:
            reply = self._answer(call, entry)
        except Refusal as refusal:
            reply = _refused(refusal, entry)
        except Unsigned as reason:
            entry.failure = str(reason)
            reply = _refused(not_authenticated(), entry)
        except Dropped:
            self.log.add(entry)
            raise
        except RecursionError:
            said = "The request is nested too deeply."
            reply = _refused(Refusal(400, "CannotParseRequest", said), entry)
        except Exception:  # the client gets an answer whatever it is, and the log the rest
            entry.failure = traceback.format_exc()
            reply = _refused(Refusal(500, "InternalServerError", _OUR_FAULT), entry)
        return self._marked(reply, entry)

    def refuse(self, method: str, target: str, refusal: Refusal, why: str | None = None) -> Reply:
        """Answer what never was a request of OCI's: it is malformed, or for another host."""
        entry = self._begin(Call(method, target, {}))
        entry.failure = why
        return self._marked(_refused(refusal, entry), entry)

    def _begin(self, call: Call) -> Entry:
        entry = self.log.begin(self.now(), call.method, call.target)
        entry.request_id = _request_id(call.headers.get("opc-request-id", ""))
        return entry

    def _marked(self, reply: Reply, entry: Entry) -> Reply:
        entry.status = reply.status
        self.log.add(entry)
        marks = {"opc-request-id": entry.request_id, MARK: "1"}
        body = reply.body if isinstance(reply.body, bytes) else _watched(reply.body, entry)
        return Reply(reply.status, {**reply.headers, **marks}, body)

    def _answer(self, call: Call, entry: Entry) -> Reply:
        host, state = _host(call), self.state
        if len(call.body) > LARGEST:
            raise Refusal(413, "RequestEntityTooLarge", f"A body may have {LARGEST} bytes.")
        call = _in_region(call, host)
        for counter in self.counters:
            found = counter(call, entry)
            if found is not None:
                return found
        route, arguments = self._route(call, host)
        entry.operation = f"{route.service}:{route.name}"
        caller = self._authentication.caller(call, state.world, self.now())
        entry.principal, entry.authentication = caller.who.label, caller.kind
        entry.region = region = self._region(call, caller)
        self._check_home(route, caller, region)
        if call.method not in WITH_BODY:
            call = replace(call, body=b"")  # a body that no signature covers is none
        authorization = self._authorization(caller.who, route, region, state)
        asked = Asked(call, caller.who, state, region, arguments, authorization)
        fault = self.faults.next(route.service, route.name)
        if fault is not None:
            entry.fault = True
            self.faults.before(fault)
        try:
            reply = route.handler(asked)
        finally:
            _note(entry, authorization)
        return after(fault, reply) if fault is not None else reply

    def _route(self, call: Call, host: Host) -> tuple[Route, Mapping[str, str]]:
        try:
            route, arguments = self._routes.match(call.path, call.method)
        except MethodNotAllowed:
            message = f"{call.method} is not possible here."
            raise Refusal(405, "MethodNotAllowed", message) from None
        except HTTPException:
            raise _no_operation(call) from None
        if host.service not in (None, route.service):
            raise _no_operation(call)
        return route, arguments

    def _region(self, call: Call, caller: Caller) -> str:
        """The region that a call is for. Raises Unsigned for one that the tenancy is not in."""
        tenancy = caller.who.tenancy
        region = call.region or home_region(tenancy)
        if region not in tenancy.regions:
            # Keys and tokens of a tenancy are known in its own regions only.
            raise Unsigned(f"the tenancy {tenancy.name} is not subscribed to {region}")
        return region

    def _check_home(self, route: Route, caller: Caller, region: str) -> None:
        home = home_region(caller.who.tenancy)
        if route.writes and region != home:
            known = reference.region(home)
            raise Refusal(
                403,
                "NotAllowed",
                f"Please go to your home region {known.key if known else home} to execute CREATE, "
                "UPDATE and DELETE operations.",
            )

    def _authorization(self, who: Who, route: Route, region: str, state: State) -> Authorization:
        operations = reference.operation(f"{route.service}:{route.name}")
        statements = state.statements()
        return Authorization(
            _in_force(who, statements),
            operations[0] if operations else None,
            statements,
            region,
            state.now(),
            exempt=who.principal.ocid in self._administrators,
        )


def _host(call: Call) -> Host:
    found = host_of(call.headers.get("host", ""))
    if found is None:
        raise Refusal(403, "NotAllowed", "The sandbox does not answer for this host.")
    return found


def _in_region(call: Call, host: Host) -> Call:
    """The call with its region: that of the host, else the one in front of the path."""
    if host.region is not None:
        return replace(call, region=host.region)
    found = _REGION.match(call.target)
    return replace(call, region=unquote(found[1])) if found else call


def _no_operation(call: Call) -> Refusal:
    return Refusal(404, "NotFound", f"There is no {call.method} {call.path} in the sandbox.")


def _in_force(who: Who, statements: Statements) -> Who:
    """A caller as he was when the statements in force were new: groups take effect with them."""
    tenancy = statements.world.tenancies.get(who.tenancy.name)
    if tenancy is None or tenancy is who.tenancy:
        return who
    then = principal_in(tenancy, who.principal.ocid)
    return Who(tenancy, then) if then is not None else who


def _note(entry: Entry, authorization: Authorization) -> None:
    entry.verdict = authorization.verdict
    entry.exempt = authorization.exempt and authorization.request is None
    if authorization.request is not None:
        entry.compartment = authorization.request.where.label
        if authorization.elsewhere:
            tenancy = authorization.request.where.tenancy.name
            entry.failure = f"the tenancy {tenancy} is not subscribed to {authorization.region}"
        entry.asked(authorization.request, authorization.statements)


def _refused(refusal: Refusal, entry: Entry) -> Reply:
    entry.code = refusal.code
    return answer({"code": refusal.code, "message": refusal.message}, refusal.status)


def _watched(pieces: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    """A stream that ends like a dropped connection where it cannot go on, and says why."""
    try:
        yield from pieces
    except Dropped:
        raise
    except Exception:
        entry.failure = traceback.format_exc()
        raise Dropped from None


def _request_id(said: str) -> str:
    """`CLIENT/SERVER/SERVER`, as OCI makes it of what the client sends."""
    client = said if _REQUEST_ID.fullmatch(said) else uuid4().hex.upper()
    return f"{client}/{uuid4().hex.upper()}/{uuid4().hex.upper()}"
