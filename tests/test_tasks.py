"""The pages for tasks do what they say: every block is run, in order, against Oracle's own hosts.

A sandbox stands in for the tenancies. Who installs is no administrator there, but somebody with the
rights that docs/README.md asks for. `--snapshot-update` writes the outputs of the pages anew.
"""

import configparser
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from ocipolicy import parse
from ocipolicy.sandbox import Sandbox
from ocipolicy.smoke.diagnosis import CAUSES
from ocipolicy.world import load_world
from tests.clients.matrix import python as clients_python
from tests.examples import CASES, ROOT
from tests.terminals import OCIPOLICY, environment
from tests.walks import INDEX, WALKS, Block, blocks, commands, path_of, rewritten, shows

WORLDS = CASES / "tasks"
INSTALLER = "installer"
PLUGIN = "ocipolicy.sandbox.pytest_plugin"
FILES = ("yaml", "python", "csv")
_PATIENCE = 120


def world_of(walk: str) -> Path:
    """What is there when a page begins."""
    own = WORLDS / f"{walk}.world.yaml"
    return own if own.exists() else WORLDS / "world.yaml"


@contextmanager
def tenancies(walk: str, folder: Path, programs: Path | None = None) -> Iterator[Mapping[str, str]]:
    """The environment of a reader: a profile for each tenancy, and the programs on the path."""
    scripts = folder / "bin"
    scripts.mkdir()
    own = {
        "ocipolicy": OCIPOLICY,
        "pytest": (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", PLUGIN),
        "python": (sys.executable,) if programs is None else (str(programs / "python"),),
    }
    for name, words in own.items():
        program = scripts / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    with Sandbox(world_of(walk)) as sandbox:
        config = folder / "config"
        config.write_text("".join(sections(sandbox)), encoding="utf-8")
        paths = [scripts, *([programs] if programs else []), os.environ["PATH"]]
        yield environment(
            {
                **sandbox.proxy_environ,
                "OCI_CONFIG_FILE": str(config),
                "OCI_CLI_CONFIG_FILE": str(config),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "XDG_STATE_HOME": str(folder / "state"),
                "PATH": ":".join(map(str, paths)),
            }
        )


def sections(sandbox: Sandbox) -> Iterator[str]:
    """The config file of somebody who installs in each tenancy: by API key, and by session."""
    every = configparser.ConfigParser()
    every.read(sandbox.config_file)
    for tenancy in sandbox.state.world.tenancies:
        for name, of in ((tenancy, ""), (f"{tenancy}-session", "session:")):
            known = every[f"{of}{tenancy}/{INSTALLER}"]
            yield f"[{name.upper()}]\n" + "".join(f"{key}={known[key]}\n" for key in known)


@dataclass
class Walk:
    """A page on its way; `printed` is what the last commands have shown."""

    name: str
    folder: Path
    environ: Mapping[str, str]
    clients: bool
    update: bool
    printed: str | None = None
    anew: list[tuple[Block, str]] = field(default_factory=list)

    def take(self, block: Block) -> None:
        """Do what a block says, or compare what it shows."""
        at = f"docs/{self.name}.md:{block.line}"
        if block.kind == "sh":
            if not block.info or self.clients:
                self.printed = "".join(self.run(block))
            else:
                self.printed = None
        elif block.kind == "text":
            self.compare(block, at)
        elif block.kind == "policy":
            found = parse(block.text).diagnostics
            assert found == (), f"{at}: {found}"
        elif block.kind in FILES:
            assert block.file, f"{at}: the first line is to be a comment with the name of the file"
            file = self.folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        else:
            raise AssertionError(f"{at}: nobody knows what to do with a block of `{block.kind}`")

    def run(self, block: Block) -> Iterator[str]:
        """Run the commands of a block, as a reader who copies them."""
        for command in commands(block):
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command.text],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
            if done.returncode != command.exit_code:
                pytest.fail(
                    f"docs/{self.name}.md:{command.line}: exit code {done.returncode}, and the "
                    f"page says {command.exit_code}\n$ {command.text}\n{done.stdout}",
                    pytrace=False,
                )
            yield done.stdout

    def compare(self, block: Block, at: str) -> None:
        if self.printed is None or shows(block.text, self.printed):
            return
        new = rewritten(block.text, self.printed)
        what_now = "to be put right by hand" if self.update else "--snapshot-update writes it anew"
        if not self.update or not shows(new, self.printed):
            pytest.fail(
                f"{at}: the page shows\n{block.text}\nand this was printed:\n"
                f"{self.printed}\n{what_now}",
                pytrace=False,
            )
        self.anew.append((block, new))


