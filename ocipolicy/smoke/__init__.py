"""The calls that prove access: each predicted from the live policies, made, and explained.

    report = smoke(loaded, bundle, clouds(config), asks(loaded, today).asks)

There are three proofs, and none of them stands for another:

    own-call          a call by the profile of the side that is called: it proves endpoint, model,
                      format and compartment, and says nothing of the instance
    instance-access   no call: the live policies of both tenancies are asked whether the instance
                      may; only the instance itself could call, and its key never leaves OCI
    instance-call     a call by the instance's own resource principal, as Digital Assistant makes
                      it: possible where a sandbox holds the key (`--as INSTANCE`)

`asks` says which calls, of which model; `prediction` what each should come to; `calling` makes it;
`diagnosis` finds the one cause where it is not as wanted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from ocipolicy.cloud import Cloud, CloudError
from ocipolicy.cloud.inference import Inference
from ocipolicy.cloud.live import read_live
from ocipolicy.config import Config, Loaded, Profile
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.evaluate import Verdict
from ocipolicy.plan import Live
from ocipolicy.render import Bundle
from ocipolicy.smoke.asks import Ask, Asks, asks
from ocipolicy.smoke.calling import Made, Observed, OnWait, made
from ocipolicy.smoke.diagnosis import CAUSES, Cause, Paste, Proof, Seen, diagnosed
from ocipolicy.smoke.prediction import Prediction, Predictor

__all__ = [
    "CAUSES",
    "Access",
    "Ask",
    "Asks",
    "Cause",
    "Observed",
    "OnWait",
    "Paste",
    "Prediction",
    "Proof",
    "Report",
    "Trial",
    "asks",
    "smoke",
]


@dataclass(frozen=True, slots=True)
class Trial:
    """A call that was made, or could not be: what it should come to, what it came to, and why.

    `who` is the name of whoever called, his OCID where no name is known. One that was answered has
    a cause where that was not to be expected.
    """

    proof: Proof
    who: str
    ask: Ask
    prediction: Prediction
    observed: Observed
    made: Made
    cause: Cause | None = None

    @property
    def ok(self) -> bool:
        """Whether it is as wanted: a whole answer came."""
        return self.observed == "allowed"

    @property
    def is_no(self) -> bool:
        """Whether the answer is no, and not merely missing: refused, half, or never to be sent."""
        match self.observed:
            case "denied" | "failed":
                return True
            case "no answer":
                return self.made.pieces > 0
            case "not sent":
                return self.prediction.verdict == "denied"
            case "allowed":
                return False
        assert_never(self.observed)


@dataclass(frozen=True, slots=True)
class Access:
    """Whether an instance (its OCID) may do what a call does, by the policies of both tenancies.

    `calls` are those that need the same operation.
    """

    who: str
    calls: tuple[str, ...]
    operation: str
    prediction: Prediction
    cause: Cause | None = None

    @property
    def verdict(self) -> Verdict:
        """The evaluator's word."""
        return self.prediction.verdict

    @property
    def ok(self) -> bool | None:
        """Whether it is as wanted; None where that is not known."""
        return {"allowed": True, "denied": False, "unknown": None}[self.verdict]


@dataclass(frozen=True, slots=True)
class Report:
    """All that was proved for a config, and how: the calls, and the access without a call.

    `profile` made the calls where they are the administrator's own; `where` is the compartment that
    they were charged to.
    """

    origin: str
    region: str
    where: str
    profile: Profile
    trials: tuple[Trial, ...]
    access: tuple[Access, ...]

    @property
    def code(self) -> int:
        """The exit code: 0 all as wanted, 1 not, 2 no answer.

        Access that hangs on a side which nobody here administers alone is no failure of ours.
        """
        if any(each.ok is False for each in self.access) or any(each.is_no for each in self.trials):
            return 1
        lost = [each for each in self.trials if not each.ok]
        unknown = [
            each for each in self.access if each.ok is None and each.prediction.provided is None
        ]
        return 2 if lost or unknown else 0


def smoke(
    loaded: Loaded,
    bundle: Bundle,
    clouds: Mapping[str, Cloud],
    calls: Sequence[Ask],
    *,
    instance: Cloud | None = None,
    live: Live | None = None,
    wait: float = 0,
    on_wait: OnWait | None = None,
) -> Report:
    """Make the calls of a config and say of each what it proves.

    `clouds` has the sides by their tenancy's OCID, as `cloud.live.clouds` gives them; `live` what
    is read of them already. With an `instance`, a cloud whose credentials are those of the
    instance, it makes the calls in the place of the administrator, and its access is predicted.

    Raises CannotGoOn where the config has mistakes, or no profile for the side that is called.
    """
    config = loaded.config
    if config is None:
        raise CannotGoOn("the config has mistakes, so there is nothing to call")
    return _Smoke(loaded, config, bundle, clouds, live, instance).report(
        calls, wait, on_wait or _say_nothing
    )


