"""`render --format oci-cli`: one JSON file per policy, and the commands that create them."""

import json
import shlex
from collections.abc import Iterator

from ocipolicy.language import show
from ocipolicy.outputs.files import File
from ocipolicy.render.bundle import Bundle, Policy


def files(bundle: Bundle) -> tuple[File, ...]:
    """What `oci iam policy create --from-json` takes, for every policy that is ours to apply."""
    return tuple(File(f"{policy.name}.json", _json(bundle, policy)) for policy in _ours(bundle))


def commands(bundle: Bundle) -> tuple[str, ...]:
    """The commands that create the policies from these files."""
    return tuple(_command(policy) for policy in _ours(bundle))


def script(bundle: Bundle) -> str:
    """Files and commands as one shell script, for the terminal."""
    parts = [
        "# The region of each profile must be the home region: policies are changed there only.\n"
    ]
    for policy, file in zip(_ours(bundle), files(bundle), strict=True):
        parts.append(
            f"# {policy.name}, in the root compartment of {policy.tenancy}\n"
            f"cat > {shlex.quote(file.name)} <<'JSON'\n{file.text}JSON\n{_command(policy)}\n"
        )
    return "\n".join(parts)


def _ours(bundle: Bundle) -> Iterator[Policy]:
    return (policy for policy in bundle.policies if policy.apply)


def _command(policy: Policy) -> str:
    profile = f" --profile {shlex.quote(policy.profile)}" if policy.profile else ""
    name = shlex.quote(f"file://{policy.name}.json")
    return f"oci iam policy create{profile} --from-json {name}"


def _json(bundle: Bundle, policy: Policy) -> str:
    body = {
        "compartmentId": policy.tenancy,
        "name": policy.name,
        "description": policy.description,
        "statements": [show(statement) for statement in policy.statements],
        "freeformTags": {"ocipolicy": bundle.name},
    }
    return json.dumps(body, indent=2) + "\n"
