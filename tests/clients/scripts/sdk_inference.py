"""The OCI SDK for Python: all calls of Generative AI and Language, streams too, with an API key."""

import json

import oci
from oci.ai_language import AIServiceLanguageClient
from oci.ai_language.models import (
    BatchDetectDominantLanguageDetails,
    BatchLanguageTranslationDetails,
    DominantLanguageDocument,
    TextDocument,
)
from oci.generative_ai import GenerativeAiClient
from oci.generative_ai_inference import GenerativeAiInferenceClient, models
from oci.response import Response

from tests.clients.scripts.calls import FACTS, PHASE, call, check, phases

CHAT = "meta.llama-3.3-70b-instruct"
COHERE = "cohere.command-r-08-2024"
VISION = "cohere.command-a-vision"

config = oci.config.from_file(FACTS["config_file"], FACTS["user"])
inference = GenerativeAiInferenceClient(config, service_endpoint=FACTS["endpoint"])
management = GenerativeAiClient(config, service_endpoint=FACTS["endpoint"])
language = AIServiceLanguageClient(config, service_endpoint=FACTS["endpoint"])


def served(model: str) -> models.OnDemandServingMode:
    return models.OnDemandServingMode(model_id=model)


def events(answer: Response) -> list[dict[str, object]]:
    """The events of a stream, which the SDK gives as an SSEClient."""
    said = [event.data for event in answer.data.events()]
    return [json.loads(each) for each in said if each != "[DONE]"]


def generate(request: object, model: str) -> Response:
    return inference.generate_text(
        models.GenerateTextDetails(
            compartment_id=PHASE["compartment"],
            serving_mode=served(model),
            inference_request=request,
        )
    )


def chat(request: object, model: str) -> Response:
    return inference.chat(
        models.ChatDetails(
            compartment_id=PHASE["compartment"], serving_mode=served(model), chat_request=request
        )
    )


def generic(stream: bool) -> models.GenericChatRequest:
    text = models.TextContent(text="Tell me a joke.")
    return models.GenericChatRequest(
        messages=[models.UserMessage(content=[text])], max_tokens=50, is_stream=stream
    )


def cohere_v2(stream: bool) -> models.CohereChatRequestV2:
    text = models.CohereTextContentV2(text="Tell me a joke.")
    return models.CohereChatRequestV2(
        messages=[models.CohereUserMessageV2(content=[text])], max_tokens=50, is_stream=stream
    )


def cohere(stream: bool) -> models.CohereChatRequest:
    return models.CohereChatRequest(message="Tell me a joke.", max_tokens=50, is_stream=stream)


for _ in phases("oci"):
    with call("generate_text, COHERE"):
        request = models.CohereLlmInferenceRequest(prompt="Tell me a joke.", max_tokens=50)
        said = generate(request, "cohere.command").data.inference_response
        check(bool(said.generated_texts[0].text))
    with call("generate_text, LLAMA"):
        request = models.LlamaLlmInferenceRequest(prompt="Tell me a joke.", max_tokens=50)
        said = generate(request, "meta.llama-2-70b-chat").data.inference_response
        check(bool(said.choices[0].text))
    with call("generate_text, stream"):
        request = models.CohereLlmInferenceRequest(prompt="A joke.", is_stream=True)
        frames = events(generate(request, "cohere.command"))
        check(bool("".join(str(each.get("text", "")) for each in frames)))
    with call("chat, GENERIC"):
        answer = chat(generic(False), CHAT).data.chat_response
        check(bool(answer.choices[0].message.content[0].text))
    with call("chat, GENERIC, stream"):
        frames = events(chat(generic(True), CHAT))
        check((len(frames) > 2, frames[-1]["finishReason"]), (True, "stop"))
    with call("chat, COHERE"):
        check(bool(chat(cohere(False), COHERE).data.chat_response.text))
    with call("chat, COHERE, stream"):
        frames = events(chat(cohere(True), COHERE))
        check(frames[-1]["text"], "".join(str(each["text"]) for each in frames[:-1]))
    with call("chat, COHEREV2"):
        answer = chat(cohere_v2(False), VISION).data.chat_response
        check(bool(answer.message.content[0].text))
    with call("chat, COHEREV2, stream"):
        frames = events(chat(cohere_v2(True), VISION))
        check((len(frames) > 2, frames[-1]["finishReason"]), (True, "COMPLETE"))
    with call("summarize_text"):
        summary = inference.summarize_text(
            models.SummarizeTextDetails(
                compartment_id=PHASE["compartment"],
                serving_mode=served("cohere.command"),
                input="A long story. " * 30,
            )
        )
        check(bool(summary.data.summary))
    with call("embed_text"):
        embedded = inference.embed_text(
            models.EmbedTextDetails(
                compartment_id=PHASE["compartment"],
                serving_mode=served("cohere.embed-v4.0"),
                inputs=["one", "two"],
            )
        )
        check([len(each) > 100 for each in embedded.data.embeddings], [True, True])
    with call("rerank_text"):
        ranked = inference.rerank_text(
            models.RerankTextDetails(
                compartment_id=PHASE["compartment"],
                serving_mode=served("cohere.rerank-v3.5"),
                input="a fruit",
                documents=["a stone", "a fruit"],
            )
        )
        check(sorted(each.index for each in ranked.data.document_ranks), [0, 1])
    with call("list_models"):
        listed = management.list_models(PHASE["compartment"], capability=["CHAT"]).data.items
        check(CHAT in {each.display_name for each in listed})
    with call("batch_detect_dominant_language"):
        details = BatchDetectDominantLanguageDetails(
            compartment_id=PHASE["compartment"],
            documents=[DominantLanguageDocument(key="1", text="Where is the station?")],
        )
        (document,) = language.batch_detect_dominant_language(details).data.documents
        check(document.languages[0].code, "en")
    with call("batch_language_translation"):
        translation = BatchLanguageTranslationDetails(
            compartment_id=PHASE["compartment"],
            target_language_code="de",
            documents=[TextDocument(key="1", text="Hello", language_code="en")],
        )
        (translated,) = language.batch_language_translation(translation).data.documents
        check((translated.key, translated.target_language_code), ("1", "de"))
