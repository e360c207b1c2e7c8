"""The steps of LangChain's page on NVIDIA that an LLM service is for, in its words.

The server is that of NVIDIA_BASE_URL; models that do not exist any more do there.
"""

import asyncio
import os

from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_nvidia_ai_endpoints import ChatNVIDIA

from tests.clients.scripts.calls import FACTS, call, check, phases

TEXT = FACTS["text"]


async def streamed(llm: ChatNVIDIA) -> str:
    question = "How long does it take for monarch butterflies to migrate?"
    return "".join([str(chunk.content) async for chunk in llm.astream(question)])


def drop_streaming_key(d: dict[str, object]) -> dict[str, object]:
    if "stream" in d:
        d.pop("stream")
    return d


for _ in phases("langchain-nvidia-ai-endpoints", "langchain-core"):
    with call("the key begins with nvapi-"):
        check(os.environ.get("NVIDIA_API_KEY", "").startswith("nvapi-"))
    llm = ChatNVIDIA(model="mistralai/mixtral-8x7b-instruct-v0.1")
    with call("invoke"):
        check(llm.invoke("Write a ballad about LangChain.").content, TEXT)
    with call("batch"):
        check(
            [each.content for each in llm.batch(["What's 2*3?", "What's 2*6?"])],
            [TEXT, TEXT],
        )
    with call("stream"):
        question = "How far can a seagull fly in one day?"
        check("".join(str(chunk.content) for chunk in llm.stream(question)), TEXT)
    with call("astream"):
        check(asyncio.run(streamed(llm)), TEXT)
    with call("get_available_models"):
        check([each.id for each in llm.get_available_models()], FACTS["models"])
    with call("a prompt with a system message"):
        prompt = ChatPromptTemplate.from_messages(
            [("system", "You are a helpful AI assistant named Fred."), ("user", "{input}")]
        )
        chain = prompt | ChatNVIDIA(model="meta/llama3-8b-instruct") | StrOutputParser()
        check("".join(chain.stream({"input": "What's your name?"})), TEXT)
    kosmos = ChatNVIDIA(model=FACTS["strict"])
    with call("a model that takes no `stream`"):
        kosmos.invoke([HumanMessage("Describe this image:")])
    with call("payload_fn"):
        kosmos.client.payload_fn = drop_streaming_key
        kosmos.invoke([HumanMessage("Describe this image:")])
