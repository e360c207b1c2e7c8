"""Configs right and wrong, as files, and what must hold of any text.

A case in `cases/config/*.txt` is a config, `--- findings` with every diagnostic in full, and, where
it loads, `--- config` with every key as it was read.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ocipolicy import reference
from ocipolicy.config import Config, Loaded, load, schema
from ocipolicy.diagnostics import Diagnostic, Severity, Span, has_errors

CASES = Path(__file__).parent / "cases" / "config"
MINIMAL = """\
name: sales
scenario: same-tenancy
caller: {instances: [ocid1.odainstance.oc1.iad.sales]}
access: [language]
"""


SCHEMA = Draft202012Validator(schema())


class Editor(yaml.CSafeLoader):
    """Reads a file as an editor does that follows YAML 1.2, to hold it against the schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's way to start without any


for kind, pattern in {
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "null": r"~|null|Null|NULL|",
    "merge": r"<<",
}.items():
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), None)


def cases() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*.txt")):
        for case in file.read_text(encoding="utf-8").split("=== ")[1:]:
            title, rest = case.split("\n", 1)
            text, outcome = rest.split("--- findings\n")
            found.append(pytest.param(text, outcome, id=f"{file.stem}: {title}"))
    return found


def outcome_of(loaded: Loaded) -> str:
    told = "".join(told_of(diagnostic) for diagnostic in loaded.diagnostics)
    if loaded.config:
        told += "--- config\n"
        told += "".join(f"{key} = {getattr(loaded.config, key)!r}\n" for key in Config.model_fields)
    return told


def told_of(diagnostic: Diagnostic) -> str:
    told = (
        f"{diagnostic.severity} {diagnostic.rule} {place_of(diagnostic.span)}\n"
        f"    {diagnostic.message}\n"
        f"    help: {diagnostic.help}\n"
    )
    if diagnostic.fix:
        told += f"    fix: {place_of(diagnostic.fix.span)} -> {diagnostic.fix.text}\n"
    return told


def place_of(span: Span) -> str:
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column} {json.dumps(span.text)}"


@pytest.mark.parametrize(("text", "outcome"), cases())
def test_a_config_and_everything_that_is_wrong_with_it(text: str, outcome: str) -> None:
    loaded = load(text, "ocipolicy.yaml")
    assert outcome_of(loaded) == outcome
    assert loaded.source.text == text
    assert loaded.source.origin == "ocipolicy.yaml"


DEEP = (
    'error too-deep 1:41-1:42 "["\n'
    "    values are nested more than 40 levels deep here\n"
    "    help: close the brackets before this, or indent less\n"
)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        pytest.param(
            "",
            'error empty-file 1:1-1:1 ""\n'
            "    the file says nothing\n"
            "    help: begin with `name: sales-assistant`, and go on with one key a line\n",
            id="nothing at all",
        ),
        pytest.param(
            "name: sales\ncaller:\n\tinstances: []\n",
            'error yaml-syntax 3:1-3:2 "\\t"\n'
            "    a tab stands where YAML wants blanks\n"
            "    help: indent with blanks\n",
            id="a tab",
        ),
        pytest.param(
            "name: sa\x00les\n",
            'error control-character 1:9-1:10 "\\u0000"\n'
            "    the character U+0000 cannot stand in a YAML file\n"
            "    help: take it out\n",
            id="a character that YAML has no place for",
        ),
        pytest.param(
            "name: \ud800\n",
            'error control-character 1:7-1:8 "\\ud800"\n'
            "    the character U+D800 cannot stand in a YAML file\n"
            "    help: take it out\n",
            id="half a character",
        ),
        pytest.param(
            MINIMAL.replace("sales\n", '"sa\\nles"\n', 1),
            'error control-character 1:7-1:16 "\\"sa\\\\nles\\""\n'
            "    `name` has a line break or another character in it that cannot be seen\n"
            "    help: write it on one line, without escapes\n",
            id="an escaped line break in a value",
        ),
        pytest.param(
            "\ufeff" + MINIMAL.replace("\n", "\r\n").replace("language", "languag"),
            'error unknown-value 4:10-4:17 "languag"\n'
            "    an item of `access` cannot be `languag`\n"
            "    help: did you mean `language`?\n"
            '    fix: 4:10-4:17 "languag" -> language\n',
            id="a byte order mark and the line ends of Windows",
        ),
        pytest.param("[" * 10_000, DEEP, id="ten thousand brackets"),
        pytest.param("{" * 10_000, DEEP.replace("[", "{"), id="ten thousand braces"),
        pytest.param(
            "a0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)),
            'error too-large 5:5-5:59 "&a4 [*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]"\n'
            "    the aliases or the length of this make a file of more than 10,000 values\n"
            "    help: write fewer values\n",
            id="aliases that double and double again",
        ),
        pytest.param(
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60)),
            'error too-deep 40:12-40:16 "*a38"\n'
            "    values are nested more than 40 levels deep here\n"
            "    help: close the brackets before this, or indent less\n",
            id="aliases that go deeper and deeper",
        ),
    ],
)
def test_what_no_file_can_show(text: str, outcome: str) -> None:
    assert outcome_of(load(text)) == outcome


