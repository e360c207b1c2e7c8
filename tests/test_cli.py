"""Every command from outside: what it prints where, and how it exits."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ocipolicy.cli import main
from ocipolicy.config import schema
from ocipolicy.language import parse
from tests.examples import EXAMPLES, changed

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
BROAD_HELP = """\
help: least privilege is generative-ai: [chat, text-embedding, text-rerank], \
or only the parts that are called
"""
NOTES = f"""\
{{file}}:37:5: note: Oracle's page prints the statements of two tenancies for Generative AI only; \
those for Language are written here after the same pattern [undocumented-form]
 37 |   - language
    |     ^^^^^^^^

{{file}}:36:5: note: generative-ai-family gives 56 permissions; \
the calls it is meant for need 5 [broader-than-needed]
 36 |   - generative-ai
    |     ^^^^^^^^^^^^^
{BROAD_HELP}
2 notes
proved: 1 instance x 17 operations allowed, 1148 probes refused
"""
BROAD = f"""\
{{file}}:{{line}}:3: note: generative-ai-family gives 56 permissions; \
the calls it is meant for need 5 [broader-than-needed]
 {{line}} | - generative-ai
    |   ^^^^^^^^^^^^^
{BROAD_HELP}
1 note
"""
PROVED = "proved: 1 instance x 17 operations allowed, 343 probes refused\n"
SALES = """\
// policy sales-assistant-caller, in the root compartment of ocid1.tenancy.oc1..caller
// Lets Digital Assistant instances of this tenancy use Generative AI and Language
allow any-user to use generative-ai-family in compartment ai:genai \
where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
allow any-user to use ai-service-language-family in compartment ai:genai \
where request.principal.id = 'ocid1.odainstance.oc1.iad.sales'
"""


def call(*arguments: str, stdin: bytes | str = b"") -> Result:
    result = CliRunner().invoke(main, arguments, input=stdin, prog_name="ocipolicy")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


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


def put(name: str, text: str | bytes) -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


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
                " 'text', 'json', 'oci-cli', 'terraform'."
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


# --- render ------------------------------------------------------------------------------------


def test_render_reads_the_config_of_the_working_folder() -> None:
    put("ocipolicy.yaml", changed("same-tenancy", {}))

    assert told(call("render")) == (0, SALES, BROAD.format(file="ocipolicy.yaml", line=11) + PROVED)


def test_render_reads_standard_input() -> None:
    err = BROAD.format(file="<stdin>", line=11) + PROVED
    assert told(call("render", "-", stdin=changed("same-tenancy", {}))) == (0, SALES, err)


def test_render_shows_notes_beside_the_results() -> None:
    file = str(EXAMPLES / "cross-tenancy.yaml")
    code, out, err = told(call("render", file))

    assert (code, err) == (0, NOTES.format(file=file))
    assert parse(out).diagnostics == ()


def test_render_json_has_the_findings_inside() -> None:
    file = str(EXAMPLES / "cross-tenancy.yaml")
    code, out, err = told(call("render", file, "--format", "json"))

    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == ["schema", "policies", "proof", "diagnostics"]
    assert [(each["rule"], each["file"], each["line"]) for each in found["diagnostics"]] == [
        ("undocumented-form", file, 37),
        ("broader-than-needed", file, 36),
    ]
    proof = found["proof"]
    assert (proof["proved"], proof["allowed"], proof["refused"]) == (True, 162, 1148)
    assert proof["probes"][0] == {
        "who": "caller/instance-1",
        "operation": "Chat",
        "where": "service/ai:genai",
        "half": None,
        "wanted": "allowed",
        "verdict": "allowed",
    }


WRONG = {"caller.instances": ["ocid1.tenancy.oc1..x"]}
WRONG_FINDING = (
    "an item of `caller.instances` must be the OCID of an odainstance, and this one is of a tenancy"
)


def test_render_of_a_wrong_config_writes_nothing(folder: Path) -> None:
    put("c.yaml", changed("same-tenancy", WRONG))

    for form in ("text", "json", "oci-cli", "terraform"):
        code, out, err = told(call("render", "c.yaml", "--format", form, "-o", "out"))
        assert (code, out) == (1, "")
        assert err.startswith(f"c.yaml:7:5: error: {WRONG_FINDING} [wrong-ocid-kind]\n")
        assert err.endswith("\n1 error\n")
    assert [path.name for path in folder.iterdir()] == ["c.yaml"]


def test_render_json_of_a_wrong_config_is_json() -> None:
    put("c.yaml", changed("same-tenancy", WRONG))

    code, out, err = told(call("render", "c.yaml", "--format", "json"))
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert (found["schema"], found["policies"]) == (1, [])
    assert [(each["rule"], each["message"]) for each in found["diagnostics"]] == [
        ("wrong-ocid-kind", WRONG_FINDING)
    ]


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("text", ["sales-assistant-service.policy", "sales-assistant-caller.policy"]),
        ("json", ["sales-assistant.json"]),
        ("oci-cli", ["sales-assistant-service.json", "sales-assistant-caller.json"]),
        ("terraform", ["sales-assistant.tf"]),
    ],
)
def test_render_writes_files(form: str, names: list[str]) -> None:
    put("c.yaml", changed("cross-tenancy", {"access": [{"generative-ai": ["chat"]}]}))

    code, out, err = told(call("render", "c.yaml", "--format", form, "-o", "out"))
    assert (code, out) == (0, "".join(f"out/{name}\n" for name in names))
    err = err.removeprefix("proved: 1 instance x 1 operation allowed, 700 probes refused\n")
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(names)
    if form == "oci-cli":
        assert err == (
            "\nIn that folder, with the home regions in the profiles:\n"
            "  oci iam policy create --profile SERVICE"
            " --from-json file://sales-assistant-service.json\n"
            "  oci iam policy create --profile CALLER"
            " --from-json file://sales-assistant-caller.json\n"
        )
    else:
        assert err == ""


def test_render_into_a_folder_that_cannot_be() -> None:
    put("c.yaml", changed("same-tenancy", {}))
    before = BROAD.format(file="c.yaml", line=11) + PROVED

    assert told(call("render", "c.yaml", "-o", "c.yaml")) == (
        2,
        "",
        f"{before}error: c.yaml cannot be written: File exists\n",
    )
    assert told(call("render", "c.yaml", "-o", "c.yaml/x")) == (
        2,
        "",
        f"{before}error: c.yaml/x cannot be written: Not a directory\n",
    )


@pytest.mark.parametrize("form", ["oci-cli", "terraform"])
def test_render_refuses_to_create_with_a_stand_in(form: str) -> None:
    change: dict[str, Any] = {"caller.tenancy": None, "access": ["language"]}
    put("c.yaml", changed("paired", change))

    assert told(call("render", "c.yaml", "--format", form, "-o", "out")) == (
        2,
        "",
        (
            "proved: 1 instance x 12 operations allowed, 768 probes refused"
            " (with a stand-in for caller.tenancy)\n"
            "error: caller.tenancy is not known yet, so nothing can be created from this\n"
            "help: render it as text for the request to Oracle, and put the answer in the config\n"
        ),
    )
    assert not Path("out").exists()


OWN = """\
// policy sales-assistant-caller, in the root compartment of a tenancy that is not known yet
// Own
allow any-user to use ai-service-language-translation in tenancy where request.principal.id \
= 'ocid1.odainstance.oc1.iad.sales'
"""


OWN_CHANGE: dict[str, Any] = {
    "scenario": "own",
    "caller.tenancy": None,
    "caller.profile": None,
    "compartment": None,
    "access": [{"language": ["translation"]}],
}
OWN_PROVED = "proved: 1 instance x 1 operation allowed, 226 probes refused\n"


def test_render_with_templates_of_ones_own() -> None:
    Path("mine/own").mkdir(parents=True)
    put(
        "mine/own/scenario.yaml", "summary: own\nsides: {caller: {apply: true, description: Own}}\n"
    )
    template = (
        "{% for grant in grants %}allow any-user to {{ grant.verb }} {{ grant.resource }} in"
        " tenancy where request.principal.id = {{ instances[0] | quoted }}\n{% endfor %}"
    )
    put("mine/own/caller.policy.j2", template)
    put("c.yaml", changed("same-tenancy", OWN_CHANGE))

    assert told(call("render", "c.yaml", "--templates", "mine")) == (0, OWN, OWN_PROVED)
    code, out, err = told(call("render", "c.yaml", "--templates", "nowhere"))
    assert (code, out) == (2, "")
    assert err == "error: the templates folder nowhere is not there, or is no folder\n"


@pytest.mark.parametrize("form", ["text", "json", "oci-cli", "terraform"])
def test_a_template_that_grants_something_else_writes_nothing(form: str) -> None:
    Path("mine/own").mkdir(parents=True)
    put(
        "mine/own/scenario.yaml", "summary: own\nsides: {caller: {apply: true, description: Own}}\n"
    )
    put(
        "mine/own/caller.policy.j2",
        "allow any-user to use ai-service-language-translation in tenancy\n",
    )
    # No rule of the config can talk a failed proof away.
    put("c.yaml", changed("same-tenancy", {**OWN_CHANGE, "rules": {"not-proved": "off"}}))

    code, out, err = told(
        call("render", "c.yaml", "--templates", "mine", "--format", form, "-o", "out")
    )
    assert (code, out) == (1, "")
    assert err == UNPROVED
    assert not Path("out").exists()


UNPROVED = """\
c.yaml:2:11: error: BatchLanguageTranslation by caller/other-odainstance in caller is allowed \
and should be denied (and 2 more) [not-proved]
 2 | scenario: own
   |           ^^^
help: the template grants more than what the config asks for; `--format json` lists all

1 error
not proved: 3 of 228 probes
"""


# --- schema ------------------------------------------------------------------------------------


def test_schema() -> None:
    code, out, err = told(call("schema"))

    assert (code, err) == (0, "")
    assert json.loads(out) == schema()
