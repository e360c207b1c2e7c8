"""What a client needs to be a principal: profile, key, token files, and environment variables."""

import itertools
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from ocipolicy.diagnostics import CannotGoOn, Unwritable
from ocipolicy.evaluate import Who
from ocipolicy.sandbox.certificates import Certificates
from ocipolicy.sandbox.founding import ADMIN
from ocipolicy.sandbox.keys import Key, Keys, file_name, write_private
from ocipolicy.sandbox.state import home_region
from ocipolicy.sandbox.tokens import TokenKind, Tokens
from ocipolicy.world import User, World

# A request to the sandbox itself must not go through a proxy that the user has for the internet.
NO_PROXY = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}

# What says to clients who they are and where to; some of it is in the `environ` of a principal.
OF_PRINCIPALS = (
    "OCI_CLI_AUTH",
    "OCI_CLI_ENDPOINT",
    "OCI_CLI_FEDERATION_ENDPOINT",
    "OCI_CLI_PROFILE",
    "OCI_CLI_RC_FILE",
    "OCI_METADATA_BASE_URL",
    "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM",
    "OCI_RESOURCE_PRINCIPAL_REGION",
    "OCI_RESOURCE_PRINCIPAL_RPST",
    "OCI_RESOURCE_PRINCIPAL_VERSION",
)


class Credentials:
    """One principal of a sandbox, and all that its clients need; made when it is asked for."""

    def __init__(self, who: Who, wallet: "Wallet") -> None:
        self.who = who
        self._wallet = wallet

    @property
    def profile(self) -> str:
        """Its profile in the config file."""
        return self._wallet.profile(self.who)

    @property
    def config_file(self) -> Path:
        """The config file, for the SDK and the CLI, with a profile of this principal in it."""
        return self._wallet.config_file(self.who)

    @property
    def key_file(self) -> Path:
        """Its private key, which only the owner can read."""
        return self._wallet.key(self.who).path

    @property
    def security_token_file(self) -> Path:
        """A token that its key signs with: a user's session, a resource's principal token."""
        return self._wallet.token_file(self.who)

    @property
    def config(self) -> dict[str, str]:
        """What clients of the SDK take as their config. Raises CannotGoOn for all but users."""
        if not isinstance(self.who.principal, User):
            raise CannotGoOn(
                f"`{self.who.label}` is no user, and has no API key",
                "its calls are signed with a token: start its process with `environ`",
            )
        return self._wallet.config(self.who)

    @property
    def environ(self) -> dict[str, str]:
        """What a child process needs in its environment to be this principal, with the CLI.

        For a user that is his profile; for a compute instance its metadata service; for any other
        resource a resource principal, version 2.2. Other clients are given the `endpoint`.
        """
        own = dict(self._identity())
        if self.who.kind == "instance":
            own["OCI_CLI_FEDERATION_ENDPOINT"] = f"{self._wallet.endpoint}/v1/x509"
        return {**own, **self._wallet.direct()}

    @property
    def proxy_environ(self) -> dict[str, str]:
        """The same for code that names Oracle's hosts: it runs unchanged, whatever it is."""
        return {**self._identity(), **self._wallet.proxied()}

    def _identity(self) -> Mapping[str, str]:
        who = self.who
        if isinstance(who.principal, User):
            file = str(self.config_file)
            return {
                "OCI_CLI_CONFIG_FILE": file,
                "OCI_CONFIG_FILE": file,
                "OCI_CLI_PROFILE": self.profile,
            }
        if who.kind == "instance":
            return {
                "OCI_CLI_AUTH": "instance_principal",
                "OCI_METADATA_BASE_URL": f"{self._wallet.endpoint}{metadata_path(who)}",
            }
        return {
            "OCI_CLI_AUTH": "resource_principal",
            "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
            "OCI_RESOURCE_PRINCIPAL_RPST": str(self.security_token_file),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": str(self.key_file),
            "OCI_RESOURCE_PRINCIPAL_REGION": home_region(who.tenancy),
        }


def metadata_path(who: Who) -> str:
    """Where the metadata service of a compute instance is: the real one is one to an instance."""
    name = who.label.removeprefix(f"{who.tenancy.name}/")
    return f"/i/{quote(who.tenancy.name, safe='')}/{quote(name, safe='')}/opc/v2"