def _say_nothing(_: Ask, __: CloudError, ___: float) -> None:
    pass


class _Smoke:
    """One config while its calls are made."""

    def __init__(
        self,
        loaded: Loaded,
        config: Config,
        bundle: Bundle,
        clouds: Mapping[str, Cloud],
        live: Live | None,
        instance: Cloud | None,
    ) -> None:
        there = (config.service or config.caller).tenancy or ""
        if there not in clouds:
            side = "service" if config.service else "caller"
            raise CannotGoOn(
                f"{loaded.source.origin} has no profile for the {side} side, so nobody can call",
                f"add `profile:` under {side}, of somebody who may call the models there",
            )
        self.config = config
        self.bundle = bundle
        self.origin = loaded.source.origin
        self.own = clouds[there]
        self.instance = instance
        self.now = datetime.now(UTC)
        self.live = read_live(bundle.name, clouds) if live is None else live
        self.who = instance.whoami().principal if instance is not None else ""
        more = (self.who,) if self.who else ()
        self.predictor = Predictor(config, bundle, self.live, self.now, more)

    @property
    def region(self) -> str:
        return self.config.region or ""

    def report(self, calls: Sequence[Ask], wait: float, on_wait: OnWait) -> Report:
        cloud = self.instance or self.own
        trials = tuple(self._trial(cloud, ask, wait, on_wait) for ask in calls)
        access = () if self.instance is not None else tuple(self._access(calls))
        place = self.predictor.where
        where = place.label if place else self.predictor.compartment or "a compartment"
        return Report(self.origin, self.region, where, cloud.profile, trials, access)

    def _trial(self, cloud: Cloud, ask: Ask, wait: float, on_wait: OnWait) -> Trial:
        proof: Proof = "instance-call" if self.instance is not None else "own-call"
        compartment = self.predictor.compartment
        principal = ""
        try:
            principal = cloud.whoami().principal
            prediction = self._prediction(proof, principal, ask)
            if compartment is None:
                found, observed = Made(None, self._why_nowhere()), _NOT_SENT
            else:
                inference = Inference(cloud, self.region)
                found = made(inference, ask, compartment, prediction, wait, on_wait)
                observed = found.observed
        except CloudError as error:
            prediction = Prediction("unknown", "nothing can be signed")
            found, observed = Made(None, error), _NOT_SENT
        cause = None
        if observed != "allowed" or prediction.verdict == "denied":
            # What was looked up for the instance was asked for by the administrator.
            profile = (self.own if compartment is None else cloud).profile
            cause = self._cause(proof, ask, prediction, profile, principal, found)
        return Trial(proof, self._name(proof, principal), ask, prediction, observed, found, cause)

    def _why_nowhere(self) -> CloudError | None:
        """What keeps the compartment from being looked up; None where it is not there."""
        if self.predictor.there not in self.live.unread:
            return None
        try:
            self.own.compartments()
        except CloudError as error:
            return error
        return None

    def _prediction(self, proof: Proof, principal: str, ask: Ask) -> Prediction:
        if proof == "instance-call":
            return self.predictor.of_instance(principal, ask)
        return self.predictor.of_profile(principal, self.own.profile.endpoint, ask)

    def _name(self, proof: Proof, principal: str) -> str:
        who = self.live.applying.get(self.predictor.there)
        if proof == "own-call" and who is not None:
            return who.label
        return principal or "nobody"

    def _access(self, calls: Sequence[Ask]) -> Iterator[Access]:
        """The access of every instance of the config to what the calls do."""
        for ocid in self.config.caller.instances:
            for operation in dict.fromkeys(each.operation for each in calls):
                several = [each for each in calls if each.operation == operation]
                prediction = self.predictor.of_instance(ocid, several[0])
                cause = None
                if prediction.verdict == "denied" or (
                    prediction.verdict == "unknown" and prediction.provided is None
                ):
                    profile = self.own.profile
                    cause = self._cause(
                        "instance-access", several[0], prediction, profile, ocid, Made(None, None)
                    )
                names = tuple(each.call for each in several)
                yield Access(ocid, names, operation.name, prediction, cause)

    def _cause(
        self,
        proof: Proof,
        ask: Ask,
        prediction: Prediction,
        profile: Profile,
        principal: str,
        found: Made,
    ) -> Cause:
        return diagnosed(
            Seen(
                proof,
                self.config,
                self.origin,
                self.bundle,
                self.live,
                ask,
                self.region,
                self.predictor.compartment,
                self.predictor.there,
                prediction,
                profile,
                principal,
                found.error,
                found.pieces,
                found.waited,
                self.now.date(),
                found.answer is not None,
            )
        )


_NOT_SENT: Observed = "not sent"
