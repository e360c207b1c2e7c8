"""Every command from outside: what it prints where, and how it exits."""

import json
from pathlib import Path

import pytest

from ocipolicy.config import schema
from ocipolicy.language import parse
from tests.commands import call, put, told

GOOD = "allow any-user to use generative-ai-family in tenancy\n"
LOOSE = "ALLOW  Any-User TO use generative-ai-family\n  IN Tenancy // all of it\n"
TIDY = "allow any-user to use generative-ai-family in tenancy // all of it\n"
BROKEN = "allow grup   Admins to use buckets in tenancy\n"
FINDING = """\
{file}:{line}:7: error: `grup` is no keyword here; did you mean `group`? [misspelt-keyword]
 {line} | allow grup   Admins to use buckets in tenancy
   |       ^^^^
help: write: allow group Admins to use buckets in tenancy

1 error
"""


def usage(command: str, message: str) -> str:
    arguments = {
        "": "[OPTIONS] COMMAND [ARGS]...",
        "parse": "[OPTIONS] FILE",
        "render": "[OPTIONS] [CONFIG]",
        "fmt": "[OPTIONS] FILE...",
        "schema": "[OPTIONS]",
    }
    program = f"ocipolicy {command}".strip()
    return (
        f"Usage: {program} {arguments[command]}\nTry '{program} --help' for help.\n\n"
        f"Error: {message}\n"
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- the program itself ------------------------------------------------------------------------


def test_no_command_shows_the_help_and_is_no_answer() -> None:
    code, out, err = told(call())

    assert (code, out) == (2, "")
    assert err == call("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "command", "message"),
    [
        (["rendr"], "", "No such command 'rendr'. Did you mean 'render'?"),
        (["xyz"], "", "No such command 'xyz'."),
        (["--versio"], "", "No such option '--versio'. Did you mean '--version'?"),
        (["parse"], "parse", "Missing argument 'FILE'."),
        (["fmt"], "fmt", "Missing argument 'FILE...'."),
        (
            ["parse", "--fromat", "json", "x"],
            "parse",
            "No such option '--fromat'. Did you mean '--format'?",
        ),
        (
            ["parse", "--format", "yaml", "x"],
            "parse",
            "Invalid value for '--format': 'yaml' is not one of 'text', 'json'.",
        ),
        (
            ["render", "--format", "yaml", "x"],
            "render",
            (
                "Invalid value for '--format': 'yaml' is not one of"
                " 'text', 'json', 'oci-cli', 'terraform', 'llm-service', 'az-cli'."
            ),
        ),
        (["parse", "a", "b"], "parse", "Got unexpected extra argument (b)"),
        (["schema", "x"], "schema", "Got unexpected extra argument (x)"),
    ],
)
def test_wrong_usage(arguments: list[str], command: str, message: str) -> None:
    assert told(call(*arguments)) == (2, "", usage(command, message))


def test_version() -> None:
    assert told(call("--version")) == (0, "ocipolicy 0.1.0\n", "")


READERS = [["parse"], ["parse", "--format", "json"], ["render"], ["fmt"], ["fmt", "--check"]]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "error: file cannot be read: No such file or directory\n"),
        (
            b"one\ntwo\n\xe4 three",
            "error: file is not UTF-8 text: byte 0xe4 in line 3\nhelp: save it as UTF-8\n",
        ),
        (
            GOOD.encode("utf-16"),
            (
                "error: file is not UTF-8 text: byte 0xff in line 1\n"
                "help: it looks like UTF-16; save it as UTF-8\n"
            ),
        ),
    ],
    ids=["missing", "latin-1", "utf-16"],
)
def test_no_text_to_read(
    folder: Path, command: list[str], data: bytes | None, message: str
) -> None:
    if data is not None:
        put("file", data)
    elif command == ["render"]:
        message += "help: `ocipolicy init` writes a config to start from\n"

    assert told(call(*command, "file")) == (2, "", message)
    if data is not None:
        assert (folder / "file").read_bytes() == data


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_folder_is_no_file(folder: Path, command: list[str]) -> None:
    (folder / "sub").mkdir()

    assert told(call(*command, "sub")) == (2, "", "error: sub cannot be read: Is a directory\n")


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_standard_input_that_is_no_text(command: list[str]) -> None:
    assert told(call(*command, "-", stdin=b"\xe4")) == (
        2,
        "",
        "error: <stdin> is not UTF-8 text: byte 0xe4 in line 1\nhelp: save it as UTF-8\n",
    )


