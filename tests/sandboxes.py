"""The program's own sandbox, in a process in the background, with a state folder of its own."""

import configparser
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.signing import Signer
from tests.terminals import run


@dataclass(frozen=True)
class Running:
    """A sandbox that the command `start` has running."""

    port: int
    state: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.state / "ocipolicy" / "sandbox" / str(self.port)

    def run(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command of the group."""
        command, *rest = words
        options = ("--port", str(self.port), *rest)
        return run("sandbox", command, *options, stdin=stdin, XDG_STATE_HOME=str(self.state))


def signer(place: Running, profile: str) -> Signer:
    """Signs as the config file of a sandbox says."""
    config = configparser.ConfigParser()
    config.read(place.folder / "config")
    said = config[profile]
    key = load_pem_private_key(Path(said["key_file"]).read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    if "security_token_file" in said:
        key_id = "ST$" + Path(said["security_token_file"]).read_text()
    else:
        key_id = f"{said['tenancy']}/{said['user']}/{said['fingerprint']}"
    return Signer(key, key_id, host=f"127.0.0.1:{place.port}")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Where no sandbox runs yet; what runs there in the end is stopped."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Running(port, tmp_path_factory.mktemp("state"))
    yield found
    found.run("stop")


@pytest.fixture
def running(place: Running) -> Running:
    """A sandbox in the background, on the world that it has by itself."""
    done = place.run("start", "--background")
    assert (done.returncode, done.stderr) == (0, b"")
    return place
