"""What only real streams show: pipes that close, full disks, encodings, terminals."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.examples import changed
from tests.terminals import OCIPOLICY, at_terminal, environment, plain, run

GOOD = "allow any-user to use generative-ai-family in tenancy\n"
LOOSE = "ALLOW any-user TO use generative-ai-family IN tenancy\n"
BROKEN = "allow grup Admins to use buckets in tenancy\n"
FINDING = """\
p.policy:1:7: error: `grup` is no keyword here; did you mean `group`? [misspelt-keyword]
 1 | allow grup Admins to use buckets in tenancy
   |       ^^^^
help: write: allow group Admins to use buckets in tenancy

1 error
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def test_a_closed_pipe_ends_it_quietly() -> None:
    put("big.policy", GOOD * 20_000)
    shell = '"$@" parse big.policy | head -1; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(
        ["bash", "-c", shell, "bash", *OCIPOLICY],
        capture_output=True,
        text=True,
        check=True,
        env=environment({}),
    )

    assert (done.stdout, done.stderr) == (GOOD + "1\n", "")


def test_a_full_disk_behind_standard_output_is_said() -> None:
    put("a.policy", GOOD)
    done = subprocess.run(
        ["bash", "-c", '"$@" parse a.policy > /dev/full', "bash", *OCIPOLICY],
        capture_output=True,
        text=True,
        check=False,
        env=environment({}),
    )

    assert (done.returncode, done.stderr) == (
        2,
        "error: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_terminal(encoding: str) -> None:
    put("ä🌍.policy", "allow grup '🌍' to use x in tenancy\n")
    shown = encoding if encoding != "ascii" else "utf-8"  # click takes ASCII for a mistake
    name = "ä🌍.policy".encode(shown, errors="backslashreplace")

    done = run("parse", "ä🌍.policy", PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert done.stderr.startswith(name + b":1:7: error: ")
    assert b"Traceback" not in done.stderr

    done = run("parse", "ä🌍.policy", "--format", "json", PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout)["diagnostics"][0]["file"] == "ä🌍.policy"
    assert done.stderr == b""


def test_no_colours_in_a_pipe() -> None:
    put("c.yaml", changed("cross-tenancy", {}))
    put("p.policy", BROKEN)

    for arguments in (["render", "c.yaml"], ["parse", "p.policy"], ["fmt", "--check", "p.policy"]):
        done = run(*arguments)
        assert b"\x1b" not in done.stdout + done.stderr


def test_colours_on_a_terminal_but_not_with_no_color() -> None:
    put("p.policy", BROKEN + LOOSE)
    expected = GOOD + "\n" + FINDING

    code, screen = at_terminal("parse", "p.policy", columns=100)
    assert (code, plain(screen)) == (1, expected)
    assert "\x1b[31m\x1b[1merror:\x1b[0m" in screen
    assert at_terminal("parse", "p.policy", columns=100, NO_COLOR="1") == (1, expected)

    code, screen = at_terminal("fmt", "--check", "p.policy")
    assert "\x1b[32m+allow any-user" in screen
    code, screen = at_terminal("fmt", "--check", "p.policy", NO_COLOR="1")
    assert "\x1b" not in screen
    code, screen = at_terminal("parse", "nothing", NO_COLOR="1")
    assert (code, screen) == (2, "error: nothing cannot be read: No such file or directory\n")


def test_fmt_writes_utf8_whatever_the_terminal_is() -> None:
    text = "allow group 'Größe' to use buckets in tenancy // ä\n"
    done = run("fmt", "-", stdin=text.encode(), PYTHONIOENCODING="ascii")

    assert done.stdout == text.encode()
