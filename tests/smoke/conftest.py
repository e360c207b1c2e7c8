"""One sandbox for a module, with the keys of all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocipolicy.sandbox import Sandbox
from tests.smoke.states import WORLD


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys for all sandboxes, since to make one takes a tenth of a second."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def sandbox(keys: Path) -> Iterator[Sandbox]:
    """A sandbox in which everything works."""
    with Sandbox(WORLD, keys=keys) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the computer's own set-up comes in."""
    names = ("OCI_CONFIG_FILE", "OCI_REGION", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in names:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
