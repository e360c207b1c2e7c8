"""Wanted policies held against live ones: which of them are ours, and one step for each.

A live policy is ours by three marks together: it is attached to the root compartment, it is called
`<name>-<side>` (with `-2`, `-3` where it was split), and its free-form tag `ocipolicy` is the name.

One that is called like ours but is not is left alone, and the plan refused, unless it is to be
adopted: then its own statements stay, and a second tag `ocipolicy-kept` knows them by a few letters
each. So later plans keep them too, and a destroy leaves them behind.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import product

from ocipolicy import reference
from ocipolicy.config import Loaded
from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity
from ocipolicy.language import show
from ocipolicy.language.tree import Define, Statement
from ocipolicy.plan.live import Live
from ocipolicy.plan.normal import defined_too_late, meanings, normal
from ocipolicy.plan.steps import Create, Delete, Keep, Step, Target, Update, Version
from ocipolicy.render import Bundle
from ocipolicy.render import Policy as Wanted
from ocipolicy.render.bundle import Side
from ocipolicy.world import Policy, Tags, Tenancy

TAG = "ocipolicy"
KEPT = "ocipolicy-kept"
# A tag holds 256 characters, a policy 50 statements.
_MARK = 5

# A statement, and the text that it is stored as.
Pair = tuple[Statement, str]


def is_for_us(policy: Wanted) -> bool:
    """Whether a policy of the bundle is ours to apply: not Oracle's, and with a profile."""
    return policy.apply and policy.profile is not None


def planned(bundle: Bundle, live: Live) -> dict[str, Tenancy]:
    """The tenancies that are ours to change and that were read, by OCID, in the bundle's order."""
    found: dict[str, Tenancy] = {}
    for policy in bundle.policies:
        tenancy = _tenancy(live, policy.tenancy) if is_for_us(policy) else None
        if tenancy is not None and live.why_unread(tenancy.ocid) is None:
            found[tenancy.ocid] = tenancy
    return found


def _tenancy(live: Live, ocid: str | None) -> Tenancy | None:
    return next((each for each in live.world.tenancies.values() if each.ocid == ocid), None)


def steps(
    loaded: Loaded, bundle: Bundle, live: Live, *, adopt: bool
) -> tuple[tuple[Step, ...], tuple[Diagnostic, ...]]:
    """The steps in the order of applying, and why a policy has none.

    What is made or changed comes in the order of the bundle, the destination first; what goes comes
    last, the caller's side first. Raises CannotGoOn where an OCID or an etag of ours is not known.
    """
    found: list[Step] = []
    diagnostics: list[Diagnostic] = []
    tenancies = planned(bundle, live)
    for wanted in bundle.policies:
        tenancy = tenancies.get(wanted.tenancy or "")
        if tenancy is not None and is_for_us(wanted):
            step = _Comparing(loaded, bundle.name, live, tenancy).step(wanted, adopt=adopt)
            if isinstance(step, Diagnostic):
                diagnostics.append(step)
            else:
                found.append(step)
    named = {(each.tenancy, each.name) for each in bundle.policies}
    found += (
        released(bundle.name, live, tenancy, policy)
        for tenancy, policy in ours(bundle.name, tenancies.values())
        if (tenancy.ocid, policy.name) not in named
    )
    return tuple(found), tuple(diagnostics)


def ours(name: str, tenancies: Iterable[Tenancy]) -> Sequence[tuple[Tenancy, Policy]]:
    """The live policies that belong to the config of a name, those of the caller's side first."""
    found = [
        (tenancy, policy)
        for tenancy in tenancies
        for policy in tenancy.policies
        if tagged(policy) == name and side_of(name, policy) is not None
    ]
    return sorted(found, key=lambda each: side_of(name, each[1]) != "caller")


def tagged(policy: Policy) -> str | None:
    """The name of the config that a policy says it belongs to."""
    values = policy.tags.get(TAG)
    return "".join(values) if values else None


def side_of(name: str, policy: Policy) -> Side | None:
    """The side that a policy in the root compartment is called after, if it is called like ours."""
    if policy.compartment:
        return None
    found = re.fullmatch(rf"{re.escape(name)}-(caller|service)(?:-[0-9]+)?", policy.name)
    if found is None:
        return None
    return "caller" if found[1] == "caller" else "service"


def released(name: str, live: Live, tenancy: Tenancy, policy: Policy) -> Update | Delete:
    """The step that takes away what is ours of a policy: all of it, but for what was kept."""
    target = Target(tenancy.ocid, side_of(name, policy) or "caller", policy.name)
    ocid, etag = _known(live, policy)
    before = version(policy)
    kept = _kept(policy)
    if not kept:
        return Delete(target, ocid, etag, before)
    tags = {key: values for key, values in policy.tags.items() if key not in (TAG, KEPT)}
    after = _version(kept, policy.description, tags)
    return Update(target, ocid, etag, before, after)


def version(policy: Policy) -> Version:
    """What a live policy says."""
    return Version(
        (*policy.texts, *policy.unread), policy.statements, policy.description, policy.tags
    )


def _version(pairs: Sequence[Pair], description: str, tags: Tags) -> Version:
    statements, texts = zip(*pairs, strict=True)
    return Version(texts, statements, description, tags)


def _known(live: Live, policy: Policy) -> tuple[str, str]:
    etag = live.etags.get(policy.ocid or "")
    if policy.ocid is None or etag is None:
        raise CannotGoOn(f"the OCID and the etag of the live policy {policy.name} are not known")
    return policy.ocid, etag


