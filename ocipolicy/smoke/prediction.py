"""What a call should come to: the evaluator's word over the policies that are live now.

    who      for the administrator's own call whoever the profile is, else a Digital Assistant
             instance; across tenancies the policies of both are asked
    where    the compartment that the config charges, as it is in the tenancy

Where a tenancy could not be read, or not all of it, a call is not said to be denied: it is not
known. A side that nobody here administers counts as its policies in the bundle have it, and what is
allowed with that is not known either, but `provided`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ocipolicy import reference
from ocipolicy.config import Config
from ocipolicy.config.values import is_loopback
from ocipolicy.evaluate import (
    Decision,
    Place,
    Request,
    Statements,
    Verdict,
    Who,
    evaluate,
    needs_of,
)
from ocipolicy.language.tree import InCompartment, InCompartmentId
from ocipolicy.plan import Live
from ocipolicy.plan.worlds import resource, surroundings
from ocipolicy.render import Bundle
from ocipolicy.smoke.asks import Ask
from ocipolicy.world import Tenancy, User


@dataclass(frozen=True, slots=True)
class Prediction:
    """A verdict, and in a few words why: what lets the call through, or what is not known.

    `provided` names the side that was not read since nobody here administers it, where the verdict
    hangs on that alone. `request` and `decision` are None where nothing could be asked.
    """

    verdict: Verdict
    why: str
    request: Request | None = None
    decision: Decision | None = None
    provided: str | None = None


class Predictor:
    """Predictions for one config, over what is live.

    `instances` are OCIDs that are asked about beside those of the config.
    """

    def __init__(
        self,
        config: Config,
        bundle: Bundle,
        live: Live,
        now: datetime,
        instances: tuple[str, ...] = (),
    ) -> None:
        self.config = config
        self.live = live
        self._now = now
        every = tuple(dict.fromkeys((*config.caller.instances, *instances)))
        caller = config.caller.model_copy(update={"instances": every})
        self._world = surroundings(config.model_copy(update={"caller": caller}), bundle, live)

    @cached_property
    def _statements(self) -> Statements:
        return Statements(self._world)

    @property
    def there(self) -> str:
        """The OCID of the tenancy that is called."""
        return (self.config.service or self.config.caller).tenancy or ""

    @cached_property
    def where(self) -> Place | None:
        """The compartment that is charged; None where the tenancy has none such, or is unread."""
        tenancy = self._tenancy(self.there) if self.there in self._read else None
        if tenancy is None:
            return None
        match self.config.compartment:
            case InCompartment(path=path):
                found = tenancy.compartments.get(path)
            case InCompartmentId(ocid=ocid):
                found = tenancy.compartment(ocid)
            case None:
                found = tenancy.root
        return Place(tenancy, found) if found else None

    @property
    def compartment(self) -> str | None:
        """The OCID that calls are charged to; None for a path that could not be looked up."""
        if self.where is not None:
            return self.where.compartment.ocid
        match self.config.compartment:
            case InCompartmentId(ocid=ocid):
                return ocid
            case None:
                return self.there
        return None

    def of_profile(self, principal: str, endpoint: str | None, ask: Ask) -> Prediction:
        """For whoever the profile of the called side is: an OCID, and where his calls go."""
        tenancy = self._tenancy(self.there) if self.there in self._read else None
        if tenancy is None:
            return self._unread(self.there)
        who = self.live.applying.get(self.there)
        if self.where is None:
            return self._nowhere()
        if who is not None:
            who = Who(tenancy, who.principal)
            if _is_exempt(who, endpoint):
                why = "the sandbox's administrator is outside of enforcement"
                return self._subscribed(Prediction("allowed", why), who, self.where)
        elif principal.startswith("ocid1.user."):
            return Prediction("unknown", f"{principal} is not among the users that can be read")
        else:
            who = Who(tenancy, resource(principal, principal))
        return self._of(who, ask)

    def of_instance(self, ocid: str, ask: Ask) -> Prediction:
        """For a Digital Assistant instance."""
        home = self.config.caller.tenancy
        if home is None:
            why = "`caller.tenancy` is not known yet: send the letter that `render` writes"
            return Prediction("unknown", why, provided="caller")
        if home in self.live.unread:
            return self._unread(home)
        return self._of(Who(*self._world.principal(ocid)), ask)

    def _of(self, who: Who, ask: Ask) -> Prediction:
        if self.there in self.live.unread:
            return self._unread(self.there)
        where = self.where
        if where is None and self.there in self._read:
            return self._nowhere()
        if where is None:
            # Nobody here administers the tenancy that is called.
            return Prediction("unknown", "the tenancy that is called cannot be read from here")
        request = Request(
            who, where, needs_of(ask.operation), ask.operation, dict(self._given(ask))
        )
        decision = evaluate(request, self._statements)
        found = Prediction(decision.verdict, _because(decision), request, decision)
        match decision.verdict:
            case "denied":
                gap = next(self._gaps(who, where), None)
                return replace(found, verdict="unknown", why=gap) if gap else found
            case "allowed":
                return self._as_far_as_known(found, who, where)
            case "unknown":
                return found

    def _as_far_as_known(self, found: Prediction, who: Who, where: Place) -> Prediction:
        """What is allowed, where the region lets it be, and no side had to be taken on trust."""
        found = self._subscribed(found, who, where)
        if found.verdict == "allowed" and who.tenancy.ocid not in self._read:
            why = "the caller's tenancy cannot be read from here; with the policy that"
            why += " `render` shows for it, it is allowed"
            return replace(found, verdict="unknown", why=why, provided="caller")
        return found

    def _subscribed(self, found: Prediction, who: Who, where: Place) -> Prediction:
        """Both tenancies have to be subscribed to the region of a call (iam-cross-domain)."""
        region = self.config.region
        for tenancy in (who.tenancy, where.tenancy):
            if tenancy.regions and region not in tenancy.regions:
                why = f"{tenancy.name} is not subscribed to {region}"
                return replace(found, verdict="denied", why=why)
        return found

    def _nowhere(self) -> Prediction:
        """In a compartment that is not there, or was left out of what could be read."""
        left_out = self.live.left_out.get(self.there, ())
        gap = next((each for each in left_out if each.startswith("compartment")), None)
        if gap is not None:
            return Prediction("unknown", gap)
        return Prediction("denied", "the tenancy has no such compartment")

    def _given(self, ask: Ask) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What is known of a call that is made now."""
        if self.config.region:
            yield "request.region", (self.config.region,)
        yield "request.utc-timestamp", (self._now.strftime("%Y-%m-%dT%H:%M:%SZ"),)
        if ask.model and not ask.model.startswith("ocid1."):
            yield "target.model.id", (ask.model,)

    def _gaps(self, who: Who, where: Place) -> Iterator[str]:
        """What was left out that may hold a statement which lets the call through."""
        kinds: tuple[str, ...] = ("policies", "compartments")
        if isinstance(who.principal, User):
            kinds += ("users", "groups", "members")
        for tenancy in (where.tenancy, who.tenancy):
            for each in self.live.left_out.get(tenancy.ocid, ()):
                if each.startswith(kinds):
                    yield f"{each} (in {tenancy.name})"

    @cached_property
    def _read(self) -> frozenset[str]:
        return frozenset(each.ocid for each in self.live.world.tenancies.values())

    def _tenancy(self, ocid: str) -> Tenancy | None:
        tenancies = self._world.tenancies.values()
        return next((each for each in tenancies if each.ocid == ocid), None)

    def _unread(self, ocid: str | None) -> Prediction:
        why = self.live.unread.get(ocid or "", "its tenancy was not read")
        return Prediction("unknown", f"the policies could not be read: {why}")


def _is_exempt(who: Who, endpoint: str | None) -> bool:
    """Whether it is the administrator of a sandbox, which has a realm or an address of its own."""
    from ocipolicy.sandbox.founding import ADMIN
    from ocipolicy.sandbox.state import REALM

    if not isinstance(who.principal, User) or who.principal.label != ADMIN:
        return False
    parts = reference.ocid_parts(who.principal.ocid)
    minted = parts is not None and parts.realm == REALM
    return minted or (endpoint is not None and is_loopback(endpoint) is True)


def _because(decision: Decision) -> str:
    """The statements that made a decision, in a few words."""
    if decision.verdict == "unknown":
        return f"{', '.join(decision.undecided)} decides"
    named = [
        f"{each.part} in {each.statement.policy.name} of {each.statement.tenancy.name}"
        for each in decision.because
    ]
    return " and ".join(dict.fromkeys(named)) or "no statement lets it through"