class Wallet:
    """The files of a sandbox's principals in one folder."""

    def __init__(
        self,
        folder: Path,
        world: World,
        keys: Keys,
        tokens: Tokens,
        certificates: Certificates,
    ) -> None:
        self.endpoint = ""  # known once the sandbox has its port
        self._folder = folder
        self._world = world
        self._keys = keys
        self._tokens = tokens
        self._certificates = certificates
        self._lock = threading.RLock()
        self._profiles: dict[str, Who] = {}

    def direct(self) -> Mapping[str, str]:
        """What sends the CLI to the sandbox; older ones read the endpoint in their file only."""
        return {
            "OCI_CLI_ENDPOINT": self.endpoint,
            "OCI_CLI_RC_FILE": str(self._rc_file()),
            **NO_PROXY,
        }

    def proxied(self) -> Mapping[str, str]:
        """What sends the requests for Oracle's hosts to the sandbox."""
        bundle = str(self._certificates.bundle)
        return {
            "HTTPS_PROXY": self.endpoint,
            "https_proxy": self.endpoint,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            **NO_PROXY,
        }

    def key(self, who: Who) -> Key:
        """The key of a principal."""
        return self._keys.of(who.label, who.principal.ocid)

    def profile(self, who: Who) -> str:
        """The name of a principal's profile: its label, as far as a config file can have it."""
        plain = re.sub(r"[^\w./@+-]", "_", who.label, flags=re.ASCII)
        with self._lock:
            for count in itertools.count(1):
                name = plain if count == 1 else f"{plain}-{count}"
                other = self._profiles.setdefault(name, who)
                if other.principal.ocid == who.principal.ocid:
                    return name
        raise AssertionError

    def config(self, who: Who) -> dict[str, str]:
        """The values of a principal's profile."""
        key = self.key(who)
        user = {"user": who.principal.ocid} if isinstance(who.principal, User) else {}
        return {
            **user,
            "fingerprint": key.fingerprint,
            "tenancy": who.tenancy.ocid,
            "region": home_region(who.tenancy),
            "key_file": str(key.path),
        }

    def config_file(self, *principals: Who) -> Path:
        """The config file with the profiles of these, and of those that were asked for before.

        A user has a profile with his API key, and one called `session:...` with a session token; a
        resource one with its principal token, for `--auth security_token` as well. DEFAULT is the
        administrator of the first tenancy.
        """
        path = self._folder / "config"
        with self._lock:
            for who in principals:
                self.profile(who)
            first = next(iter(self._world.tenancies.values()))
            sections = {"DEFAULT": self.config(Who(first, first.users[ADMIN]))}
            for name, who in self._profiles.items():
                section = self.config(who)
                session = {**section, "security_token_file": str(self.token_file(who))}
                if isinstance(who.principal, User):
                    sections[name] = section
                    sections[f"session:{name}"] = session
                else:
                    sections[name] = session
            _write(path, "\n".join(map(_section, sections, sections.values())))
        return path

    def _rc_file(self) -> Path:
        """The CLI's own file, which it reads the section of its profile in, and no other."""
        path = self._folder / "oci_cli_rc"
        with self._lock:
            profiles = [*self._profiles]
            names = ("DEFAULT", *profiles, *(f"session:{name}" for name in profiles))
            _write(path, "\n".join(_section(name, {"endpoint": self.endpoint}) for name in names))
        return path

    def token_file(self, who: Who) -> Path:
        """The file with a fresh token for a principal, to be used with its key."""
        kind: TokenKind = (
            "session token" if isinstance(who.principal, User) else "resource principal"
        )
        token = self._tokens.issue(kind, who, self.key(who).public, datetime.now(UTC))
        path = self._folder / f"{file_name(who.label, who.principal.ocid)}.token"
        _write(path, token)
        return path


def _section(name: str, values: Mapping[str, str]) -> str:
    return "\n".join((f"[{name}]", *(f"{key}={value}" for key, value in values.items()), ""))


def _write(path: Path, text: str) -> None:
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise Unwritable(f"cannot write {path}: {error.strerror}") from None
