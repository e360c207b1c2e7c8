"""A local Oracle cloud: OCI's HTTP over a world, every signature verified, every policy enforced.

    with Sandbox("world.yaml") as sandbox:
        config = sandbox.principal("caller/alice").config
        client = IdentityClient(config, service_endpoint=sandbox.endpoint)

`running` opens it: it makes what the world lacks (`founding`), `keys`, `tokens` and `certificates`,
and the files that clients need (`credentials`). A request comes in through the `server`, the only
part that knows of sockets, and goes to the `desk`: there `authentication` says who signed it
(`signatures`), the route of its operation is found, and the handler of its service (`identity`,
`inference`, `language`, `models`) answers. A handler asks before it acts (`Asked.allow`), and the
answer is that of the evaluator over the policies in `state`: the sandbox has no idea of permission
of its own. Beside the services the desk has `metadata` and `federation` for compute instances, and
`control` for the sandbox itself; every request is in the `log`, and `faults` happen on demand.

Nothing here reaches another machine: it binds 127.0.0.1, forwards nothing, and the OCIDs that it
mints are in the realm `oc0`, which is nobody's.

Not modelled (November 2026), beside what the evaluator and the services do not model:
- resource principals other than version 2.2, delegation tokens, OKE workloads, API keys of
  Generative AI, tokens of identity domains; a session token cannot be refreshed.
- API keys that are uploaded: every user has the one key that the sandbox made for him.
- replay: a signed request is good for five minutes, however often it comes.
- limits of requests a second: 429 comes when a fault says so.
- that keys and groups take time to take effect; policies do, if `State.propagation` is set.
- realms: the regions of all are there at once, and Oracle's hosts of all are answered for.
- other services: there is no such operation, 404 `NotFound`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocipolicy.sandbox.running import BadWorld, Sandbox

__all__ = ["BadWorld", "Sandbox"]


def __getattr__(name: str) -> object:
    """The public names, when they are asked for, so that the plugin of pytest costs little."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ocipolicy.sandbox import running

    found: object = getattr(running, name)
    return found