def test_the_places_of_values() -> None:
    loaded = load(
        "name: sales\n"
        "scenario: same-tenancy\n"
        "caller:\n"
        "  profile: HOME\n"
        "  instances: [ocid1.odainstance.oc1.iad.sales]\n"
        "access:\n"
        "  - language\n"
        "  - generative-ai: [chat, model]\n"
    )
    places = {
        path: place_of(loaded.span(*path))
        for path in (
            (),
            ("name",),
            ("region",),
            ("caller", "tenancy"),
            ("caller", "profile", "endpoint"),
            ("caller", "instances", 0),
            ("caller", "instances", 7),
            ("access", 0),
            ("access", 1, "generative-ai", 1),
            ("service", "tenancy"),
        )
    }
    assert places == {
        (): f"1:1-8:33 {json.dumps(loaded.source.text[:-1])}",
        ("name",): '1:7-1:12 "sales"',
        ("region",): '1:1-1:1 ""',
        ("caller", "tenancy"): '3:1-3:7 "caller"',
        ("caller", "profile", "endpoint"): '4:3-4:10 "profile"',
        ("caller", "instances", 0): '5:15-5:46 "ocid1.odainstance.oc1.iad.sales"',
        ("caller", "instances", 7): '5:3-5:12 "instances"',
        ("access", 0): '7:5-7:13 "language"',
        ("access", 1, "generative-ai", 1): '8:27-8:32 "model"',
        ("service", "tenancy"): '1:1-1:1 ""',
    }


def test_a_file_that_cannot_be_read_has_its_beginning_for_every_place() -> None:
    assert place_of(load("[").span("caller", "tenancy")) == '1:1-1:1 ""'


def test_the_schema_describes_every_key_and_its_own_examples_fit() -> None:
    found = schema()
    Draft202012Validator.check_schema(found)
    rows = [
        (f"{owner.get('description')}/{key}", row)
        for owner in (found, *found["$defs"].values())
        for key, row in owner["properties"].items()
    ]
    assert [key for key, row in rows if "description" not in row] == []
    assert [key for key, row in rows if "examples" not in row and "$ref" not in row] == []
    misfits = [
        (key, error.message)
        for key, row in rows
        for example in row.get("examples", [])
        for error in Draft202012Validator({**row, "$defs": found["$defs"]}).iter_errors(example)
    ]
    assert misfits == []


def test_the_schema_knows_the_words_of_access() -> None:
    whole, some = schema()["properties"]["access"]["items"]["anyOf"]
    assert whole["enum"] == ["generative-ai", "language"]
    assert {name: row["items"]["enum"] for name, row in some["properties"].items()} == {
        name: [*service.parts] for name, service in reference.services().items()
    }


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": "a b"},
        {"region": "ORD"},
        {"access": ["chat"]},
        {"access": [{"language": ["chat"]}]},
        {"caller": {"instances": ["ocid1.tenancy.oc1..home"]}},
        {"llm_services": []},
        {"smoke": {"temperature": 6}},
    ],
    ids=str,
)
def test_the_schema_refuses(data: dict[str, Any]) -> None:
    whole = {**yaml.safe_load(MINIMAL), **data} if data else data
    assert SCHEMA.is_valid(yaml.safe_load(MINIMAL))
    assert not SCHEMA.is_valid(whole)


def test_every_row_of_the_reference_says_where_it_is_from() -> None:
    services = reference.services()
    parts = [part for service in services.values() for part in service.parts.values()]
    for fact in (*services.values(), *parts, *reference.regions().values()):
        assert fact.source.startswith("https://docs.oracle.com/")
        assert fact.date == "2026-11"
    assert {name: (service.verb, service.type) for name, service in services.items()} == {
        "generative-ai": ("use", "generative-ai-family"),
        "language": ("use", "ai-service-language-family"),
    }
    assert {part.name: f"{part.verb} {part.type}" for part in parts} == {
        "chat": "use generative-ai-chat",
        "text-generation": "use generative-ai-text-generation",
        "text-summarization": "use generative-ai-text-summarization",
        "text-embedding": "use generative-ai-text-embedding",
        "text-rerank": "use generative-ai-text-rerank",
        "model": "read generative-ai-model",
        "endpoint": "read generative-ai-endpoint",
        "dominant-language": "use ai-service-dominant-language",
        "entities": "use ai-service-language-entities",
        "sentiments": "use ai-service-language-sentiments",
        "keyphrases": "use ai-service-language-keyphrases",
        "text-classification": "use ai-service-language-text-classification",
        "pii-entities": "use ai-service-language-pii-entities",
        "translation": "use ai-service-language-translation",
    }
    assert {region.key: name for name, region in reference.regions().items()}["ORD"] == (
        "us-chicago-1"
    )


