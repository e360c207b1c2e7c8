"""How long the demo of each scenario takes, beside the import of the OCI SDK.

    python -m benchmarks.demo [ROUNDS]

Each round plays every scenario once; the smallest and the largest time are printed. The exit code
is 1 where a demo took more than its 20 seconds in every round.
"""

import subprocess
import sys
import tempfile
import time

SCENARIOS = ("same-tenancy", "cross-tenancy", "paired")
LIMIT = 20.0
OCIPOLICY = (sys.executable, "-c", "from ocipolicy.cli import main; main(prog_name='ocipolicy')")
SDK = (sys.executable, "-c", "import oci")


def seconds(command: tuple[str, ...], folder: str) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - begin


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    times: dict[str, list[float]] = {each: [] for each in ("import oci", *SCENARIOS)}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            times["import oci"].append(seconds(SDK, folder))
            for each in SCENARIOS:
                times[each].append(seconds((*OCIPOLICY, "demo", each, "--fast"), folder))
    base = min(times["import oci"])
    print(f"{'':14} {'least s':>8} {'most s':>8} {'ratio':>8}")
    for name, taken in times.items():
        print(f"{name:14} {min(taken):8.1f} {max(taken):8.1f} {min(taken) / base:8.1f}")
    sys.exit(any(min(times[each]) > LIMIT for each in SCENARIOS))


if __name__ == "__main__":
    main()
