"""Whether anything answers at an address at all: one TCP connection before the first request.

The SDK tries a closed port for a minute and a half before it says so; this takes two seconds at
most. Where a proxy is set for the host, it is the proxy that has to be there.
"""

import os
import socket
import threading
from collections.abc import Mapping
from time import monotonic
from urllib.parse import urlsplit

from ocipolicy.cloud.errors import Unreachable, Way

_PATIENCE = 2.0  # seconds for a connection
_LOOKUP = 5.0  # seconds for the address of a name: a lost packet alone costs a resolver that
_PORTS = {"https": 443, "http": 80}
_ADDRESS: Way = "address"
_CLOSED: Way = "closed"
_PROXY: Way = "proxy"


def check(url: str, proxies: Mapping[str, str], operation: str) -> None:
    """Connect to the host of a URL, or to the proxy for it. Raises Unreachable.

    `proxies` has the proxies by scheme, as the SDK will take them; a URL that is to be reached
    without one has none there.
    """
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy:
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = through.hostname or "", through.port or _PORTS.get(through.scheme, 1080)
        what, way = f"the proxy {host}:{port} for {parts.hostname}", _PROXY
        hint = "look at HTTPS_PROXY and HTTP_PROXY, and at NO_PROXY for hosts that need none"
    else:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        what, way = f"{host}:{port}", _CLOSED
        hint = _hint(host)
    try:
        _connect(host, port)
    except socket.gaierror:
        unknown = f"{operation}: no address is known for {host}"
        way = _PROXY if proxy else _ADDRESS
        raise Unreachable(unknown, _unknown(host), operation=operation, way=way) from None
    except TimeoutError:
        message = f"{operation}: {what} does not answer within {_PATIENCE:.0f} seconds"
        raise Unreachable(message, hint, operation=operation, way=way) from None
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{operation}: {what} cannot be reached: {reason}"
        raise Unreachable(message, hint, operation=operation, way=way) from None


def _connect(host: str, port: int) -> None:
    addresses = _addresses(host, port)
    deadline = monotonic() + _PATIENCE
    failure: OSError = TimeoutError()
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        share = max(0.1, (deadline - monotonic()) / left)
        try:
            with socket.create_connection(address, timeout=share):
                return
        except OSError as error:
            failure = error
    raise failure


def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    """The addresses of a host. A lookup cannot be ended, so one that hangs is left behind."""
    found: list[list[tuple[str, int]] | OSError] = []

    def look() -> None:
        try:
            every = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.append(list(dict.fromkeys((str(each[4][0]), port) for each in every)))
        except (OSError, UnicodeError) as error:
            found.append(error if isinstance(error, OSError) else socket.gaierror())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(_LOOKUP)
    if not found:
        raise socket.gaierror
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def _hint(host: str) -> str:
    if host.startswith("127.") or host == "localhost":
        return "start the sandbox, `ocipolicy sandbox start`, or look at the port in the endpoint"
    proxied = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy"))
    more = "" if proxied else "; behind a proxy, set HTTPS_PROXY"
    return f"look at the network and the firewall{more}"


def _unknown(host: str) -> str:
    if "oracle" in host:
        return (
            "look at the network, and at the region of the profile; behind a proxy, set HTTPS_PROXY"
        )
    return "look at the name of the host, and at the network"
