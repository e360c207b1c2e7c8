"""Whether a caller may do what he asks: the evaluator's word, kept for the log."""

from collections.abc import Mapping
from datetime import UTC, datetime

from ocipolicy import reference
from ocipolicy.evaluate import Need, Place, Request, Statements, Verdict, Who, needs_of
from ocipolicy.evaluate.decide import VERDICTS, may


class Authorization:
    """The question of one call, asked of the statements in force, once or for several places.

    `request`, `statements` and `verdict` are those of the last question, for the log: None where
    nothing was asked yet, and `request` None as well where the caller is outside enforcement.
    `elsewhere` says that, whatever the statements say, the region of the call is none of theirs.
    """

    def __init__(
        self,
        who: Who,
        operation: reference.Operation | None,
        statements: Statements,
        region: str,
        now: datetime,
        *,
        exempt: bool,
    ) -> None:
        self.who = who
        self.operation = operation
        self.statements = statements
        self.region = region
        self.now = now
        self.exempt = exempt
        self.request: Request | None = None
        self.verdict: Verdict | None = None
        self.elsewhere = False

    def allows(self, place: Place, given: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether the operation is allowed there; one that is unknown is not let through."""
        if self.exempt and self.who.tenancy.ocid == place.tenancy.ocid:
            self.verdict = "allowed"
            return True
        if self.operation is None:
            self.verdict = "unknown"
            return False
        known = self._known()
        self.request = Request(self.who, place, self._needs(), self.operation, {**known, **given})
        self.verdict = VERDICTS[may(self.request, self.statements)]
        self.elsewhere = self._is_elsewhere(place)
        return self.verdict == "allowed" and not self.elsewhere

    def _is_elsewhere(self, place: Place) -> bool:
        """Whether the tenancy that is asked about is not subscribed to the region of the call.

        Source: iam-cross-domain, 2026-11; that the caller's own tenancy is, is for the desk.
        """
        return bool(place.tenancy.regions) and self.region not in place.tenancy.regions

    def _needs(self) -> tuple[Need, ...]:
        return needs_of(self.operation) if self.operation else ()

    def _known(self) -> Mapping[str, tuple[str, ...]]:
        """What a cloud knows of any request, and an offline question does not."""
        region = reference.region(self.region)
        known = {
            "request.utc-timestamp": (self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),)
        }
        if region is not None:
            known["request.region"] = (region.key,)
        return known
