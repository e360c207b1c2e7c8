"""What other programs run: the hooks of pre-commit, and the action of GitHub, each really run."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples import EXAMPLES, ROOT
from tests.terminals import OCIPOLICY, environment, run

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WRONG = "Allow group staff to use buckets in tenancy where request.region = 'us-chicago-1'\n"
WARNED = "allow any-user to use buckets in tenancy\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.policy").write_text(WRONG, encoding="utf-8")
    (tmp_path / "warned.policy").write_text(WARNED, encoding="utf-8")
    return tmp_path


def hook(name: str, *files: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a hook as pre-commit does: its entry, and the files that its pattern takes."""
    program, *arguments = shlex.split(HOOKS[name]["entry"])
    assert program == "ocipolicy"
    taken = [file for file in files if re.search(HOOKS[name]["files"], file)]
    return run(*arguments, *taken)


def test_the_hooks_are_for_python_and_say_what_they_do() -> None:
    assert set(HOOKS) == {"ocipolicy-check", "ocipolicy-fix", "ocipolicy-fmt"}
    assert {each["language"] for each in HOOKS.values()} == {"python"}
    assert all(each["description"] for each in HOOKS.values())


@pytest.mark.parametrize(
    ("file", "taken"),
    [
        ("a.policy", True),
        ("deep/prod.world.yaml", True),
        ("ocipolicy.yaml", True),
        ("deep/ocipolicy.yml", True),
        ("values.yaml", False),
        ("myocipolicy.yaml", False),
        ("a.policy.j2", False),
    ],
)
def test_the_files_that_a_hook_takes(file: str, taken: bool) -> None:
    assert bool(re.search(HOOKS["ocipolicy-check"]["files"], file)) == taken
    assert bool(re.search(HOOKS["ocipolicy-fix"]["files"], file)) == taken


def test_the_hook_that_checks() -> None:
    done = hook("ocipolicy-check", "wrong.policy", "notes.txt")

    assert done.returncode == 1
    assert b"[region-name-in-condition]" in done.stdout
    assert hook("ocipolicy-check", "warned.policy").returncode == 0


def test_the_hook_that_fixes(folder: Path) -> None:
    done = hook("ocipolicy-fix", "wrong.policy")

    assert done.returncode == 0
    assert "'ORD'" in (folder / "wrong.policy").read_text(encoding="utf-8")


def test_the_hook_that_formats(folder: Path) -> None:
    assert hook("ocipolicy-fmt", "wrong.policy").returncode == 0
    assert (folder / "wrong.policy").read_text(encoding="utf-8").startswith("allow group staff")


def step(name: str) -> dict[str, Any]:
    (found,) = [each for each in ACTION["runs"]["steps"] if each.get("name") == name]
    assert found["shell"] == "bash"
    return dict(found)


def action(folder: Path, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """Run the step of the action that checks, with inputs as GitHub puts them in."""
    given = {name: each["default"] for name, each in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    changes = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in step("check")["env"].items()
    }
    assert not any("${{" in value for value in changes.values())
    program = folder / "bin" / "ocipolicy"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(OCIPOLICY)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    changes["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("check")["run"]],
        capture_output=True,
        text=True,
        check=False,
        env=environment(changes),
        cwd=folder,
    )


def test_the_action_annotates_what_is_wrong(folder: Path) -> None:
    done = action(folder)

    assert done.returncode == 1
    assert sorted(line.partition(",")[0] for line in done.stdout.splitlines()) == [
        "::error file=wrong.policy",
        "::warning file=warned.policy",
    ]


def test_the_action_takes_paths_and_the_weight_that_fails(folder: Path) -> None:
    (folder / "wrong.policy").unlink()

    assert action(folder).returncode == 0
    assert action(folder, fail_on="warning").returncode == 1
    assert action(folder, paths=f"{EXAMPLES}", fail_on="warning").returncode == 0
    assert action(folder, paths=f"warned.policy {EXAMPLES}", fail_on="warning").returncode == 1


def test_the_action_runs_no_input_as_a_command(folder: Path) -> None:
    done = action(folder, paths="warned.policy $(touch spoilt) ; touch spoilt")

    assert done.returncode == 2
    assert not (folder / "spoilt").exists()


def test_every_input_is_described_and_used() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")

    for name, each in ACTION["inputs"].items():
        assert each["description"]
        assert f"${{{{ inputs.{name} }}}}" in text
    assert ACTION["runs"]["using"] == "composite"
    assert '"$GITHUB_ACTION_PATH"' in step("install")["run"]
