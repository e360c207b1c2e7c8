"""An authority of the sandbox's own: certificates for Oracle's hosts in proxy mode, and instances.

Clients are told of it by an environment variable, never the computer, and what it signs is good for
hosts of Oracle's cloud alone (name constraints): a stolen key is of no use against anything else.
"""

import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocipolicy.evaluate import Who
from ocipolicy.sandbox.hosts import DOMAINS
from ocipolicy.sandbox.keys import private_folder, write_private
from ocipolicy.world import Resource

_AGE = timedelta(days=1)  # certificates begin in the past, since clocks differ
_LIFETIME = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    path: Path


class Certificates:
    """The authority and what it signed, in a folder; made anew for each sandbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._authority: _Authority | None = None

    @property
    def bundle(self) -> Path:
        """The file with the authority's certificate: for REQUESTS_CA_BUNDLE and SSL_CERT_FILE."""
        return self._own.path

    @property
    def authority(self) -> x509.Certificate:
        """The certificate of the authority itself."""
        return self._own.certificate

    def context(self, host: str) -> ssl.SSLContext:
        """What a server needs to speak TLS as a host."""
        with self._lock:
            found = self._contexts.get(host)
            if found is None:
                found = self._contexts[host] = self._make_context(host)
            return found

    def of_instance(self, who: Who, instance: Resource, key: RSAPublicKey) -> x509.Certificate:
        """The certificate of a compute instance: what it is and where, as the metadata have it."""
        compartment = who.tenancy.compartments[instance.compartment].ocid
        units = (
            "opc-certtype:instance",
            f"opc-compartment:{compartment}",
            f"opc-instance:{instance.ocid}",
            f"opc-tenant:{who.tenancy.ocid}",
        )
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, instance.name[:64]),
                *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units),
            ]
        )
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._signed(self._builder(subject, key).add_extension(usage, critical=False))

    def is_ours(self, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether the authority signed a certificate that is good now, by the computer's clock."""
        try:
            certificate.verify_directly_issued_by(self.authority)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc

    @property
    def _own(self) -> "_Authority":
        with self._lock:
            if self._authority is None:
                self._authority = _make_authority(private_folder(self._folder) / "ca.pem")
            return self._authority

    def _make_context(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        # Not the name of the authority, or clients take it for signed by itself.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ocipolicy sandbox host")])
        certificate = self._signed(
            self._builder(subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        # The ssl module reads certificates from files only.
        path = private_folder(self._folder) / "host.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(path, pem + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(path)
        finally:
            path.unlink()
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey | RSAPublicKey
    ) -> x509.CertificateBuilder:
        own = self._own
        return (
            _dated(subject, own.certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(own.key.public_key()),
                critical=False,
            )
        )

    def _signed(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._own.key, SHA256())


def _make_authority(path: Path) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ocipolicy sandbox")])
    allowed = x509.NameConstraints([x509.DNSName(domain) for domain in DOMAINS], None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _dated(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signs_certificates(), critical=True)
        .add_extension(allowed, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, SHA256())
    )
    write_private(path, certificate.public_bytes(Encoding.PEM))
    return _Authority(key, certificate, path)


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | RSAPublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _AGE)
        .not_valid_after(now + _LIFETIME)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
