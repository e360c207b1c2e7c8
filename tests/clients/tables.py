"""Tables that pages have from a test: compared, or written with the option of the snapshots."""

import re
from pathlib import Path

import pytest


def is_in_page(page: Path, name: str, table: str, request: pytest.FixtureRequest) -> None:
    """Assert that a page has a table between its marks, whatever the clients' versions are."""
    text = page.read_text(encoding="utf-8")
    marks = re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- end of {name} -->)", re.DOTALL)
    (found,) = marks.findall(text)
    if request.config.getoption("update_snapshots"):
        page.write_text(marks.sub(lambda _: f"\n{table}\n", text), encoding="utf-8")
    else:
        assert _without_versions(found) == _without_versions(f"\n{table}\n")


def _without_versions(text: str) -> str:
    """A page that stays the same when clients have a new version."""
    return re.sub(r"\b\d+(\.\d+)+\b", "N", text)
