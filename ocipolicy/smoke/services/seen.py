"""What a diagnosis of another provider's service looks at."""

import re
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from ocipolicy.config import LlmService
from ocipolicy.providers import Answer, NoAnswer, NoKey, ProviderError, Refused
from ocipolicy.providers.errors import Lack, Way
from ocipolicy.render import azure
from ocipolicy.render.llm_services import KeyService
from ocipolicy.smoke.diagnosis.seen import command

# How people speak of each provider, and of the others that speak its API.
NAMES = {
    "openai": "OpenAI",
    "azure-openai": "Azure OpenAI",
    "cohere": "Cohere",
    "nvidia": "NVIDIA",
    "oci": "OCI",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A call of a service that failed, or was never made, and all that is known of it.

    `models` are those that the API lists; empty where it was not asked, or does not tell.
    """

    origin: str
    entry: LlmService
    service: KeyService
    streamed: bool
    error: ProviderError | None
    answer: Answer | None = None
    models: tuple[str, ...] = ()

    @property
    def refused(self) -> Refused | None:
        """The error, where the provider answered with one."""
        return self.error if isinstance(self.error, Refused) else None

    def refused_with(self, *statuses: int) -> Refused | None:
        """The error, where it has one of these statuses."""
        error = self.refused
        return error if error is not None and error.status in statuses else None

    def calls_it(self, *names: str) -> bool:
        """Whether the provider has one of these names for the mistake."""
        error = self.refused
        return error is not None and bool({error.code.lower(), error.kind.lower()} & {*names})

    def says(self, pattern: str) -> bool:
        """Whether the words of the provider match a pattern, capitals or not."""
        error = self.refused
        return error is not None and re.search(pattern, error.said, re.IGNORECASE) is not None

    def lost(self, *ways: Way) -> NoAnswer | None:
        """The error, where there was no answer for one of these reasons."""
        error = self.error
        return error if isinstance(error, NoAnswer) and error.way in ways else None

    def lacks(self, *lacks: Lack) -> NoKey | None:
        """The error, where there is no key for one of these reasons."""
        error = self.error
        return error if isinstance(error, NoKey) and error.lack in lacks else None

    @property
    def is_azure(self) -> bool:
        """Whether it is a deployment of Azure OpenAI."""
        return self.service.provider == "azure-openai"

    @property
    def elsewhere(self) -> str:
        """The host of another server that speaks a provider's API; empty for the provider's own."""
        return urlsplit(self.entry.endpoint or "").netloc if not self.is_azure else ""

    @property
    def whose(self) -> str:
        """Who is called: the name of the provider, or the host of another server."""
        return self.elsewhere or self.provider

    @property
    def provider(self) -> str:
        """The name of the provider, whose API it is whoever is called."""
        return NAMES[self.service.provider]

    @property
    def brief(self) -> str:
        """What the provider said, in its words."""
        error = self.refused
        return f"{error.brief}: {error.said.rstrip('.')}" if error else ""

    def line(self, key: str, value: str) -> str:
        """What to write into the config, and where."""
        return f"write `{key}: {value}` under {self.service.name} in {self.origin}"

    def again(self) -> str:
        """The command that makes these calls once more."""
        return command("smoke", self.origin, "--llm-services")

    def listing(self) -> str:
        """The command that lists the models that the keys may use."""
        return command("smoke", self.origin, "--models")

    def assigning(self) -> str:
        """The command that renders the roles of Azure."""
        return command("render", self.origin, "--format", "az-cli")

    def az(self, *words: str) -> str:
        """A command of the Azure CLI about the resource; capitals stand for what is not known."""
        name = azure.account(self.entry) or "RESOURCE"
        group = shlex.quote(self.entry.resource_group or "GROUP")
        where = f"--name {name} --resource-group {group}"
        return f"az cognitiveservices account {' '.join(words)} {where}"
