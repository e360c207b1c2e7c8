"""A pytest fixture: a sandbox on a world, closed with the test. Every test run imports this file.

def test_it(ocipolicy_sandbox):
    sandbox = ocipolicy_sandbox("world.yaml")
    client = IdentityClient(
        sandbox.principal("caller/alice").config, service_endpoint=sandbox.endpoint
    )
"""

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ocipolicy.sandbox import Sandbox
    from ocipolicy.world import World


@pytest.fixture
def ocipolicy_sandbox(
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[Callable[[World | Path | str], Sandbox]]":
    """A factory: it takes a World, or the path of its file, and gives a running Sandbox.

    The sandboxes of a test run share their keys, since to make one takes 100 ms.
    """
    from contextlib import ExitStack

    from ocipolicy.sandbox import Sandbox

    keys = tmp_path_factory.getbasetemp() / "ocipolicy-sandbox-keys"
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(Sandbox(world, keys=keys))
