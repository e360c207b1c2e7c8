"""What a start costs, beside the imports of the libraries that it cannot do without.

    python benchmarks/cold_start.py [ROUNDS]

Each round runs every command once, so that all see the same machine; the smallest time of each
counts, since noise only adds. The exit code is 1 when a command is over its limit.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

PYTHON = sys.executable
OCIPOLICY = str(Path(sys.executable).parent / "ocipolicy")
EXAMPLE = str(Path(__file__).parent.parent / "examples" / "cross-tenancy.yaml")
STATEMENT = "allow any-user to use generative-ai-family in tenancy where request.region = 'ORD'\n"
LIBRARIES = "import click, yaml, jinja2.sandbox; from pydantic import BaseModel"


@dataclass
class Timed:
    """A command, the one that it is held against, and at most how many times its time."""

    command: list[str]
    against: str = ""
    limit: float = 0.0
    seconds: list[float] = field(default_factory=list)


def commands(folder: Path) -> dict[str, Timed]:
    statement = folder / "one.policy"
    statement.write_text(STATEMENT, encoding="utf-8")
    return {
        "python": Timed([PYTHON, "-c", "pass"]),
        "import click": Timed([PYTHON, "-c", "import click"]),
        "import all": Timed([PYTHON, "-c", LIBRARIES]),
        "--help": Timed([OCIPOLICY, "--help"], "import click", 1.4),
        "parse": Timed([OCIPOLICY, "parse", str(statement)], "import click", 2.0),
        "render": Timed([OCIPOLICY, "render", EXAMPLE], "import all", 2.0),
    }


def measure(timed: dict[str, Timed], rounds: int, environment: dict[str, str]) -> None:
    for number in range(rounds + 2):
        for each in timed.values():
            begin = time.perf_counter()
            subprocess.run(each.command, check=True, capture_output=True, env=environment)
            if number >= 2:  # the first rounds write bytecode
                each.seconds.append(time.perf_counter() - begin)


def report(timed: dict[str, Timed]) -> bool:
    """Print the table; whether every command keeps its limit."""
    kept = True
    print(f"{'command':14} {'min ms':>8} {'median':>8} {'ratio':>8} {'limit':>8}")
    for name, each in timed.items():
        least, median = min(each.seconds), statistics.median(each.seconds)
        line = f"{name:14} {least * 1e3:8.1f} {median * 1e3:8.1f}"
        if each.against:
            ratio = least / min(timed[each.against].seconds)
            line += f" {ratio:8.2f} {each.limit:8.1f}  of {each.against}"
            kept = kept and ratio <= each.limit
        print(line)
    return kept


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        # Bytecode is kept as it is for an installed program, whatever this shell says.
        environment = {key: value for key, value in os.environ.items() if "BYTECODE" not in key}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        timed = commands(Path(folder))
        measure(timed, rounds, environment)
    return 0 if report(timed) else 1


if __name__ == "__main__":
    sys.exit(main())
