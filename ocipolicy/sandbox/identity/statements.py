"""Statements as OCI takes them when a policy is saved: read, looked up, counted, or refused.

Each refusal has its text where users have reported what OCI says, with the place behind it:

- "The group X specified in the policy statement does not exist under current compartment
  hierarchy." (terraform-oci-ocloud-foundation#6);
- "Compartment {X} does not exist or is not part of the policy compartment subtree", X a path or an
  OCID (oracle-enterprise-landingzone#100, known issues of the landing zone for E-Business Suite);
- "'Invalid right-hand side in condition: empty list of varnames'@'VariableType.of'"
  (terraform-provider-oci#1335), for a value without quotes;
- "You have reached the maximum number of policy statements allowed for this compartment hierarchy
  (Limit: 500, Current Usage: N)", from Oracle's page on that limit.

All other texts are ours: what OCI says of a statement that it cannot read, of an alias that nothing
defines, and of statements across tenancies below the root, was not found.

Not looked at, since a world cannot tell: whether there is such a resource type, permission or
variable, and what is in the other tenancy of an endorse or admit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocipolicy import reference
from ocipolicy.diagnostics import Diagnostic, Severity, Source
from ocipolicy.evaluate.aliases import Aliases, with_aliases
from ocipolicy.evaluate.named import named_groups
from ocipolicy.evaluate.scope import scope_of
from ocipolicy.language import parse
from ocipolicy.language.tree import (
    Access,
    Define,
    InCompartment,
    InCompartmentId,
    InTenancy,
    Name,
    Node,
    Ocid,
    OfTenancy,
    Statement,
)
from ocipolicy.sandbox.wire import Refusal, invalid
from ocipolicy.world import CompartmentPath, Tenancy


def read(
    texts: Sequence[str], tenancy: Tenancy, attached: CompartmentPath
) -> tuple[Statement, ...]:
    """The statements of a policy that is to be attached to a compartment of a tenancy.

    Raises Refusal for the first that OCI would not save.
    """
    most = reference.limit("statements-per-policy").value
    if not texts:
        raise invalid("Invalid Parameter: a policy must have at least one statement")
    if len(texts) > most:
        raise Refusal(
            400,
            "LimitExceeded",
            f"The limit for this tenancy has been exceeded: {most} statements in a policy, and "
            f"this one has {len(texts)}",
        )
    statements = tuple(_parsed(text, at) for at, text in enumerate(texts))
    accesses = (at for at, each in enumerate(statements) if isinstance(each, Access))
    for at, (access, aliases) in zip(accesses, with_aliases(statements), strict=True):
        for node, fault in _faults(access, aliases, tenancy, attached):
            raise invalid(f"{fault} ({_place(texts[at], at, node.start)})")
    for at, statement in enumerate(statements):
        if attached and _is_across(statement):
            # Source of the rule: drg-iam, "must be attached to the tenancy".
            fault = "Define, endorse and admit statements must be in the root compartment"
            raise invalid(f"{fault} ({_place(texts[at], at, statement.start)})")
    return statements


def kinds(texts: Sequence[str]) -> frozenset[str]:
    """The values of `target.policy.type`: whether statements allow, deny or both.

    What cannot be read counts for nothing. That endorse and admit are `allow` here, and their
    denials `deny`, is not documented.
    """
    found = (statement for text in texts for statement in parse(text).statements)
    return kinds_of(tuple(found))


def kinds_of(statements: Sequence[Statement]) -> frozenset[str]:
    """The same of statements that are read already."""
    accesses = (each for each in statements if isinstance(each, Access))
    return frozenset("deny" if each.kind.startswith("deny") else "allow" for each in accesses)


def check_hierarchy(tenancy: Tenancy, attached: CompartmentPath, fewer: int, more: int) -> None:
    """Raise Refusal where a policy of a compartment, `fewer` statements long, may not have `more`.

    What counts is the longest way from the root through the compartment to a leaf. A policy in a
    world that is over the limit from its beginning can still become shorter.
    """
    most = reference.limit("statements-per-hierarchy").value
    counts = dict.fromkeys(tenancy.compartments, 0)
    for policy in tenancy.policies:
        counts[policy.compartment] += len(policy.texts)
    above = sum(counts[attached[:depth]] for depth in range(len(attached)))
    # Longer paths first, so that what is below a compartment is known before it is asked for.
    below: dict[CompartmentPath, int] = {}
    for path in sorted(counts, key=len, reverse=True):
        total = counts[path] + below.get(path, 0)
        if path == attached:
            usage = above + total
            if more > fewer and usage - fewer + more > most:
                raise Refusal(
                    400,
                    "LimitExceeded",
                    "You have reached the maximum number of policy statements allowed for this "
                    f"compartment hierarchy (Limit: {most}, Current Usage: {usage})",
                )
            return
        below[path[:-1]] = max(below.get(path[:-1], 0), total)


def _parsed(text: str, at: int) -> Statement:
    parsed = parse(text)
    for each in parsed.diagnostics:
        if each.severity is Severity.ERROR:
            raise invalid(f"{_said(each)} ({_place(text, at, each.span.start)})")
    if len(parsed.statements) != 1:
        found = f"{len(parsed.statements) or 'no'} statement{'s' * bool(parsed.statements)}"
        raise invalid(
            f"Unable to parse the policy statement: it holds {found} (statement {at + 1})"
        )
    return parsed.statements[0]


def _said(diagnostic: Diagnostic) -> str:
    match diagnostic.rule:
        case "unquoted-value":
            return (
                "'Invalid right-hand side in condition: empty list of varnames'@'VariableType.of'"
            )
        case "compartment-without-id":
            return _no_compartment(diagnostic.span.text)
    return f"Unable to parse the policy statement: {diagnostic.message}"


def _place(text: str, at: int, offset: int) -> str:
    """Where something is wrong, for people: `statement 2, column 13`."""
    line, column = Source(text).position(offset)
    return f"statement {at + 1}, {f'line {line}, ' * (line > 1)}column {column}"


def _faults(
    statement: Access, aliases: Aliases, tenancy: Tenancy, attached: CompartmentPath
) -> Iterator[tuple[Node, str]]:
    """What a statement names that is not there, with its place."""
    abroad = statement.kind in ("admit", "deny-admit")
    subject, of = statement.subject, statement.of
    for name in subject.names if subject.type in ("group", "dynamic-group") else ():
        single = replace(statement, subject=replace(subject, names=(name,)))
        if abroad and isinstance(name, Name) and name.domain is not None:
            continue
        if not named_groups(single, tenancy, aliases, ()):
            yield name, _no_group(subject.type, name, abroad=abroad)
    if isinstance(of, OfTenancy) and aliases.of("tenancy", of.alias) is None:
        yield of, _no_alias(of.alias)
    location = statement.location
    if isinstance(location, InTenancy | InCompartment | InCompartmentId):
        alias = location.alias if isinstance(location, InTenancy) else location.of_tenancy
        if alias is not None and aliases.of("tenancy", alias) is None:
            yield location, _no_alias(alias)
        elif statement.kind not in ("endorse", "deny-endorse"):
            scope = scope_of(statement, tenancy, attached, aliases, {tenancy.ocid: tenancy})
            if scope.problem is not None:
                yield location, _no_compartment(_shown(location))


def _shown(location: InTenancy | InCompartment | InCompartmentId) -> str:
    match location:
        case InTenancy():
            return "tenancy"
        case InCompartment():
            return ":".join(location.path)
        case InCompartmentId():
            return location.ocid


def _no_group(type: str, name: Name | Ocid, *, abroad: bool) -> str:
    shown = name.ocid if isinstance(name, Ocid) else name.name
    if isinstance(name, Name) and name.domain is not None:
        shown = f"{name.domain}/{name.name}"
    if abroad:
        return _no_alias(shown)
    return (
        f"The {type} {shown} specified in the policy statement does not exist under current "
        "compartment hierarchy."
    )


def _no_alias(name: str) -> str:
    return f"No define statement of the policy says what {name} is"


def _no_compartment(name: str) -> str:
    return f"Compartment {{{name}}} does not exist or is not part of the policy compartment subtree"


def _is_across(statement: Statement) -> bool:
    return isinstance(statement, Define) or statement.kind not in ("allow", "deny")
