"""What a statement is once it has been read: frozen values, compared by meaning and not by place.

Keywords, verbs and resource types are lower case here and permissions upper case, as in the
canonical text; names, OCIDs and values stay as they were written, without their quotes.
"""

from dataclasses import dataclass, field
from typing import Literal

from ocipolicy.diagnostics import Diagnostic, Source

Kind = Literal["allow", "deny", "endorse", "admit", "deny-endorse", "deny-admit"]
AliasKind = Literal["tenancy", "group", "dynamic-group", "compartment", "service"]
SubjectType = Literal["any-user", "any-group", "group", "dynamic-group", "service", "resource"]
Operator = Literal[
    "=", "!=", "in", "not in", "before", "after", "between", "sets-intersect", "present", "absent"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The place of a node: two code point offsets into its source, outside equality."""

    start: int = field(default=0, compare=False, repr=False)
    end: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A group, dynamic group, service or resource by name; no domain is the default one."""

    name: str
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Ocid(Node):
    """A group or dynamic group by Oracle Cloud identifier: `group id ocid1.group.oc1..a`."""

    ocid: str


@dataclass(frozen=True, slots=True)
class Subject(Node):
    """Who: one type of principal and its names; none for `any-user` and `any-group`."""

    type: SubjectType
    names: tuple[Name | Ocid, ...] = ()


@dataclass(frozen=True, slots=True)
class InTenancy(Node):
    """`tenancy`: the policy's own; with an alias, the tenancy that a define names."""

    alias: str | None = None


@dataclass(frozen=True, slots=True)
class InAnyTenancy(Node):
    """`any-tenancy`: where an endorse may reach."""


@dataclass(frozen=True, slots=True)
class InCompartment(Node):
    """`compartment A:B`: a path of names below the compartment that the policy is attached to."""

    path: tuple[str, ...]
    of_tenancy: str | None = None


@dataclass(frozen=True, slots=True)
class InCompartmentId(Node):
    """`compartment id OCID`; a tenancy's OCID stands for its root compartment."""

    ocid: str
    of_tenancy: str | None = None


Location = InTenancy | InAnyTenancy | InCompartment | InCompartmentId


@dataclass(frozen=True, slots=True)
class VerbGrant(Node):
    """`use generative-ai-family`; any two words will do, the reference knows their meaning."""

    verb: str
    resource: str


@dataclass(frozen=True, slots=True)
class PermissionGrant(Node):
    """`{GENERATIVE_AI_CHAT, GENERATIVE_AI_MODEL_READ}`."""

    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssociateGrant(Node):
    """`associate R in LOCATION with R2 in LOCATION`: both ends of a cross-tenancy connection."""

    resource: str
    location: Location
    with_resource: str
    with_location: Location


Grant = VerbGrant | PermissionGrant | AssociateGrant


@dataclass(frozen=True, slots=True)
class String(Node):
    """A value in single quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern(Node):
    """A value between slashes, in which `*` stands for any characters: `/HR*/`."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A value without quotes: the name of another variable."""

    name: str


Value = String | Pattern | Variable


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """One comparison; `present` and `absent` have no value, `between` has two."""

    variable: str
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class All(Node):
    """`all {a, b}`: every one of them holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any(Node):
    """`any {a, b}`: at least one of them holds."""

    conditions: tuple["Condition", ...]


Condition = Clause | All | Any


@dataclass(frozen=True, slots=True)
class Define(Node):
    """`define tenancy ALIAS as OCID`: a name for something elsewhere, within one policy."""

    what: AliasKind
    alias: str
    ocid: str


@dataclass(frozen=True, slots=True)
class OfTenancy(Node):
    """`of tenancy ALIAS`: where an admitted principal lives."""

    alias: str


@dataclass(frozen=True, slots=True)
class OfAnyTenancy(Node):
    """`of any-tenancy`: an admitted principal of whatever tenancy."""


@dataclass(frozen=True, slots=True)
class Access(Node):
    """Any statement but a define: who may, or may not, do what, and where.

    `of` is an admit's alone; `location` is absent where the grant is an associate (which has two of
    its own) and where an admit of permissions was written without one.
    """

    kind: Kind
    subject: Subject
    grant: Grant
    location: Location | None
    condition: Condition | None = None
    of: OfTenancy | OfAnyTenancy | None = None


Statement = Define | Access


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text of statements came to.

    `comments` and `broken` are (start, end) offsets: the comments, and the stretches of text that
    gave no statement. `statements`, `comments` and `broken` are each in the order of the text.
    """

    source: Source
    statements: tuple[Statement, ...]
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[tuple[int, int], ...] = ()
    broken: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedRule:
    """What the text of a dynamic group's matching rule came to; no rule where it has an error."""

    source: Source
    rule: Condition | None
    diagnostics: tuple[Diagnostic, ...]
