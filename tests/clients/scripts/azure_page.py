"""The steps of LangChain's page on Azure OpenAI, in its words, with the variables that it sets.

Only the OpenAI client's import is put right, which the page gives as `import openai`.
"""

import os

import openai
from azure.identity import (
    AzureCliCredential,
    ChainedTokenCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    get_bearer_token_provider,
)
from langchain_openai import AzureOpenAI

from tests.clients.scripts.calls import FACTS, call, check, phases

TEXT, TOKEN = FACTS["text"], FACTS["token"]
SCOPE = "https://cognitiveservices.azure.com/.default"

for _ in phases("langchain-openai", "openai", "azure-identity"):
    with call("AzureOpenAI of openai, completions"):
        client = openai.AzureOpenAI(
            api_version="2023-12-01-preview",
        )
        response = client.completions.create(
            model="gpt-35-turbo-instruct-prod",
            prompt="Test prompt",
        )
        check(response.choices[0].text, TEXT)
    with call("AzureOpenAI of langchain, invoke"):
        llm = AzureOpenAI(
            deployment_name="gpt-35-turbo-instruct-0914",
        )
        check(llm.invoke("Tell me a joke"), TEXT)
    with call("print(llm)"):
        check("'deployment_name': 'gpt-35-turbo-instruct-0914'" in str(llm))
    with call("DefaultAzureCredential"):
        token = DefaultAzureCredential().get_token(SCOPE).token
        check(token, TOKEN)
    with call("OPENAI_API_TYPE azure_ad, the token in OPENAI_API_KEY"):
        del os.environ["AZURE_OPENAI_API_KEY"]
        os.environ["OPENAI_API_TYPE"] = "azure_ad"
        os.environ["OPENAI_API_KEY"] = token
        llm = AzureOpenAI(
            deployment_name="gpt-35-turbo-instruct-0914",
        )
        check(llm.invoke("Tell me a joke"), TEXT)
    with call("ChainedTokenCredential"):
        credential = ChainedTokenCredential(
            ManagedIdentityCredential(),
            AzureCliCredential(),
        )
        check(credential.get_token(SCOPE).token, TOKEN)
    with call("azure_ad_token_provider, as the library has it today"):
        del os.environ["OPENAI_API_KEY"]
        llm = AzureOpenAI(
            deployment_name="gpt-35-turbo-instruct-0914",
            azure_ad_token_provider=get_bearer_token_provider(credential, SCOPE),
        )
        check(llm.invoke("Tell me a joke"), TEXT)
