"""What single values of a config may be: one function each, which pydantic calls.

Each gives its value back, or raises what `wrong` makes; the message goes on where the name of the
key ends: "`caller.tenancy` must be the OCID of a tenancy".
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from ocipolicy import reference
from ocipolicy.document.tree import shown
from ocipolicy.language.tree import InCompartment, InCompartmentId

# Every character of an OCID is one that a bare word of the policy language may have, so that an
# OCID from a config can never end a statement early.
_OCID = re.compile(
    r"ocid1\.(?P<kind>[A-Za-z0-9_-]+)\.(?P<realm>[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*"
    r"\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]"
)
_REALM = re.compile(r"oc[0-9]+")
_PLACEHOLDER = re.compile(r"<[^<>]*>|\$\{[^{}]*\}")
_ENDPOINT = re.compile(
    r"https?://(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>(?:[A-Za-z0-9._-]|\{region\})+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/(?:[^\s?#{}\\]|\{region\})*)?"
)
_MODEL_KINDS = ("generativeaiendpoint", "generativeaimodel")
_LONGEST_NAME = 80
_LAST_PORT = 65535

NAME = rf"[A-Za-z0-9._-]{{1,{_LONGEST_NAME}}}"
REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+"
SCENARIO = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
ENDPOINT = r"https?://[^\s]+"


def ocid_pattern(*kinds: str) -> str:
    """The regular expression, for a JSON Schema, of an OCID of one of these kinds."""
    return rf"^ocid1\.({'|'.join(kinds)})\.oc[0-9]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]$"


def realm_of(text: str) -> str | None:
    """The realm of an OCID; None for a text that is no OCID of any realm.

    >>> realm_of("ocid1.odainstance.oc1.iad.sales")
    'oc1'
    """
    found = _OCID.fullmatch(text)
    return found["realm"] if found and _REALM.fullmatch(found["realm"]) else None


def is_loopback(endpoint: str) -> bool | None:
    """Whether a URL is one of this machine; None for a text that is no endpoint at all."""
    found = _ENDPOINT.fullmatch(endpoint)
    if not found:
        return None
    host = found["v6"] or found["host"]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def wrong(
    rule: str,
    message: str,
    help: str | None = None,
    fix: str | None = None,
    *,
    conceal: bool = False,
) -> PydanticCustomError:
    """A value that cannot be; `message` follows the name of the key, `fix` replaces the value.

    `conceal` keeps the value out of whatever is shown of the file, for it may be a secret.
    """
    context = {"message": message, "help": help, "fix": fix, "conceal": conceal}
    return PydanticCustomError("wrong-value", "{message}", {"rule": rule, **context})


def a_text(text: str) -> str:
    """Any text on one line that says something."""
    if not text.strip():
        raise wrong("empty-text", "is empty")
    if text != text.strip():
        trimmed = text.strip()
        raise wrong("stray-blank", "has blanks at its edge", "take them away", trimmed)
    placeholder = _PLACEHOLDER.search(text)
    if placeholder:
        raise wrong(
            "placeholder",
            f"still holds the placeholder {shown(placeholder[0])}",
            "put your own value in its place",
        )
    if not text.isprintable():
        raise wrong(
            "control-character",
            "has a line break or another character in it that cannot be seen",
            "write it on one line, without escapes",
        )
    return text


def an_ocid(*kinds: str) -> Callable[[str], str]:
    """The check of an OCID of one of these kinds."""
    wanted = " or ".join(_article(kind) for kind in kinds)

    def check(text: str) -> str:
        a_text(text)
        found = _OCID.fullmatch(text)
        if not found:
            raise wrong(
                "malformed-ocid",
                f"must be the OCID of {wanted}, and {shown(text)} is not a whole OCID",
                f"an OCID is ocid1.{kinds[0]}.<realm>.[region].<id>",
            )
        if found["kind"] not in kinds:
            raise wrong(
                "wrong-ocid-kind",
                f"must be the OCID of {wanted}, and this one is of {_article(found['kind'])}",
                f"write an OCID that begins with ocid1.{kinds[0]}.",
            )
        if not _REALM.fullmatch(found["realm"]):
            raise wrong(
                "unknown-realm",
                f"is of {shown(found['realm'])}, which is no realm of Oracle's",
                "a realm is `oc` and a number; the commercial one is oc1",
            )
        return text

    return check


def a_name(text: str) -> str:
    """The beginning of a policy's name, with room for a side and a number behind it."""
    a_text(text)
    if len(text) > _LONGEST_NAME:
        raise wrong(
            "wrong-name",
            f"has {len(text)} characters, and a policy's name has room for {_LONGEST_NAME} of it",
            "choose a shorter name",
        )
    if not re.fullmatch(NAME, text):
        usable = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")
        raise wrong(
            "wrong-name",
            f"begins the names of policies, and {shown(text)} cannot",
            "use letters, digits, `-`, `.` and `_`" + (f": {usable}" if usable else ""),
            usable or None,
        )
    return text


