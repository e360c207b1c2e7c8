"""The Language service: which language a text is in, and a translation that is none.

Languages are told apart by their script; of those in Latin script by small words that are frequent
in one of them, and the score is the share of the words found that are its own. A text with letters
and none of these words is taken for English, with a score of 0. A translation is the text itself,
marked as not translated.

Limits of a batch: 100 documents, 5,000 characters in one, 20,000 in all (oci 2.189.0,
`ai_language`). A document that is too long or empty gets an error of its own, and the others are
answered. Without a `compartmentId` a request is for the root of the caller's tenancy.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.routes import Asked, Route
from ocipolicy.sandbox.wire import Reply, answer, invalid

MOST_DOCUMENTS = 100
MOST_CHARACTERS = 5_000
MOST_IN_ALL = 20_000

_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")
_NAMES: Mapping[str, str] = {
    "ar": "Arabic",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ru": "Russian",
    "th": "Thai",
    "zh-CN": "Chinese",
}
_SCRIPTS: Mapping[str, str] = {
    "ARABIC": "ar",
    "CJK": "zh-CN",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GREEK": "el",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "THAI": "th",
}
_WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "de": "der die das und ist nicht ich ein eine mit zu auf für von sie wir auch wie",
        "en": "the and is of to in that it for you with this are was hello what how not",
        "es": "el la los las y es de que en un una por con para no hola como está",
        "fr": "le la les et est de que en un une pour avec dans je ne pas bonjour vous",
        "it": "il lo gli e è di che in un una per con non ciao come sono questo della",
        "nl": "de het een en is van dat niet in op voor met ik je wij ook hallo zijn",
        "pt": "o a os as e é de que em um uma por com para não olá como está você",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Detected:
    """A language and how sure that is, from 0 to 1."""

    code: str
    score: float


def detect(text: str) -> Detected | None:
    """The language of a text; None for one without letters.

    >>> detect("The answer is in this file").code, detect("Die Antwort ist nicht da").code
    ('en', 'de')
    """
    # The first word of its name is the script of a letter; some of the rarest have no name.
    scripts = Counter(
        unicodedata.name(each, "").partition(" ")[0] for each in text if each.isalpha()
    )
    if not scripts:
        return None
    # Japanese is written with Chinese characters as well, Chinese without kana.
    kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if kana:
        return Detected("ja", _share(kana + scripts["CJK"], scripts.total()))
    script, count = scripts.most_common(1)[0]
    if script in _SCRIPTS:
        return Detected(_SCRIPTS[script], _share(count, scripts.total()))
    words = re.findall(r"\w+", text.casefold())
    hits = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    best = max(hits, key=lambda code: (hits[code], code == "en"))
    known = sum(any(word in each for each in _WORDS.values()) for word in words)
    return Detected(best, _share(hits[best], known))


def batch_detect_dominant_language(asked: Asked) -> Reply:
    """The languages of documents; one without letters has none."""
    body = _allowed(asked)

    def languages(document: Fields, text: str) -> dict[str, Any]:
        del document
        found = detect(text)
        if found is None:
            return {"languages": []}
        named = {"name": _NAMES[found.code], "code": found.code, "score": found.score}
        return {"languages": [named]}

    return _each(body, languages)


def batch_language_translation(asked: Asked) -> Reply:
    """The documents, marked as not translated."""
    body = _allowed(asked)
    target = body.text("targetLanguageCode")
    if not _CODE.fullmatch(target):
        raise invalid("Invalid Parameter: targetLanguageCode")

    def translated(document: Fields, text: str) -> dict[str, Any]:
        source = document.text("languageCode", "")
        if source in ("", "auto"):
            found = detect(text)
            source = found.code if found else target
        return {
            "translatedText": f"[sandbox: {source} to {target}, not translated] {text}",
            "sourceLanguageCode": source,
            "targetLanguageCode": target,
        }

    return _each(body, translated)


ROUTES = (
    Route(
        "POST",
        "/20221001/actions/batchDetectDominantLanguage",
        "language",
        "BatchDetectDominantLanguage",
        batch_detect_dominant_language,
    ),
    Route(
        "POST",
        "/20221001/actions/batchLanguageTranslation",
        "language",
        "BatchLanguageTranslation",
        batch_language_translation,
    ),
)


def _allowed(asked: Asked) -> Fields:
    """The request, of a caller who may do this where it says. Raises Refusal."""
    body = Fields(asked.body())
    asked.allow(body.text("compartmentId", "") or asked.who.tenancy.ocid)
    return body


def _each(body: Fields, answered: Callable[[Fields, str], dict[str, Any]]) -> Reply:
    """The answer for each document, or an error for it."""
    documents = body.parts("documents")
    if not documents:
        raise missing("documents")
    if len(documents) > MOST_DOCUMENTS:
        raise invalid(f"Invalid Parameter: documents has at most {MOST_DOCUMENTS} records")
    texts = [(each, each.text("key"), each.text("text", "")) for each in documents]
    if len({key for _, key, _ in texts}) < len(texts):
        raise invalid("Invalid Parameter: documents has a key twice")
    if sum(len(text) for _, _, text in texts) > MOST_IN_ALL:
        raise invalid(f"Invalid Parameter: documents has at most {MOST_IN_ALL} characters in all")
    good: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for document, key, text in texts:
        problem = _problem(text)
        if problem:
            error = {"code": "InvalidParameter", "message": problem}
            errors.append({"key": key, "error": error})
        else:
            good.append({"key": key, **answered(document, text)})
    return answer({"documents": good, "errors": errors})


def _problem(text: str) -> str | None:
    if not text.strip():
        return "The text is empty."
    if len(text) > MOST_CHARACTERS:
        return f"The text has more than {MOST_CHARACTERS} characters."
    return None


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
