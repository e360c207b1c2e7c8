"""How the dictionary's files are read: every row with its source, its date and its doubt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A row of the dictionary: where it was read, when, and what keeps it from being certain.

    `source` is a page or a named tool, `date` the month it was read in (`2026-11`). A row without
    `doubt` was read in Oracle's own pages or SDK.
    """

    source: str
    date: str
    doubt: str | None = None


@cache
def read(name: str) -> Mapping[str, Any]:
    """The file of this name, read once.

    `sources` and `date` at its top spare its rows the repetition: a row's `source` is a key of
    `sources` or stands for itself, and a row without `date` has that of the file.
    """
    # Late, so that a program that asks for no word of the dictionary does not pay for it.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe loaders
    return data


def rows(name: str, key: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row of a list in a file, with the fields of its `Fact`."""
    data = read(name)
    for row in data.get(key, ()):
        yield row, fact(data, row)


def fact(data: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row's `Fact`."""
    source = data.get("sources", {}).get(row["source"], row["source"])
    return {
        "source": source,
        "date": row.get("date") or data["date"],
        "doubt": row.get("doubt"),
    }
