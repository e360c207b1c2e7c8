"""The examples as test data: their configs, with keys changed."""

from pathlib import Path
from typing import Any

import yaml

from ocipolicy.config import Loaded, load

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
CASES = Path(__file__).parent / "cases"


def cases(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / path).read_text(encoding="utf-8"))
    return found


def named(case: dict[str, Any]) -> str:
    name: str = case["case"]
    return name


def changed(example: str, change: dict[str, Any]) -> str:
    """The config of an example with keys changed by their dotted paths; None leaves a key out."""
    data = yaml.safe_load((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))
    for path, value in change.items():
        *parents, key = path.split(".")
        place = data
        for parent in parents:
            place = place[parent]
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    text: str = yaml.safe_dump(data, sort_keys=False)
    return text


def config(example: str, change: dict[str, Any] | None = None) -> Loaded:
    loaded = load(changed(example, change or {}), f"{example}.yaml")
    assert loaded.config is not None, loaded.diagnostics
    return loaded
