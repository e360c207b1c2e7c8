"""The OpenAI client as oci-openai has it: chats and responses, in one piece and as streams."""

import asyncio

from oci_openai import (
    AsyncOciOpenAI,
    OciInstancePrincipalAuth,
    OciOpenAI,
    OciResourcePrincipalAuth,
    OciSessionAuth,
    OciUserPrincipalAuth,
)

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases

MODEL = "openai.gpt-oss-120b"
ASK = [{"role": "user", "content": "Tell me a joke."}]
USER = OciUserPrincipalAuth(FACTS["config_file"], FACTS["user"])


def client(auth: object) -> OciOpenAI:
    return OciOpenAI(
        auth=auth,
        base_url=f"{FACTS['endpoint']}/openai/v1",
        compartment_id=PHASE["compartment"],
        max_retries=0,
    )


def chat(auth: object) -> str:
    answer = client(auth).chat.completions.create(model=MODEL, messages=ASK)
    text: str = answer.choices[0].message.content
    return text


async def achat() -> str:
    async with AsyncOciOpenAI(
        auth=USER,
        base_url=f"{FACTS['endpoint']}/openai/v1",
        compartment_id=PHASE["compartment"],
        max_retries=0,
    ) as open_ai:
        answer = await open_ai.chat.completions.create(model=MODEL, messages=ASK)
    text: str = answer.choices[0].message.content
    return text


for _ in phases("oci-openai", "openai", "oci"):
    with call("chat.completions"):
        check(bool(chat(USER)))
    with call("chat.completions, stream"):
        stream = client(USER).chat.completions.create(model=MODEL, messages=ASK, stream=True)
        pieces = [each.choices[0].delta.content or "" for each in stream if each.choices]
        check((len(pieces) > 2, bool("".join(pieces))), (True, True))
    with call("responses"):
        check(bool(client(USER).responses.create(model=MODEL, input="hi").output_text))
    with call("responses, stream"):
        events = list(client(USER).responses.create(model=MODEL, input="hi", stream=True))
        check((events[0].type, events[-1].type), ("response.created", "response.completed"))
    with call("chat.completions, async"):
        check(bool(asyncio.run(achat())))
    with call("chat.completions, OciSessionAuth"):
        check(bool(chat(OciSessionAuth(FACTS["config_file"], FACTS["session"]))))
    with call("chat.completions, OciResourcePrincipalAuth"):
        check(bool(chat(OciResourcePrincipalAuth())))
    with call("chat.completions, OciInstancePrincipalAuth"):
        endpoint = f"{FACTS['endpoint']}/v1/x509"
        check(bool(chat(OciInstancePrincipalAuth(federation_endpoint=endpoint))))