def walked(name: str, folder: Path, update: bool, programs: Path | None = None) -> None:
    """Walk a page from top to bottom."""
    path = path_of(name)
    page = path.read_text(encoding="utf-8")
    (folder / "work").mkdir()
    with tenancies(name, folder, programs) as environ:
        walk = Walk(name, folder / "work", environ, programs is not None, update)
        for block in blocks(page):
            walk.take(block)
    for block, new in reversed(walk.anew):
        page = page[: block.start] + new + page[block.end :]
    if walk.anew:
        path.write_text(page, encoding="utf-8")


def for_clients(name: str) -> bool:
    return any(block.info for block in blocks(path_of(name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", WALKS)
def test_a_page_works_from_top_to_bottom(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    walked(name, tmp_path, update=request.config.getoption("update_snapshots"))


@pytest.mark.clients
@pytest.mark.parametrize("name", [each for each in WALKS if for_clients(each)])
def test_a_page_works_with_the_real_clients(name: str, tmp_path: Path) -> None:
    walked(name, tmp_path, update=False, programs=clients_python().parent)


@pytest.mark.parametrize("name", WALKS)
def test_the_index_leads_to_a_page(name: str) -> None:
    assert f"]({name}.md)" in INDEX.read_text(encoding="utf-8")


def test_pytest_finds_the_fixture_where_the_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}


def test_the_rights_that_are_asked_for_are_those_that_the_pages_are_walked_with() -> None:
    (asked,) = (each for each in blocks(INDEX.read_text(encoding="utf-8")) if each.kind == "policy")
    loaded = load_world((WORLDS / "world.yaml").read_text(encoding="utf-8"))
    assert loaded.world
    service = loaded.world.tenancies["service"]
    (policy,) = (each for each in service.policies if each.name == "installers")

    assert asked.text.splitlines() == [*policy.texts]


def test_the_causes_of_the_page_are_those_of_smoke() -> None:
    page = path_of("diagnose-404").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)

    assert rows
    assert set(rows) <= {each.name for each in CAUSES}


def test_the_steps_of_the_workflows_are_run_in_the_page() -> None:
    """What CI is to run has been run, word for word, by a block of commands."""
    page = blocks(path_of("ci").read_text(encoding="utf-8"))
    run = {each.text for block in page if block.kind == "sh" for each in commands(block)}
    flows = [block for block in page if (block.file or "").startswith(".github/workflows/")]
    steps = [
        step
        for flow in flows
        for job in yaml.safe_load(flow.text)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    lines = {line for step in steps for line in step["run"].splitlines()}

    assert lines
    assert {line for line in lines if "pip install" not in line} <= run


def test_the_hooks_of_the_page_are_there() -> None:
    page = blocks(path_of("ci").read_text(encoding="utf-8"))
    (file,) = (block for block in page if block.file == ".pre-commit-config.yaml")
    (repository,) = yaml.safe_load(file.text)["repos"]
    there = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert {each["id"] for each in repository["hooks"]} <= {each["id"] for each in there}


PRINTED = (
    "wrote it\ndone in 0.35 s: two\n  words\nrequest id 0123456789ABCDEF0123456789ABCDEF\nend\n"
)


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        (PRINTED, True),
        ("wrote it\n...\nend\n", True),
        ("...\ndone in 1.20 s: two words\n...\n", True),
        (f"...\nrequest id {'F' * 32}\nend\n", True),
        ("...\nend\n...\n", True),
        ("wrote it\n", False),
        ("done in 0.35 s\n...\n", False),
        ("...\ntwo\n", False),
        ("...\nend\n...\nwrote it\n...\n", False),
        ("wrote it\n...\nwrote it\n...\n", False),
        ("...\ntwo word\n...\n", False),
    ],
)
def test_what_a_block_shows(shown: str, right: bool) -> None:
    assert shows(shown, PRINTED) == right


def test_a_block_is_written_anew_where_it_is_not_right() -> None:
    assert rewritten("old\n", PRINTED) == PRINTED
    assert rewritten("...\ndone in 9.99 s: 2\n...\nend\n", PRINTED) == (
        "...\ndone in 0.35 s: two\n...\nend\n"
    )
