"""What can go wrong on the way to a cloud and back, each with its cause and the way out.

CannotGoOn
└── CloudError
    ├── NoCredentials   a profile, key or token that nothing can be signed with; nothing was sent
    │   └── Expired     a token that was good once
    ├── Unreachable     no answer: a closed port, no such host, TLS, a proxy, time over, cut off
    └── Refused         the service answered with an error: status, code, request id

The messages hold what people need to mend it, and never a key, a token or a pass phrase.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from ocipolicy import reference
from ocipolicy.cloud.saving import objection
from ocipolicy.diagnostics import CannotGoOn, without_secrets

_SKEW = timedelta(minutes=5)  # that OCI lets a clock be off; source: troubleshooting of signatures
# Where it ends: no address for the host, nobody who answers there, a proxy, a certificate, somebody
# who is not OCI, silence, an answer that breaks off.
Way = Literal["address", "closed", "proxy", "certificate", "stranger", "silent", "cut"]
_CHECKS = (
    "check in this order: the clock of this computer (5 minutes are too many); that the key of the "
    "fingerprint is uploaded for the user; the OCIDs of user and tenancy; that the tenancy is "
    "subscribed to the region; a key that is new takes some minutes"
)


class CloudError(CannotGoOn):
    """No answer, or no as the answer; `operation` is what was asked (`ListPolicies`).

    `attempts` is how often it was tried. `maybe_done` says that the service may have done the work
    of an attempt all the same, so that one has to look before one does it again.
    """

    def __init__(
        self,
        message: str,
        help: str | None = None,
        *,
        operation: str = "",
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message, help)
        self.operation = operation
        self.attempts = 0
        self.maybe_done = maybe_done

    @property
    def is_passing(self) -> bool:
        """Whether the next attempt may well succeed."""
        return False

    @property
    def brief(self) -> str:
        """It in a few words, for a line about an attempt."""
        return self.message


class NoCredentials(CloudError):
    """A profile, key or token that nothing can be signed with; nothing was sent."""


class Expired(NoCredentials):
    """A token that was good once."""


class Unreachable(CloudError):
    """No answer; `way` says where it ended, `passes` whether it may be otherwise in a moment."""

    def __init__(
        self,
        message: str,
        help: str | None = None,
        *,
        operation: str = "",
        maybe_done: bool = False,
        passes: bool = False,
        way: Way = "closed",
    ) -> None:
        super().__init__(message, help, operation=operation, maybe_done=maybe_done)
        self.way = way
        self._passes = passes

    @property
    def is_passing(self) -> bool:
        """Whether the next attempt may well succeed."""
        return self._passes


class Refused(CloudError):
    """The service said no: `status` (404), `code` (`NotAuthorizedOrNotFound`), `said` in its words.

    `cause` is what that means, `request_id` what Oracle's support asks for. `clock_is_off` says
    that it is this computer's clock, as the date of the answer tells.
    """

    def __init__(
        self,
        operation: str,
        status: int,
        code: str,
        said: str,
        *,
        request_id: str = "",
        wait: float | None = None,
        cause: tuple[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.said = without_secrets(said)
        self.request_id = request_id
        self.wait = wait
        self.clock_is_off = cause is not None
        self.cause, fix = cause or _cause(operation, status, code, self.said)
        super().__init__(
            f"{operation}: {self.brief}: {self.said.rstrip('.')}; {self.cause}",
            f"{fix} (request id {request_id})" if request_id else fix,
            operation=operation,
            maybe_done=status >= 500,
        )

    @property
    def is_denied(self) -> bool:
        """Whether the caller may not, or the thing is not there: OCI does not tell which."""
        return self.status == 403 or (self.status, self.code) == (404, "NotAuthorizedOrNotFound")

    @property
    def is_passing(self) -> bool:
        """Whether the next attempt may well succeed, as the SDK has it by default."""
        state = self.code in ("IncorrectState", "LockConflict")
        return self.status == 429 or (self.status == 409 and state) or self._is_of_server

    @property
    def brief(self) -> str:
        """Status and code; some services have no code, and repeat the status for it."""
        return f"{self.status} {self.code}" if self.code != str(self.status) else self.code

    @property
    def _is_of_server(self) -> bool:
        return self.status >= 500 and self.status != 501


def refused(operation: str, error: Any, sent: datetime) -> Refused:
    """The SDK's ServiceError as ours; `sent` is when the request left, by this computer's clock."""
    headers: Mapping[str, str] = error.headers or {}
    code = str(error.code or error.status)
    return Refused(
        operation,
        error.status,
        code,
        " ".join(str(error.message or "it gave no reason").split()),
        request_id=str(error.request_id or ""),
        wait=_seconds(headers.get("retry-after")),
        cause=_clock(headers.get("date"), sent) if error.status == 401 else None,
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None


def _clock(date: str | None, sent: datetime) -> tuple[str, str] | None:
    """The cause of a 401 where this computer's clock is off, as the answer's own date tells."""
    try:
        theirs = parsedate_to_datetime(date or "").astimezone(UTC)
    except ValueError:
        return None
    off = sent - theirs
    if abs(off) < _SKEW:
        return None
    minutes = round(abs(off).total_seconds() / 60)
    where = "ahead of" if off > timedelta(0) else "behind"
    return (
        f"the clock of this computer is {minutes} minutes {where} the service's; 5 are too many",
        "set the clock, and try again",
    )


def _cause(operation: str, status: int, code: str, said: str) -> tuple[str, str]:
    """What an error means, and what to do about it.

    Sources: https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm, 2026-11, and
    what users report of each.
    """
    objected = objection(operation, said) if status == 400 else None
    if objected is not None:
        return objected
    match status, code:
        case 401, _:
            return "the signature of the request was not accepted", _CHECKS
        case 403, "NotAllowed" if "home region" in said:
            return (
                "policies are written in the home region of the tenancy only",
                "put the home region into the profile; with `inspect tenancies` it is looked up",
            )
        case 403, _:
            return "the caller may not do that", _to_ask_for(operation)
        case 404, "NotAuthorizedOrNotFound":
            return (
                "the caller may not do that there, or it is not there: OCI does not tell which",
                _to_ask_for(operation),
            )
        case 404, _:
            return "there is no such thing in this region", "look at the region, and at the name"
        case 409, "IncorrectState" | "LockConflict":
            return "another change of the same thing is not done yet", "try again in a minute"
        case 409, "InvalidatedRetryToken":
            return (
                "this was done before, and changed since",
                "read what is there now, and begin anew",
            )
        case 409, _:
            return "something is in the way", "read what is there now, and begin anew"
        case 412, _:
            return "somebody has changed it since it was read", "read it again, and begin anew"
        case 400, "LimitExceeded" | "QuotaExceeded":
            return (
                "a limit of the tenancy is reached",
                "take something away, or ask for a higher limit",
            )
        case 429, _:
            return "there were too many requests", "try again in a minute, with fewer at a time"
        case _ if status >= 500:
            return (
                "the service failed",
                "try again later; https://ocistatus.oraclecloud.com tells of greater trouble",
            )
    return "the service does not accept what was sent", "the words of the service say what is wrong"


def _to_ask_for(operation: str) -> str:
    """The right that an operation takes, as a statement to ask an administrator for."""
    words = grant(operation)
    if words is None:
        return "compare the policies with what the operation needs: `ocipolicy explain`"
    return f"ask an administrator for `allow group <yours> to {words} in tenancy`"


def grant(operation: str) -> str | None:
    """The verb and resource types that allow an operation (`inspect policies`), where known.

    >>> grant("ListPolicies")
    'inspect policies'
    """
    found = reference.operation(operation)
    names = found[0].permissions if found else ()
    grants = [reference.permission(name) for name in names]
    words = [f"{verb} {type_}" for each in grants if each for type_, verb in each.granted_by[:1]]
    return " and ".join(dict.fromkeys(words)) or None
