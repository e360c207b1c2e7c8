"""What can go wrong with a provider, as it was met; what it means is for the diagnosis to say.

CannotGoOn
└── ProviderError
    ├── NoKey       no key or token that a call could be sent with; nothing was sent
    ├── NoAnswer    nobody answered, or nobody who speaks this API
    ├── NoList      the API does not tell which models there are
    └── Refused     the provider said no: status, code, its words, request id

No message holds a key or a token.
"""

from typing import Literal

from ocipolicy.diagnostics import CannotGoOn, without_secrets

# What there is no key for: the entry names no variable, the variable is not set, what it holds is
# no key, azure-identity is not installed, or it gives no token.
Lack = Literal["unnamed", "unset", "shape", "library", "token"]
# Where a call ends: no address for the host, nobody who answers there, a proxy, a certificate,
# silence, an answer that breaks off; or an answer that is a redirect, a page for people, nothing of
# this API, whole where a stream was asked for, or to be fetched later.
Way = Literal[
    "address",
    "closed",
    "proxy",
    "certificate",
    "silent",
    "cut",
    "redirect",
    "page",
    "stranger",
    "unstreamed",
    "pending",
]


class ProviderError(CannotGoOn):
    """No answer, or no as the answer; `pieces` is how much of a stream had come before it."""

    pieces = 0
    request_id = ""

    @property
    def brief(self) -> str:
        """It in a few words."""
        return self.message


class NoKey(ProviderError):
    """No key or token to call with; `lack` says what is missing, `where` the variable's name."""

    def __init__(self, message: str, lack: Lack, where: str = "") -> None:
        super().__init__(message)
        self.lack = lack
        self.where = where


class NoAnswer(ProviderError):
    """Nothing that could be taken for the API's answer; `way` says where it ended.

    `said` is what is known more.
    """

    def __init__(
        self, message: str, way: Way, *, said: str = "", request_id: str = "", pieces: int = 0
    ) -> None:
        super().__init__(message)
        self.way = way
        self.said = without_secrets(said)
        self.request_id = request_id
        self.pieces = pieces


class NoList(ProviderError):
    """The API does not tell which models there are."""


class Refused(ProviderError):
    """The provider said no.

    `status` is that of HTTP, `code` and `kind` the names that it has for the mistake, `param` the
    parameter that is to blame; each is empty where it gave none. `filtered` names what its content
    filter found, `wait` how many seconds it asks to wait.
    """

    def __init__(
        self,
        status: int,
        said: str,
        *,
        code: str = "",
        kind: str = "",
        param: str = "",
        filtered: tuple[str, ...] = (),
        request_id: str = "",
        wait: float | None = None,
    ) -> None:
        self.status = status
        self.said = without_secrets(" ".join(said.split()))
        self.code = code
        self.kind = kind
        self.param = param
        self.filtered = filtered
        self.request_id = request_id
        self.wait = wait
        super().__init__(f"{self.brief}: {self.said}")

    @property
    def brief(self) -> str:
        """Status and code, where there is one that says more."""
        name = self.code or self.kind
        return f"{self.status} {name}" if name and name != str(self.status) else str(self.status)

    @property
    def is_denied(self) -> bool:
        """Whether whoever calls may not."""
        return self.status in (401, 403)
