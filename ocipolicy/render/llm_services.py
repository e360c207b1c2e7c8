"""The LLM services of a config, with everything that other keys and the reference say of them.

An entry of `llm_services:` leaves out what is known already: the model of `smoke`, the region, the
compartment that is charged, the format that a model takes. Here each becomes a service that can be
called as it is. What is missing for that has its place in the config; policies need none of it, so
it is looked for only where services are wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from ocipolicy import reference
from ocipolicy.config import Config, Loaded
from ocipolicy.config.llm_service import (
    Kind,
    LlmService,
    Parameter,
    Provider,
    ServiceAuth,
    ServiceFormat,
)
from ocipolicy.diagnostics import Diagnostic, Severity, has_errors
from ocipolicy.language.tree import InCompartment, InCompartmentId

# The API of each provider that has one address for all; that of oci follows the region.
_APIS = {
    "openai": "https://api.openai.com/v1",
    "cohere": "https://api.cohere.ai",
    "nvidia": "https://integrate.api.nvidia.com/v1",
}
_ACTIONS = {"chat": "chat", "generate-text": "generateText", "summarize-text": "summarizeText"}
_PARTS = {
    "chat": "chat",
    "generate-text": "text-generation",
    "summarize-text": "text-summarization",
}
# The domains of the realms that do not follow `oraclecloudN.com`, as oci 2.189.0 has them.
_DOMAINS = {
    "oc1": "oraclecloud.com",
    "oc2": "oraclegovcloud.com",
    "oc3": "oraclegovcloud.com",
    "oc4": "oraclegovcloud.uk",
    "oc19": "oraclecloud.eu",
}
_ENDPOINT = "ocid1.generativeaiendpoint."


@dataclass(frozen=True, slots=True)
class OciService:
    """A call of OCI Generative AI, which the instance signs as its own resource principal.

    `compartment` is an OCID; `model` is a name or an OCID, that of an endpoint where `dedicated`;
    `format` is None for a summary, which has none.
    """

    name: str
    kind: Kind
    url: str
    compartment: str
    model: str
    format: ServiceFormat | None

    @property
    def dedicated(self) -> bool:
        """Whether the model runs on a dedicated AI cluster."""
        return self.model.startswith(_ENDPOINT)

    @property
    def retired(self) -> bool:
        """Whether Oracle advises against this kind of call: it serves no model for it on demand."""
        return self.kind != "chat"


@dataclass(frozen=True, slots=True)
class KeyService:
    """A call of another provider, with a key; `key_env` names the variable that holds it here.

    With `auth` entra-id there is no key, but a token. `drop` are the parameters that the request
    goes without, `models_url` is where the API lists its models, None where it does not.
    """

    name: str
    provider: Provider
    kind: Kind
    url: str
    model: str
    key_env: str | None
    auth: ServiceAuth = "api-key"
    drop: tuple[Parameter, ...] = ()
    models_url: str | None = None

    @property
    def retired(self) -> bool:
        """Whether the provider and Oracle advise against this kind of call."""
        return self.provider == "cohere" and self.kind == "generate-text"


Service = OciService | KeyService


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a config in its order, none where a diagnostic is an error."""

    services: tuple[Service, ...]
    diagnostics: tuple[Diagnostic, ...]


def llm_services(loaded: Loaded) -> Services:
    """The services of a config that was loaded without an error, ready to be called."""
    config = loaded.config
    if config is None:
        return Services((), loaded.diagnostics)
    if not config.llm_services:
        return Services((), (_none(loaded),))
    found: list[Diagnostic] = []
    services: list[Service] = []
    url = compartment = None
    if any(each.provider == "oci" for each in config.llm_services):
        url = _inference(loaded, config, found)
        compartment = _compartment(loaded, config, found)
    for at, entry in enumerate(config.llm_services):
        if entry.provider == "oci":
            place = _Entry(loaded, config, at, entry)
            found += place.doubts()
            model, format_ = place.model(found), None
            if model is not None and entry.kind != "summarize-text":
                format_ = place.format(model, found)
            charged = entry.compartment or compartment
            if url and charged and model:
                action = f"{url}/actions/{_ACTIONS[entry.kind]}"
                services.append(OciService(entry.name, entry.kind, action, charged, model, format_))
        else:
            service = _keyed(entry)
            if service.retired:
                found.append(_Entry(loaded, config, at, entry).retired_call())
            services.append(service)
    return Services(() if has_errors(found) else tuple(services), tuple(found))


