"""Completion, as shells ask for it: commands, options, and the words that an argument can be."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ocipolicy.cli import COMMANDS
from tests.examples import EXAMPLES
from tests.terminals import OCIPOLICY, environment, run

VARIABLE = "_OCIPOLICY_COMPLETE"
WORLD = str(EXAMPLES / "cross-tenancy.world.yaml")
CONFIG = str(EXAMPLES / "cross-tenancy.yaml")


def offered(*words: str) -> list[str]:
    """What is offered for the last of the words behind `ocipolicy`, each with its kind."""
    return asked("bash", words)


def asked(shell: str, words: Sequence[str], stdin: bytes = b"") -> list[str]:
    line = (
        shlex.join(["ocipolicy", *words]) if words[-1] else shlex.join(["ocipolicy", *words[:-1]])
    )
    variables = {
        VARIABLE: f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words)),
    }
    done = run(stdin=stdin, folder=None, **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    return [line for line in done.stdout.decode().splitlines() if line]


def plain(*words: str) -> list[str]:
    return [f"plain,{word}" for word in words]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("pl",), ["plan"]),
        (("who-can", "Cha"), ["Chat", "ChangeModelCompartment"]),
        (("render", "--fo"), ["--format"]),
        (("render", "--format", "te"), ["text", "terraform"]),
        (("check", "--fail-on", ""), ["error", "warning", "note"]),
        (("init", ""), ["cross-tenancy", "paired", "same-tenancy"]),
        (("demo", "p"), ["paired"]),
        (("sandbox", ""), ["start", "env", "log", "stop"]),
        (("reference", "m"), ["model"]),
        (("reference", "region", "uk-"), ["uk-london-1", "uk-gov-london-1", "uk-cardiff-1"]),
        (("who-can", "GENERATIVE_AI_CHAT"), ["GENERATIVE_AI_CHAT"]),
        (("explain", "--do", "Summ"), ["SummarizeText"]),
        (("explain", "--given", "target.m"), ["target.model.id="]),
        (("explain", "--world", WORLD, "--who", "s"), ["sales", "support", "service/carol"]),
        (("what-can", "--world", WORLD, "caller/s"), ["caller/sales", "caller/support"]),
        (("explain", "--config", CONFIG, "--who", "i"), ["instance-1"]),
        (
            ("explain", "--world", WORLD, "--in", "se"),
            ["service", "service/ai", "service/ai:genai"],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_are_offered(words: tuple[str, ...], found: list[str]) -> None:
    shown = offered(*words)

    assert [each for each in plain(*found) if each not in shown] == []
    assert [each for each in shown if not each.removeprefix("plain,").startswith(words[-1])] == []


def test_all_commands_are_offered() -> None:
    assert offered("") == plain(*COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        *((name, "c") for name in ("render", "check", "parse", "fmt", "plan", "apply", "smoke")),
        *((name, "c") for name in ("rollback", "destroy")),
        ("explain", "--world", "c"),
        ("explain", "--config", "c"),
        ("snapshot", "--config-file", "c"),
        ("init", "--output", "c"),
    ],
    ids=" ".join,
)
def test_the_shell_completes_files(words: tuple[str, ...]) -> None:
    assert offered(*words) == ["file,c"]


def test_the_profiles_of_the_config_file_of_oci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text("[CALLER]\nregion=us-ashburn-1\n[SERVICE]\n", encoding="utf-8")
    monkeypatch.setenv("OCI_CONFIG_FILE", str(file))

    assert offered("snapshot", "--profile", "") == plain("DEFAULT", "CALLER", "SERVICE")


@pytest.mark.parametrize("text", [None, "", "tenancies: [", "\udcff", "name: x"])
@pytest.mark.parametrize("option", ["--world", "--config"])
def test_a_file_with_mistakes_is_no_matter(option: str, text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert offered("explain", option, str(file), "--who", "") == []


@pytest.mark.parametrize("words", [(), ("--world", "-"), ("--world", WORLD, "--config", CONFIG)])
def test_without_one_world_there_is_nothing(words: tuple[str, ...]) -> None:
    assert asked("bash", ("what-can", *words, "s"), stdin=Path(WORLD).read_bytes()) == []


def test_the_forms_of_zsh_and_fish() -> None:
    assert asked("zsh", ("pla",)) == ["plain", "plan", COMMANDS["plan"].replace(":", "\\:")]
    assert asked("fish", ("pla",)) == [f"plain,plan\t{COMMANDS['plan']}"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str, tmp_path: Path) -> None:
    done = run(stdin=b"", folder=None, **{VARIABLE: f"{shell}_source"})
    script = tmp_path / "script"
    script.write_bytes(done.stdout)

    assert (done.returncode, done.stderr) == (0, b"")
    assert f"{VARIABLE}={shell}_complete" in done.stdout.decode()
    if shutil.which(shell):
        read = subprocess.run([shell, "-n", str(script)], capture_output=True, check=False)
        assert (read.returncode, read.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_a_bash_completes(tmp_path: Path) -> None:
    program = tmp_path / "ocipolicy"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(OCIPOLICY)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    ask = f"""
        eval "$({VARIABLE}=bash_source ocipolicy)"
        complete -p ocipolicy
        COMP_WORDS=(ocipolicy reference operation Summ) COMP_CWORD=3
        _ocipolicy_completion ocipolicy
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", ask],
        capture_output=True,
        text=True,
        check=False,
        env=environment({"PATH": f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"}),
    )

    assert (done.returncode, done.stderr) == (0, "")
    registered, *found = done.stdout.splitlines()
    assert "-F _ocipolicy_completion ocipolicy" in registered
    assert found == ["SummarizeText"]
