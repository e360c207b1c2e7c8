"""langchain-community, whose classes for OCI came before langchain-oci, and are still in use."""

import warnings

warnings.simplefilter("ignore")

from langchain_community.chat_models import ChatOCIGenAI  # noqa: E402 - it warns when imported
from langchain_community.llms import OCIGenAI  # noqa: E402

from tests.clients.scripts.calls import (  # noqa: E402
    FACTS,
    PHASE,
    call,
    check,
    phases,
    proxied,
)

for _ in phases("langchain-community", "oci"):
    settings = {
        "service_endpoint": FACTS["endpoint"],
        "compartment_id": PHASE["compartment"],
        "auth_profile": FACTS["user"],
        "auth_file_location": FACTS["config_file"],
    }
    with call("OCIGenAI, invoke"):
        text = OCIGenAI(model_id="cohere.command", **settings)
        check(bool(text.invoke("Tell me a joke.")))
    with call("OCIGenAI, stream"):
        text = OCIGenAI(model_id="cohere.command", **settings)
        check(len(list(text.stream("Tell me a joke."))) > 2)
    with call("OCIGenAI, invoke, Meta"):
        text = OCIGenAI(model_id="meta.llama-2-70b-chat", **settings)
        check(bool(text.invoke("Tell me a joke.")))
    # The other kinds of credentials that LangChain's page on OCI has, and its dedicated cluster.
    with call("OCIGenAI, invoke, SECURITY_TOKEN"):
        session = {**settings, "auth_profile": FACTS["session"]}
        text = OCIGenAI(model_id="cohere.command", auth_type="SECURITY_TOKEN", **session)
        check(bool(text.invoke("Tell me a joke.")))
    with call("OCIGenAI, invoke, RESOURCE_PRINCIPAL"):
        text = OCIGenAI(model_id="cohere.command", auth_type="RESOURCE_PRINCIPAL", **settings)
        check(bool(text.invoke("Tell me a joke.")))
    with (
        call("OCIGenAI, invoke, INSTANCE_PRINCIPAL, federation through the proxy"),
        proxied("instance"),
    ):
        text = OCIGenAI(model_id="cohere.command", auth_type="INSTANCE_PRINCIPAL", **settings)
        check(bool(text.invoke("Tell me a joke.")))
    with call("OCIGenAI, invoke, a dedicated cluster's endpoint"):
        # The page gives `context_size` as well, which no version of the class takes any more.
        endpoint = FACTS["dedicated"][PHASE["compartment"]]
        text = OCIGenAI(model_id=endpoint, provider="cohere", **settings)
        check(bool(text.invoke("Tell me a joke.")))
    # A name without a vendor that it knows needs one; Meta's is for all models of the same format.
    for name in (
        "cohere.command-r-08-2024",
        "meta.llama-3.3-70b-instruct",
        "google.gemini-2.5-flash",
    ):
        vendor = "cohere" if name.startswith("cohere.") else "meta"
        with call(f"ChatOCIGenAI, invoke, {name}"):
            chat = ChatOCIGenAI(model_id=name, provider=vendor, **settings)
            check(bool(chat.invoke("hi").content))
        with call(f"ChatOCIGenAI, stream, {name}"):
            chat = ChatOCIGenAI(model_id=name, provider=vendor, **settings)
            check(len(list(chat.stream("hi"))) > 2)
