"""Cohere's client: a chat, a stream, and the models that the key may use."""

from cohere import ClientV2

from tests.clients.scripts.calls import FACTS, call, check, phases

COHERE = FACTS["cohere"]

for _ in phases("cohere"):
    client = ClientV2(COHERE["key"], base_url=COHERE["endpoint"])
    with call("ClientV2, chat"):
        answer = client.chat(**COHERE["request"])
        check(answer.message.content[0].text, FACTS["text"])
    with call("ClientV2, chat_stream"):
        events = list(client.chat_stream(**COHERE["request"]))
        told = [each.delta.message.content.text for each in events if each.type == "content-delta"]
        check("".join(told).strip(), FACTS["text"])
    with call("ClientV2, models.list"):
        check(
            [each.name for each in client.models.list(endpoint="chat", page_size=1000).models],
            [COHERE["request"]["model"]],
        )