# --- parse -------------------------------------------------------------------------------------


def test_parse_prints_canonical_statements() -> None:
    assert told(call("parse", "-", stdin=LOOSE + GOOD)) == (0, GOOD + GOOD, "")


def test_parse_of_nothing_prints_nothing() -> None:
    assert told(call("parse", "-", stdin="// nothing\n")) == (0, "", "")


def test_parse_goes_on_behind_a_broken_statement() -> None:
    put("p.policy", BROKEN + LOOSE)

    assert told(call("parse", "p.policy")) == (1, GOOD, FINDING.format(file="p.policy", line=1))


def test_parse_json_has_the_findings_inside() -> None:
    put("p.policy", BROKEN + GOOD)

    code, out, err = told(call("parse", "p.policy", "--format", "json"))
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "schema": 1,
        "statements": [
            {
                "kind": "allow",
                "line": 2,
                "text": GOOD.strip(),
                "subject": {"type": "any-user", "names": []},
                "grant": {"verb": "use", "resource": "generative-ai-family"},
                "location": {"tenancy": True},
            }
        ],
        "diagnostics": [
            {
                "rule": "misspelt-keyword",
                "severity": "error",
                "message": "`grup` is no keyword here; did you mean `group`?",
                "help": "write: allow group Admins to use buckets in tenancy",
                "file": "p.policy",
                "line": 1,
                "column": 7,
                "end_line": 1,
                "end_column": 11,
                "fix": {
                    "text": "group",
                    "line": 1,
                    "column": 7,
                    "end_line": 1,
                    "end_column": 11,
                },
            }
        ],
    }


def test_a_warning_does_not_change_the_exit_code() -> None:
    code, out, err = told(call("parse", "-", stdin="define X as ocid1.tenancy.oc1..x\n"))

    assert (code, out) == (0, "define tenancy X as ocid1.tenancy.oc1..x\n")
    assert err.startswith("<stdin>:1:1: warning: ")
    assert err.endswith("\n\n1 warning\n")


def test_a_byte_order_mark_does_not_shift_the_columns() -> None:
    code, out, err = told(call("parse", "-", stdin=b"\xef\xbb\xbf" + BROKEN.encode()))

    assert (code, out, err) == (1, "", FINDING.format(file="<stdin>", line=1))


# --- fmt ---------------------------------------------------------------------------------------


def test_fmt_writes_in_place_and_says_so() -> None:
    put("a.policy", LOOSE)
    put("b.policy", GOOD)

    assert told(call("fmt", "a.policy", "b.policy")) == (0, "", "formatted a.policy\n")
    assert Path("a.policy").read_text(encoding="utf-8") == TIDY
    assert Path("b.policy").read_text(encoding="utf-8") == GOOD
    assert told(call("fmt", "a.policy", "b.policy")) == (0, "", "")


def test_fmt_does_not_touch_a_file_that_is_tidy() -> None:
    put("a.policy", GOOD)
    before = Path("a.policy").stat()

    call("fmt", "a.policy")

    after = Path("a.policy").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_fmt_of_standard_input_writes_to_standard_output() -> None:
    assert told(call("fmt", "-", stdin=LOOSE)) == (0, TIDY, "")


