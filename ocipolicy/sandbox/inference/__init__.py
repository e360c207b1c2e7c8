"""Generative AI inference, `/20231130/actions`, and the same through OpenAI's API.

`serving` says who answers and whether the caller may ask him, `completion` what is answered: a
deterministic text about the request, which never pretends that a model has read it. `chat`, `text`
and `vectors` have the operations in OCI's formats, `openai` those in OpenAI's.
"""

from ocipolicy.sandbox.inference.chat import chat
from ocipolicy.sandbox.inference.openai import chat_completions, list_models, responses
from ocipolicy.sandbox.inference.text import generate_text, summarize_text
from ocipolicy.sandbox.inference.vectors import embed_text, rerank_text
from ocipolicy.sandbox.routes import Route

__all__ = ["ROUTES"]

_SERVICE = "generative-ai"
_ACTIONS = "/20231130/actions"
_OPENAI = ("/openai/v1", f"{_ACTIONS}/v1")

ROUTES = (
    Route("POST", f"{_ACTIONS}/chat", _SERVICE, "Chat", chat),
    Route("POST", f"{_ACTIONS}/generateText", _SERVICE, "GenerateText", generate_text),
    Route("POST", f"{_ACTIONS}/summarizeText", _SERVICE, "SummarizeText", summarize_text),
    Route("POST", f"{_ACTIONS}/embedText", _SERVICE, "EmbedText", embed_text),
    Route("POST", f"{_ACTIONS}/rerankText", _SERVICE, "RerankText", rerank_text),
    *(
        Route(method, f"{base}/{path}", _SERVICE, "Chat", handler)
        for base in _OPENAI
        for method, path, handler in (
            ("POST", "chat/completions", chat_completions),
            ("POST", "responses", responses),
            ("GET", "models", list_models),
        )
    ),
)
