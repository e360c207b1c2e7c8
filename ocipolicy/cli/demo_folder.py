"""The folder that the demo leaves: what it wrote, and the commands to do the same by hand."""

import shlex
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from ocipolicy.cli.demo_stage import Stage, wrapped
from ocipolicy.cli.demo_story import (
    CONFIG,
    PLAN,
    POLICIES,
    STATE,
    WORLD,
    Cast,
    Scene,
    Step,
    Stream,
)
from ocipolicy.cli.sandboxes import Place
from ocipolicy.diagnostics import Unreadable, Unwritable
from ocipolicy.outputs import files as on_disk
from ocipolicy.outputs.files import File

README, SCRIPT, RECORD = "README.md", "commands.sh", "transcript.txt"
_FIRST = "# What `ocipolicy demo` left here"
_HOME = f'export XDG_STATE_HOME="$PWD/{STATE}"'


def check_free(folder: Path) -> None:
    """Raises Unwritable for a folder with anything in it that is not of a demo."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not _ours(folder):
            raise Unwritable(
                f"{folder} is there already, and no demo has made it", "name another with -o"
            )
    except OSError as error:
        raise Unreadable(f"{folder} cannot be read: {error.strerror or error}") from None


def _ours(folder: Path) -> bool:
    try:
        with (folder / README).open(encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\n") == _FIRST
    except OSError:
        return False


def write(folder: Path, of: Cast, scenes: Sequence[Scene], place: Place) -> None:
    """Write what the demo begins with. Raises Unwritable."""
    # The journals of a demo before are about a cloud that is gone.
    shutil.rmtree(folder / STATE / "ocipolicy" / "apply", ignore_errors=True)
    for each in (folder / POLICIES).glob("*.policy"):
        each.unlink()
    on_disk.write(
        (
            File(README, _readme(of, place)),
            File(SCRIPT, _script(of, scenes)),
            File(WORLD, of.world_text),
            File(CONFIG, of.config_text),
        ),
        folder,
    )


def record(folder: Path, stage: Stage) -> None:
    """Write down what was shown. Raises Unwritable."""
    on_disk.write((File(RECORD, stage.record),), folder)


def home(folder: str) -> tuple[str, ...]:
    """The lines that bring a shell into the folder, and the state of the program with it."""
    return (f"cd {folder}", _HOME)


def _readme(of: Cast, place: Place) -> str:
    files = {
        SCRIPT: "the same by hand, as a script or line by line",
        CONFIG: "who calls what; its profiles lead to the sandbox",
        WORLD: "the tenancies before any change, which the sandbox starts with",
        f"{POLICIES}/": "the statements of each tenancy, as `render` wrote them",
        PLAN: "the plan, as `plan` saved it",
        RECORD: "all that was shown",
        f"{STATE}/": "the sandbox's keys and profiles, and the journals of `apply`",
    }
    table = "\n".join(f"| `{name}` | {what} |" for name, what in files.items())
    parts = (
        _FIRST,
        wrapped(f"Scenario: {of.scenario}. {of.prologue}"),
        f"| file | what it is |\n|---|---|\n{table}",
        "Line by line, in this folder, a shell needs this first:",
        "\n".join(("```sh", *_path(), _HOME, "```")),
        wrapped(
            f"The sandbox is at {place.endpoint}. Where that port is taken by now, give `sandbox "
            f"start` another `--port`, and change its number in `{CONFIG}`."
        ),
        wrapped(
            "Nothing outside of this folder was written, and it can be deleted as a whole. The "
            "next demo here writes its files anew."
        ),
    )
    return "\n\n".join(parts) + "\n"


def _script(of: Cast, scenes: Sequence[Scene]) -> str:
    parts = [
        "#!/bin/sh\n"
        + wrapped(f"What `ocipolicy demo {of.scenario}` did, by hand.", "# ")
        + "\n"
        + "\n".join((*_path(), *home('"$(dirname "$0")"')))
    ]
    for number, scene in enumerate(scenes, 1):
        lines = [f"# {number}. {scene.title}", wrapped(scene.words, "# ")]
        for act in scene.acts:
            if isinstance(act, Stream):
                lines.append("# (`smoke` above has made this call too: chat-stream.)")
            else:
                why = f"  # exit code {act.code}" if isinstance(act, Step) and act.code else ""
                lines.append(act.line + why)
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _path() -> tuple[str, ...]:
    """The line that lets a shell find this program, where it would not."""
    ours = Path(sysconfig.get_path("scripts"), "ocipolicy")
    found = shutil.which("ocipolicy")
    if not ours.exists() or (found and ours.samefile(found)):
        return ()
    return (f'PATH={shlex.quote(str(ours.parent))}:"$PATH"',)
