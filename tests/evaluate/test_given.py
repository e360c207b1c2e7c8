"""What the asker may not say of a request: what the request and the world say themselves."""

import pytest
import yaml

from ocipolicy.diagnostics import CannotGoOn
from ocipolicy.evaluate import Place, Statements, Who, evaluate, may, what_can, who_can
from tests.evaluate.cases import Case, asked, request

CASE = Case(
    "given",
    yaml.safe_load("""
policies:
  caller:
    - allow any-user to use generative-ai-text-embedding in tenancy
      where request.dynamicgroup.name = 'g'
world:
  tenancies:
    caller:
      dynamic_groups: {g: {ocid: ocid1.dynamicgroup.oc1..g, rule: resource.shape = 'x'}}
"""),
)


@pytest.mark.parametrize(
    ("variable", "value", "fixed"),
    [
        (
            "request.principal.id",
            "ocid1.odainstance.oc1.phx.help",
            "ocid1.odainstance.oc1.iad.sales",
        ),
        ("request.principal.type", "fnfunc", "odainstance"),
        (
            "request.principal.compartment.id",
            "ocid1.compartment.oc1..prod",
            "ocid1.compartment.oc1..bots",
        ),
        ("target.compartment.id", "ocid1.compartment.oc1..bots", "ocid1.compartment.oc1..ai"),
        ("Target.Compartment.Name", "bots", "ai"),
        ("target.tenant.id", "ocid1.tenancy.oc1..service", "ocid1.tenancy.oc1..caller"),
        ("request.permission", "GENERATIVE_AI_MODEL_READ", "GENERATIVE_AI_CHAT"),
        ("request.operation", "EmbedText", "Chat"),
        ("request.principal.compartment.tag.ops.stage", "test", "live"),
    ],
)
def test_what_contradicts_the_request_is_refused(variable: str, value: str, fixed: str) -> None:
    world = CASE.world
    row = {"who": "sales", "do": "Chat", "in": "caller/ai", "given": {variable: value}}
    with pytest.raises(CannotGoOn) as caught:
        evaluate(request(world, row), world)
    assert str(caught.value) == (
        f"`{variable.lower()}` is '{fixed}' in this request, and cannot be given as '{value}'"
    )
    assert caught.value.help == (
        "leave it out, or ask about another principal, operation or compartment"
    )


def test_a_user_in_no_group_cannot_be_given_one() -> None:
    world = CASE.world
    given = {"request.groups.name": "readers"}
    row = {"who": "carol", "do": "Chat", "in": "caller", "given": given}
    with pytest.raises(CannotGoOn, match="is nothing in this request"):
        may(request(world, row), Statements(world))


@pytest.mark.parametrize(
    ("groups", "verdict"), [(["g"], "allowed"), (["fns", "g"], "allowed"), (["fns"], "denied")]
)
def test_what_is_known_in_part_can_be_completed(groups: list[str], verdict: str) -> None:
    world = CASE.world
    row = {
        "who": "fn",
        "do": "EmbedText",
        "in": "caller",
        "given": {"request.dynamicgroup.name": groups},
    }
    if "fns" in groups:
        assert evaluate(request(world, row), world).verdict == verdict
    else:
        with pytest.raises(CannotGoOn, match=r"is 'fns' in this request"):
            evaluate(request(world, row), world)


def test_it_is_refused_of_every_question() -> None:
    world = CASE.world
    statements = Statements(world)
    needs, operation = asked("Chat")
    given = {"request.principal.id": ("ocid1.odainstance.oc1.phx.help",)}
    place = Place(*world.place("caller"))
    with pytest.raises(CannotGoOn, match=r"request\.principal\.id"):
        list(who_can(needs, operation, place, statements, given))
    with pytest.raises(CannotGoOn, match=r"request\.principal\.id"):
        list(what_can(Who(*world.principal("sales")), statements, given))
