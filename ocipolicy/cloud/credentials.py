"""From a profile to what signs requests, with every mistake of a config file in our own words.

The file is read here and not by the SDK, since what the SDK says of a mistake may hold the line
that is wrong, and such a line may hold a pass phrase.
"""

import configparser
import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

from ocipolicy import reference
from ocipolicy.cloud import reach
from ocipolicy.cloud.errors import Expired, NoCredentials, Unreachable
from ocipolicy.config import Profile
from ocipolicy.diagnostics import closest

_DEFAULT = "~/.oci/config"
_FINGERPRINT = re.compile(r"(?:[0-9a-f]{2}:){15}[0-9a-f]{2}")
_METADATA = "http://169.254.169.254/opc/v2"
_TOKEN = "ST$"  # noqa: S105 - what stands before a token in a key id
_SIGNED = ["date", "(request-target)", "host"]
_SIGNED_OF_BODIES = ["content-length", "content-type", "x-content-sha256"]
_UPLOADED = "the API keys of the user, in the Console, have it"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What calls are signed with, whose it is, and where it is at home."""

    tenancy: str
    principal: str
    region: str
    config: dict[str, str] = field(repr=False)
    signer: Any = field(repr=False)


def credentials(profile: Profile) -> Credentials:
    """The credentials of a profile. Raises NoCredentials, and Unreachable for an instance's."""
    # The whole SDK first: threads that begin with different parts of it lock each other out.
    importlib.import_module("oci")
    match profile.auth:
        case "api_key":
            return _api_key(profile)
        case "security_token":
            return _security_token(profile)
        case "instance_principal":
            return _instance_principal(profile)
        case "resource_principal":
            return _resource_principal()
    assert_never(profile.auth)


def config_path(profile: Profile) -> Path:
    """The config file of a profile: its own, else OCI_CONFIG_FILE, else ~/.oci/config.

    The SDK takes OCI_CONFIG_FILE only where there is no ~/.oci/config; whoever sets it means it.
    """
    named = profile.config_file or os.environ.get("OCI_CONFIG_FILE", "").strip() or _DEFAULT
    return Path(named).expanduser()


class _Section:
    """The values of a profile in a config file."""

    def __init__(self, profile: Profile) -> None:
        self.name = profile.name
        self.path = config_path(profile)
        self._values = _read(self.path, profile.name)

    def text(self, key: str, help: str) -> str:
        """A value that has to be there."""
        value = self._values.get(key, "").strip()
        if not value:
            raise self.wrong(f"has no `{key}`", help)
        return value

    def optional(self, key: str) -> str | None:
        return self._values.get(key, "").strip() or None

    def ocid(self, key: str) -> str:
        hint = f"write `{key}=ocid1.{key}.oc1..` and the rest of the OCID"
        text = self.text(key, hint)
        parts = reference.ocid_parts(text)
        if parts is None or parts.kind != key:
            raise self.wrong(f"has a `{key}` that is not the OCID of a {key}", hint)
        return text

    def region(self) -> str:
        text = self.optional("region") or os.environ.get("OCI_REGION", "").strip()
        if not text:
            raise self.wrong("has no `region`", "write `region=us-ashburn-1`, or set OCI_REGION")
        return _region(text)

    def file(self, key: str, help: str) -> Path:
        path = Path(self.text(key, help)).expanduser()
        if not path.is_file():
            raise self.wrong(f"names a `{key}` that is not there: {path}", help)
        return path

    def key(self) -> tuple[Path, Any]:
        """The private key, opened."""
        from oci.exceptions import InvalidPrivateKey, MissingPrivateKeyPassphrase
        from oci.signer import load_private_key_from_file

        path = self.file(
            "key_file", "write the path of the private key that belongs to the profile"
        )
        phrase = self.optional("pass_phrase")
        try:
            return path, load_private_key_from_file(str(path), phrase)
        except MissingPrivateKeyPassphrase:
            raise self.wrong(
                f"has no `pass_phrase`, and its key is encrypted: {path}",
                "write `pass_phrase=` and the phrase into the profile, and let nobody else read it",
            ) from None
        except (InvalidPrivateKey, ValueError, TypeError):
            problem = f"names a `key_file` that is no private key: {path}"
            if phrase:
                problem = f"has a `pass_phrase` that does not open its key: {path}"
            raise self.wrong(problem, "name the PEM file of the key, and its pass phrase") from None
        except OSError as error:
            reason = error.strerror or error
            raise self.wrong(
                f"names a `key_file` that cannot be read: {path}: {reason}",
                "look at its permissions",
            ) from None

    def wrong(self, problem: str, help: str) -> NoCredentials:
        return NoCredentials(f"profile {self.name} in {self.path} {problem}", help)


