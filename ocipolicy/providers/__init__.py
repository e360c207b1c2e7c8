"""The providers' end of the wire: models of others than OCI, called as Digital Assistant does.

    with Client(service, key_of(service)) as client:
        answer = client.ask()       # the whole at once
        answer = client.stream()    # piece by piece
        names = client.models()     # what the key may use, where the API tells

A `KeyService` of `render.llm_services` says where to, `render.payloads` what; `keys` where the key
comes from, an environment variable or Entra ID, and how it goes into a header. `clients` sends over
`wire`, which is HTTP, and reads what comes back with `openai`, the API that OpenAI, Azure OpenAI
and NVIDIA have between them, or with `cohere`; `refusals` reads a no, and `errors` has what is
raised. No key leaves this room but in a header: whatever a server says is searched for it first.

httpx is imported by the first call, azure-identity by the first token.
"""

from ocipolicy.providers.answers import Answer
from ocipolicy.providers.clients import Client
from ocipolicy.providers.errors import NoAnswer, NoKey, NoList, ProviderError, Refused
from ocipolicy.providers.keys import Key, key_of
from ocipolicy.providers.wire import Patience

__all__ = [
    "Answer",
    "Client",
    "Key",
    "NoAnswer",
    "NoKey",
    "NoList",
    "Patience",
    "ProviderError",
    "Refused",
    "key_of",
]
