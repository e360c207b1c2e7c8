"""langchain-nvidia-ai-endpoints: a chat, a stream, and the models that the key may use."""

from langchain_nvidia_ai_endpoints import ChatNVIDIA

from tests.clients.scripts.calls import FACTS, call, check, phases

NVIDIA = FACTS["nvidia"]
REQUEST = NVIDIA["request"]
ASK = [(each["role"], each["content"]) for each in REQUEST["messages"]]

for _ in phases("langchain-nvidia-ai-endpoints"):
    chat = ChatNVIDIA(
        base_url=NVIDIA["endpoint"],
        api_key=NVIDIA["key"],
        model=REQUEST["model"],
        max_tokens=REQUEST["max_tokens"],
        temperature=REQUEST["temperature"],
        usage_telemetry_enabled=False,
    )
    with call("ChatNVIDIA, invoke"):
        check(chat.invoke(ASK).content, FACTS["text"])
    with call("ChatNVIDIA, stream"):
        check("".join(str(each.content) for each in chat.stream(ASK)), FACTS["text"])
    with call("ChatNVIDIA, get_available_models"):
        models = ChatNVIDIA.get_available_models(
            base_url=NVIDIA["endpoint"], api_key=NVIDIA["key"], model=REQUEST["model"]
        )
        check(REQUEST["model"] in [each.id for each in models])