def _read(path: Path, profile: str) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8-sig") as stream:
            parser.read_file(stream)
    except FileNotFoundError:
        raise NoCredentials(
            f"there is no OCI config file {path}",
            "`oci setup config` makes one; name another with --config-file or OCI_CONFIG_FILE",
        ) from None
    except OSError as error:
        message = f"the OCI config file {path} cannot be read: {error.strerror or error}"
        raise NoCredentials(message, "look at the file and its permissions") from None
    except UnicodeDecodeError:
        raise NoCredentials(f"the OCI config file {path} is not text", "save it as UTF-8") from None
    except configparser.DuplicateSectionError as error:
        message = f"{path}:{error.lineno}: the profile {error.section} stands there twice"
        raise NoCredentials(message, "keep one of the two") from None
    except configparser.DuplicateOptionError as error:
        message = f"{path}:{error.lineno}: the key {error.option} stands in {error.section} twice"
        raise NoCredentials(message, "keep one of the two") from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(
            (number for number, _ in getattr(error, "errors", ())), 1
        )
        message = f"{path}:{line}: this line is neither a [PROFILE] nor a key=value"
        raise NoCredentials(message, "put it right, or take it out") from None
    if profile not in parser:
        raise _no_profile(path, profile, [parser.default_section, *parser.sections()])
    return parser[profile]


def _no_profile(path: Path, profile: str, there: list[str]) -> NoCredentials:
    near = closest(profile.upper(), {each.upper() for each in there})
    meant = next((each for each in there if near and each.upper() == near), None)
    listed = ", ".join(there[:12]) + (", ..." if len(there) > 12 else "")
    return NoCredentials(
        f"there is no profile {profile} in {path}",
        f"did you mean {meant}?" if meant else f"it has {listed}",
    )


def _api_key(profile: Profile) -> Credentials:
    from oci.signer import AbstractBaseSigner

    section = _Section(profile)
    tenancy, user = section.ocid("tenancy"), section.ocid("user")
    fingerprint = section.text("fingerprint", f"write `fingerprint=`; {_UPLOADED}")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise section.wrong(
            "has a `fingerprint` that is not written like one",
            f"it is sixteen pairs of hexadecimal digits with colons between them; {_UPLOADED}",
        )
    region = section.region()
    path, key = section.key()
    if fingerprint != _fingerprint(key):
        raise section.wrong(
            f"has a `fingerprint` that is not that of its key: {path}",
            f"write `fingerprint={_fingerprint(key)}`, or name the other key",
        )
    config = {
        "tenancy": tenancy,
        "user": user,
        "fingerprint": fingerprint,
        "key_file": str(path),
        "region": region,
    }
    # The SDK's Signer would open the key once more, which takes longer than some requests.
    signer = AbstractBaseSigner()
    signer.create_signers(f"{tenancy}/{user}/{fingerprint}", key, _SIGNED, _SIGNED_OF_BODIES)
    return Credentials(tenancy, user, region, config, signer)


def _fingerprint(key: Any) -> str:
    """What OCI calls a key: the MD5 of its public part."""
    from hashlib import md5

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return md5(public, usedforsecurity=False).digest().hex(":")


