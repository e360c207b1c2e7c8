"""What is built can be installed anywhere, and finds its templates."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from ocipolicy.render.templates import built_in
from tests.examples import ROOT

pytestmark = pytest.mark.packaging

TEMPLATES = {
    f"templates/{path.relative_to(ROOT / 'templates')}"
    for path in (ROOT / "templates").rglob("*")
    if path.is_file()
}
WHERE = "from ocipolicy.render.templates import built_in; print(built_in())"


def run(*command: str | Path, folder: Path, **changes: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=clean | changes,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, as a clone would have them."""
    folder = tmp_path_factory.mktemp("clone") / "ocipolicy"
    ignored = (".git", ".venv*", "*cache*", ".hypothesis", "__pycache__", "dist", "build", "*.pyc")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*ignored))
    return folder


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built out of it."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout),
        folder=folder,
    )
    return folder


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that has nothing but the wheel."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    (wheel,) = built.glob("*.whl")
    run(folder / "bin" / "pip", "install", "-q", wheel, folder=folder)
    return folder / "bin" / "python"


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_all_that_the_program_reads_and_no_more(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    sources = (ROOT / "ocipolicy").rglob("*")
    kinds = (".py", ".yaml", ".typed")

    found = {name for name in names(wheel) if ".dist-info/" not in name}
    assert found == {
        *(str(path.relative_to(ROOT)) for path in sources if path.suffix in kinds),
        *(f"ocipolicy/{name}" for name in TEMPLATES),
    }
    assert "ocipolicy/py.typed" in found
    assert "ocipolicy/reference/limits.yaml" in found


def test_the_sdist_has_what_a_builder_and_a_tester_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}

    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= found
    assert {"tests/test_cli.py", "examples/paired.yaml", "docs/commands.md", *TEMPLATES} <= found


def test_a_wheel_of_the_checkout_is_the_wheel_of_the_sdist(
    checkout: Path, built: Path, tmp_path: Path
) -> None:
    command = (sys.executable, "-m", "build", "--no-isolation", "--wheel")
    run(*command, "--outdir", tmp_path, checkout, folder=tmp_path)

    (from_sdist,) = built.glob("*.whl")
    (direct,) = tmp_path.glob("*.whl")
    assert names(direct) == names(from_sdist)


def test_the_wheel_renders_elsewhere(python: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "cross-tenancy.yaml", tmp_path / "ocipolicy.yaml")
    program = python.parent / "ocipolicy"

    assert run(program, "render", folder=tmp_path).startswith(
        "// policy sales-assistant-service, in the root compartment of\n"
        "// ocid1.tenancy.oc1..service\n"
    )
    assert run(program, "--version", folder=tmp_path) == "ocipolicy 0.1.0\n"
    assert run(program, "init", "paired", "-o", "-", folder=tmp_path).startswith("# yaml")
    templates = Path(run(python, "-c", WHERE, folder=tmp_path).strip())
    assert templates.parts[-3:] == ("site-packages", "ocipolicy", "templates")


def test_the_wheel_shows_the_demo_elsewhere(python: Path, tmp_path: Path) -> None:
    for scenario in ("same-tenancy", "cross-tenancy", "paired"):
        shown = run(python.parent / "ocipolicy", "demo", scenario, "--fast", folder=tmp_path)

        assert "Everything came to what it should" in shown


def test_a_checkout_and_an_editable_install_find_the_templates_beside_them(
    python: Path, checkout: Path, tmp_path: Path
) -> None:
    beside = f"{checkout / 'templates'}\n"

    assert run(python, "-c", WHERE, folder=checkout, PYTHONPATH=str(checkout)) == beside
    pip = python.parent / "pip"
    run(pip, "install", "-q", "--no-deps", "-e", checkout, folder=tmp_path)
    assert run(python, "-c", WHERE, folder=tmp_path) == beside
    assert "ocid1.tenancy.oc1..service" in run(
        *(python.parent / "ocipolicy", "render", checkout / "examples" / "paired.yaml"),
        folder=tmp_path,
    )


def test_these_tests_run_beside_the_templates() -> None:
    assert built_in() == ROOT / "templates"
