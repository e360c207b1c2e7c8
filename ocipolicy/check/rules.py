"""Every rule: its name, how much it weighs, its page of the manual, and what it looks at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc

from ocipolicy.check import conditions, covering, grants, names, pairs, places, words
from ocipolicy.check.seen import Finding, Seen, SeenPolicy, SeenWorld
from ocipolicy.diagnostics import Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

OfStatement = Callable[[Seen], Iterator[Finding]]
OfPolicy = Callable[[SeenPolicy], Iterator[Finding]]
OfWorld = Callable[[SeenWorld], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: it looks at one statement, one policy, a whole world, or several of these.

    `page` is its page of the manual. One that looks at nothing is found while reading: by the
    parser, or by what reads the comments with `ocipolicy: ignore`.
    """

    name: str
    severity: Severity
    page: str
    statement: OfStatement | None = None
    policy: OfPolicy | None = None
    world: OfWorld | None = None


def _name(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", "-")


def _of_statement(severity: Severity, look: OfStatement) -> Rule:
    return Rule(_name(look), severity, cleandoc(look.__doc__ or ""), statement=look)


def _of_policy(severity: Severity, look: OfPolicy, world: OfWorld | None = None) -> Rule:
    return Rule(_name(look), severity, cleandoc(look.__doc__ or ""), policy=look, world=world)


def _of_world(severity: Severity, look: OfWorld) -> Rule:
    return Rule(_name(look), severity, cleandoc(look.__doc__ or ""), world=look)


def _while_reading(name: str, severity: Severity, page: str) -> Rule:
    return Rule(name, severity, cleandoc(page))


# In the order of the manual: words, conditions, grants, names, places, pairs, comments.
RULES: tuple[Rule, ...] = (
    _of_statement(_ERROR, words.unknown_resource_type),
    _of_statement(_WARNING, words.obsolete_name),
    _of_statement(_ERROR, words.unknown_verb),
    _of_statement(_WARNING, words.unknown_permission),
    _of_statement(_ERROR, words.unknown_variable),
    _of_statement(_WARNING, words.unknown_principal_type),
    _of_statement(_ERROR, words.unquoted_value),
    _of_statement(_WARNING, words.retired_model),
    _of_statement(_ERROR, conditions.region_name_in_condition),
    _of_statement(_ERROR, conditions.inapplicable_variable),
    _of_statement(_ERROR, conditions.contradiction),
    _of_statement(_ERROR, grants.verb_grants_nothing),
    _of_statement(_WARNING, grants.all_resources),
    _of_statement(_WARNING, grants.unconditioned_any_user),
    _of_statement(_NOTE, grants.broader_than_needed),
    _of_statement(_NOTE, grants.deny_needs_opt_in),
    _of_statement(_ERROR, names.wrong_ocid_kind),
    _while_reading(
        "compartment-without-id",
        _ERROR,
        """An OCID behind `compartment` without the word `id`.

        A compartment is named by its path, or by `id` and its OCID. Without `id` OCI takes the OCID
        for a name, and refuses the policy: "The compartment ocid1... specified in the policy
        statement does not exist under current compartment hierarchy".

        Wrong:
            allow group analysts to read buckets in compartment ocid1.compartment.oc1..apps
        Right:
            allow group analysts to read buckets in compartment id ocid1.compartment.oc1..apps

        Fix: write `compartment id OCID`; `--fix` does it.
        """,
    ),
    _of_policy(_ERROR, names.undefined_alias),
    _of_policy(_WARNING, names.unused_define),
    _of_policy(_ERROR, names.define_not_first),
    _of_policy(_ERROR, names.foreign_group_without_define),
    _of_world(_ERROR, names.alias_of_another_tenancy),
    _of_policy(_ERROR, places.cross_tenancy_not_at_root),
    _of_world(_ERROR, places.outside_attached_subtree),
    _of_world(_ERROR, places.unknown_compartment),
    _of_world(_ERROR, places.unknown_group),
    _of_world(_WARNING, places.region_not_subscribed),
    _of_policy(_ERROR, places.too_many_statements, places.too_many_statements_on_a_path),
    _of_world(_WARNING, pairs.endorse_without_admit),
    _of_world(_WARNING, pairs.admit_without_endorse),
    _of_policy(_WARNING, pairs.duplicate_statement),
    _of_world(_NOTE, covering.covered_statement),
    _while_reading(
        "unused-ignore",
        _WARNING,
        """A comment that ignores a finding which is not there.

        `// ocipolicy: ignore RULE reason` stands behind a statement, or on a line of its own above
        it; in YAML it is a `#` comment. When the finding is gone the comment should go too, or it
        will hide the next one.

        Wrong:
            allow group analysts to read buckets in tenancy // ocipolicy: ignore all-resources wanted so
        Right:
            allow group operators to manage all-resources in tenancy // ocipolicy: ignore all-resources wanted so

        Fix: take the comment away.
        """,  # noqa: E501 - a statement is one line
    ),
    _while_reading(
        "ignore-without-reason",
        _WARNING,
        """A comment that ignores a finding, and does not say why.

        Whoever comes later has to know why a finding does not matter. Without a reason the comment
        ignores nothing.

        Wrong:
            allow group operators to manage all-resources in tenancy // ocipolicy: ignore all-resources
        Right:
            allow group operators to manage all-resources in tenancy // ocipolicy: ignore all-resources until the move in May

        Fix: write the reason behind the name of the rule.
        """,  # noqa: E501 - a statement is one line
    ),
    _while_reading(
        "unknown-rule",
        _WARNING,
        """A name that is no rule, in a comment that ignores it or in `rules:` of a config.

        The rules are those of this page, and the messages of the other pages ([messages](messages.md)).

        Wrong:
            allow group operators to manage all-resources in tenancy // ocipolicy: ignore all-resource wanted so
        Right:
            allow group operators to manage all-resources in tenancy // ocipolicy: ignore all-resources wanted so

        Fix: write the name that the message gives.
        """,  # noqa: E501 - a statement is one line
    ),
)

BY_NAME = {each.name: each for each in RULES}


def manual() -> str:
    """The page `docs/rules.md`, made of the pages of all rules.

    Each rule is a section with its name as title, then its weight, and the examples in fences.
    """
    parts = [_HEAD, *(_section(each) for each in RULES)]
    return "\n".join(parts)


_HEAD = """\
# Rules

What `ocipolicy check` finds in configs, policy files and worlds, beside what cannot be read at
all ([messages](messages.md)). Each rule has a weight: an **error** is refused by OCI or gives
nothing, a **warning** is most likely a mistake, a **note** is worth a look. A config can give its
findings another weight, errors as well (`rules: {unused-define: off}`), and a comment with a reason
ignores one of them:

    // ocipolicy: ignore unconditioned-any-user a public help desk

behind a statement, or on a line of its own above it; in YAML with `#`.

This page is made from the sources; a test compares the two.
"""


def _section(rule: Rule) -> str:
    title, _, rest = rule.page.partition("\n")
    lines = [f"## {rule.name}", "", f"Weight: {rule.severity.value}.", "", f"**{title}**"]
    inside = False
    for line in rest.splitlines():
        example = line.startswith("    ")
        if example and not inside:
            lines += ["", "```text"]
        elif inside and not example:
            lines += ["```", ""] if line else ["```"]
        lines.append(line[4:] if example else line)
        inside = example
    return "\n".join([*lines, *(["```"] if inside else []), ""])
