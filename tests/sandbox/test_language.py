"""The Language service: which language, marked translations, and errors document by document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.sandbox.language import detect
from tests.sandbox.calls import ALLOWED, BOTS, CALLER, GENAI, LAB, NOT_FOUND, Calls
from tests.sandbox.test_inference_refusals import values

DETECT = "/20221001/actions/batchDetectDominantLanguage"
TRANSLATE = "/20221001/actions/batchLanguageTranslation"
HELLO = {"key": "1", "text": "hello, how are you"}


@pytest.fixture(scope="module")
def calls() -> Calls:
    return Calls(caller=ALLOWED)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the answer to this?", "en"),
        ("Ich bin nicht zu Hause und auch nicht im Büro", "de"),
        ("Je ne suis pas à la maison avec vous", "fr"),
        ("No estoy en la casa con los perros", "es"),
        ("Il cane non è della ragazza, ciao", "it"),
        ("Não estou em casa com você", "pt"),
        ("Ik ben niet thuis met het boek van hem", "nl"),
        ("コンピュータはなぜ寒かったのですか", "ja"),
        ("计算机为什么冷", "zh-CN"),
        ("컴퓨터는 왜 추웠나요", "ko"),
        ("Почему компьютеру было холодно", "ru"),
        ("Γιατί κρύωνε υπολογιστής", "el"),
        ("لماذا كان الكمبيوتر باردا", "ar"),
        ("למה היה למחשב קר", "he"),
        ("कंप्यूटर ठंडा क्यों था", "hi"),
        ("ทำไมคอมพิวเตอร์ถึงหนาว", "th"),
        ("ocipolicy", "en"),
    ],
)
def test_the_language_of_a_text(text: str, code: str) -> None:
    found = detect(text)

    assert found is not None
    assert found.code == code
    assert 0 <= found.score <= 1


@given(st.text())
def test_every_text_has_one_language_or_none(text: str) -> None:
    found = detect(text)

    assert (found is None) == (not any(each.isalpha() for each in text))
    assert found is None or 0 <= found.score <= 1


def test_a_batch_is_answered_document_by_document(calls: Calls) -> None:
    documents = [
        HELLO,
        {"key": "2", "text": "die der the"},
        {"key": "3", "text": "12, 13"},
        {"key": "4", "text": "  "},
        {"key": "5", "text": "x" * 5001},
        {"key": "6"},
    ]
    found = calls.post(DETECT, {"compartmentId": BOTS, "documents": documents}).data

    german = {"name": "German", "code": "de", "score": 0.6667}
    assert found["documents"] == [
        {"key": "1", "languages": [{"name": "English", "code": "en", "score": 1.0}]},
        {"key": "2", "languages": [german]},
        {"key": "3", "languages": []},
    ]
    messages = {
        "4": "The text is empty.",
        "5": "The text has more than 5000 characters.",
        "6": "The text is empty.",
    }
    assert found["errors"] == [
        {"key": key, "error": {"code": "InvalidParameter", "message": message}}
        for key, message in messages.items()
    ]


def test_a_translation_is_none_and_says_so(calls: Calls) -> None:
    documents = [
        {"key": "1", "text": "hello", "languageCode": "en"},
        {"key": "2", "text": "ich bin nicht da", "languageCode": "auto"},
        {"key": "3", "text": "...", "languageCode": "xx"},
        {"key": "4", "text": ""},
    ]
    body = {"targetLanguageCode": "fr", "compartmentId": BOTS, "documents": documents}
    found = calls.post(TRANSLATE, body).data

    def translated(key: str, source: str, text: str) -> dict[str, str]:
        return {
            "key": key,
            "translatedText": f"[sandbox: {source} to fr, not translated] {text}",
            "sourceLanguageCode": source,
            "targetLanguageCode": "fr",
        }

    assert found["documents"] == [
        translated("1", "en", "hello"),
        translated("2", "de", "ich bin nicht da"),
        translated("3", "xx", "..."),
    ]
    assert [each["key"] for each in found["errors"]] == ["4"]


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"documents": None}, "MissingParameter", "Missing Parameter: documents"),
        (
            {"documents": [{"text": "x"}]},
            "MissingParameter",
            "Missing Parameter: documents[0].key",
        ),
        (
            {"documents": [HELLO, HELLO]},
            "InvalidParameter",
            "Invalid Parameter: documents has a key twice",
        ),
        (
            {"documents": [{"key": str(each), "text": "x"} for each in range(101)]},
            "InvalidParameter",
            "Invalid Parameter: documents has at most 100 records",
        ),
        (
            {"documents": [{"key": str(each), "text": "x" * 4001} for each in range(5)]},
            "InvalidParameter",
            "Invalid Parameter: documents has at most 20000 characters in all",
        ),
        (
            {"targetLanguageCode": None},
            "MissingParameter",
            "Missing Parameter: targetLanguageCode",
        ),
        (
            {"targetLanguageCode": "klingon"},
            "InvalidParameter",
            "Invalid Parameter: targetLanguageCode",
        ),
    ],
)
def test_a_batch_that_is_refused(
    calls: Calls, more: dict[str, object], code: str, message: str
) -> None:
    body = {"targetLanguageCode": "de", "compartmentId": BOTS, "documents": [HELLO], **more}

    assert calls.post(TRANSLATE, body).refusal == (400, code, message)


@pytest.mark.parametrize(
    ("path", "type_"),
    [(DETECT, "ai-service-dominant-language"), (TRANSLATE, "ai-service-language-translation")],
)
def test_an_operation_takes_the_family_or_its_own_type(path: str, type_: str) -> None:
    body = {"targetLanguageCode": "de", "compartmentId": BOTS, "documents": [HELLO]}
    family = Calls(caller=("allow group chatters to use ai-service-language-family in tenancy",))
    single = Calls(caller=(f"allow group chatters to use {type_} in compartment bots",))
    lower = Calls(caller=("allow group chatters to read ai-service-language-family in tenancy",))

    assert Calls().post(path, body).refusal == NOT_FOUND
    assert lower.post(path, body).refusal == NOT_FOUND
    assert family.post(path, body).status == single.post(path, body).status == 200
    assert single.post(path, {**body, "compartmentId": LAB}).refusal == NOT_FOUND
    assert family.post(path, body, who="caller/bob").refusal == NOT_FOUND


def test_without_a_compartment_it_is_the_root_of_the_callers_tenancy() -> None:
    body = {"documents": [HELLO]}
    use = "allow group chatters to use ai-service-language-family in"

    assert Calls(caller=(f"{use} tenancy",)).post(DETECT, body).status == 200
    assert Calls(caller=(f"{use} compartment bots",)).post(DETECT, body).refusal == NOT_FOUND


def test_another_tenancy_takes_both_halves() -> None:
    endorse = "endorse any-user to use ai-service-language-family in any-tenancy"
    admit = (
        f"define tenancy assistants as {CALLER}",
        "admit any-user of tenancy assistants to use ai-service-language-family in tenancy",
    )
    body = {"compartmentId": GENAI, "documents": [HELLO]}

    def status(**policies: tuple[str, ...]) -> int:
        return Calls(**policies).post(DETECT, body, who="caller/sales").status

    assert status(caller=(endorse,)) == 404
    assert status(service=admit) == 404
    assert status(caller=(endorse,), service=admit) == 200


@given(values)
def test_no_request_is_too_much(value: Any) -> None:
    made = Calls(caller=ALLOWED)
    document = (
        value if isinstance(value, dict) else {"key": "1", "text": "x", "languageCode": value}
    )
    for documents in (value, [value], [{"key": "1", **document}]):
        body = {"targetLanguageCode": "de", "documents": documents}
        assert made.post(TRANSLATE, body).status in (200, 400)
        assert made.post(DETECT, body).status in (200, 400)
    assert made.post(DETECT, value).status in (400, 404)
