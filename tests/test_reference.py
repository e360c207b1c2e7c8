"""The dictionary holds together, and answers as its readers expect."""

import re
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
import yaml

from ocipolicy import reference
from ocipolicy.outputs import reference as told
from ocipolicy.reference import Fact
from ocipolicy.reference.facts import read
from ocipolicy.reference.grants import SERVICES
from tests.examples import ROOT

FILES = sorted((ROOT / "ocipolicy" / "reference").glob("*.yaml"))


def rows() -> list[Fact]:
    return [row for kind in reference.KINDS for _, row in told.entries(kind)]


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, which PyYAML would read as its last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return super().construct_mapping(node, deep)


# What must hold of every row.


def test_every_row_says_where_and_when_it_was_read() -> None:
    for row in [*rows(), *reference.services().values()]:
        assert row.source
        assert not row.source.islower() or " " in row.source or row.source.startswith("http"), row
        assert re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", row.date), row
        assert row.doubt is None or row.doubt.strip(), row


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_file_says_a_thing_twice(file: Any) -> None:
    data = yaml.load(file.read_text(encoding="utf-8"), Strict)  # noqa: S506 - a safe loader
    for key, kind in [
        ("types", "type"),
        ("types", "part"),
        ("operations", "operation"),
        ("variables", "variable"),
        ("principals", "type"),
        ("models", "model"),
        ("limits", "name"),
        ("regions", "name"),
        ("regions", "key"),
    ]:
        names = [row[kind] for row in data.get(key, ()) if kind in row]
        assert len(names) == len(set(names)), (key, names)
    used = {row["source"] for rows in data.values() if isinstance(rows, list) for row in rows}
    used |= {data["family"]["source"]} if "family" in data else set()
    assert set(data.get("sources", {})) <= used


def test_no_type_is_in_two_files() -> None:
    names = [row["type"] for service in SERVICES for row in read(service)["types"]]
    names += [read(service)["family"]["type"] for service in SERVICES if "family" in read(service)]
    for row in read("other-types")["groups"]:
        names += [*row.get("families", ()), *row.get("types", ())]
    assert len(names) == len(set(names))
    assert {*names} == {*reference.resource_types()}


def test_every_member_of_a_family_is_a_single_type() -> None:
    for family in reference.resource_types().values():
        assert not family.members or family.family
        for name in family.members:
            member = reference.resource_type(name)
            assert member is not None
            assert not member.family
            assert not member.obsolete_for
            if family.name != reference.ALL_RESOURCES:
                assert member.service == family.service


def test_a_family_has_the_permissions_of_its_members_and_no_others() -> None:
    for family in reference.resource_types().values():
        if not family.members:
            continue
        for verb in reference.VERBS:
            members = [reference.resource_types()[name] for name in family.members]
            union = {each for member in members for each in member.permissions.get(verb, ())}
            assert {*family.permissions.get(verb, ())} == union
        members = [reference.resource_types()[name] for name in family.members]
        assert family.documented == any(each.documented for each in members)


def test_permissions_stand_at_one_verb_of_a_type() -> None:
    for each in reference.resource_types().values():
        assert set(each.permissions) <= set(reference.VERBS)
        adds = [name for names in each.permissions.values() for name in names]
        if not each.family:
            assert len(adds) == len(set(adds)), each.name
        assert all(re.fullmatch(r"[A-Z]+(_[A-Z0-9]+)*", name) for name in adds)
        assert each.name == each.name.lower()


def test_every_operation_takes_what_a_type_and_verb_grant() -> None:
    for operations in reference.operations().values():
        services = [each.service for each in operations]
        assert len(services) == len(set(services))
        assert services == sorted(services, key=SERVICES.index)
        for each in operations:
            assert re.fullmatch(r"([A-Z][a-z0-9]*)+", each.name), each.name
            assert (each.resource_type is None) == (each.verb is None)
            if each.resource_type is None:
                assert not each.permissions
                assert each.doubt
                continue
            type_ = reference.resource_type(each.resource_type)
            assert type_ is not None
            assert type_.service == each.service
            assert each.verb in reference.VERBS
            if each.permissions:
                assert each.permissions[0] in type_.permissions[each.verb or ""]
            else:
                assert each.doubt
            for name in each.permissions:
                permission = reference.permission(name)
                assert permission is not None
                assert permission.granted_by


