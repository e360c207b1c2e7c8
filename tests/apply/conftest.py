"""Two sandboxes for all tests here, put back as they were before each of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ocipolicy.sandbox import Sandbox
from tests.apply.place import SIDES, WORLD, Place, Side


@pytest.fixture(scope="session")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Side, Sandbox]]:
    keys = tmp_path_factory.mktemp("keys")
    with Sandbox(WORLD, keys=keys) as service, Sandbox(WORLD, keys=keys) as caller:
        yield dict(zip(SIDES, (service, caller), strict=True))


@pytest.fixture
def place(
    sandboxes: Mapping[Side, Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    for name in ("OCI_CONFIG_FILE", "OCI_REGION", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OCIPOLICY_PATIENCE", "2")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = Place(folder, sandboxes)
    found.reset()
    yield found
    for cloud in found.clouds.values():
        cloud.close()