def _security_token(profile: Profile) -> Credentials:
    from oci.auth.signers import SecurityTokenSigner

    section = _Section(profile)
    authenticate = f"`oci session authenticate --profile-name {profile.name}` makes one"
    tenancy, region = section.ocid("tenancy"), section.region()
    token_path = section.file("security_token_file", authenticate)
    try:
        token = token_path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise section.wrong(
            f"has a token that cannot be read: {token_path}", authenticate
        ) from None
    claims = _claims(token)
    if claims is None:
        raise section.wrong(f"has a file without a token in it: {token_path}", authenticate)
    expires = claims.get("exp")
    now = datetime.now(UTC)
    if isinstance(expires, int | float) and expires <= now.timestamp():
        when = datetime.fromtimestamp(expires, UTC)
        raise Expired(
            f"the session token of profile {profile.name} expired at {when:%Y-%m-%d %H:%M} UTC",
            f"`oci session refresh --profile {profile.name}` prolongs it as long as OCI takes it; "
            f"after that `oci session authenticate --profile-name {profile.name}` makes a new one",
        )
    _, key = section.key()
    signer = SecurityTokenSigner(token, key)
    config = {"tenancy": tenancy, "region": region}
    return Credentials(tenancy, str(claims.get("sub", "")), region, config, signer)


def _claims(token: str) -> Mapping[str, Any] | None:
    """What a token says of itself; that it is true, the service finds out."""
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    except jwt.PyJWTError:
        return None
    return dict(claims)


def _instance_principal(profile: Profile) -> Credentials:
    from oci.auth.signers import InstancePrincipalsSecurityTokenSigner

    base = os.environ.get("OCI_METADATA_BASE_URL", "").strip() or _METADATA
    hint = "use another --auth, or run this on a compute instance of OCI"
    try:
        reach.check(base, {}, "the instance's identity")
    except Unreachable as error:
        message = "this computer is no compute instance of OCI: no metadata service answers here"
        raise NoCredentials(message, hint) from error
    try:
        signer = InstancePrincipalsSecurityTokenSigner(federation_endpoint=_federation(profile))
    except Exception as error:
        # The SDK lets through whatever its HTTP library, its certificates and its parser raise.
        raise NoCredentials(
            f"the instance has no identity to sign with: {_first_words(error)}", hint
        ) from None
    return _of_token(signer)


def _federation(profile: Profile) -> str | None:
    """Where an instance gets its token: at a sandbox's address, or else where the SDK does."""
    if profile.endpoint is None:
        return None
    scheme, _, rest = profile.endpoint.partition("://")
    host = rest.partition("/")[0]
    return None if "{" in host else f"{scheme}://{host}/v1/x509"


def _resource_principal() -> Credentials:
    from oci.auth.signers import get_resource_principals_signer

    try:
        signer = get_resource_principals_signer()
    except Exception as error:
        # The SDK raises as many kinds of errors as there are versions of resource principals.
        raise NoCredentials(
            f"this is no resource principal: {_first_words(error)}",
            "run this in a function, or in another resource that has an identity; or use another "
            "--auth",
        ) from None
    return _of_token(signer)


def resource_principal(environ: Mapping[str, str]) -> Credentials:
    """The credentials that an environment other than our own has, of version 2.2.

    Raises NoCredentials.
    """
    from oci.auth.signers import EphemeralResourcePrincipalSigner

    try:
        signer = EphemeralResourcePrincipalSigner(
            environ.get("OCI_RESOURCE_PRINCIPAL_RPST"),
            environ.get("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"),
            region=environ.get("OCI_RESOURCE_PRINCIPAL_REGION"),
        )
    except Exception as error:  # as for our own environment
        message = f"this is no resource principal: {_first_words(error)}"
        raise NoCredentials(message) from None
    return _of_token(signer)


def _of_token(signer: Any) -> Credentials:
    claims = _claims(signer.api_key.removeprefix(_TOKEN)) or {}
    tenancy = str(claims.get("res_tenant") or claims.get("tenant") or signer.tenancy_id)
    region = _region(str(signer.region or os.environ.get("OCI_REGION", "")))
    principal = str(claims.get("res_id") or claims.get("sub") or "")
    return Credentials(tenancy, principal, region, {"region": region}, signer)


def _region(text: str) -> str:
    by_key = reference.region_of_key(text)
    return by_key.name if by_key else text.lower()


def _first_words(error: Exception) -> str:
    """What an error of the SDK says, up to its advice."""
    from ocipolicy.diagnostics import without_secrets

    said = without_secrets(" ".join(str(getattr(error, "message", error)).split()))
    return (
        re.split(r"\. |Resource principals authentication", said, maxsplit=1)[0][:160]
        or type(error).__name__
    )
