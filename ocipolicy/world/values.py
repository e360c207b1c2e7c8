"""What single values of a world may be: one function each, which pydantic calls.

Each gives its value back, or raises what `wrong` makes; the message goes on where the name of the
key ends: "`tenancies.caller.ocid` must be the OCID of a tenancy".
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from ocipolicy import reference
from ocipolicy.document import shown

# The identifier of an OAuth application has no dots, and is a principal without an OCID.
_CLIENT_ID = re.compile(r"[0-9A-Za-z_-]{16,}")
_TYPE = re.compile(r"[A-Za-z0-9_-]+")
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+")


def wrong(
    rule: str, message: str, help: str | None = None, fix: str | None = None
) -> PydanticCustomError:
    """A value that cannot be; `message` follows the name of the key, `fix` replaces the value."""
    context = {"message": message, "help": help, "fix": fix}
    return PydanticCustomError("wrong-value", "{message}", {"rule": rule, **context})


def name_fault(text: str, taken: str = "") -> tuple[str, str] | None:
    """What is wrong with a name, and the way out; `taken` are characters that mean something."""
    if text.startswith("ocid1."):
        return "is written like an OCID", "write the name, and the OCID behind `ocid:`"
    strange = [character for character in text if character in taken]
    if strange:
        return (
            f"has {shown(strange[0])} in it, which no such name has",
            "take it out; compartments below another one go under its `compartments:`",
        )
    return text_fault(text)


def text_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a text on one line, and the way out."""
    if not text.strip():
        return "is empty", "write what it is"
    if text != text.strip():
        return "has blanks at its edge", "take them away"
    if not text.isprintable():
        return "has a character in it that cannot be seen", "write it on one line, without escapes"
    return None


def a_text(text: str) -> str:
    """Any text on one line that says something."""
    fault = text_fault(text)
    if fault:
        raise wrong("wrong-text", *fault)
    return text


def an_ocid(*kinds: str) -> Callable[[str], str]:
    """The check of an OCID of one of these kinds; of any kind, if none is named."""
    wanted = " or ".join(_article(kind) for kind in kinds) or "a resource"
    example = kinds[0] if kinds else "<type>"

    def check(text: str) -> str:
        a_text(text)
        parts = reference.ocid_parts(text)
        if parts is None:
            raise wrong(
                "malformed-ocid",
                f"must be the OCID of {wanted}, and {shown(text)} is not a whole OCID",
                f"an OCID is ocid1.{example}.<realm>.[region].<id>",
            )
        if kinds and parts.kind not in kinds:
            raise wrong(
                "wrong-ocid-kind",
                f"must be the OCID of {wanted}, and this one is of {_article(parts.kind)}",
                f"write an OCID that begins with ocid1.{example}.",
            )
        if not parts.is_of_oracle:
            raise wrong(
                "unknown-realm",
                f"is of {shown(parts.realm)}, which is no realm of Oracle's",
                "a realm is `oc` and a number; the commercial one is oc1",
            )
        return text

    return check


def a_principal_id(text: str) -> str:
    """The OCID of a principal, or the client ID of an OAuth application."""
    return text if _CLIENT_ID.fullmatch(text) else an_ocid()(text)


def a_type(text: str) -> str:
    """The type of a principal, as policies compare it: a word in lower case."""
    a_text(text)
    if not is_type(text):
        raise wrong(
            "wrong-type-word",
            f"is the type word of an OCID, and {shown(text)} is none",
            "write a word like odainstance or fnfunc",
        )
    lower = text.lower()
    if text != lower and reference.principal_type(lower):
        raise wrong("wrong-type-word", "must be in lower case", f"write {lower}", lower)
    return text


def a_region(text: str) -> str:
    """The name of a region by its shape; `us-chicago-1`."""
    a_text(text)
    if _REGION.fullmatch(text):
        return text
    by_key = reference.region_of_key(text)
    lower = text.lower()
    if by_key:
        raise wrong(
            "region-key",
            f"needs the name of a region, and {shown(text)} is the key of one",
            f"write {by_key.name}",
            by_key.name,
        )
    fits = _REGION.fullmatch(lower) is not None
    raise wrong(
        "malformed-region",
        f"must be the name of a region, and {shown(text)} is not written like one",
        f"write {lower}" if fits else "a region is written like us-chicago-1",
        lower if fits else None,
    )


def a_place(text: str) -> str:
    """A compartment by its path from the root (`/` for the root) or by its OCID."""
    a_text(text)
    if text.startswith("ocid1."):
        return an_ocid("compartment", "tenancy")(text)
    if text != "/" and "/" in text:
        path = ":".join(part for part in re.split("[/:]", text) if part)
        raise wrong(
            "slash-in-path",
            "joins the names of its path with `/`, and they are joined with `:`",
            f"write {path}" if path else "write / for the root",
            path or "/",
        )
    if text != "/" and "" in text.split(":"):
        raise wrong(
            "empty-path-part",
            "has an empty name in its path",
            "write the names from the root down with one colon between them: ai:genai",
        )
    return text


def is_type(text: str) -> bool:
    """Whether a text is written like a principal type."""
    return _TYPE.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether a text is written like the name of a region."""
    return _REGION.fullmatch(text) is not None


def is_place(text: str) -> bool:
    """Whether a text is written like a compartment, so that one can ask for it."""
    try:
        a_place(text)
    except PydanticCustomError:
        return False
    return True


def some_texts(value: Any) -> Any:
    """One value, or a list of them."""
    return value if isinstance(value, list | tuple) else (value,)


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"
