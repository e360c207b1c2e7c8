"""langchain-oci: chats in one piece and as streams, sync and async, with every signer."""

import asyncio

from langchain_core.messages import HumanMessage
from langchain_oci import ChatOCIGenAI, ChatOCIOpenAI, OCIGenAIEmbeddings
from oci_openai import OciUserPrincipalAuth

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases, proxied

LLAMA = "meta.llama-3.3-70b-instruct"
COHERE = "cohere.command-r-08-2024"
VISION = "cohere.command-a-vision"
ASK = [HumanMessage("Tell me a joke.")]


def model(name: str, auth: str = "API_KEY", profile: str = FACTS["user"]) -> ChatOCIGenAI:
    return ChatOCIGenAI(
        model_id=name,
        service_endpoint=FACTS["endpoint"],
        compartment_id=PHASE["compartment"],
        auth_type=auth,
        auth_profile=profile,
        auth_file_location=FACTS["config_file"],
    )


async def ainvoked(name: str) -> str:
    llm = model(name)
    try:
        return str((await llm.ainvoke(ASK)).content)
    finally:
        await llm.aclose()


async def astreamed(name: str) -> str:
    llm = model(name)
    try:
        return "".join([str(each.content) async for each in llm.astream(ASK)])
    finally:
        await llm.aclose()


def open_ai(**options: object) -> ChatOCIOpenAI:
    return ChatOCIOpenAI(
        auth=OciUserPrincipalAuth(FACTS["config_file"], FACTS["user"]),
        compartment_id=PHASE["compartment"],
        base_url=f"{FACTS['endpoint']}/openai/v1",
        model="openai.gpt-oss-120b",
        **options,
    )


for _ in phases("langchain-oci", "langchain-core", "oci"):
    for name in (LLAMA, COHERE, VISION):
        with call(f"invoke, {name}"):
            check(bool(model(name).invoke(ASK).content))
        with call(f"stream, {name}"):
            pieces = [str(each.content) for each in model(name).stream(ASK)]
            check((len(pieces) > 2, bool("".join(pieces))), (True, True))
        with call(f"ainvoke, {name}"):
            check(bool(asyncio.run(ainvoked(name))))
        with call(f"astream, {name}"):
            check(bool(asyncio.run(astreamed(name))))
    with call("invoke, SECURITY_TOKEN"):
        check(bool(model(LLAMA, "SECURITY_TOKEN", FACTS["session"]).invoke(ASK).content))
    with call("invoke, RESOURCE_PRINCIPAL"):
        check(bool(model(LLAMA, "RESOURCE_PRINCIPAL").invoke(ASK).content))
    with call("invoke, INSTANCE_PRINCIPAL, federation through the proxy"), proxied("instance"):
        check(bool(model(LLAMA, "INSTANCE_PRINCIPAL").invoke(ASK).content))
    with call("OCIGenAIEmbeddings"):
        embeddings = OCIGenAIEmbeddings(
            model_id="cohere.embed-v4.0",
            service_endpoint=FACTS["endpoint"],
            compartment_id=PHASE["compartment"],
            auth_profile=FACTS["user"],
            auth_file_location=FACTS["config_file"],
        )
        check(len(embeddings.embed_query("one")) > 100)
    with call("ChatOCIOpenAI, responses"):
        check(bool(open_ai(store=False).invoke(ASK).content))
    with call("ChatOCIOpenAI, chat completions"):
        check(bool(open_ai(use_responses_api=False).invoke(ASK).content))