def test_fmt_check_shows_the_difference_and_writes_nothing() -> None:
    put("a.policy", GOOD + LOOSE)

    assert told(call("fmt", "--check", "a.policy")) == (
        1,
        (
            "--- a.policy\n"
            "+++ a.policy (formatted)\n"
            "@@ -1,3 +1,2 @@\n"
            " allow any-user to use generative-ai-family in tenancy\n"
            "-ALLOW  Any-User TO use generative-ai-family\n"
            "-  IN Tenancy // all of it\n"
            "+allow any-user to use generative-ai-family in tenancy // all of it\n"
        ),
        "",
    )
    assert Path("a.policy").read_text(encoding="utf-8") == GOOD + LOOSE


def test_fmt_check_of_a_tidy_file_says_nothing() -> None:
    assert told(call("fmt", "--check", put("a.policy", GOOD))) == (0, "", "")


def test_fmt_check_says_when_only_line_ends_differ() -> None:
    put("a.policy", GOOD.strip())

    assert told(call("fmt", "--check", "a.policy")) == (
        1,
        "a.policy: nothing but line ends would change\n",
        "",
    )


def test_fmt_of_a_broken_statement_does_the_others() -> None:
    put("a.policy", LOOSE + BROKEN + LOOSE)
    put("b.policy", LOOSE)

    assert told(call("fmt", "a.policy", "b.policy")) == (
        1,
        "",
        FINDING.format(file="a.policy", line=3) + "formatted a.policy\nformatted b.policy\n",
    )
    assert Path("a.policy").read_text(encoding="utf-8") == TIDY + BROKEN + TIDY
    assert Path("b.policy").read_text(encoding="utf-8") == TIDY


def test_fmt_of_a_missing_file_does_the_others() -> None:
    put("b.policy", LOOSE)

    assert told(call("fmt", "a.policy", "b.policy")) == (
        2,
        "",
        "error: a.policy cannot be read: No such file or directory\nformatted b.policy\n",
    )
    assert Path("b.policy").read_text(encoding="utf-8") == TIDY


MESS = """\
// head

Allow group A to use buckets in tenancy   // trailing
alow group   B to use  buckets in tenancy // mine
   allow group C to
use // in the middle
  buckets in compartment

{{ template }}
# tail
Deny group D to use buckets in tenancy
"""


def test_fmt_of_a_file_with_errors_loses_nothing() -> None:
    put("a.policy", MESS)
    broken = [MESS[start:end] for start, end in parse(MESS).broken]

    assert call("fmt", "a.policy").exit_code == 1
    formatted = Path("a.policy").read_text(encoding="utf-8")
    assert len(broken) > 1
    assert [piece for piece in broken if piece not in formatted] == []
    assert "".join(formatted.split()).lower() == "".join(MESS.split()).lower()
    assert call("fmt", "--check", "a.policy").stdout == ""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fmt_keeps_line_ends_and_a_byte_order_mark(newline: str, mark: bytes) -> None:
    loose, tidy = (mark + text.replace("\n", newline).encode() for text in (LOOSE * 2, TIDY * 2))

    put("a.policy", loose)
    assert told(call("fmt", "a.policy")) == (0, "", "formatted a.policy\n")
    assert Path("a.policy").read_bytes() == tidy
    assert call("fmt", "-", stdin=loose).stdout_bytes == tidy
    assert told(call("fmt", "--check", "a.policy")) == (0, "", "")


def test_fmt_of_a_link_writes_to_what_it_leads_to() -> None:
    put("real.policy", LOOSE)
    Path("link.policy").symlink_to("real.policy")

    assert call("fmt", "link.policy").exit_code == 0
    assert Path("link.policy").is_symlink()
    assert Path("real.policy").read_text(encoding="utf-8") == TIDY


# --- schema ------------------------------------------------------------------------------------


def test_schema() -> None:
    code, out, err = told(call("schema"))

    assert (code, err) == (0, "")
    assert json.loads(out) == schema()
