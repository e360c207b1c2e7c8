"""What all writes have in common: they take turns, know the version they change, and repeat safely.

The texts of refusals are Oracle's own defaults for their codes (`ErrorCode` of Helidon's OCI
integration, Oracle 2024).
"""

from collections.abc import Callable
from datetime import timedelta

from ocipolicy.sandbox.routes import Asked, Handler
from ocipolicy.sandbox.state import Record, Retry, State
from ocipolicy.sandbox.wire import Refusal, Reply
from ocipolicy.world import World

_REMEMBERED = timedelta(hours=24)  # source: the SDK on `opc_retry_token`


def in_turn(handler: Handler) -> Handler:
    """A handler that has the state to itself: what it has looked at stays so until it is done."""

    def handle(asked: Asked) -> Reply:
        with asked.state.lock:
            return handler(asked)

    return handle


def store(state: State, world: World, ocid: str, record: Record | None) -> None:
    """Make a world the newest, and this the record of what has changed; None for what is gone."""
    state.change(world)
    if record is None:
        del state.records[ocid]
    else:
        state.records[ocid] = record


def check_version(asked: Asked, record: Record) -> None:
    """Raise Refusal, 412, where `if-match` names another version of a thing than there is."""
    wanted = asked.call.headers.get("if-match")
    if wanted is not None and wanted != record.etag:
        raise Refusal(412, "NoEtagMatch", "Precondition Failed")


def once(asked: Asked, operation: str, make: Callable[[], str]) -> str:
    """The OCID of what `make` makes, or of what it made when the same request came before.

    Raises Refusal, 409, for a token that came with another request, and for one whose thing is not
    as it was made any more.
    """
    state, token = asked.state, asked.call.headers.get("opc-retry-token")
    if not token:
        return make()
    key = (asked.who.principal.ocid, operation, token)
    known = state.retries.get(key)
    if known is not None and state.now() - known.at < _REMEMBERED:
        record = state.records.get(known.ocid)
        if known.body != asked.call.body or record is None or record.etag != known.etag:
            raise Refusal(
                409,
                "InvalidatedRetryToken",
                "The retry token you provided was used in an earlier request that resulted in a "
                "system update, but a subsequent operation has invalidated the token. This can "
                "happen, for example, in cases where an entity created with the same token has "
                "since been deleted. If the system state change associated with this request "
                "should be performed again, then retry with a different retry token.",
            )
        return known.ocid
    ocid = make()
    state.retries[key] = Retry(state.now(), asked.call.body, ocid, state.records[ocid].etag)
    return ocid
