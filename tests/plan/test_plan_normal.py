"""What makes no difference, and what does: the normal form, and the plan that rests on it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.language import parse, show
from ocipolicy.language.tree import (
    Access,
    All,
    AssociateGrant,
    Clause,
    Condition,
    Define,
    InCompartment,
    InTenancy,
    Location,
    Name,
    Node,
    OfTenancy,
    Pattern,
    PermissionGrant,
    Statement,
    String,
    Subject,
    Value,
    Variable,
    VerbGrant,
)
from ocipolicy.language.tree import Any as AnyOf
from ocipolicy.plan import Keep, Plan, Update, plan
from ocipolicy.plan.normal import normal
from tests.examples import config
from tests.language.trees import statements
from tests.plan.cases import bundle_of, live_of

_Node = TypeVar("_Node", bound=Node)
seeds = st.integers(0, 2**32)


class Speller:
    """Writes a statement in another way that says the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test's dice

    def statement(self, statement: Statement) -> str:
        """The text of a statement, re-ordered, re-cased and re-spaced."""
        return self._spaced(show(self._tree(statement)))

    def _tree(self, statement: Statement) -> Statement:
        if isinstance(statement, Define):
            return replace(statement, alias=self._cased(statement.alias))
        of = statement.of
        return replace(
            statement,
            subject=self._subject(statement.subject),
            grant=self._grant(statement.grant),
            location=statement.location and self._location(statement.location),
            condition=statement.condition and self._condition(statement.condition),
            of=OfTenancy(self._cased(of.alias)) if isinstance(of, OfTenancy) else of,
        )

    def _subject(self, subject: Subject) -> Subject:
        names = [self._name(each) for each in subject.names]
        return replace(
            subject, names=tuple(names) if subject.type == "resource" else self._listed(names)
        )

    def _name(self, name: Any) -> Any:
        if not isinstance(name, Name):
            return name
        domain = self._cased(name.domain) if name.domain else None
        return Name(self._cased(name.name), domain)

    def _grant(self, grant: VerbGrant | PermissionGrant | AssociateGrant) -> Any:
        match grant:
            case PermissionGrant(permissions=permissions):
                several = [*permissions, *self._some(permissions)]
                self.random.shuffle(several)
                return PermissionGrant(tuple(several))
            case AssociateGrant():
                return replace(
                    grant,
                    location=self._location(grant.location),
                    with_location=self._location(grant.with_location),
                )
        return grant

    def _location(self, location: Location) -> Location:
        match location:
            case InTenancy(alias=str(alias)):
                return InTenancy(self._cased(alias))
            case InCompartment(path=path, of_tenancy=of):
                return InCompartment(tuple(map(self._cased, path)), of and self._cased(of))
        return location

    def _condition(self, condition: Condition) -> Condition:
        match condition:
            case Clause(variable=variable, operator=operator, values=values):
                spelled = tuple(map(self._value, values))
                if operator in ("in", "not in", "sets-intersect"):
                    spelled = self._listed(spelled)
                written = Clause(self._cased(variable), operator, spelled)
                one = All((written,)) if self._maybe() else AnyOf((written,))
                return one if self._maybe() else written
            case All(conditions=several):
                parts = self._listed([self._condition(each) for each in several])
                if self._maybe() and len(parts) > 1:
                    parts = (All(parts[:1]), All(parts[1:]))
                return All(parts)
            case AnyOf(conditions=several):
                parts = self._listed([self._condition(each) for each in several])
                return AnyOf((AnyOf(parts),)) if self._maybe() else AnyOf(parts)

    def _value(self, value: Value) -> Value:
        match value:
            case String(text=text):
                return String(self._cased(text))
            case Pattern(text=text):
                return Pattern(self._cased(text))
            case Variable(name=name):
                return Variable(self._cased(name))

    def _listed(self, nodes: Any) -> Any:
        several = [*nodes, *self._some(nodes)]
        self.random.shuffle(several)
        return tuple(several)

    def _some(self, nodes: Any) -> Any:
        return [each for each in nodes if self.random.random() < 0.2]

    def _maybe(self) -> bool:
        return self.random.random() < 0.3

    def _cased(self, text: str) -> str:
        return "".join(self.random.choice((each.upper(), each.lower(), each)) for each in text)

    def _spaced(self, text: str) -> str:
        """Other blanks wherever one is outside of quotes and patterns."""
        quoted = text.split("'")
        for at in range(0, len(quoted), 2):
            words = quoted[at].split(" ")
            if "/" not in quoted[at]:
                quoted[at] = self.random.choice((" ", "  ", "\t")).join(words)
        return "'".join(quoted)


def only(text: str) -> Statement:
    parsed = parse(text)
    assert len(parsed.statements) == 1, (text, parsed.diagnostics)
    return parsed.statements[0]


@given(statements, seeds)
def test_another_spelling_is_no_difference(statement: Statement, seed: int) -> None:
    written = Speller(seed).statement(statement)

    assert normal(only(written)) == normal(statement), written


@given(statements)
def test_the_normal_form_of_a_normal_form_is_itself(statement: Statement) -> None:
    assert normal(normal(statement)) == normal(statement)


