"""Lines that fit: nothing is lost, nothing is too wide but what stands alone, carets stay below."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocipolicy.diagnostics import Diagnostic, Severity, Source, Span
from ocipolicy.language import parse
from ocipolicy.outputs.lines import columns, compared, fold, listed, message, table
from ocipolicy.outputs.text import labelled, of_diagnostic, of_diagnostics, plain
from tests.terminals import at_terminal, run

BROKEN = (
    "allow grup Admins to use generative-ai-family in compartment ai:genai"
    " where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'\n"
)
STATEMENT = "allow group Admins to use generative-ai-family in compartment ai:genai"

words = st.lists(st.text("ab漢`", min_size=1, max_size=30), min_size=1, max_size=30)
widths = st.integers(40, 120)


@given(words, widths, st.integers(0, 10), st.integers(0, 10))
def test_a_paragraph_keeps_its_words_and_fits(
    said: list[str], wide: int, indent: int, hang: int
) -> None:
    lines = fold(" ".join(said), wide, indent, hang)

    assert " ".join(lines).split() == said
    for at, line in enumerate(lines):
        assert len(line) - len(line.lstrip(" ")) == (hang if at else indent)
        assert columns(line) <= wide or len(line.split()) == 1


def test_code_stays_together_where_it_fits() -> None:
    text = "a plan of another version; make a new one: `ocipolicy plan CONFIG -o plan.json`, please"

    assert fold(text, 50) == [
        "a plan of another version; make a new one:",
        "`ocipolicy plan CONFIG -o plan.json`, please",
    ]
    assert fold("`one two three four five six seven eight nine`", 40) == [
        "`one two three four five six seven",
        "eight nine`",
    ]


def test_a_short_last_word_gets_company() -> None:
    assert fold("they prove the endpoint, and nothing of the instance", 50) == [
        "they prove the endpoint, and nothing of",
        "the instance",
    ]


@pytest.mark.parametrize(
    ("text", "wide", "lines"),
    [
        (f"help: write: {STATEMENT}", None, [f"help: write: {STATEMENT}"]),
        (f"help: write: {STATEMENT}", 120, [f"help: write: {STATEMENT}"]),
        (f"help: write: {STATEMENT}", 80, ["help: write:", f"        {STATEMENT}"]),
        (
            "help: ask for this\nin service: ALLOW any-user TO use x IN tenancy",
            40,
            [
                "help: ask for this",
                "      in service:",
                f"{'':8}ALLOW any-user TO use x IN tenancy",
            ],
        ),
        (
            "error: what is there says: allow it to nobody who is not known to us",
            40,
            ["error: what is there says: allow it to", "      nobody who is not known to us"],
        ),
    ],
    ids=["no terminal", "it fits", "alone on its line", "lines of its own", "no statement"],
)
def test_a_statement_in_a_message_is_whole(text: str, wide: int | None, lines: list[str]) -> None:
    assert message(text, wide, hang=6) == lines


def test_what_was_expected_stands_above_what_came() -> None:
    assert [*compared("✗ verb", "use", "manage", None, 4)] == [
        "    ✗ verb: expected use; got manage"
    ]
    assert [*compared("✗ verb", "use " * 10, "manage", 40, 4)] == [
        "    ✗ verb:",
        "        expected use use use use use use",
        "                 use use use use",
        "        got      manage",
    ]


def test_a_list_breaks_between_its_words() -> None:
    assert listed(["use a", "manage b", "and 2 others"], 20, 2, "what") == [
        "  what: use a,",
        "    manage b",
        "    and 2 others",
    ]
    assert listed([], 20, 2, "what") == []


def test_a_table_that_is_too_wide_has_no_columns() -> None:
    rows = [("a", "bb", "c"), ("aaa" * 5, "b", "c" * 25)]

    assert [*table(rows, 80)] == [f"{'a':15}  bb  c", f"{'a' * 15}  b   {'c' * 25}"]
    assert [*table(rows, 40)] == ["a  bb  c", "a" * 15, "    b", f"    {'c' * 25}"]


@given(st.text("ab 漢\t", min_size=1, max_size=300), st.data(), st.integers(40, 120))
def test_carets_fit_and_stand_below_the_fault(text: str, data: st.DataObject, wide: int) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = Diagnostic("r", Severity.ERROR, "m", Span(Source(text, "f"), start, end))
    shown = of_diagnostic(found, plain, wide).split("\n")

    assert max(map(columns, shown)) <= wide
    if len(shown) > 1:
        line, carets = (each[5:] for each in shown[1:3])
        before = len(carets) - len(carets.lstrip(" "))
        marked = line
        while columns(marked) > before:
            marked = marked[:-1]
        first = line[len(marked) : len(marked) + 1]
        assert columns(marked) == before
        assert first in ("…", text[start].replace("\t", " "))


def test_only_the_first_label_is_painted() -> None:
    painted = labelled("help:", "help: it is", lambda text, kind: f"<{kind}>{text}</>", 80)

    assert painted == ["<help>help:</> help: it is"]


@pytest.mark.parametrize(
    ("columns", "variable", "found"),
    [(0, "", 80), (72, "", 72), (20, "", 40), (300, "", 120), (72, "100", 100), (72, "wide", 80)],
)
def test_the_width_of_a_terminal(columns: int, variable: str, found: int, tmp_path: Path) -> None:
    (tmp_path / "p.policy").write_text(BROKEN, encoding="utf-8")
    told = of_diagnostics(parse(BROKEN, "p.policy").diagnostics, plain, found)

    code, screen = at_terminal(
        "parse", "p.policy", columns=columns, folder=tmp_path, COLUMNS=variable, NO_COLOR="1"
    )

    assert (code, screen) == (1, f"{told}\n\n1 error\n")


def test_no_terminal_has_no_width(tmp_path: Path) -> None:
    (tmp_path / "p.policy").write_text(BROKEN, encoding="utf-8")
    told = of_diagnostics(parse(BROKEN, "p.policy").diagnostics)

    done = run("parse", "p.policy", stdin=b"", folder=tmp_path, COLUMNS="100")

    assert done.stderr.decode() == f"{told}\n\n1 error\n"


def test_a_paragraph_commands_no_terminal() -> None:
    said = "it said \x1b[31mno\x1b]0;title\x07\u202e\nand\tthat"

    assert fold(said, 80) == ["it said �[31mno�]0;title�� and that"]
