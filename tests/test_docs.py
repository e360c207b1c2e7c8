"""What the documentation says is true: commands, options, examples, messages, links."""

import doctest
import importlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
import pytest

from ocipolicy.cli import COMMANDS, main
from ocipolicy.config import load
from tests.examples import EXAMPLES, ROOT
from tests.oracle import oracle
from tests.rules import rules
from tests.sandboxes import Running
from tests.terminals import OCIPOLICY, environment
from tests.walks import WALKS

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
ALL_PAGES = {"README.md": README, **{f"docs/{name}": page for name, page in PAGES.items()}}
# Their commands are run in the order of the page, by tests/test_tasks.py.
WALKED = [f"docs/{walk}.md" for walk in WALKS]


def blocks(text: str, kind: str) -> list[str]:
    """The fenced blocks of a kind in a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def command(name: str) -> click.Command:
    """The command of a name, `sandbox start` for one of a group."""
    found: click.Command = main
    for word in name.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), word)
        assert inner is not None
        found = inner
    return found


def names() -> Iterator[str]:
    """All commands that do something."""
    for name in COMMANDS:
        found = command(name)
        if isinstance(found, click.Group):
            yield from (f"{name} {inner}" for inner in found.commands)
        else:
            yield name


NAMES = [*names()]


def options(name: str) -> list[click.Option]:
    return [each for each in command(name).params if isinstance(each, click.Option)]


def section(name: str) -> str:
    """The part of the commands' page that is about a command."""
    found = re.search(
        rf"^## ocipolicy {name}\b.*?(?=^## |\Z)", PAGES["commands.md"], re.MULTILINE | re.DOTALL
    )
    assert found, f"docs/commands.md has no section `## ocipolicy {name}`"
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_documented_with_an_example(name: str) -> None:
    assert any(f"ocipolicy {name}" in block for block in blocks(section(name), "sh"))


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_documented(name: str) -> None:
    page = section(name)
    words = [word for option in options(name) for word in (*option.opts, *option.secondary_opts)]
    assert [word for word in words if f"`{word}" not in page] == []
    choices = [
        f"`--{option.opts[0].lstrip('-')} {choice}`"
        for option in options(name)
        if isinstance(option.type, click.Choice)
        for choice in option.type.choices
    ]
    assert [choice for choice in choices if choice not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_option_is_documented_that_is_not_there(name: str) -> None:
    known = {word for option in options(name) for word in option.opts}
    rows = re.findall(r"^\| (`[^|]*) \|", section(name), re.MULTILINE)
    documented = {word for row in rows for word in re.findall(r"`(--?[a-z-]+)", row)}
    assert documented - known == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_says_what_it_does_and_gives_an_example(name: str) -> None:
    found = command(name)
    assert found.help
    assert [option.name for option in options(name) if not option.help] == []
    epilog = found.epilog or ""
    lines = example_lines(epilog)
    assert epilog.startswith("\b\nExamples:\n")
    assert 2 <= len(lines) <= 4
    assert [line for line in lines if not line.startswith(f"ocipolicy {name}")] == []
    for line in lines:
        parses(line)


@pytest.mark.parametrize("name", ["", *(each for each in COMMANDS if each not in NAMES)])
def test_the_help_of_a_group_gives_examples(name: str) -> None:
    lines = example_lines(command(name).epilog or "")
    assert 2 <= len(lines) <= 4
    for line in lines:
        parses(line)


def example_lines(epilog: str) -> list[str]:
    """The command lines of this program in the end of a help."""
    found = re.findall(r"^ +(?:eval \"\$\()?(ocipolicy [^\n]*?)(?:\)\")?$", epilog, re.MULTILINE)
    return [*found]


def parses(line: str) -> None:
    """Check a command line against click's parameters, without running it."""
    words = [word for word in shlex.split(line, comments=True) if word not in ("|", ">")]
    assert words[0] == "ocipolicy"
    if words[1:] == ["--version"]:
        return
    name, rest = words[1], words[2:]
    if isinstance(command(name), click.Group) and rest:
        name, rest = f"{name} {rest[0]}", rest[1:]
    command(name).make_context(name, cut(rest))


def cut(words: list[str]) -> list[str]:
    """The arguments of the first command of a pipeline."""
    ends = [at for at, word in enumerate(words) if word in ("jq", "ocipolicy.schema.json")]
    return words[: ends[0]] if ends else words


LINES = [
    pytest.param(line, id=f"{name}: {line.split('#')[0].strip()}")
    for name, page in ALL_PAGES.items()
    if name not in WALKED
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if re.match(r"(echo .*\| )?ocipolicy ", line)
]


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_of_the_pages_can_be_parsed(line: str) -> None:
    parses(line[line.index("ocipolicy ") :])


@pytest.mark.parametrize("name", [*WALKED, "docs/README.md"])
def test_a_command_line_within_the_words_of_a_page_can_be_parsed(name: str) -> None:
    words = re.sub(r"^```.*?^```$", "", ALL_PAGES[name], flags=re.MULTILINE | re.DOTALL)
    for line in re.findall(r"`(ocipolicy [^`]+)`", words):
        parses(line)


def needs_a_cloud(line: str) -> bool:
    return (
        re.search(r"\bocipolicy (snapshot|plan|apply|rollback|destroy|smoke)\b", line) is not None
    )


def is_of_sandbox(line: object) -> bool:
    return "ocipolicy sandbox " in str(line)


@pytest.mark.parametrize("line", [each for each in LINES if not is_of_sandbox(each.values[0])])
def test_a_command_line_of_the_pages_runs(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = [tool for tool in ("jq", "oci") if f"| {tool} " in line and not shutil.which(tool)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    shutil.copytree(ROOT / "templates", tmp_path / "DIR")
    if " init " not in line:
        shutil.copy(EXAMPLES / "cross-tenancy.yaml", tmp_path / "ocipolicy.yaml")
    (tmp_path / "fleet").mkdir()
    for name in ("one.yaml", "two.yaml"):
        text = (EXAMPLES / "cross-tenancy.yaml").read_text(encoding="utf-8")
        ours = text.replace("name: sales-assistant", f"name: {name.removesuffix('.yaml')}")
        (tmp_path / "fleet" / name).write_text(ours, encoding="utf-8")
    if "apply plan.json" in line:
        line = f"ocipolicy plan -o plan.json && {line}"
    tidy = "allow any-user to use generative-ai-family in tenancy\n"
    (tmp_path / "policies").mkdir()
    for name in ("policies.policy", "policies/more.policy"):
        (tmp_path / name).write_text(tidy, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ocipolicy"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(OCIPOLICY)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)

    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    nothing: AbstractContextManager[Mapping[str, str]] = nullcontext({})
    with oracle(tmp_path) if needs_a_cloud(line) else nothing as cloud:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            capture_output=True,
            text=True,
            check=False,
            env=environment({**path, **cloud}),
        )

    assert (done.returncode, "error: " in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("line", [each for each in LINES if is_of_sandbox(each.values[0])])
def test_a_command_line_of_the_sandbox_runs(line: str, running: Running) -> None:
    words = shlex.split(line, comments=True)[2:]
    if words[0] == "start":
        running.run("stop")
        words.append("--background")
    if "--world" in words:
        words[words.index("--world") + 1] = str(EXAMPLES / "cross-tenancy.world.yaml")

    done = running.run(*words)

    assert (done.returncode, done.stderr) == (0, b"")


def one_liners() -> list[str]:
    return [block.strip() for block in blocks(README, "sh") if "python3 -m venv" in block]


def test_the_readme_has_two_commands_of_one_line_each() -> None:
    first, second = one_liners()

    assert "\n" not in first + second
    assert first.endswith("&& .venv/bin/ocipolicy demo --fast")
    assert second.endswith("&& .venv/bin/pytest")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert one_liners()[1] in lines


def test_the_message_in_the_readme_is_what_the_program_prints(tmp_path: Path) -> None:
    (sample,) = blocks(README, "text")
    shown = re.search(r"^ 1 \| (.*)$", sample, re.MULTILINE)
    assert shown
    (tmp_path / "policies.policy").write_text(shown[1] + "\n", encoding="utf-8")

    done = subprocess.run(
        [*OCIPOLICY, "parse", "policies.policy"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment({}),
    )

    assert done.stderr == f"{sample}\n1 error\n"


def test_every_rule_is_explained() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| .+ \| .+ \|$", PAGES["messages.md"], re.MULTILINE)

    assert sorted(rows) == sorted(rules())


def test_the_rules_are_found_in_the_sources() -> None:
    assert {"misspelt-keyword", "and-or", "empty-file", "out-of-range", "template-syntax"} < rules()


def test_the_config_in_the_pages_loads() -> None:
    (config,) = [each for each in blocks(PAGES["config.md"], "yaml") if "scenario:" in each]

    assert load(config).diagnostics == ()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_links_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    assert [link for link in links(ALL_PAGES[name]) if not (folder / link).exists()] == []


def links(page: str) -> list[str]:
    """The files that a page leads to, as it names them."""
    return re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page)


@pytest.mark.parametrize("name", ALL_PAGES)
def test_links_within_pages_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    for file, place in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", ALL_PAGES[name]):
        page = folder / file if file else ROOT / name
        if page.suffix == ".md":
            assert place in places(page.read_text(encoding="utf-8")), f"{file}#{place}"


def places(page: str) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_readme_leads_to_every_page() -> None:
    index = PAGES["README.md"] if "docs/README.md" in links(README) else ""
    known = {*links(README), *(f"docs/{link}" for link in links(index))}

    assert [name for name in PAGES if f"docs/{name}" not in known] == []


MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "ocipolicy").rglob("*.py"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
