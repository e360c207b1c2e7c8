"""`render --format terraform`: `oci_identity_policy` resources and the providers they need."""

import json
import re
from collections.abc import Iterator

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
    """One Terraform file with everything in it but the values of its two kinds of variables."""
    return (File(f"{bundle.name}.tf", text(bundle)),)


def text(bundle: Bundle) -> str:
    """The file as it goes to the terminal."""
    ours = [policy for policy in bundle.policies if policy.apply]
    firsts = {policy.side: policy for policy in reversed(ours)}
    sides = dict.fromkeys(policy.side for policy in ours)
    parts = [_HEAD, *(_provider(firsts[side]) for side in sides)]
    parts += (_resource(bundle, policy) for policy in ours)
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


def _resource(bundle: Bundle, policy: Policy) -> str:
    lines = [
        f'resource "oci_identity_policy" "{_identifier(policy.name)}" {{',
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


def _identifier(name: str) -> str:
    """A Terraform name: letters, digits, hyphens and underscores, not beginning with a digit."""
    word = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return word if re.match(r"[A-Za-z_]", word) else f"_{word}"


def _quoted(text: str) -> str:
    """A string of HCL: JSON's escapes hold there too, and `${` and `%{` would be interpolated."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
