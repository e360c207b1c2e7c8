"""The services of `llm_services:` tried out: each called once as a whole and once in pieces.

    report = tried(loaded, services, patience=Patience(), oci=called_by_profile)

What is sent is what the service sends that Digital Assistant imports: same address, same body. A
service of OCI is called like the calls of `smoke:` are, by the profile of the side that is called;
`oci` does that. A service of another provider is called with the key
of its variable or a token of Entra ID; nothing can be said of it beforehand, since no policy that
we could read decides.

`listed` asks what models the keys may use, and calls none. `diagnosis` names the cause of what
fails.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from ocipolicy import reference
from ocipolicy.config import LlmService, Loaded
from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.providers import (
    Answer,
    Client,
    NoAnswer,
    NoKey,
    NoList,
    Patience,
    ProviderError,
    Refused,
    key_of,
)
from ocipolicy.render.llm_services import KeyService, OciService, Service
from ocipolicy.smoke import Ask, Cause, Observed, Trial
from ocipolicy.smoke.asks import OPERATIONS, AnyCall
from ocipolicy.smoke.services.diagnosis import CAUSES, diagnosed
from ocipolicy.smoke.services.requests import FILTERED
from ocipolicy.smoke.services.seen import NAMES, Seen

__all__ = [
    "CAUSES",
    "NAMES",
    "Call",
    "ListReport",
    "Listed",
    "OfOci",
    "ServiceReport",
    "Tried",
    "listed",
    "tried",
]

# The calls of a service of OCI, made: its compartment (an OCID), and what is asked there.
OfOci = Callable[[str, Sequence[Ask]], Sequence[Trial]]
# Refusals that a look into the list of models may explain.
_OF_MODELS = (400, 403, 404, 410, 422)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another provider's service: what it came to, and why it was not a whole answer.

    `who` is the variable that the key is from, or `entra-id`. `note` says why a call was not made
    that is not to be made.
    """

    call: AnyCall
    who: str
    observed: Observed
    answer: Answer | None = None
    error: ProviderError | None = None
    cause: Cause | None = None
    note: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether it is as wanted: a whole answer came; None where none was wanted."""
        return None if self.note else self.observed == "allowed"

    @property
    def is_no(self) -> bool:
        """Whether the answer is no, and not merely missing."""
        match self.observed:
            case "denied" | "failed":
                return True
            case "no answer":
                return self.error is not None and self.error.pieces > 0
            case "not sent":
                return not self.note and self.error is None
            case "allowed":
                return False
        assert_never(self.observed)


@dataclass(frozen=True, slots=True)
class Tried:
    """A service and its calls; those of OCI are trials like smoke's own.

    `failure` is why no call of a service of OCI could be made at all.
    """

    service: Service
    calls: tuple[Call, ...] | tuple[Trial, ...]
    failure: CannotGoOn | None = None


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """All services of a config (`origin`), in its order."""

    origin: str
    services: tuple[Tried, ...]

    @property
    def calls(self) -> tuple[Call | Trial, ...]:
        """All calls."""
        return tuple(call for each in self.services for call in each.calls)

    @property
    def code(self) -> int:
        """The exit code: 0 all as wanted, 1 not, 2 no answer."""
        if any(each.is_no for each in self.calls):
            return 1
        lost = any(each.ok is False for each in self.calls)
        return 2 if lost or any(each.failure for each in self.services) else 0


@dataclass(frozen=True, slots=True)
class Listed:
    """The models that the key of a service may use; `cause` says why there is no list.

    `note` is set in its place where the API has none.
    """

    service: Service
    models: tuple[str, ...] = ()
    error: ProviderError | None = None
    cause: Cause | None = None
    note: str = ""

    @property
    def has_own(self) -> bool | None:
        """Whether the service's own model is among them; None where nothing is listed."""
        return self.service.model in self.models if self.models else None


@dataclass(frozen=True, slots=True)
class ListReport:
    """The lists of all services of a config (`origin`), in its order."""

    origin: str
    services: tuple[Listed, ...]

    @property
    def code(self) -> int:
        """The exit code: 0 where every list that there is came, 1 where one was refused, 2 lost."""
        if any(isinstance(each.error, Refused) for each in self.services):
            return 1
        return 2 if any(each.cause for each in self.services) else 0


def tried(
    loaded: Loaded, services: Sequence[Service], *, patience: Patience, oci: OfOci
) -> ServiceReport:
    """Call every service. `oci` calls those of OCI, and raises CannotGoOn where it cannot."""
    origin = loaded.source.origin
    found: list[Tried] = []
    for service in services:
        match service:
            case OciService():
                found.append(_of_oci(service, oci))
            case KeyService():
                keyed = _Keyed(origin, _entry(loaded, service), service, patience)
                found.append(Tried(service, tuple(keyed.calls())))
            case _:
                assert_never(service)
    return ServiceReport(origin, tuple(found))


