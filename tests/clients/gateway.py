"""LiteLLM as a proxy, in a process of its own, from an environment of its own.

It is let to nothing but this computer: what would leave it ends at a closed port.
"""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.recorder import Recorder
from tests.examples import CASES, ROOT
from tests.smoke.clients import closed_port

# It takes one key for everything, and the product wants NVIDIA's to begin so.
KEY = "nvapi-6f1b7d0e93a24c58b1d0e7a94c25f3b8"
_CONFIG = CASES / "clients" / "litellm.yaml"
_PATIENCE = 120.0
_START = "from litellm import run_server; run_server()"


def python() -> Path:
    """The interpreter of the environment that has LiteLLM."""
    said = os.environ.get("OCIPOLICY_SERVERS_PYTHON")
    found = Path(said) if said else ROOT / ".venv-servers" / "bin" / "python"
    assert found.exists(), f"{found} is not there; `.ci/run` makes it"
    return found


@contextmanager
def litellm(upstream: Recorder, folder: Path) -> Iterator[str]:
    """LiteLLM before an upstream, while the block runs; its address."""
    port = closed_port()
    endpoint = f"http://127.0.0.1:{port}"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "MASTER_KEY": KEY,
        "UPSTREAM_AZURE": f"{upstream.endpoint}/azure",
        "UPSTREAM_OPENAI": f"{upstream.endpoint}/openai/v1",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    words = ("--config", str(_CONFIG), "--host", "127.0.0.1", "--port", str(port))
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [python(), "-c", _START, *words],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _wait(process, endpoint, log)
            yield endpoint
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/health/liveliness", timeout=5):  # noqa: S310 - it is on this computer
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"LiteLLM does not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