def test_permissions_and_types_name_each_other() -> None:
    for name, permission in reference.permissions().items():
        assert permission.name == name
        for type_, verb in permission.granted_by:
            assert name in reference.resource_types()[type_].permissions[verb]
    named = {
        name
        for each in reference.resource_types().values()
        for names in each.permissions.values()
        for name in names
    }
    assert named == {*reference.permissions()}


def test_parts_are_types_of_their_service() -> None:
    for service in reference.services().values():
        family = reference.resource_type(service.type)
        assert family is not None
        for part in service.parts.values():
            assert part.type in family.members
            type_ = reference.resource_types()[part.type]
            assert not type_.documented or part.verb in type_.permissions


def test_variables_know_their_operators_callers_and_services() -> None:
    known = {"=", "!=", "in", "not in", "before", "after", "between", "sets-intersect"}
    services = {each.service for each in reference.resource_types().values()}
    for each in reference.variables().values():
        assert set(each.operators) <= known | {"present", "absent"}
        assert each.operators
        assert set(each.applies_to) <= {"user", "instance", "resource", "service"}
        assert each.applies_to
        assert set(each.services) <= services
        assert not each.prefix or reference.variable(each.name) is None
        assert each.prefix or reference.variable(each.name.upper()) == each
        for pattern in each.not_on:
            assert pattern.endswith("*") or reference.operation(pattern), pattern


def test_regions_have_one_key_and_one_realm() -> None:
    keys = [each.key for each in reference.all_regions().values()]
    assert len(keys) == len(set(keys))
    for each in reference.all_regions().values():
        assert re.fullmatch(r"[A-Z]{3}", each.key)
        assert re.fullmatch(r"oc[0-9]+", each.realm)
        assert reference.region_of_key(each.key.lower()) == each
        assert reference.region(each.name) == each
        assert (each.name in reference.regions()) == each.generative_ai


def test_models_have_tasks_and_dates() -> None:
    parts = reference.services()["generative-ai"].parts
    for each in reference.models().values():
        assert each.vendor in ("cohere", "meta", "xai", "google", "openai")
        assert each.tasks
        assert set(each.tasks) <= set(parts)
        assert (each.api_format is not None) == ("chat" in each.tasks)
        assert each.api_format is None or (each.vendor == "cohere") == (
            each.api_format != "GENERIC"
        )
        for retired in (each.retired_on_demand, each.retired_dedicated):
            assert retired is None or type(retired) is date


def test_limits_count_something() -> None:
    for each in reference.limits().values():
        assert each.value > 0
        assert reference.limit(each.name) is each
    with pytest.raises(KeyError):
        reference.limit("statements")


# What readers rely on.


@pytest.mark.parametrize(
    ("name", "needs", "by"),
    [
        ("generative-ai:Chat", "GENERATIVE_AI_CHAT", "use generative-ai-chat"),
        ("GenerateText", "GENERATIVE_AI_TEXT_GENERATE", "use generative-ai-text-generation"),
        ("SummarizeText", "GENERATIVE_AI_TEXT_SUMMARIZE", "use generative-ai-text-summarization"),
        ("EmbedText", "GENERATIVE_AI_TEXT_EMBED", "use generative-ai-text-embedding"),
        ("RerankText", "GENERATIVE_AI_TEXT_RERANK", "use generative-ai-text-rerank"),
        ("generative-ai:GetModel", "GENERATIVE_AI_MODEL_READ", "read generative-ai-model"),
        (
            "generative-ai:DeleteEndpoint",
            "GENERATIVE_AI_ENDPOINT_DELETE",
            "manage generative-ai-endpoint",
        ),
        ("generative-ai-agents:Chat", "GENAI_AGENT_ENDPOINT_CHAT", "use genai-agent-endpoint"),
        ("CreateSession", "GENAI_AGENT_SESSION_CREATE", "manage genai-agent-session"),
        ("BatchLanguageTranslation", "", "use ai-service-language-translation"),
        ("BatchDetectDominantLanguage", "", "use ai-service-dominant-language"),
        ("CreateOdaInstance", "", "manage oda-instances"),
        ("ListPolicies", "POLICY_READ", "inspect policies"),
        ("UpdatePolicy", "POLICY_UPDATE", "manage policies"),
        ("ListRegionSubscriptions", "TENANCY_INSPECT", "inspect tenancies"),
        ("AddUserToGroup", "GROUP_UPDATE USER_UPDATE", "use groups"),
        ("ApplyGuardrails", "", "None None"),
    ],
)
def test_operation(name: str, needs: str, by: str) -> None:
    (found,) = reference.operation(name)
    assert [*found.permissions] == needs.split()
    assert f"{found.verb} {found.resource_type}" == by


