"""What a request says of things of this service: names, descriptions and tags, each checked.

The texts of refusals are Oracle's own defaults for their codes (`ErrorCode` of Helidon's OCI
integration, Oracle 2024); what follows a colon is ours, since what OCI says there was not found.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from ocipolicy import reference
from ocipolicy.sandbox.fields import Fields, missing
from ocipolicy.sandbox.routes import Asked
from ocipolicy.sandbox.wire import invalid

# Sources: the console's own hint beside the field, "letters, numerals, hyphens, periods, or
# underscores"; groups may have `+` as well and users `@`.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NAME_OF_PERSON = re.compile(r"[A-Za-z0-9_.+@-]+")
_TAG_KEY = re.compile(r"[!-~]+")  # printable ASCII without spaces; that it has no dot is asked for


def required(asked: Asked, name: str) -> str:
    """A parameter behind the question mark. Raises Refusal where it is missing."""
    value = asked.call.query.get(name)
    if not value:
        raise missing(name)
    return value


class Body(Fields):
    """The body of a request that makes or changes something."""

    def name(self, *, person: bool = False) -> str:
        """The name of a new thing, or a new name; that of a `person` may have more characters."""
        text = self.text("name")
        longest = reference.limit("policy-name-length").value
        fits = (_NAME_OF_PERSON if person else _NAME).fullmatch(text) and len(text) <= longest
        if not fits or text.startswith("ocid1."):
            raise invalid(
                f"Invalid Parameter: name must have 1 to {longest} letters, numerals, hyphens, "
                "periods or underscores"
            )
        return text

    def description(self) -> str:
        """A description, which everything has to have."""
        text = self.text("description")
        longest = reference.limit("policy-description-length").value
        if len(text) > longest:
            raise invalid(f"Invalid Parameter: description must have 1 to {longest} characters")
        return text

    def version_date(self) -> str | None:
        """The date of a policy's version; an empty text is none."""
        day = self.text("versionDate", "").partition("T")[0]
        try:
            return date.fromisoformat(day).isoformat() if day else None
        except ValueError:
            raise invalid("Invalid Parameter: versionDate must be YYYY-MM-DD") from None

    def freeform_tags(self) -> Mapping[str, str]:
        """Free-form tags."""
        tags = self.part("freeformTags")
        return {key: tags.text(key, "") for key in _checked(self._values["freeformTags"])}

    def defined_tags(self) -> Mapping[str, Mapping[str, object]]:
        """Defined tags, by namespace and key; each is a text, or several.

        Whether there is such a tag namespace is not looked at: a world has none.
        """
        namespaces = self.part("definedTags")
        found: dict[str, Mapping[str, object]] = {}
        for namespace in _checked(self._values["definedTags"]):
            tags, keys = namespaces.part(namespace), self._values["definedTags"][namespace]
            found[namespace] = {
                key: [*tags.texts(key)] if isinstance(keys[key], list) else tags.text(key, "")
                for key in _checked(keys)
            }
        return found


def _checked(tags: Mapping[str, object]) -> Iterator[str]:
    """The keys of tags. Raises Refusal where a world could not hold them."""
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key) or "." in key or len(key) > 100:
            raise invalid(
                "Invalid Parameter: the key of a tag must have 1 to 100 printable ASCII "
                "characters, without periods and spaces"
            )
        if value == []:
            raise invalid("Invalid Parameter: a tag must have a value")
        yield key
