"""The OCI SDK for Python: a chat with each of its signers."""

import os
from pathlib import Path

import oci
from oci.auth.signers import (
    InstancePrincipalsSecurityTokenSigner,
    SecurityTokenSigner,
    get_resource_principals_signer,
)
from oci.generative_ai_inference import GenerativeAiInferenceClient, models
from oci.signer import AbstractBaseSigner, Signer, load_private_key_from_file

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases

config = oci.config.from_file(FACTS["config_file"], FACTS["user"])
session = oci.config.from_file(FACTS["config_file"], FACTS["session"])


def security_token() -> SecurityTokenSigner:
    token = Path(session["security_token_file"]).read_text(encoding="ascii")
    return SecurityTokenSigner(token, load_private_key_from_file(session["key_file"]))


def resource_principal_inline() -> AbstractBaseSigner:
    """The variables may name files, as those of the sandbox do, or have what is in them."""
    names = ("OCI_RESOURCE_PRINCIPAL_RPST", "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM")
    files = {name: os.environ[name] for name in names}
    try:
        os.environ.update({name: Path(file).read_text() for name, file in files.items()})
        return get_resource_principals_signer()
    finally:
        os.environ.update(files)


def instance_principal() -> InstancePrincipalsSecurityTokenSigner:
    return InstancePrincipalsSecurityTokenSigner(federation_endpoint=f"{FACTS['endpoint']}/v1/x509")


SIGNERS = {
    "API key": (config, lambda: Signer.from_config(config)),
    "session token": (session, security_token),
    "instance principal": ({}, instance_principal),
    "resource principal 2.2, files": ({}, get_resource_principals_signer),
    "resource principal 2.2, inline": ({}, resource_principal_inline),
}

for _ in phases("oci"):
    for name, (settings, signer) in SIGNERS.items():
        with call(f"chat, {name}"):
            client = GenerativeAiInferenceClient(
                settings, signer=signer(), service_endpoint=FACTS["endpoint"]
            )
            request = models.GenericChatRequest(
                messages=[models.UserMessage(content=[models.TextContent(text="hi")])]
            )
            details = models.ChatDetails(
                compartment_id=PHASE["compartment"],
                serving_mode=models.OnDemandServingMode(model_id="meta.llama-3.3-70b-instruct"),
                chat_request=request,
            )
            answer = client.chat(details).data.chat_response
            check(bool(answer.choices[0].message.content[0].text))