def test_a_bare_operation_of_several_services_gives_all_of_them() -> None:
    assert [each.service for each in reference.operation("ListModels")] == [
        "generative-ai",
        "language",
    ]
    assert [each.service for each in reference.operation("language:ListModels")] == ["language"]
    assert reference.operation("chat") == ()
    assert reference.operation("identity:Chat") == ()
    assert reference.operation(":") == ()


def test_what_is_in_the_family_and_what_is_not() -> None:
    family = reference.resource_type("generative-ai-family")
    assert family is not None
    assert {"generative-ai-chat", "generative-ai-text-generation"} < {*family.members}
    for outside in ("semantic-store", "nl2sql", "application-storage", "response"):
        assert reference.resource_type(f"generative-ai-{outside}") is not None
        assert f"generative-ai-{outside}" not in family.members
    assert "GENERATIVE_AI_CHAT" in family.permissions["use"]
    everything = reference.resource_type("all-resources")
    assert everything is not None
    assert {"generative-ai-chat", "buckets", "policies"} < {*everything.members}


@pytest.mark.parametrize(
    ("name", "documented", "obsolete_for"),
    [
        ("generative-ai-chat", True, None),
        ("generative-ai-family", True, None),
        ("generative-ai-response", False, None),
        ("ai-service-language-family", False, None),
        ("ai-service-language-translation", False, None),
        ("oda-family", False, None),
        ("object-family", False, None),
        ("ai-service-generative-ai-family", False, "generative-ai-family"),
        ("generative-ai-vector-store", False, "generative-ai-vectorstore"),
    ],
)
def test_what_is_known_of_a_type(name: str, documented: bool, obsolete_for: str | None) -> None:
    found = reference.resource_type(name)
    assert found is not None
    assert (found.documented, found.obsolete_for) == (documented, obsolete_for)


WELL_KNOWN = """
    instances instance-family object-family objects buckets virtual-network-family vcns subnets
    volume-family functions-family fn-function fn-invocation secret-family vaults keys
    logging-family all-resources oda-instance-resource genai-agent-family
"""


def test_well_known_types_are_words() -> None:
    assert sum(1 for _ in told.entries("resource")) > 250
    for name in WELL_KNOWN.split():
        assert reference.resource_type(name) is not None, name
    assert reference.resource_type("Generative-AI-Chat") is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("request.principal.id", "request.principal.id"),
        ("Request.NetworkSource.Name", "request.networkSource.name"),
        ("target.resource.tag.ops.env", "target.resource.tag"),
        ("target.resource.compartment.tag.ops.env.more", "target.resource.compartment.tag"),
        ("request.principal.group.tag.a.b", "request.principal.group.tag"),
        ("request.instance.compartment.id", "request.instance"),
        ("target.resource.tag", None),
        ("target.resource.tag.ops", None),
        ("target.resource.tag.ops.", None),
        ("target.resource.tags.ops.env", None),
        ("request.principal", None),
        ("", None),
    ],
)
def test_variable(name: str, found: str | None) -> None:
    variable = reference.variable(name)
    assert (variable.name if variable else None) == found


def test_where_variables_apply() -> None:
    def of(name: str) -> reference.Variable:
        found = reference.variable(name)
        assert found is not None
        return found

    assert of("request.user.id").applies_to == ("user",)
    assert "user" not in of("request.principal.id").applies_to
    assert "user" not in of("request.principal.compartment.id").applies_to
    assert len(of("request.permission").applies_to) == 4
    assert of("target.model.id").services == ("generative-ai",)
    assert of("target.policy.id").not_on == ("CreatePolicy", "ListPolicies")
    assert of("target.policy.name").not_on == ("ListPolicies",)
    assert of("target.compartment.name").not_on == ("List*",)
    assert of("target.policy.type").is_set
    assert of("request.groups.id").is_set
    assert of("target.resource.tag.a.b").is_set
    assert not of("request.user.id").is_set


