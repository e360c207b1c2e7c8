"""What a diagnosis looks at, and what it comes to."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ocipolicy import reference
from ocipolicy.cloud import CloudError, Refused, Unreachable
from ocipolicy.cloud.errors import Way
from ocipolicy.config import Config, Profile
from ocipolicy.evaluate import Considered, Missing
from ocipolicy.language import show
from ocipolicy.language.tree import Access, All, Any, Clause, Condition, String
from ocipolicy.plan import Live
from ocipolicy.render import Bundle
from ocipolicy.smoke.asks import Ask
from ocipolicy.smoke.prediction import Prediction
from ocipolicy.world import Tenancy

# What is proved: by a call of the administrator's, by one of the instance's own, or without a call.
Proof = Literal["own-call", "instance-call", "instance-access"]


@dataclass(frozen=True, slots=True)
class Paste:
    """A statement for a policy in the root compartment of a tenancy: its name and OCID."""

    tenancy: str
    ocid: str
    statement: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a call is not what it should be: one sentence, what shows it, and the way out.

    `fix` is a sentence; `statements` are to be pasted, `commands` to be run. `source` says where
    the cause was read about, `doubt` what keeps it from being certain. `name` is stable.
    """

    message: str
    evidence: tuple[str, ...] = ()
    fix: str | None = None
    statements: tuple[Paste, ...] = ()
    commands: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that failed, or one that would: all that is known of it.

    `error` is None where no call was made, or it was `answered`; `pieces` is how much of a stream
    had come, `waited` how many seconds the call was tried again for. `principal` is an OCID.
    """

    proof: Proof
    config: Config
    origin: str
    bundle: Bundle
    live: Live
    ask: Ask
    region: str
    compartment: str | None
    there: str
    prediction: Prediction
    profile: Profile
    principal: str = ""
    error: CloudError | None = None
    pieces: int = 0
    waited: float = 0
    today: date = date.min
    answered: bool = False

    @property
    def refused(self) -> Refused | None:
        """The error, where the service answered with one."""
        return self.error if isinstance(self.error, Refused) else None

    def refused_with(self, status: int, said: str = "") -> Refused | None:
        """The error, where it has this status, and these words in what the service said."""
        error = self.refused
        if error is None or error.status != status or said.lower() not in error.said.lower():
            return None
        return error

    def lost(self, *ways: Way) -> Unreachable | None:
        """The error, where there was no answer for one of these reasons."""
        error = self.error
        return error if isinstance(error, Unreachable) and error.way in ways else None

    @property
    def is_denied(self) -> bool:
        """Whether the service said no as it does to those who may not, or nobody asked it yet."""
        if self.error is None:
            return self.proof == "instance-access" and self.prediction.verdict != "allowed"
        return self.refused is not None and self.refused.is_denied

    @property
    def model(self) -> reference.Model | None:
        """The model that was asked for, if the reference knows it."""
        return reference.model(self.ask.model)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The statements that are missing, by the policies that were read."""
        decision = self.prediction.decision
        return decision.missing if decision and self.prediction.verdict == "denied" else ()

    @property
    def lacking(self) -> dict[str, str]:
        """The kinds of statements that are missing, and in which tenancy (its name)."""
        return {
            each.statement.kind: each.tenancy
            for each in self.missing
            if isinstance(each.statement, Access)
        }

    def near(self, misses: int = 1) -> tuple[Considered, ...]:
        """The statements of the kinds that are missing which miss by so many parts at most.

        Those of ours come first; those that name other kinds of principals are meant for these,
        and are left out.
        """
        decision = self.prediction.decision
        if not self.is_denied or decision is None or decision.verdict != "denied":
            return ()
        lacking = {*self.lacking}
        found = [
            each
            for each in decision.considered
            if each.statement.statement.kind in lacking
            and each.misses <= misses
            and not self._is_for_others(each)
        ]
        return tuple(sorted(found, key=lambda each: not self._is_ours(each)))

    def _is_for_others(self, each: Considered) -> bool:
        request = self.prediction.request
        named = {*_principals(each.statement.statement.condition)}
        if not named or request is None:
            return False
        kinds = {parts.kind for text in named if (parts := reference.ocid_parts(text))}
        own = reference.ocid_parts(request.who.principal.ocid)
        return bool(kinds) and (own is None or own.kind not in kinds)

    def _is_ours(self, each: Considered) -> bool:
        policy = each.statement.policy
        return policy.name.startswith(f"{self.config.name}-") or (
            policy.tags.get("ocipolicy") == (self.config.name,)
        )

    def tenancy(self, name: str) -> Tenancy | None:
        """A tenancy of the question by its name."""
        request = self.prediction.request
        both = (request.who.tenancy, request.where.tenancy) if request else ()
        return next((each for each in both if each.name == name), None)

    def pastes(self, missing: tuple[Missing, ...] | None = None) -> tuple[Paste, ...]:
        """Missing statements, ready to be pasted."""
        found = self.missing if missing is None else missing
        return tuple(
            Paste(each.tenancy, tenancy.ocid if tenancy else "", show(each.statement))
            for each in found
            for tenancy in (self.tenancy(each.tenancy),)
        )

    def again(self, *options: str) -> str:
        """The command that makes these calls once more."""
        return command("smoke", self.origin, *options)


def _principals(condition: Condition | None) -> Iterator[str]:
    """The OCIDs that a condition compares the caller with."""
    match condition:
        case Clause(variable=variable) if variable.casefold() == "request.principal.id":
            yield from (each.text for each in condition.values if isinstance(each, String))
        case All(conditions=several) | Any(conditions=several):
            for each in several:
                yield from _principals(each)


def command(verb: str, *words: str) -> str:
    """A command of this program, as a user types it.

    >>> command("smoke", "my config.yaml", "--wait", "60")
    "ocipolicy smoke 'my config.yaml' --wait 60"
    """
    return shlex.join(("ocipolicy", verb, *words))
