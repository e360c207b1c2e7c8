"""One side's way into the SDK: clients by service and region, and calls that are tried again.

The retries are our own and not the SDK's, which tries what can never succeed (a wrong certificate)
and says nothing meanwhile. What is tried again: 429, 5xx but 501, 409 of a thing that is being
changed, timeouts and lost connections; never 400, 401, 403, 404 and 412. The circuit breaker of the
SDK is off: with few calls it only hides the error behind it.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ocipolicy.cloud import reach
from ocipolicy.cloud.credentials import Credentials, credentials
from ocipolicy.cloud.errors import CloudError, NoCredentials, Refused, Unreachable, Way, refused
from ocipolicy.config import Profile
from ocipolicy.config.values import is_loopback

_CONNECT, _READ = 10.0, 60.0  # seconds
_KINDS = ("application/json", "text/event-stream")
_CLIENTS = {
    "identity": ("oci.identity", "IdentityClient"),
    "inference": ("oci.generative_ai_inference", "GenerativeAiInferenceClient"),
    "language": ("oci.ai_language", "AIServiceLanguageClient"),
}


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long a call is tried: so many attempts, and seconds all in all.

    The pauses begin with `pause` seconds and double up to `longest`, each with a bit of chance.
    """

    attempts: int = 6
    pause: float = 1.0
    longest: float = 15.0
    total: float = 90.0

    def next(self, number: int, elapsed: float, error: CloudError) -> float | None:
        """The pause behind a failed attempt (from 1), None where there is no other."""
        wait = min(self.longest, self.pause * 2 ** (number - 1))
        wait += random.uniform(0, wait / 4)  # noqa: S311 - lest all come again at once
        if isinstance(error, Refused) and error.wait is not None:
            wait = max(wait, error.wait)
        more = number < self.attempts and elapsed + wait < self.total
        return wait if error.is_passing and more else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that failed and is followed by another one in `pause` seconds."""

    operation: str
    number: int
    of: int
    error: CloudError
    pause: float


OnAttempt = Callable[[Attempt], None]


def _say_nothing(_: Attempt) -> None:
    pass


class Connection:
    """Calls of one side. Nothing is read or sent before the first of them."""

    def __init__(
        self,
        profile: Profile,
        *,
        retries: Retries | None = None,
        on_attempt: OnAttempt | None = None,
        known: Credentials | None = None,
    ) -> None:
        self.profile = profile
        self.retries = retries or Retries()
        self._on_attempt = on_attempt or _say_nothing
        self._lock = threading.RLock()
        self._credentials = known
        self._clients: dict[tuple[str, str], Any] = {}
        self._reached: set[str] = set()

    @property
    def credentials(self) -> Credentials:
        """What the calls are signed with. Raises NoCredentials."""
        with self._lock:
            if self._credentials is None:
                self._credentials = credentials(self.profile)
            return self._credentials

    def ask(self, service: str, region: str, name: str, /, *arguments: Any, **options: Any) -> Any:
        """The answer to a call by its name in the SDK (`list_policies`). Raises CloudError."""
        operation = called(name)
        client = self._client(service, region)
        started = time.monotonic()
        maybe_done = False
        number = 0
        while True:
            number += 1
            try:
                self._reach(client, operation)
                return _answer(client, name, operation, *arguments, **options)
            except CloudError as error:
                maybe_done = maybe_done or error.maybe_done
                error.attempts, error.maybe_done = number, maybe_done
                pause = self.retries.next(number, time.monotonic() - started, error)
                if pause is None:
                    raise
                self._on_attempt(Attempt(operation, number, self.retries.attempts, error, pause))
            time.sleep(pause)

    def url(self, service: str, region: str) -> str:
        """Where the calls to a service go."""
        return str(self._client(service, region).base_client.get_endpoint())

    def every(self, region: str, name: str, /, *arguments: Any, **options: Any) -> Iterator[Any]:
        """Everything of a list of the identity service, page by page. Raises CloudError."""
        page: dict[str, str] = {}
        while True:
            answer = self.ask("identity", region, name, *arguments, **options, **page)
            yield from answer.data
            if not answer.has_next_page:
                return
            page = {"page": answer.next_page}

    def close(self) -> None:
        """Let go of the sockets; the next call opens others."""
        with self._lock:
            for client in self._clients.values():
                client.base_client.session.close()

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            found = self._clients.get((service, region))
            if found is None:
                found = self._clients[service, region] = self._new_client(service, region)
            return found

    def _new_client(self, service: str, region: str) -> Any:
        import importlib

        from oci.circuit_breaker import NoCircuitBreakerStrategy
        from oci.retry import NoneRetryStrategy

        known = self.credentials
        longest = max(1.0, self.retries.total)
        module, name = _CLIENTS[service]
        endpoint = self.profile.endpoint
        where: dict[str, str] = {}
        if endpoint is not None:
            if "[" in endpoint:
                raise NoCredentials(
                    f"the SDK of OCI takes no IPv6 address as an endpoint: {endpoint}",
                    "write it with 127.0.0.1, or with the name of a host",
                )
            where = {"service_endpoint": endpoint.replace("{region}", region).rstrip("/")}
        client = getattr(importlib.import_module(module), name)(
            {**known.config, "region": region},
            signer=known.signer,
            timeout=(min(_CONNECT, longest), min(_READ, longest)),
            retry_strategy=NoneRetryStrategy(),
            circuit_breaker_strategy=NoCircuitBreakerStrategy(),
            **where,
        )
        if endpoint is not None and endpoint.startswith("http://") and is_loopback(endpoint):
            # A proxy for the internet knows nothing of a sandbox on this computer.
            client.base_client.session.trust_env = False
        return client

    def _reach(self, client: Any, operation: str) -> None:
        """Make sure, once for an endpoint, that something answers there at all."""
        url: str = client.base_client.get_endpoint()
        with self._lock:
            if url in self._reached:
                return
        session = client.base_client.session
        settings = session.merge_environment_settings(url, {}, None, None, None)
        proxies: Mapping[str, str] = settings["proxies"]
        reach.check(url, proxies, operation)
        with self._lock:
            self._reached.add(url)


def called(name: str) -> str:
    """An operation as OCI's documentation calls it.

    >>> called("list_policies")
    'ListPolicies'
    """
    return name.title().replace("_", "")


def _answer(client: Any, name: str, operation: str, /, *arguments: Any, **options: Any) -> Any:
    from oci.exceptions import RequestException, ServiceError

    sent = datetime.now(UTC)
    url = client.base_client.get_endpoint()
    try:
        answer = getattr(client, name)(*arguments, **options)
    except ServiceError as error:
        raise refused(operation, error, sent) from None
    except RequestException as error:
        raise unreachable(operation, url, error, client.base_client.timeout[1]) from None
    # The SDK makes something even of the page of a portal in between: an empty list, say.
    kind = answer.headers.get("content-type", "").lower()
    if answer.data is not None and not kind.startswith(_KINDS):
        raise Unreachable(
            f"{operation}: what answers at {url} is not OCI: it sends {kind or 'data of no kind'}",
            "look at the endpoint, and at proxies and portals on the way",
            operation=operation,
            maybe_done=True,
            way="stranger",
        )
    return answer


def unreachable(
    operation: str, url: str, error: BaseException, waited: float = _READ
) -> Unreachable:
    """What a failure of the SDK's HTTP library means; `waited` is how long for, in seconds."""
    kinds = {type(each).__name__ for each in _chain(error)}
    host = url.split("/")[2]

    def failure(
        way: Way, said: str, help: str, *, maybe_done: bool, passes: bool = True
    ) -> Unreachable:
        return Unreachable(
            f"{operation}: {host} {said}",
            help,
            operation=operation,
            maybe_done=maybe_done,
            passes=passes,
            way=way,
        )

    if "SSLError" in kinds or "SSLCertVerificationError" in kinds:
        return failure(
            "certificate",
            "has a certificate that this computer does not trust, or speaks no TLS",
            "behind a proxy that opens TLS, set REQUESTS_CA_BUNDLE to its certificates; look at "
            "the clock, and at the endpoint",
            maybe_done=False,
            passes=False,
        )
    if "ProxyError" in kinds:
        return failure(
            "proxy",
            "cannot be reached through the proxy",
            "look at HTTPS_PROXY, at the user and password in it, and at NO_PROXY",
            maybe_done=False,
        )
    network = "look at the network; where this stays, at a proxy or firewall on the way"
    if kinds & {"ConnectTimeout", "ConnectTimeoutError", "NewConnectionError"}:
        return failure("closed", "cannot be reached any more", network, maybe_done=False)
    if kinds & {"ReadTimeout", "ReadTimeoutError"}:
        said = f"gave no answer within {waited:.0f} seconds"
        return failure("silent", said, network, maybe_done=True)
    said = "broke the connection off before its answer was whole"
    return failure("cut", said, network, maybe_done=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it was made of."""
    open_: list[object] = [error]
    seen: set[int] = set()
    while open_:
        each = open_.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            open_ += [*each.args, each.__cause__, each.__context__, getattr(each, "reason", None)]
