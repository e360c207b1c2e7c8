"""Oracle's cloud for a child process: a sandbox stands in for its hosts, with profiles."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ocipolicy.sandbox import Sandbox
from tests.examples import EXAMPLES


@contextmanager
def oracle(folder: Path) -> Iterator[Mapping[str, str]]:
    """The variables of a process that has the tenancies of the example behind Oracle's own hosts.

    The profiles CALLER and SERVICE in a config file of the folder are their administrators.
    """
    with Sandbox(EXAMPLES / "cross-tenancy.world.yaml") as sandbox:
        file = folder / "oci-config"
        sections = [
            "\n".join([f"[{side.upper()}]", *(f"{key}={value}" for key, value in known.items())])
            for side in ("caller", "service")
            for known in [sandbox.principal(f"{side}/admin").config]
        ]
        file.write_text("\n".join(sections) + "\n", encoding="utf-8")
        yield {**sandbox.proxy_environ, "OCI_CONFIG_FILE": str(file)}
