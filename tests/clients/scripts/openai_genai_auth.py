"""The plain OpenAI client, signed by oci-genai-auth: on both paths, and through the proxy."""

import os

import httpx
from oci_genai_auth import OciUserPrincipalAuth
from openai import OpenAI

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases

MODEL = "openai.gpt-oss-120b"
ASK = [{"role": "user", "content": "Tell me a joke."}]
PATHS = ("/openai/v1", "/20231130/actions/v1")


def client(base: str) -> OpenAI:
    auth = OciUserPrincipalAuth(config_file=FACTS["config_file"], profile_name=FACTS["user"])
    headers = {"CompartmentId": PHASE["compartment"]}
    return OpenAI(
        api_key="unused",
        base_url=base,
        max_retries=0,
        http_client=httpx.Client(auth=auth, headers=headers),
    )


def chat(base: str) -> str:
    answer = client(base).chat.completions.create(model=MODEL, messages=ASK)
    text: str = answer.choices[0].message.content
    return text


for _ in phases("oci-genai-auth", "openai", "oci"):
    for path in PATHS:
        base = FACTS["endpoint"] + path
        with call(f"chat.completions, {path}"):
            check(bool(chat(base)))
        with call(f"chat.completions, stream, {path}"):
            stream = client(base).chat.completions.create(model=MODEL, messages=ASK, stream=True)
            check(len([each for each in stream if each.choices]) > 2)
        with call(f"responses, {path}"):
            check(bool(client(base).responses.create(model=MODEL, input="hi").output_text))
    with call("chat.completions, Oracle's host, through the proxy"):
        before = dict(os.environ)
        os.environ.update(FACTS["proxy_environ"]["user"])
        try:
            host = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com"
            check(bool(chat(f"{host}/openai/v1")))
        finally:
            os.environ.clear()
            os.environ.update(before)