def changes(statement: Statement) -> Iterator[Statement]:
    """Statements that say something else, each in one place."""
    if isinstance(statement, Define):
        yield replace(statement, ocid=statement.ocid + "x")
        yield replace(statement, alias=statement.alias + "x")
        return
    kinds: dict[Any, Any] = {"allow": "deny", "endorse": "deny-endorse", "admit": "deny-admit"}
    yield replace(statement, kind=kinds.get(statement.kind, "allow"))
    names = statement.subject.names
    if names:
        yield replace(statement, subject=replace(statement.subject, names=(*names, Name("zzz"))))
    match statement.grant:
        case VerbGrant(verb=verb, resource=resource):
            yield replace(statement, grant=VerbGrant(verb + "x", resource))
            yield replace(statement, grant=VerbGrant(verb, resource + "x"))
        case PermissionGrant(permissions=several):
            yield replace(statement, grant=PermissionGrant((*several, "ZZZ_ZZZ_ZZZ")))
        case AssociateGrant(resource=resource):
            yield replace(statement, grant=replace(statement.grant, resource=resource + "x"))
    if statement.location is not None:
        elsewhere = InCompartment(("zzz", "zzz"))
        yield replace(statement, location=elsewhere)
    if statement.condition is None:
        yield replace(statement, condition=Clause("zzz.zzz", "present"))
    else:
        yield replace(statement, condition=None)
        for each in changed_conditions(statement.condition):
            yield replace(statement, condition=each)


def changed_conditions(condition: Condition) -> Iterator[Condition]:
    extra = Clause("zzz.zzz", "present")
    match condition:
        case Clause(operator="=" | "in", values=values):
            yield replace(condition, operator="not in")
            yield replace(condition, operator="in", values=(*values, String("zzz zzz zzz zzz")))
            yield replace(condition, variable=condition.variable + "x")
        case Clause(operator="between", values=(low, high)) if normal_value(low) != normal_value(
            high
        ):
            yield replace(condition, values=(high, low))
        case Clause():
            yield replace(condition, variable=condition.variable + "x")
        case All(conditions=several):
            yield All((*several, extra))
            yield All((AnyOf((*several, extra)),))
        case AnyOf(conditions=several):
            yield AnyOf((*several, extra))
            yield AnyOf((All((*several, extra)),))


def normal_value(value: Value) -> str:
    return repr(value).casefold()


@given(statements)
def test_what_says_something_else_is_a_difference(statement: Statement) -> None:
    for each in changes(statement):
        assert normal(each) != normal(statement), show(each)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("allow group A to use x in tenancy", "allow group 'Default'/A to use x in tenancy"),
        ("allow group A, B to use x in tenancy", "allow group b,a,B to use x in tenancy"),
        (
            "allow any-user to use x in tenancy where request.region = 'ORD'",
            "allow any-user to use x in tenancy where all {request.region in ('ord')}",
        ),
        (
            "allow any-user to use x in tenancy where all {a.b, all {c.d, e.f = /X*/}}",
            "allow any-user to use x in tenancy where all {e.f = /x*/, a.b, c.d, a.b}",
        ),
        (
            "allow any-user to {A, B} in tenancy",
            "allow any-user to {b,a,b} in tenancy",
        ),
    ],
)
def test_they_say_the_same(one: str, other: str) -> None:
    assert normal(only(one)) == normal(only(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("allow resource a b to use x in tenancy", "allow resource b a to use x in tenancy"),
        (
            "admit group A of tenancy t to use x in tenancy",
            "admit group 'Default'/A of tenancy t to use x in tenancy",
        ),
        (
            "allow any-user to use x in tenancy where a.b between '1' and '2'",
            "allow any-user to use x in tenancy where a.b between '2' and '1'",
        ),
        (
            "allow any-user to use x in tenancy where a.b = 'c.d'",
            "allow any-user to use x in tenancy where a.b = c.d",
        ),
        (
            "allow any-user to use x in tenancy where all {a.b, any {c.d, e.f}}",
            "allow any-user to use x in tenancy where any {a.b, all {c.d, e.f}}",
        ),
        ("allow any-user to use x in compartment a:b", "allow any-user to use x in compartment b"),
    ],
)
def test_they_do_not_say_the_same(one: str, other: str) -> None:
    assert normal(only(one)) != normal(only(other))


INSTANCES = ["ocid1.odainstance.oc1.iad.sales", "ocid1.odainstance.oc1.iad.help"]


def planned(texts: list[str], *, side: str = "service") -> Plan:
    """The plan where the service's policy is live with these statements, and the other as it is."""
    loaded = config("cross-tenancy", {"caller.instances": INSTANCES})
    bundle = bundle_of(loaded)
    ours = {
        each.side: {each.name: [*map(show, each.statements)]}
        for each in bundle.policies
        if each.side != side
    }
    return plan(
        loaded, bundle, live_of(bundle, {"ours": ours | {side: {f"sales-assistant-{side}": texts}}})
    )


@given(seeds)
def test_a_policy_in_another_spelling_and_order_is_kept(seed: int) -> None:
    speller = Speller(seed)
    service = bundle_of(config("cross-tenancy", {"caller.instances": INSTANCES})).policies[0]
    define, *others = map(speller.statement, service.statements)
    speller.random.shuffle(others)

    made = planned([define, *others])

    assert [type(each) for each in made.steps] == [Keep, Keep]
    assert (made.access, made.diagnostics) == ((), ())
    assert {each.verdict for each in made.wanted} == {"allowed"}


@given(st.data())
def test_a_policy_that_says_something_else_is_updated(data: st.DataObject) -> None:
    service = bundle_of(config("cross-tenancy", {"caller.instances": INSTANCES})).policies[0]
    at = data.draw(st.integers(0, len(service.statements) - 1))
    statements = [*service.statements]
    possible = [each for each in changes(statements[at]) if parse(show(each)).statements]
    statements[at] = data.draw(st.sampled_from(possible))

    made = planned([*map(show, statements)])

    assert [type(each) for each in made.steps] == [Update, Keep]
    (step, _) = made.steps
    assert isinstance(step, Update)
    assert step.after.statements == service.statements
    assert isinstance(service.statements[1], Access)
