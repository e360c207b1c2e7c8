"""A sandbox from its opening to its closing: `with Sandbox(world) as sandbox`."""

import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, Unreadable
from ocipolicy.evaluate import Who
from ocipolicy.sandbox.authentication import Authentication
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.sandbox.control import Control, Orders
from ocipolicy.sandbox.credentials import OF_PRINCIPALS, Credentials, Wallet
from ocipolicy.sandbox.desk import Desk
from ocipolicy.sandbox.faults import Faults
from ocipolicy.sandbox.federation import Federation
from ocipolicy.sandbox.founding import administrators, founded, governed
from ocipolicy.sandbox.keys import Keys, private_folder, write_private
from ocipolicy.sandbox.log import Log
from ocipolicy.sandbox.metadata import Metadata
from ocipolicy.sandbox.server import LOOPBACK, Server
from ocipolicy.sandbox.services import ROUTES
from ocipolicy.sandbox.state import State
from ocipolicy.sandbox.tokens import Tokens
from ocipolicy.world import Principal, World, load_world


class BadWorld(CannotGoOn):
    """A world file with mistakes; `diagnostics` has all of them."""

    def __init__(self, origin: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        errors = [each for each in diagnostics if each.severity is Severity.ERROR]
        first = errors[0]
        super().__init__(
            f"{origin}:{first.span.line}:{first.span.column}: {first.message}"
            + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""),
            first.help,
        )


class Sandbox:
    """A local Oracle cloud on 127.0.0.1, for as long as a `with` block lasts.

    `world` is a World or the path of its file. `folder` is where config file and certificates are,
    a temporary one if none is given; `keys` is where the keys are, below it unless several
    sandboxes share them. `clock` says what time it is in the sandbox.

    Raises CannotGoOn: BadWorld for a file with mistakes, and where the port is taken.
    """

    def __init__(
        self,
        world: World | Path | str,
        port: int = 0,
        *,
        host: str = LOOPBACK,
        folder: Path | None = None,
        keys: Path | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._stack = ExitStack()
        given = world if isinstance(world, World) else _loaded(Path(world))
        self._world = governed(founded(given))
        self._clock = clock
        self._told_to_stop = threading.Event()
        if not self._world.tenancies:
            raise CannotGoOn("a sandbox needs a tenancy, and the world has none")
        try:
            self._open(port, host, folder, keys)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, port: int, host: str, folder: Path | None, keys: Path | None) -> None:
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="ocipolicy-sandbox-")
            folder = Path(self._stack.enter_context(temporary))
        self.folder = private_folder(folder)
        self._keys = Keys(keys or self.folder / "keys")
        tokens = Tokens(self._keys)
        self.certificates = Certificates(self.folder)
        self._wallet = Wallet(self.folder, self._world, self._keys, tokens, self.certificates)
        self.desk = Desk(
            self._new_state(),
            Authentication(self._keys, tokens),
            ROUTES,
            administrators=administrators(self._world),
        )
        control_token = secrets.token_urlsafe(32)
        orders = Orders(self.reset, self._told_to_stop.set, self._environ_of)
        self.desk.counters = (
            Control(self.desk, control_token, orders).counter,
            Metadata(lambda: self.state.world, self._keys, self.certificates).counter,
            Federation(lambda: self.state.world, self.desk.now, self.certificates, tokens).counter,
        )
        self._server = Server(self.desk, self.certificates.context, port, host)
        self._stack.callback(self._server.close)
        self._stack.callback(self.faults.end)
        self._wallet.endpoint = self.endpoint
        # Now that the port is ours: before, another sandbox may be at it, with this folder.
        self.control_token_file = self.folder / "control-token"
        write_private(self.control_token_file, control_token.encode())

    @property
    def endpoint(self) -> str:
        """Its address: the `service_endpoint` of clients; `/r/REGION` behind it names a region."""
        return f"http://{LOOPBACK}:{self._server.port}"

    @property
    def state(self) -> State:
        """What is in the sandbox now."""
        return self.desk.state

    @property
    def log(self) -> Log:
        """Every request, with its decision and the statements behind it."""
        return self.desk.log

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.desk.faults

    def principal(self, name: str) -> Credentials:
        """The user or resource that `NAME`, `TENANCY/NAME` or an OCID means. Raises CannotGoOn."""
        return Credentials(Who(*self.state.world.principal(name)), self._wallet)

    def principals(self) -> Iterator[Credentials]:
        """Everybody who is in it now."""
        for tenancy in self.state.world.tenancies.values():
            everybody: tuple[Principal, ...] = (
                *tenancy.users.values(),
                *tenancy.resources.values(),
            )
            yield from (Credentials(Who(tenancy, each), self._wallet) for each in everybody)

    @property
    def config_file(self) -> Path:
        """The config file with a profile of every principal; their keys are made for it."""
        return self._wallet.config_file(*(each.who for each in self.principals()))

    @property
    def environ(self) -> dict[str, str]:
        """What sends the CLI to the sandbox, with the profiles of the config file; for a shell."""
        return {**self._files(), **self._wallet.direct()}

    @property
    def proxy_environ(self) -> dict[str, str]:
        """What lets code that names Oracle's hosts run unchanged, against the sandbox."""
        return {**self._files(), **self._wallet.proxied()}

    def _files(self) -> dict[str, str]:
        file = str(self.config_file)
        return {"OCI_CLI_CONFIG_FILE": file, "OCI_CONFIG_FILE": file}

    def reset(self) -> None:
        """Go back to the world that it began with: no faults, an empty log, the same keys."""
        before, state = self.state, self._new_state()
        state.serve_retired, state.stream_done = before.serve_retired, before.stream_done
        self.desk.state = state
        self.faults.clear()
        self.log.clear()

    def _new_state(self) -> State:
        state = State(self._world, self._clock)
        state.keys = self._keys
        return state

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is told to stop over HTTP, at most so long; whether it was."""
        return self._told_to_stop.wait(seconds)

    def _environ_of(self, name: str | None, proxy: bool) -> Mapping[str, str | None]:
        """For a shell, which may have been somebody else before: None is for what to unset."""
        who = self if name is None else self.principal(name)
        settings = self.proxy_environ if proxy else self.environ
        return {
            **dict.fromkeys(OF_PRINCIPALS),
            # A shell of nobody in particular must not ask the metadata service of a real instance.
            "OCI_METADATA_BASE_URL": f"{self.endpoint}/opc/v2",
            **settings,
            **(who.proxy_environ if proxy else who.environ),
        }

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _loaded(path: Path) -> World:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise Unreadable(f"cannot read {path}: {reason}") from None
    loaded = load_world(text, str(path))
    if loaded.world is None:
        raise BadWorld(str(path), loaded.diagnostics)
    return loaded.world
