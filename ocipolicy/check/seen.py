"""What rules look at: a statement, a policy or a world as it is written, and what they find."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ocipolicy.diagnostics import Diagnostic, Fix, Severity, Source, Span
from ocipolicy.evaluate import Compiled
from ocipolicy.language.tree import Access, Define, Node, Statement, VerbGrant
from ocipolicy.world import CompartmentPath, Tenancy, World

if TYPE_CHECKING:  # a text of statements should not pay for the reading of configs
    from ocipolicy.config import Loaded
    from ocipolicy.render import Bundle

Kind = Literal["policy", "world", "statements", "config"]
# What the proof of a config has to say about it; the room of the proof is not this one's to open.
Proof = Callable[["Loaded", "Bundle"], Iterable[Diagnostic]]
# Moves a diagnostic about the text of a statement to its place in the user's file.
Mover = Callable[[Diagnostic], Diagnostic]


def stays(diagnostic: Diagnostic) -> Diagnostic:
    """The mover of a text that is the user's file itself."""
    return diagnostic


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A statement, the text that its offsets count in, and the way from there to the file."""

    statement: Statement
    source: Source
    moved: Mover = stays

    @property
    def access(self) -> Access | None:
        """The statement, unless it is a define."""
        return self.statement if isinstance(self.statement, Access) else None

    def text(self, start: int, end: int) -> str:
        """A stretch of the text as it is written."""
        return self.source.text[start:end]

    def at(
        self,
        node: Node,
        message: str,
        help: str | None = None,
        *,
        edit: str | None = None,
        severity: Severity | None = None,
    ) -> "Finding":
        """A finding at a node of the statement; `edit` is what the node's text should become."""
        return Finding(self, node.start, node.end, message, help, edit, severity)

    def verb_of(self, grant: VerbGrant) -> tuple[int, int]:
        """Where the verb of a grant stands."""
        return grant.start, grant.start + len(grant.verb)

    def resource_of(self, grant: VerbGrant) -> tuple[int, int]:
        """Where the resource type of a grant stands."""
        return grant.end - len(grant.resource), grant.end


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has to say: one sentence, its place in the text of a statement, the way out.

    `edit` is what the place should become, where a machine can be trusted with that; `severity` is
    there where it is not the rule's own.
    """

    seen: Seen
    start: int
    end: int
    message: str
    help: str | None = None
    edit: str | None = None
    severity: Severity | None = None

    def diagnostic(self, rule: str, severity: Severity) -> Diagnostic:
        """The finding as users see it, at its place in their file."""
        span = Span(self.seen.source, self.start, self.end)
        fix = None if self.edit is None else Fix(span, self.edit)
        weight = self.severity or severity
        return self.seen.moved(Diagnostic(rule, weight, self.message, span, self.help, fix))


@dataclass(frozen=True, slots=True, eq=False)
class SeenPolicy:
    """A policy as it is written: its statements, in order.

    `at_root` is None where nobody knows to what the policy is attached; `complete` is false where
    some of its text could not be read.
    """

    statements: tuple[Seen, ...]
    at_root: bool | None = None
    complete: bool = True

    def defines(self) -> Iterator[tuple[Seen, Define]]:
        """Its define statements."""
        for each in self.statements:
            if isinstance(each.statement, Define):
                yield each, each.statement

    def accesses(self) -> Iterator[tuple[Seen, Access]]:
        """Its other statements."""
        for each in self.statements:
            if isinstance(each.statement, Access):
                yield each, each.statement


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A statement of a world: as it is written, and made ready for the evaluator."""

    seen: Seen
    compiled: Compiled

    @property
    def access(self) -> Access:
        """The statement."""
        return self.compiled.statement

    @property
    def tenancy(self) -> Tenancy:
        """The tenancy whose policy it is in."""
        return self.compiled.tenancy

    @property
    def attached(self) -> CompartmentPath:
        """The compartment that its policy is attached to."""
        return self.compiled.policy.compartment


@dataclass(frozen=True, slots=True, eq=False)
class SeenWorld:
    """A world, and each of its statements but the defines, ready to be asked about.

    `defines` has each define with the tenancy whose policy it is in; `policies` each policy with
    its tenancy and the compartment that it is attached to.
    """

    world: World
    statements: tuple[Ready, ...]
    defines: tuple[tuple[Tenancy, Seen, Define], ...] = ()
    policies: tuple[tuple[Tenancy, CompartmentPath, SeenPolicy], ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read; `diagnostics` say what is wrong before any rule has looked.

    `world` is there for a world without mistakes, `loaded` for a config, and `proof` has what its
    proof says.
    """

    kind: Kind
    source: Source
    policies: tuple[SeenPolicy, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    world: SeenWorld | None = None
    loaded: "Loaded | None" = None
    proof: tuple[Diagnostic, ...] = ()
