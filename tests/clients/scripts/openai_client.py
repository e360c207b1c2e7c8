"""The OpenAI client: what it sends to OpenAI, and what its other class sends to Azure OpenAI."""

from openai import AzureOpenAI, OpenAI

from tests.clients.scripts.calls import FACTS, call, check, phases

OPENAI, AZURE = FACTS["openai"], FACTS["azure-openai"]
TEXT = FACTS["text"]


def azure(service: str = "azure-openai", **how: object) -> AzureOpenAI:
    there = FACTS[service]
    return AzureOpenAI(
        azure_endpoint=there["endpoint"],
        api_version=there["api_version"],
        max_retries=0,
        **how,
    )


for _ in phases("openai"):
    openai = OpenAI(base_url=OPENAI["endpoint"], api_key=OPENAI["key"], max_retries=0)
    with call("OpenAI, chat.completions"):
        answer = openai.chat.completions.create(**OPENAI["request"])
        check(answer.choices[0].message.content, TEXT)
    with call("OpenAI, chat.completions, stream"):
        pieces = list(openai.chat.completions.create(**OPENAI["request"], stream=True))
        check("".join(each.choices[0].delta.content or "" for each in pieces), TEXT)
    with call("OpenAI, models"):
        check("gpt-4o" in [each.id for each in openai.models.list()])
    for name, signed in (
        ("AzureOpenAI", azure(api_key=AZURE["key"])),
        ("AzureOpenAI, Entra ID", azure(azure_ad_token=FACTS["token"])),
    ):
        with call(f"{name}, chat.completions"):
            answer = signed.chat.completions.create(**AZURE["request"])
            check(answer.choices[0].message.content, TEXT)
        with call(f"{name}, chat.completions, stream"):
            pieces = list(signed.chat.completions.create(**AZURE["request"], stream=True))
            check("".join(each.choices[0].delta.content or "" for each in pieces), TEXT)
    with call("AzureOpenAI, completions"):
        signed = azure("azure-text", api_key=AZURE["key"])
        text = signed.completions.create(**FACTS["azure-text"]["request"])
        check(text.choices[0].text, TEXT)
    with call("AzureOpenAI, completions, stream"):
        pieces = list(signed.completions.create(**FACTS["azure-text"]["request"], stream=True))
        check("".join(each.choices[0].text for each in pieces), TEXT)