def holds(loaded: Loaded) -> None:
    """What is true of every text that `load` was given."""
    assert (loaded.config is None) == has_errors(loaded.diagnostics)
    for diagnostic in loaded.diagnostics:
        span = diagnostic.span
        assert 0 <= span.start <= span.end <= len(loaded.source.text)
        assert isinstance(diagnostic.severity, Severity)
        assert diagnostic.message
        assert "\n" not in diagnostic.message
        assert diagnostic.help
    if loaded.config:
        data = yaml.load(loaded.source.text, Loader=Editor)  # noqa: S506 - a safe loader
        assert [error.message for error in SCHEMA.iter_errors(data)] == []


@settings(deadline=None)
@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    holds(load(text))


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,? \n\t<=.~"))
def test_any_punctuation_is_answered(text: str) -> None:
    holds(load(text))


OCIDS = st.sampled_from(
    [
        "ocid1.tenancy.oc1..home",
        "ocid1.tenancy.oc0..home",
        "ocid1.odainstance.oc1.iad.sales",
        "ocid1.odainstance.oc0.iad.sales",
        "ocid1.compartment.oc1..ai",
    ]
)
WORDS = st.sampled_from(
    [
        "sales",
        "chat",
        "generative-ai",
        "language",
        "us-chicago-1",
        "any-tenancy",
        "COHERE",
        "off",
        "no",
        "http://127.0.0.1:8080",
    ]
)
KEYS = st.sampled_from(
    sorted(
        {*Config.model_fields}
        | {key for owner in schema()["$defs"].values() for key in owner["properties"]}
    )
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS | OCIDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | WORDS | st.text(), inner, max_size=4)
    ),
)


@settings(deadline=None)
@given(ANYTHING, st.booleans())
def test_any_data_is_answered(data: Any, flow: bool) -> None:
    holds(load(yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)))


def some_of(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


TENANCY = st.sampled_from(["ocid1.tenancy.oc1..a", "ocid1.tenancy.oc1..b-_.9"])
WORD = st.from_regex(r"[A-Za-z0-9._-]{1,80}", fullmatch=True)
PROFILE = WORD | some_of(
    {
        "name": WORD | st.text(),
        "auth": st.sampled_from(["api_key", "resource_principal"]),
        "config_file": WORD,
        "endpoint": st.sampled_from(["http://localhost", "https://[::1]:1/{region}"]),
    }
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {
        "name": WORD,
        "scenario": st.sampled_from(["same-tenancy", "on", "12", "a.b"]),
        "caller": st.fixed_dictionaries(
            {"instances": st.just(["ocid1.odainstance.oc1.iad.x", "ocid1.odainstance.oc1..y"])},
            optional={"tenancy": TENANCY, "profile": PROFILE, "scope": st.just("this-tenancy")},
        ),
        "access": st.sampled_from(
            [["language"], [{"generative-ai": ["chat", "model"]}, "language"], ["generative-ai"]]
        ),
    },
    optional={
        "service": some_of({"tenancy": TENANCY, "profile": PROFILE}),
        "compartment": st.text() | WORD | TENANCY,
        "region": st.sampled_from(["us-chicago-1", "xx-y-1"]),
        "endorse": st.sampled_from(["any-tenancy", "service-tenancy"]),
        "smoke": some_of(
            {
                "model": WORD,
                "max_tokens": st.integers(1),
                "temperature": st.integers(0, 5) | st.floats(0, 5),
                "calls": st.just(["chat", "embed"]),
            }
        ),
        "rules": st.dictionaries(st.text(), st.sampled_from(["off", "note"])),
    },
)


@settings(deadline=None)
@given(NEARLY_RIGHT)
def test_what_loads_fits_the_schema(data: dict[str, Any]) -> None:
    holds(load(yaml.safe_dump(data, allow_unicode=True)))


RIGHT = (
    (CASES / "right.txt")
    .read_text(encoding="utf-8")
    .partition("--- findings")[0]
    .partition("\n")[2]
)


@settings(deadline=None)
@given(
    st.integers(0, len(RIGHT)),
    st.integers(0, 20),
    st.text(max_size=5) | st.sampled_from([*"&*[]{}:-#'\"\t!|>", ": ", "<<: *a", "&a ", "*a"]),
)
def test_a_right_file_with_an_accident_is_answered(start: int, length: int, put: str) -> None:
    holds(load(RIGHT[:start] + put + RIGHT[start + length :]))
