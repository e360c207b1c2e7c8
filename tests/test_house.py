"""The house keeps its order: floors, what each room may do, and what a start costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import ocipolicy
from tests.examples import EXAMPLES, ROOT

HOUSE = ROOT / "ocipolicy"
# Lowest first. A module imports from floors strictly below its own and from its own room.
FLOORS = (
    {"diagnostics"},
    {"language", "reference", "document"},
    {"config", "world"},
    {"render", "evaluate"},
    {"check", "prove"},
    {"plan"},
    {"cloud", "sandbox", "providers"},
    {"apply", "smoke"},
    {"outputs"},
    {"cli"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
UNTYPED = {
    *("document", "config", "world", "cloud", "sandbox", "providers", "outputs", "cli"),
    "reference",
}
LONGEST = 600


@dataclass(frozen=True)
class Module:
    """A source file of the house, as a tree."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path.relative_to(HOUSE))

    @property
    def room(self) -> str:
        """The first part of its path: a package is one room. The door of the house has none."""
        return self.path.relative_to(HOUSE).parts[0].removesuffix(".py").removesuffix("__init__")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Everything that is imported anywhere in the file, by full name, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    yield node.lineno, each.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno} imports relatively"
                for each in node.names:
                    yield node.lineno, f"{node.module}.{each.name}"


def read(path: Path) -> Module:
    return Module(path, ast.parse(path.read_text(encoding="utf-8"), str(path)))


MODULES = [read(path) for path in sorted(HOUSE.rglob("*.py")) if "templates" not in path.parts]


def wrong_arrows(modules: list[Module]) -> list[str]:
    found = []
    for module in modules:
        for line, name in module.imports():
            package, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if package != "ocipolicy" or target == module.room or not rest:
                continue
            place = f"{module.name}:{line}"
            if target not in FLOOR_OF:
                found.append(f"{place} imports {target}, which is no room of the plan")
            elif module.room == "":
                if target != "language":
                    found.append(f"{place} imports {target}: the front gives language only")
            elif FLOOR_OF[target] >= FLOOR_OF.get(module.room, -1):
                found.append(f"{place} in {module.room} imports {target}, which is not below it")
    return found


def test_every_room_is_on_the_plan() -> None:
    assert [module.name for module in MODULES if module.room not in {*FLOOR_OF, ""}] == []


def test_imports_go_strictly_down() -> None:
    assert wrong_arrows(MODULES) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        (
            "language/x.py",
            "def f():\n    from ocipolicy.config import load\n",
            "language/x.py:2 in language imports config, which is not below it",
        ),
        (
            "render/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ocipolicy.evaluate\n",
            "render/x.py:3 in render imports evaluate, which is not below it",
        ),
        (
            "config/x.py",
            "from ocipolicy import cli\n",
            "config/x.py:1 in config imports cli, which is not below it",
        ),
        (
            "cli/x.py",
            "from ocipolicy.utils import x\n",
            "cli/x.py:1 imports utils, which is no room of the plan",
        ),
        (
            "__init__.py",
            "from ocipolicy.render import render\n",
            "__init__.py:1 imports render: the front gives language only",
        ),
        ("render/x.py", "from ocipolicy.render.y import z\nimport ocipolicy.config\n", None),
    ],
)
def test_a_wrong_arrow_would_be_seen(path: str, text: str, complaint: str | None) -> None:
    module = Module(HOUSE / path, ast.parse(text))

    assert wrong_arrows([module]) == ([complaint] if complaint else [])


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("click", {"cli"}),
        ("oci", {"cloud"}),
        ("jinja2", {"render", "cli"}),
        ("httpx", {"providers"}),
        ("azure", {"providers"}),
        ("pydantic", {"document", "config", "world", "render"}),
    ],
)
def test_a_library_is_imported_by_its_rooms_only(library: str, rooms: set[str]) -> None:
    found = [
        f"{module.name}:{line}"
        for module in MODULES
        for line, name in module.imports()
        if name.partition(".")[0] == library and module.room not in rooms
    ]
    assert found == []


def signatures(module: Module) -> Iterator[tuple[int, str]]:
    """Every annotation of a parameter or a result, with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [each for each in (arguments.vararg, arguments.kwarg) if each]
            notes = [each.annotation for each in every] + [node.returns]
            for note in notes:
                if note is not None:
                    yield note.lineno, ast.unparse(note)


def test_plain_dictionaries_stay_where_data_comes_in_and_goes_out() -> None:
    found = [
        f"{module.name}:{line} {note}"
        for module in MODULES
        if module.room not in UNTYPED
        for line, note in signatures(module)
        if "dict[str, Any]" in note or "Mapping[str, Any]" in note
    ]
    assert found == []


def test_only_the_door_prints() -> None:
    found = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        if module.room != "cli"
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Call) and ast.unparse(node.func) == "print")
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr"))
    ]
    assert found == []


def test_no_file_is_too_long() -> None:
    sources = [*HOUSE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in sources}
    assert {str(path) for path, length in lengths.items() if length > LONGEST} == set()


def test_the_public_names() -> None:
    assert sorted(ocipolicy.__all__) == ["parse", "show"]
    (statement,) = ocipolicy.parse("ALLOW any-user TO use x IN tenancy").statements
    assert ocipolicy.show(statement) == "allow any-user to use x in tenancy"
    with pytest.raises(AttributeError, match="module 'ocipolicy' has no attribute 'render_'"):
        _ = ocipolicy.render_


def loaded_by(code: str, *arguments: str, stdin: str = "") -> set[str]:
    """The modules that a fresh interpreter has loaded behind a piece of code."""
    program = (
        "import sys\ntry:\n"
        + "".join(f"    {line}\n" for line in code.splitlines())
        + "except SystemExit:\n    pass\nsys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


COMMAND = "from ocipolicy.cli import main\nmain(sys.argv[1:])"
SERVERS = {"werkzeug", "cryptography", "jwt"}
HEAVY = SERVERS | {
    *("oci", "pydantic", "rich", "jinja2", "yaml", "json", "tempfile", "importlib.metadata"),
}


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], HEAVY | {"pathlib", "difflib"}),
        (["parse", "--help"], HEAVY),
        (["parse", "-"], HEAVY | {"pathlib", "difflib"}),
        (["parse", "-", "--format", "json"], HEAVY - {"json"}),
        (["fmt", "-"], HEAVY),
        (["fmt", "-", "--check"], HEAVY),
        (["render", str(EXAMPLES / "same-tenancy.yaml")], SERVERS | {"oci", "rich"}),
        (["schema"], SERVERS | {"oci", "rich", "jinja2"}),
        (["sandbox", "--help"], HEAVY - {"json"}),
        (["sandbox", "log", "--port", "1"], HEAVY - {"json"}),
        (["snapshot", "--help"], {"oci", "rich", "jinja2"}),
    ],
    ids=" ".join,
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], heavy: set[str]) -> None:
    loaded = loaded_by(COMMAND, *arguments, stdin="allow any-user to use x in tenancy\n")

    assert "ocipolicy.cli" in loaded
    assert loaded & heavy == set()


def test_the_import_of_the_package_loads_nothing_else() -> None:
    assert loaded_by("import ocipolicy") - loaded_by("pass") == {"ocipolicy"}
    assert "ocipolicy.language" in loaded_by("from ocipolicy import parse")
