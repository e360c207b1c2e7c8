"""`render --format terraform`: `oci_identity_policy` resources and the providers they need."""

import re
from collections.abc import Iterable, Iterator

from ocipolicy.language import show
from ocipolicy.outputs.files import File
from ocipolicy.render.bundle import Bundle, Policy

_HEAD = """\
# Policies can be changed in the home region of a tenancy only, so each side has a provider for it.
terraform {
  required_providers {
    oci = {
      source = "oracle/oci"
    }
  }
}
"""


def files(bundle: Bundle) -> tuple[File, ...]:
    """One Terraform file, with a variable for the home region of each side."""
    return (File(f"{bundle.name}.tf", text(bundle)),)


def text(bundle: Bundle) -> str:
    """The file as it goes to the terminal."""
    ours = [policy for policy in bundle.policies if policy.apply]
    firsts = {policy.side: policy for policy in reversed(ours)}
    sides = dict.fromkeys(policy.side for policy in ours)
    parts = [_HEAD, *(_provider(firsts[side]) for side in sides)]
    names = _identifiers(policy.name for policy in ours)
    parts += (_resource(bundle, policy, names[policy.name]) for policy in ours)
    return "\n".join(parts)


def _provider(policy: Policy) -> str:
    side = policy.side
    lines = [
        f'variable "{side}_home_region" {{',
        "  type        = string",
        f"  description = {_quoted(f'Home region of the {side} tenancy, such as us-ashburn-1')}",
        "}",
        "",
        'provider "oci" {',
        f"  alias               = {_quoted(f'{side}_home')}",
        f"  tenancy_ocid        = {_quoted(policy.tenancy or '')}",
    ]
    if policy.profile:
        lines.append(f"  config_file_profile = {_quoted(policy.profile)}")
    lines += [f"  region              = var.{side}_home_region", "}", ""]
    return "\n".join(lines)


def _resource(bundle: Bundle, policy: Policy, name: str) -> str:
    lines = [
        f'resource "oci_identity_policy" "{name}" {{',
        f"  provider       = oci.{policy.side}_home",
        f"  compartment_id = {_quoted(policy.tenancy or '')}",
        f"  name           = {_quoted(policy.name)}",
        f"  description    = {_quoted(policy.description)}",
        "  statements = [",
        *_statements(policy),
        "  ]",
        "  freeform_tags = {",
        f"    ocipolicy = {_quoted(bundle.name)}",
        "  }",
        "}",
        "",
    ]
    return "\n".join(lines)


def _statements(policy: Policy) -> Iterator[str]:
    return (f"    {_quoted(show(statement))}," for statement in policy.statements)


def _identifiers(names: Iterable[str]) -> dict[str, str]:
    """Names as Terraform has them, no two alike; they begin with a letter or `_`."""
    found: dict[str, str] = {}
    for name in names:
        word = re.sub(r"[^A-Za-z0-9_-]", "_", name)
        word = word if re.match(r"[A-Za-z_]", word) else f"_{word}"
        while word in found.values():
            word += "_"
        found[name] = word
    return found


_ESCAPES = str.maketrans(
    {chr(code): f"\\u{code:04x}" for code in range(ord(" "))}
    | {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)


def _quoted(text: str) -> str:
    """A string of HCL, where `${` and `%{` would begin something."""
    escaped = text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
    return f'"{escaped}"'
