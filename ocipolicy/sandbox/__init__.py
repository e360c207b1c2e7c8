"""A local Oracle cloud: OCI's HTTP over a world, every signature verified, every policy enforced.

A request comes in through the `server` and is cut up by `wire`; `authentication` says who signed
it; `desk` finds its route and calls the handler of its service (`identity`, `inference`,
`language`, ...). A handler asks before it acts (`Asked.allow`), and the answer is that of the
evaluator over the policies in `state`: the sandbox has no idea of permission of its own.

Nothing here reaches another machine: it binds 127.0.0.1, forwards nothing, and the OCIDs that it
mints are in the realm `oc0`, which is nobody's.
"""