def a_scenario(text: str) -> str:
    """The name of a folder of templates; a path would lead out of them."""
    a_text(text)
    if not re.fullmatch(SCENARIO, text):
        raise wrong(
            "wrong-scenario",
            f"is the name of a folder of templates, and {shown(text)} is no plain name",
            "write same-tenancy, cross-tenancy, paired, or the name of a folder of your own",
        )
    return text


def a_region(text: str) -> str:
    """The name of a region by its shape; `us-chicago-1`."""
    a_text(text)
    if re.fullmatch(REGION, text):
        return text
    by_key = {region.key: region.name for region in reference.regions().values()}
    name = by_key.get(text.upper())
    if name:
        raise wrong(
            "region-key",
            f"needs the name of a region, and {shown(text)} is the key of one",
            f"write {name}",
            name,
        )
    lower = text.lower()
    fits = re.fullmatch(REGION, lower) is not None
    raise wrong(
        "malformed-region",
        f"must be the name of a region, and {shown(text)} is not written like one",
        f"write {lower}" if fits else "a region is written like us-chicago-1",
        lower if fits else None,
    )


def an_endpoint(text: str) -> str:
    """The URL of a server without query or user; `{region}` may stand in it."""
    a_text(text)
    found = _ENDPOINT.fullmatch(text)
    if not found:
        raise wrong(
            "malformed-endpoint",
            f"must be the URL of a server, and {shown(text)} is not",
            "write it like http://127.0.0.1:8080; `{region}` is all that braces may hold",
        )
    if found["port"] and not 0 < int(found["port"]) <= _LAST_PORT:
        raise wrong(
            "malformed-endpoint",
            f"names the port {found['port']}, and ports go from 1 to {_LAST_PORT}",
            "write the port that the server listens on",
        )
    return text


def a_model(text: str) -> str:
    """The name of a model, or the OCID of a model or of a dedicated cluster's endpoint."""
    return an_ocid(*_MODEL_KINDS)(text) if text.startswith("ocid1.") else a_text(text)


def a_compartment(value: Any) -> InCompartment | InCompartmentId:
    """A path from the root or an OCID, as the node that stands for it in a statement."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "")
    if not value.strip(" /:"):
        raise wrong(
            "empty-path-part",
            "names no compartment",
            "leave the key out for the whole tenancy",
        )
    a_text(value)
    if value.startswith("ocid1."):
        return InCompartmentId(an_ocid("compartment", "tenancy")(value))
    if "/" in value:
        path = ":".join(part for part in re.split("[/:]", value) if part)
        raise wrong(
            "slash-in-path",
            "joins the names of its path with `/`, and they are joined with `:`",
            f"write {path}",
            path,
        )
    names = tuple(value.split(":"))
    for name in names:
        _compartment_name(name)
    return InCompartment(names)


def _compartment_name(name: str) -> None:
    if not name:
        raise wrong(
            "empty-path-part",
            "has an empty name in its path",
            "write the names from the root down with one colon between them: ai:genai",
        )
    if name != name.strip():
        raise wrong(
            "stray-blank",
            f"has blanks round the name {shown(name.strip())} in its path",
            "write the path without blanks beside the colons",
        )
    strange = [character for character in name if not " " <= character <= "~"]
    strange += [character for character in name if character in "'\\"]
    if strange:
        raise wrong(
            "wrong-compartment-name",
            f"has {shown(strange[0])} in a name, which no compartment's name has",
            "compartments are named in printable ASCII without quotes and backslashes",
        )


def a_profile(value: Any) -> Any:
    """The name of a profile stands for the mapping that has this name alone."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict):
        return value
    raise PydanticCustomError("profile_type", "")


def an_access(value: Any) -> Any:
    """A service alone stands for all of it; a mapping of one service has the parts behind it."""
    match value:
        case str():
            return {"service": value}
        case dict() if len(value) == 1:
            ((service, parts),) = value.items()
            return {"service": service, "parts": parts}
    raise PydanticCustomError("access_type", "")


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
