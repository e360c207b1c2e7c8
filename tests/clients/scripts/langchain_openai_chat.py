"""langchain-openai: chats of OpenAI and of Azure OpenAI, in one piece and as streams."""

from typing import Any

from langchain_openai import AzureChatOpenAI, AzureOpenAI, ChatOpenAI

from tests.clients.scripts.calls import FACTS, call, check, phases

TEXT = FACTS["text"]


def settings(request: dict[str, Any]) -> dict[str, Any]:
    return {"max_tokens": request["max_tokens"], "temperature": request["temperature"]}


def ask(request: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["role"], each["content"]) for each in request["messages"]]


def azure(name: str) -> dict[str, Any]:
    facts = FACTS[name]
    return {
        "azure_endpoint": facts["endpoint"],
        "azure_deployment": facts["request"]["model"],
        "api_version": facts["api_version"],
        "api_key": facts["key"],
        "max_retries": 0,
        **settings(facts["request"]),
    }


for _ in phases("langchain-openai", "openai"):
    facts = FACTS["openai"]
    request = facts["request"]
    chat = ChatOpenAI(
        base_url=facts["endpoint"],
        api_key=facts["key"],
        model=request["model"],
        max_retries=0,
        **settings(request),
    )
    with call("ChatOpenAI, invoke"):
        check(chat.invoke(ask(request)).content, TEXT)
    with call("ChatOpenAI, stream"):
        check("".join(str(each.content) for each in chat.stream(ask(request))), TEXT)
    request = FACTS["azure-openai"]["request"]
    chat = AzureChatOpenAI(**azure("azure-openai"))
    with call("AzureChatOpenAI, invoke"):
        check(chat.invoke(ask(request)).content, TEXT)
    with call("AzureChatOpenAI, stream"):
        check("".join(str(each.content) for each in chat.stream(ask(request))), TEXT)
    request = FACTS["azure-text"]["request"]
    text = AzureOpenAI(**azure("azure-text"))
    with call("AzureOpenAI, invoke"):
        check(text.invoke(request["prompt"]), TEXT)
    with call("AzureOpenAI, stream"):
        check("".join(text.stream(request["prompt"])), TEXT)