def _none(loaded: Loaded) -> Diagnostic:
    return Diagnostic(
        "missing-key",
        Severity.ERROR,
        "the config has no `llm_services`, so there is no service to write",
        loaded.span("llm_services"),
        "add the models that Digital Assistant is to call:\n"
        "llm_services:\n"
        "  - name: genai_chat\n"
        "    provider: oci\n"
        "    model: cohere.command-a-03-2025",
    )


def _inference(loaded: Loaded, config: Config, found: list[Diagnostic]) -> str | None:
    """The address of Generative AI's inference in the config's region."""
    if config.region is None:
        found.append(
            Diagnostic(
                "missing-key",
                Severity.ERROR,
                "the LLM services of OCI need `region`, which is part of their address",
                loaded.key_span("llm_services"),
                "add the region where Generative AI is called: `region: us-chicago-1`",
            )
        )
        return None
    known = reference.region(config.region)
    number = known.realm if known else "oc1"
    domain = _DOMAINS.get(number, f"oraclecloud{number.removeprefix('oc')}.com")
    return f"https://inference.generativeai.{config.region}.oci.{domain}/20231130"


def _compartment(loaded: Loaded, config: Config, found: list[Diagnostic]) -> str | None:
    """The OCID of the compartment that is charged: the config's, or the root of the tenancy."""
    if all(each.compartment or each.provider != "oci" for each in config.llm_services):
        return None
    match config.compartment:
        case InCompartmentId(ocid=ocid):
            return ocid
        case InCompartment():
            found.append(
                Diagnostic(
                    "compartment-path",
                    Severity.ERROR,
                    "an LLM service needs the OCID of the compartment, and `compartment` is a path",
                    loaded.span("compartment"),
                    "add `compartment: ocid1.compartment...` to the services of OCI; the path can"
                    " stay for the policies",
                )
            )
            return None
        case None:
            side = "service" if config.service else "caller"
            tenancy = (config.service or config.caller).tenancy
            if tenancy is None:
                found.append(
                    Diagnostic(
                        "missing-key",
                        Severity.ERROR,
                        f"the LLM services of OCI need a compartment, or `{side}.tenancy`",
                        loaded.key_span(side, "tenancy"),
                        f"add `tenancy: ocid1.tenancy...` under {side}:",
                    )
                )
            return tenancy
        case _:
            assert_never(config.compartment)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the config and where it stands."""

    loaded: Loaded
    config: Config
    at: int
    entry: LlmService

    def say(self, rule: str, severity: Severity, key: str, message: str, help: str) -> Diagnostic:
        """A diagnostic at the value of a key, or at the provider of an entry without that key."""
        there = self.loaded.has("llm_services", self.at, key)
        span = self.loaded.span("llm_services", self.at, key if there else "provider")
        return Diagnostic(rule, severity, message, span, help)

    def model(self, found: list[Diagnostic]) -> str | None:
        """The entry's model, or that of `smoke`."""
        smoke = self.config.smoke
        model = self.entry.model or (smoke.model if smoke else None)
        if model is None:
            found.append(
                self.say(
                    "missing-key",
                    Severity.ERROR,
                    "model",
                    f"{self.entry.name} has no `model`, and `smoke` has none that it could take",
                    "add `model: cohere.command-a-03-2025`, or the OCID of an endpoint",
                )
            )
            return None
        known = reference.model(model)
        if known is None and not model.startswith("ocid1."):
            near = reference.suggest("model", model)
            found.append(
                self.say(
                    "unknown-model",
                    Severity.WARNING,
                    "model",
                    f"`{model}` is not among the models that Generative AI had in {_date()}",
                    f"did you mean `{near}`?" if near else "make sure that it is served",
                )
            )
        elif known and _PARTS[self.entry.kind] not in known.tasks:
            found.append(
                self.say(
                    "unsuitable-model",
                    Severity.ERROR,
                    "model",
                    f"the model {model} is not made for {self.entry.kind}, but for"
                    f" {', '.join(known.tasks)}",
                    "name another one: see `ocipolicy reference model`",
                )
            )
            return None
        elif known and self.entry.kind == "chat" and _is_retired(known):
            since = f" since {known.retired_on_demand}" if known.retired_on_demand else ""
            found.append(
                self.say(
                    "retired-model",
                    Severity.WARNING,
                    "model",
                    f"the model {model} is not served on demand any more{since}",
                    "name a model that is served: see `ocipolicy reference model`",
                )
            )
        return model

    def format(self, model: str, found: list[Diagnostic]) -> ServiceFormat | None:
        """The format of the request: the entry's, that of `smoke` for its model, or the model's."""
        smoke = self.config.smoke
        if self.entry.api_format:
            return self.entry.api_format
        if self.entry.kind == "generate-text":
            vendors: dict[str, ServiceFormat] = {"cohere": "COHERE", "meta": "LLAMA"}
            format_ = vendors.get(model.partition(".")[0])
            choices = "COHERE or LLAMA"
        else:
            of_smoke = smoke.api_format if smoke and smoke.model == model else None
            format_ = of_smoke or reference.chat_format(model)
            choices = "COHERE, COHEREV2 or GENERIC"
        if format_ is None:
            found.append(
                self.say(
                    "unknown-format",
                    Severity.ERROR,
                    "model",
                    f"the name of {self.entry.name}'s model does not say which format it takes"
                    f" for {self.entry.kind}",
                    f"add `api_format:` with {choices}",
                )
            )
        return format_

    def doubts(self) -> Iterator[Diagnostic]:
        """What is to be said about the call itself."""
        if self.entry.kind != "chat":
            yield self.retired_call()
        part = _PARTS[self.entry.kind]
        granted = [each for each in self.config.access if each.service == "generative-ai"]
        if not any(not each.parts or part in each.parts for each in granted):
            yield self.say(
                "service-without-access",
                Severity.WARNING,
                "kind",
                f"{self.entry.name} would be refused: `access` does not give the instances {part}",
                f"add generative-ai: [{part}] to access",
            )

    def retired_call(self) -> Diagnostic:
        """That the kind of call is one of yesterday's."""
        return self.say(
            "retired-call",
            Severity.WARNING,
            "kind",
            f"{self.entry.kind} is retired; Oracle's page keeps it for services that are there",
            "take `kind` away, and name a model that chats",
        )


def _keyed(entry: LlmService) -> KeyService:
    """A service with a key; what its provider needs was seen to when the config was loaded."""
    base = entry.endpoint or _APIS.get(entry.provider, "")
    model = entry.model or entry.deployment or ""
    listed: str | None = f"{base}/models"
    match entry.provider:
        case "azure-openai":
            # What its list has are models that could be deployed, and not the deployments.
            listed = None
            call = "chat/completions" if entry.kind == "chat" else "completions"
            path = f"openai/deployments/{entry.deployment}/{call}?api-version={entry.api_version}"
        case "cohere":
            path = "v2/chat" if entry.kind == "chat" else "v1/generate"
            listed = f"{base}/v1/models?endpoint=chat&page_size=1000"
        case "openai" | "nvidia" | "oci":
            path = "chat/completions"
        case _:
            assert_never(entry.provider)
    return KeyService(
        entry.name,
        entry.provider,
        entry.kind,
        f"{base}/{path}",
        model,
        entry.key_env,
        entry.auth,
        entry.drop,
        listed,
    )


def _is_retired(model: reference.Model) -> bool:
    return model.retired_on_demand is not None or model.note == "retired"


def _date() -> str:
    """The month in which the list of models was read."""
    return max(model.date for model in reference.models().values())
