"""The client of a service: its request sent, and what comes back read as its provider writes it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, assert_never

from ocipolicy.providers import cohere, openai
from ocipolicy.providers.answers import Answer, Said
from ocipolicy.providers.errors import NoAnswer, ProviderError
from ocipolicy.providers.keys import Key
from ocipolicy.providers.refusals import refused
from ocipolicy.providers.wire import Patience, Wire, stranger
from ocipolicy.render.llm_services import KeyService
from ocipolicy.render.payloads import payload, streamed


@dataclass(frozen=True, slots=True)
class _Api:
    """How the bodies of an API are read."""

    whole: Callable[[Mapping[str, Any]], Said | None]
    piece: Callable[[Mapping[str, Any]], Said]
    names: Callable[[Mapping[str, Any]], tuple[str, ...]]


_OPENAI = _Api(openai.whole, openai.piece, openai.names)
_COHERE = _Api(cohere.whole, cohere.piece, cohere.names)


class Client:
    """A service of a provider, to be called while the `with` is open."""

    def __init__(self, service: KeyService, key: Key, patience: Patience | None = None) -> None:
        self._service = service
        self._api = _api(service)
        self._wire = Wire(service, key, patience or Patience())

    def __enter__(self) -> "Client":
        """Open for calls; nothing is sent yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the connection."""
        self._wire.close()

    def ask(self) -> Answer:
        """Send the service's request, and wait for the whole answer. Raises ProviderError."""
        whole = self._wire.post(payload(self._service))
        said = self._api.whole(whole.data)
        if said is None:
            raise stranger(whole.data, whole.request_id)
        _refuse(said, whole.request_id)
        return Answer(
            said.text,
            whole.seconds,
            request_id=whole.request_id,
            finish=said.finish,
            model=said.model,
        )

    def stream(self) -> Answer:
        """Send it for an answer in pieces, and wait for the last one. Raises ProviderError."""
        text: list[str] = []
        first: float | None = None
        finish = model = request_id = ""
        pieces, last, done = 0, 0.0, False
        try:
            for piece in self._wire.events(streamed(self._service), self._is_answer):
                request_id, last = piece.request_id, piece.seconds
                if piece.data is None:
                    done = True
                    continue
                said = self._api.piece(piece.data)
                _refuse(said, request_id)
                pieces += 1
                finish, model = said.finish or finish, said.model or model
                if said.text:
                    first = piece.seconds if first is None else first
                    text.append(said.text)
        except ProviderError as error:
            error.pieces = pieces
            raise
        if not done and not finish:
            message = "the stream ended before the answer did"
            raise NoAnswer(message, "cut", request_id=request_id, pieces=pieces)
        return Answer("".join(text), last, first, request_id, finish, model, pieces)

    def _is_answer(self, data: Mapping[str, Any]) -> bool:
        return self._api.whole(data) is not None

    def models(self) -> tuple[str, ...]:
        """The names of the models that the key may use. Raises ProviderError."""
        whole = self._wire.get(self._service.models_url)
        found = self._api.names(whole.data)
        if not found:
            raise stranger(whole.data, whole.request_id)
        return found


def _api(service: KeyService) -> _Api:
    match service.provider:
        case "openai" | "azure-openai" | "nvidia":
            return _OPENAI
        case "cohere":
            return _COHERE
        case "oci":
            raise ValueError("models of OCI are called through `cloud`")
        case _:
            assert_never(service.provider)


def _refuse(said: Said, request_id: str) -> None:
    """A no that comes with the status of a yes, mostly in a stream that had begun."""
    if said.failed:
        code = str(said.failed.get("code") or "")
        status = int(code) if re.fullmatch("[45][0-9]{2}", code) else 200
        raise refused(status, said.failed, request_id)