def _mark(statement: Statement) -> str:
    digest = sha256(show(normal(statement)).encode()).digest()
    return urlsafe_b64encode(digest).decode()[:_MARK]


def _kept(policy: Policy) -> list[Pair]:
    """The statements of an adopted policy that were there before us."""
    text = "".join(policy.tags.get(KEPT, ()))
    marks = {text[at : at + _MARK] for at in range(0, len(text), _MARK)}
    pairs = zip(policy.statements, policy.texts, strict=True)
    return [each for each in pairs if marks and _mark(each[0]) in marks]


class _Comparing:
    """The wanted policies of one tenancy beside its live ones."""

    def __init__(self, loaded: Loaded, name: str, live: Live, tenancy: Tenancy) -> None:
        self.loaded = loaded
        self.name = name
        self.live = live
        self.tenancy = tenancy

    def step(self, wanted: Wanted, *, adopt: bool) -> Step | Diagnostic:
        """The step for a wanted policy, or why there is none."""
        target = Target(self.tenancy.ocid, wanted.side, wanted.name)
        found = next(
            (
                each
                for each in self.tenancy.policies
                if each.name == wanted.name and not each.compartment
            ),
            None,
        )
        if found is None:
            pairs = [(each, show(each)) for each in wanted.statements]
            return Create(target, _version(pairs, wanted.description, {TAG: (self.name,)}))
        owner = tagged(found)
        if owner != self.name and (owner is not None or not adopt):
            return self._not_ours(found, owner)
        kept = _kept(found) if owner else self._foreign(found, wanted)
        wrong = self._alias_taken(found, kept, wanted)
        if wrong is None and found.unread and not owner:
            wrong = self._unreadable(found, found.unread[0])
        if wrong is not None:
            return wrong
        merged = [*_merged(kept, wanted.statements)]
        most = reference.limit("statements-per-policy").value
        if len(merged) > most:
            return self._too_many(found, len(merged), most)
        tags = {**found.tags, TAG: (self.name,)}
        if kept:
            tags[KEPT] = ("".join(_mark(statement) for statement, _ in kept),)
        after = _version(merged, wanted.description, tags if not owner else found.tags)
        ocid, etag = _known(self.live, found)
        if owner and not found.unread and self._says(found, after):
            return Keep(target, ocid, etag, version(found))
        return Update(target, ocid, etag, version(found), after)

    def _says(self, found: Policy, after: Version) -> bool:
        """Whether a live policy says what it should already."""
        if found.description != after.description or defined_too_late(found.statements):
            return False
        return self._meanings(found.statements) == self._meanings(after.statements)

    def _foreign(self, found: Policy, wanted: Wanted) -> list[Pair]:
        """The statements of a live policy that the config does not want."""
        ours = {normal(each) for each in wanted.statements}
        pairs = zip(found.statements, found.texts, strict=True)
        return [each for each in pairs if normal(each[0]) not in ours]

    def _meanings(self, statements: tuple[Statement, ...]) -> frozenset[object]:
        policy = Policy("", None, (), statements, tuple(map(show, statements)))
        return frozenset(meanings(self.live.world, self.tenancy, policy))

    def _not_ours(self, found: Policy, owner: str | None) -> Diagnostic:
        where = f"policy {found.name} in the root compartment of {self.tenancy.name}"
        if owner is not None:
            why = f"its tag `{TAG}: {owner}` says that it belongs to another config"
            hint = "choose another `name:`"
        else:
            why = f"it has no tag `{TAG}: {self.name}`"
            hint = "--adopt keeps its statements and adds ours; or choose another `name:`"
        return self._error("not-ours", f"{where} is not ours: {why}", hint)

    def _alias_taken(
        self, found: Policy, kept: Iterable[Pair], wanted: Wanted
    ) -> Diagnostic | None:
        """Where a define that stays gives a name of ours to something else."""
        theirs = [each for each, _ in kept if isinstance(each, Define)]
        mine = [each for each in wanted.statements if isinstance(each, Define)]
        for each, other in product(mine, theirs):
            same = (each.what, each.alias.casefold()) == (other.what, other.alias.casefold())
            if same and each.ocid != other.ocid:
                return self._error(
                    "alias-taken",
                    f"policy {found.name} of {self.tenancy.name} defines {each.what}"
                    f" `{other.alias}` as {other.ocid}, and ours as {each.ocid}",
                    "rename the alias in that policy, or choose another `name:`",
                )
        return None

    def _unreadable(self, found: Policy, text: str) -> Diagnostic:
        return self._error(
            "unreadable-statement",
            f"policy {found.name} of {self.tenancy.name} has a statement that cannot be read,"
            f" and adopting the policy would lose it: {text}",
            "put the statement right, or choose another `name:`",
        )

    def _too_many(self, found: Policy, count: int, most: int) -> Diagnostic:
        return self._error(
            "too-many-statements",
            f"policy {found.name} of {self.tenancy.name} would have {count} statements, its own"
            f" and ours; OCI allows {most}",
            "move some of its own into another policy, or choose another `name:`",
        )

    def _error(self, rule: str, message: str, hint: str) -> Diagnostic:
        return Diagnostic(rule, Severity.ERROR, message, self.loaded.span("name"), hint)


def _merged(kept: Sequence[Pair], wanted: tuple[Statement, ...]) -> Iterator[Pair]:
    """What stays, as it is stored, and what is ours; the defines of both come first."""
    there = {normal(statement) for statement, _ in kept}
    ours = [(each, show(each)) for each in wanted if normal(each) not in there]
    every = [*kept, *ours]
    yield from (each for each in every if isinstance(each[0], Define))
    yield from (each for each in every if not isinstance(each[0], Define))