def listed(loaded: Loaded, services: Sequence[Service], *, patience: Patience) -> ListReport:
    """Ask every API for the models that the key may use."""
    origin = loaded.source.origin
    found: list[Listed] = []
    for service in services:
        if isinstance(service, OciService):
            note = "OCI lists models for administrators; `ocipolicy reference model` has them"
            found.append(Listed(service, note=note))
        else:
            keyed = _Keyed(origin, _entry(loaded, service), service, patience)
            found.append(keyed.models())
    return ListReport(origin, tuple(found))


def _entry(loaded: Loaded, service: Service) -> LlmService:
    """The entry of the config that a service was made from; names are no two the same."""
    entries = (loaded.config.llm_services if loaded.config else None) or ()
    return next(each for each in entries if each.name == service.name)


def _of_oci(service: OciService, oci: OfOci) -> Tried:
    calls: tuple[AnyCall, ...]
    match service.kind:
        case "chat":
            calls = ("chat", "chat-stream")
        case "generate-text":
            calls = ("generate-text", "generate-text-stream")
        case "summarize-text":
            calls = ("summarize",)
        case _:
            assert_never(service.kind)
    wanted = [_ask(service, call) for call in calls]
    try:
        return Tried(service, tuple(oci(service.compartment, wanted)))
    except CannotGoOn as failure:
        return Tried(service, (), failure)


def _ask(service: OciService, call: AnyCall) -> Ask:
    (operation,) = reference.operation(OPERATIONS[call])
    return Ask(call, operation, service.model, service.format)


class _Keyed:
    """A service with a key while it is called."""

    def __init__(
        self, origin: str, entry: LlmService, service: KeyService, patience: Patience
    ) -> None:
        self._origin = origin
        self._entry = entry
        self._service = service
        self._patience = patience

    def calls(self) -> Iterator[Call]:
        """The call for the whole answer, and the one for its pieces."""
        service = self._service
        plain: AnyCall = "chat" if service.kind == "chat" else "generate-text"
        pieces: AnyCall = "chat-stream" if service.kind == "chat" else "generate-text-stream"
        if service.retired:
            yield Call(plain, self._who, "not sent", cause=self._cause(None))
            return
        try:
            key = key_of(service)
        except NoKey as error:
            yield Call(plain, self._who, "not sent", error=error, cause=self._cause(error))
            yield from self._unstreamed(pieces) or [
                Call(pieces, self._who, "not sent", error=error, cause=self._cause(error))
            ]
            return
        with Client(service, key, self._patience) as client:
            yield self._call(plain, client, streamed=False)
            yield from self._unstreamed(pieces) or [self._call(pieces, client, streamed=True)]

    def models(self) -> Listed:
        """What the key may use."""
        service = self._service
        try:
            with Client(service, key_of(service), self._patience) as client:
                return Listed(service, client.models())
        except NoList as error:
            note = (
                f"{error.message}; `az cognitiveservices account deployment list` has deployments"
            )
            return Listed(service, note=note)
        except ProviderError as error:
            return Listed(service, error=error, cause=self._cause(error))

    @property
    def _who(self) -> str:
        if self._service.auth == "entra-id":
            return "entra-id"
        return self._service.key_env or "nobody"

    def _unstreamed(self, call: AnyCall) -> list[Call]:
        """The call that is not made where the model takes no `stream`."""
        if "stream" not in self._service.drop:
            return []
        note = "not made: `drop` takes `stream` out of the request"
        return [Call(call, self._who, "not sent", note=note)]

    def _call(self, call: AnyCall, client: Client, *, streamed: bool) -> Call:
        try:
            answer = client.stream() if streamed else client.ask()
        except ProviderError as error:
            cause = self._cause(error, streamed=streamed, models=_known(client, error))
            return Call(call, self._who, _observed(error), error=error, cause=cause)
        if answer.finish in FILTERED:
            cause = self._cause(None, streamed=streamed, answer=answer)
            return Call(call, self._who, "failed", answer, cause=cause)
        return Call(call, self._who, "allowed", answer)

    def _cause(
        self,
        error: ProviderError | None,
        *,
        streamed: bool = False,
        answer: Answer | None = None,
        models: tuple[str, ...] = (),
    ) -> Cause:
        return diagnosed(
            Seen(self._origin, self._entry, self._service, streamed, error, answer, models)
        )


def _observed(error: ProviderError) -> Observed:
    if isinstance(error, Refused):
        return "denied" if error.is_denied else "failed"
    is_other = isinstance(error, NoAnswer) and error.way == "unstreamed"
    return "failed" if is_other else "no answer"


def _known(client: Client, error: ProviderError) -> tuple[str, ...]:
    """The models that the API lists, where they may explain a refusal."""
    if not isinstance(error, Refused) or error.status not in _OF_MODELS:
        return ()
    try:
        return client.models()
    except ProviderError:
        return ()
