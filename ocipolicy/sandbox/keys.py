"""A real RSA key for every principal, made once and kept private on disk."""

import hashlib
import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ocipolicy.diagnostics import Unreadable, Unwritable

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
# The CLI warns of every key file that does not end so.
_LABEL = b"OCI_API_KEY\n"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the file it is in; `fingerprint` is that of an API key."""

    private: RSAPrivateKey
    path: Path
    fingerprint: str

    @property
    def public(self) -> RSAPublicKey:
        """What its signatures are verified with."""
        return self.private.public_key()


def fingerprint(public: RSAPublicKey) -> str:
    """The fingerprint of an API key: the MD5 of its DER, in hex with colons.

    Source: https://docs.oracle.com/en-us/iaas/Content/API/Concepts/apisigningkey.htm, 2026-11.
    """
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.md5(der, usedforsecurity=False).digest().hex(":")


class Keys:
    """The keys in a folder; several sandboxes, also in several processes, may share one."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder)
        self._lock = threading.Lock()
        self._found: dict[str, Key] = {}

    def of(self, label: str, ocid: str) -> Key:
        """The key of a principal, made if there is none yet (some 100 ms)."""
        with self._lock:
            found = self._find(label, ocid)
            if found is None:
                self._make(self._path(label, ocid))
                found = self._find(label, ocid)
            if found is None:
                raise Unreadable(f"the key {self._path(label, ocid)} vanished")
            return found

    def find(self, label: str, ocid: str) -> Key | None:
        """The key of a principal, None where it has none yet."""
        with self._lock:
            return self._find(label, ocid)

    def _path(self, label: str, ocid: str) -> Path:
        return self.folder / f"{file_name(label, ocid)}.pem"

    def _find(self, label: str, ocid: str) -> Key | None:
        found = self._found.get(ocid)
        path = self._path(label, ocid)
        if found is None and path.exists():
            found = self._found[ocid] = _read(path)
        return found

    def _make(self, path: Path) -> None:
        private = generate_private_key(65537, 2048)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # A link, unlike a rename, leaves alone the key that another process made meanwhile.
        new = path.with_name(f".{uuid4().hex}")
        try:
            write_private(new, pem + _LABEL)
            with suppress(FileExistsError):
                path.hardlink_to(new)
            new.unlink()
        except OSError as error:
            raise Unwritable(f"cannot write the key {path}: {error.strerror}") from None


def file_name(label: str, ocid: str) -> str:
    """What the files of a principal are called: readable, and no other's.

    >>> file_name("caller/Partners/erin", "ocid1.user.oc1..erin")
    'caller-Partners-erin-5311c3c7'
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip(".-")[:80]
    return f"{plain}-{hashlib.sha256(ocid.encode()).hexdigest()[:8]}"


def private_folder(path: Path) -> Path:
    """The folder, made if it is not there, that nobody else can read. Raises Unwritable."""
    try:
        path.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
        path.chmod(_PRIVATE_FOLDER)
    except OSError as error:
        raise Unwritable(f"cannot keep keys in {path}: {error.strerror}") from None
    return path.resolve()


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on; readers see all of it."""
    new = path.with_name(f".{uuid4().hex}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    new.replace(path)


def _read(path: Path) -> Key:
    try:
        path.chmod(_PRIVATE_FILE)
        # To prove that its numbers are primes takes 1,000 times as long, and we made it.
        private = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    except OSError as error:
        raise Unreadable(f"cannot read the key {path}: {error.strerror}") from None
    except ValueError:
        raise Unreadable(
            f"{path} holds no private key", "delete it, and a new one is made"
        ) from None
    if not isinstance(private, RSAPrivateKey):
        raise Unreadable(f"{path} holds no RSA key", "delete it, and a new one is made")
    return Key(private, path, fingerprint(private.public_key()))