def test_principal_types() -> None:
    for name in ("odainstance", "fnfunc", "instance", "autonomousdatabase", "generativeaiapikey"):
        found = reference.principal_type(name)
        assert found is not None
        assert found.ocid_type == name
    workload, instance = reference.principal_type("workload"), reference.principal_type("instance")
    assert workload is not None
    assert instance is not None
    assert workload.ocid_type is None
    assert (workload.caller, instance.caller) == ("resource", "instance")
    assert reference.principal_type("user") is None


def test_models_of_the_day() -> None:
    command = reference.model("cohere.command")
    assert command is not None
    assert command.retired_on_demand == date(2024, 10, 2)
    assert command.retired_dedicated == date(2025, 8, 7)
    grok = reference.model("xai.grok-4")
    assert grok is not None
    assert (grok.vendor, grok.api_format, grok.tasks) == ("xai", "GENERIC", ("chat",))
    assert reference.model("grok-4") is None


def test_regions_by_name_and_key() -> None:
    chicago = reference.region_of_key("ord")
    assert chicago is not None
    assert (chicago.name, chicago.generative_ai) == ("us-chicago-1", True)
    sanjose = reference.region_of_key("SJC")
    assert sanjose is not None
    assert (sanjose.name, sanjose.realm, sanjose.generative_ai) == ("us-sanjose-1", "oc1", False)
    for key in ("HSG", "JBP", "LEJ", "NRQ", "ORF", "LTN"):
        assert reference.region_of_key(key) is not None
    assert reference.region_of_key("XXX") is None
    assert "us-sanjose-1" not in reference.regions()


@pytest.mark.parametrize(
    ("text", "kind", "realm", "region"),
    [
        ("ocid1.odainstance.oc1.iad.sales", "odainstance", "oc1", "iad"),
        ("ocid1.tenancy.oc0..caller", "tenancy", "oc0", ""),
        ("ocid1.compartment.oc1..a.b", "compartment", "oc1", ""),
    ],
)
def test_parts_of_an_ocid(text: str, kind: str, realm: str, region: str) -> None:
    parts = reference.ocid_parts(text)
    assert parts is not None
    assert (parts.kind, parts.realm, parts.region) == (kind, realm, region)
    assert parts.is_of_oracle


@pytest.mark.parametrize(
    "text", ["", "ocid1", "ocid1.user.oc1..", "ocid1.user.oc1.a", "ocid1.us er.oc1..a", "x.y.z..a"]
)
def test_no_ocid(text: str) -> None:
    assert reference.ocid_parts(text) is None


def test_a_realm_of_nobody() -> None:
    parts = reference.ocid_parts("ocid1.user.dev..a")
    assert parts is not None
    assert not parts.is_of_oracle


@pytest.mark.parametrize(
    ("kind", "word", "meant"),
    [
        ("resource", "generative-ai-familly", "generative-ai-family"),
        ("operation", "chat", "Chat"),
        ("operation", "GenerateTexts", "GenerateText"),
        ("permission", "GENERATIVE_AI_CHATS", "GENERATIVE_AI_CHAT"),
        ("variable", "request.principle.id", "request.principal.id"),
        ("region", "us-chigaco-1", "us-chicago-1"),
        ("model", "cohere.command-a-03-25", "cohere.command-a-03-2025"),
        ("principal", "odainstances", "odainstance"),
        ("operation", "Zzz", None),
    ],
)
def test_suggest(kind: str, word: str, meant: str | None) -> None:
    assert reference.suggest(kind, word) == meant


def test_mappings_cannot_be_changed() -> None:
    for reader in reference.KINDS.values():
        with pytest.raises(TypeError):
            reader()["x"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        reference.resource_types()["buckets"].permissions["use"] = ()  # type: ignore[index]


def test_the_import_reads_nothing() -> None:
    code = (
        "import sys, ocipolicy.reference; print('yaml' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
