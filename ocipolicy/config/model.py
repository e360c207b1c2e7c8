"""What a config is once it has been read: frozen models, and the JSON Schema of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from ocipolicy import reference
from ocipolicy.config import values
from ocipolicy.config.llm_service import LlmService
from ocipolicy.language.tree import InCompartment, InCompartmentId

Endorse = Literal["any-tenancy", "service-tenancy"]
Scope = Literal["all-tenancies", "this-tenancy", "instances"]
Auth = Literal["api_key", "security_token", "instance_principal", "resource_principal"]
ApiFormat = Literal["COHERE", "COHEREV2", "GENERIC"]
RuleLevel = Literal["off", "note", "warning", "error"]
Call = Literal[
    "generate-text",
    "generate-text-stream",
    "chat",
    "chat-stream",
    "summarize",
    "embed",
    "rerank",
    "language",
]


class _Model(BaseModel):
    # Built on the first load and not by the import.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


_ANY_TEXT = WithJsonSchema({"type": "string", "minLength": 1})

Text = Annotated[str, AfterValidator(values.a_text), _ANY_TEXT]
Name = Annotated[str, AfterValidator(values.a_name), _pattern(f"^{values.NAME}$")]
Scenario = Annotated[str, AfterValidator(values.a_scenario), _pattern(f"^{values.SCENARIO}$")]
Region = Annotated[str, AfterValidator(values.a_region), _pattern(f"^{values.REGION}$")]
Endpoint = Annotated[str, AfterValidator(values.an_endpoint), _pattern(f"^{values.ENDPOINT}$")]
Model = Annotated[str, AfterValidator(values.a_model), _ANY_TEXT]
TenancyOcid = Annotated[
    str, AfterValidator(values.an_ocid("tenancy")), _pattern(values.ocid_pattern("tenancy"))
]
InstanceOcid = Annotated[
    str,
    AfterValidator(values.an_ocid("odainstance")),
    _pattern(values.ocid_pattern("odainstance")),
]
Compartment = Annotated[
    InCompartment | InCompartmentId, PlainValidator(values.a_compartment), _ANY_TEXT
]


class Profile(_Model):
    """How one side is reached: a profile of the OCI configuration file, and where its calls go."""

    name: Annotated[
        Text,
        Field(description="Profile of the OCI configuration file.", examples=["CALLER"]),
    ] = "DEFAULT"
    auth: Annotated[
        Auth, Field(description="How calls are signed.", examples=["security_token"])
    ] = "api_key"
    config_file: Annotated[
        Text | None,
        Field(description="OCI configuration file to read.", examples=["~/.oci/config"]),
    ] = None
    endpoint: Annotated[
        Endpoint | None,
        Field(
            description="Sends this side's calls to a sandbox; may contain {region}.",
            examples=["http://127.0.0.1:8080"],
        ),
    ] = None


ProfileOrName = Annotated[
    Profile, BeforeValidator(values.a_profile, json_schema_input_type=str | Profile)
]


class CallerSide(_Model):
    """Who calls: the tenancy of the Digital Assistant instances; unknown at first when paired."""

    tenancy: Annotated[
        TenancyOcid | None,
        Field(
            description="OCID of the tenancy that holds the instances.",
            examples=["ocid1.tenancy.oc1..caller"],
        ),
    ] = None
    profile: Annotated[
        ProfileOrName | None,
        Field(
            description="OCI profile that reads and applies there, as a name or in detail.",
            examples=["CALLER"],
        ),
    ] = None
    instances: Annotated[
        tuple[InstanceOcid, ...],
        Field(
            min_length=1,
            description="OCIDs of the Digital Assistant instances that call.",
            examples=[["ocid1.odainstance.oc1.iad.sales"]],
        ),
    ]
    scope: Annotated[
        Scope,
        Field(description="What Oracle's own endorse covers (paired).", examples=["instances"]),
    ] = "instances"


class ServiceSide(_Model):
    """Who is called: the tenancy that holds the Generative AI subscription."""

    tenancy: Annotated[
        TenancyOcid | None,
        Field(
            description="OCID of the tenancy that holds the Generative AI subscription.",
            examples=["ocid1.tenancy.oc1..service"],
        ),
    ] = None
    profile: Annotated[
        ProfileOrName | None,
        Field(
            description="OCI profile that reads and applies there, as a name or in detail.",
            examples=["SERVICE"],
        ),
    ] = None


class Access(_Model):
    """One service that the instances may use; no parts means the whole family."""

    service: str
    parts: tuple[str, ...] = ()


class Smoke(_Model):
    """The calls that try the access out; none named means that the file does not choose."""

    model: Annotated[
        Model | None,
        Field(
            description="Model that is called, or the OCID of a dedicated AI cluster's endpoint.",
            examples=["cohere.command-a-03-2025"],
        ),
    ] = None
    calls: Annotated[
        tuple[Call, ...],
        Field(min_length=1, description="Calls to try.", examples=[["chat", "chat-stream"]]),
    ] = ()
    api_format: Annotated[
        ApiFormat | None,
        Field(description="Format of a chat request; follows the model.", examples=["COHERE"]),
    ] = None
    max_tokens: Annotated[
        int | None,
        Field(gt=0, description="Longest answer, in tokens.", examples=[20]),
    ] = None
    temperature: Annotated[
        float | None,
        Field(ge=0, le=5, description="How freely the model answers.", examples=[0]),
    ] = None


class Config(_Model):
    """Everything that one file wants."""

    name: Annotated[
        Name,
        Field(
            description="Prefix of the policies' names, and the tag that says whose they are.",
            examples=["sales-assistant"],
        ),
    ]
    scenario: Annotated[
        Scenario,
        Field(
            description="Who holds what: a scenario that comes along, or a folder of templates.",
            examples=["same-tenancy", "cross-tenancy", "paired"],
        ),
    ]
    caller: Annotated[CallerSide, Field(description="Who calls.")]
    service: Annotated[
        ServiceSide | None,
        Field(description="Who is called, where that is another tenancy than the caller's."),
    ] = None
    compartment: Annotated[
        Compartment | None,
        Field(
            description="Where calls are charged: path from the root, or OCID; "
            "left out for the whole tenancy.",
            examples=["ai:genai", "ocid1.compartment.oc1..genai"],
        ),
    ] = None
    region: Annotated[
        Region | None,
        Field(description="Where Generative AI is called.", examples=["us-chicago-1"]),
    ] = None
    endorse: Annotated[
        Endorse,
        Field(
            description="Where the caller's endorse may reach: any tenancy, as Oracle documents "
            "it, or the service tenancy only.",
            examples=["service-tenancy"],
        ),
    ] = "any-tenancy"
    access: Annotated[
        tuple[Annotated[Access, BeforeValidator(values.an_access)], ...],
        Field(
            min_length=1,
            description="What the instances may use: a service, or some of its parts.",
            examples=[["generative-ai", "language"], [{"generative-ai": ["chat"]}]],
        ),
    ]
    smoke: Annotated[Smoke | None, Field(description="The calls that try the access out.")] = None
    llm_services: Annotated[
        tuple[LlmService, ...],
        Field(
            min_length=1,
            description="Models that the instances call, each a service to import there.",
            examples=[
                [{"name": "genai_chat", "provider": "oci", "model": "cohere.command-a-03-2025"}]
            ],
        ),
    ] = ()
    rules: Annotated[
        Mapping[str, RuleLevel],
        Field(
            description="How much a rule's findings weigh, or `off`.",
            examples=[{"unknown-region": "off"}],
        ),
    ] = {}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config file, for editors.

    It knows keys, types, the shape of single values and the words of `access:`; what several values
    mean together is said by `load` alone.
    """
    found = Config.model_json_schema()
    found["properties"]["access"]["items"] = _access_schema()
    del found["$defs"]["Access"]
    tidy: dict[str, Any] = _tidy(found)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of ocipolicy",
        **tidy,
    }


def _access_schema() -> dict[str, Any]:
    services = reference.services()
    parts = {
        name: {
            "type": "array",
            "description": f"Parts of {name}, where not all of it is to be used.",
            "items": {"enum": [*service.parts]},
            "minItems": 1,
            "uniqueItems": True,
        }
        for name, service in services.items()
    }
    some = {
        "type": "object",
        "properties": parts,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": [*services], "description": "A whole service."}, some]}


def _tidy(node: Any) -> Any:
    """Without the titles that pydantic makes of names, and the null of a key that is left out."""
    match node:
        case {"anyOf": [kind, {"type": "null"}], **rest}:
            return _tidy({**kind, **rest})
        case {"anyOf": [*kinds, {"type": "null"}], **rest}:
            return _tidy({"anyOf": kinds, **rest})
        case dict():
            return {
                key: _tidy(value)
                for key, value in node.items()
                if not (key == "title" and isinstance(value, str))
                and not (key == "default" and value in (None, [], {}))
            }
        case list():
            return [_tidy(item) for item in node]
    return node
