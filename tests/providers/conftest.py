"""A server for each test, keys for it, and nothing of the computer's own set-up."""

import os
from collections.abc import Iterator

import pytest

from tests.providers.server import Provider, serving
from tests.providers.services import KEYS

_OURS = ("PROXY", "AZURE_", "IDENTITY_", "MSI_", "SSL_CERT")


@pytest.fixture(autouse=True)
def _nothing_but_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if any(each in name.upper() for each in _OURS):
            monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as found:
        yield found
