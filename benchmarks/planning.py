"""How long a plan takes: of one tenancy and of many, and as the policies in a tenancy grow.

    python -m benchmarks.planning [--tenancies 200] [--oci /path/to/oci]

The tenancies are in a sandbox, in another process than the plan, so the network costs nothing and
what is left is our work and the service's. Beside it stand the same reads by calls of the oci-cli,
where there is an `oci` on the PATH or it is named: one process for each list, as in a script.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from ocipolicy.sandbox import Sandbox

OCIPOLICY = (sys.executable, "-c", "from ocipolicy.cli import main; main()")
GROWTH = (10, 100, 1_000)
ROUNDS = 3
_PER_POLICY = 4


def world(tenancies: int, policies: int) -> dict[str, object]:
    """A world with so many tenancies, each with so many policies of other people."""
    return {
        "tenancies": {
            f"t{number}": {
                "ocid": f"ocid1.tenancy.oc1..t{number}",
                "home_region": "us-chicago-1",
                "regions": ["us-chicago-1"],
                "compartments": {"apps": {"ocid": f"ocid1.compartment.oc1..apps{number}"}},
                "groups": {
                    f"team-{group}": {"ocid": f"ocid1.group.oc1..t{number}g{group}"}
                    for group in range(5)
                },
                "policies": {
                    f"policy-{each}": {
                        "compartment": "/" if each % 2 else "apps",
                        "statements": [
                            f"allow group team-{each % 5} to {verb} buckets in compartment apps"
                            f" where target.bucket.name = 'b{each}'"
                            for verb in ("inspect", "read", "use", "manage")[:_PER_POLICY]
                        ],
                    }
                    for each in range(policies)
                },
            }
            for number in range(tenancies)
        }
    }


def config(sandbox: Sandbox, profiles: str, tenancy: str, folder: Path) -> str:
    """The file of a config for a tenancy of the sandbox."""
    path = folder / f"{tenancy}.yaml"
    text = {
        "name": "bench",
        "scenario": "same-tenancy",
        "caller": {
            "tenancy": f"ocid1.tenancy.oc1..{tenancy}",
            "profile": {
                "name": sandbox.principal(f"{tenancy}/admin").profile,
                "config_file": profiles,
                "endpoint": sandbox.endpoint + "/r/{region}",
            },
            "instances": ["ocid1.odainstance.oc1.ord.bench"],
        },
        "access": ["generative-ai"],
    }
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return str(path)


@contextmanager
def place(tenancies: int, policies: int) -> Iterator[tuple[Sandbox, list[str]]]:
    """A sandbox, and a config for each of its tenancies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.yaml"
        path.write_text(yaml.safe_dump(world(tenancies, policies)), encoding="utf-8")
        with Sandbox(path) as sandbox:
            profiles = str(sandbox.config_file)
            names = [f"t{number}" for number in range(tenancies)]
            yield sandbox, [config(sandbox, profiles, name, Path(folder)) for name in names]


def seconds(command: Sequence[str], environ: Mapping[str, str] = os.environ) -> float:
    """How long a process takes, which must not fail."""
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, env=dict(environ))
    took = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')}")
    return took


def best(command: Sequence[str]) -> float:
    return min(seconds(command) for _ in range(ROUNDS))


def reads(oci: str, tenancy: str) -> Iterator[list[str]]:
    """What a plan reads of a tenancy, as calls of the oci-cli."""
    root = f"ocid1.tenancy.oc1..{tenancy}"
    below = ["--compartment-id", root]
    yield [oci, "iam", "region-subscription", "list"]
    yield [oci, "iam", "tenancy", "get", "--tenancy-id", root]
    yield [oci, "iam", "compartment", "list", *below, "--compartment-id-in-subtree", "true"]
    for kind in ("user", "group", "dynamic-group"):
        yield [oci, "iam", kind, "list", *below, "--all"]
    number = tenancy.removeprefix("t")
    for compartment in (root, f"ocid1.compartment.oc1..apps{number}"):
        yield [oci, "iam", "policy", "list", "--compartment-id", compartment, "--all"]
    for group in range(5):
        group_ocid = f"ocid1.group.oc1..t{number}g{group}"
        yield [oci, "iam", "group", "list-users", *below, "--group-id", group_ocid, "--all"]


def by_oci(oci: str, sandbox: Sandbox) -> tuple[float, int]:
    """Seconds for the reads of one tenancy by the oci-cli, and how many calls they are."""
    who = sandbox.principal("t0/admin")
    calls = [*reads(oci, "t0")]
    return sum(seconds(call, {**os.environ, **who.environ}) for call in calls), len(calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenancies", type=int, default=200)
    parser.add_argument("--oci", default=shutil.which("oci"))
    options = parser.parse_args()

    with place(options.tenancies, 10) as (sandbox, files):
        print(f"{'tenancies':>10}{'plan, seconds':>16}{'a tenancy':>12}   oci-cli, the same reads")
        one = best([*OCIPOLICY, "plan", files[0]])
        if options.oci is None:
            told = "no `oci` on the PATH: not measured"
        else:
            took, calls = by_oci(options.oci, sandbox)
            told = f"{took:.1f} seconds in {calls} calls, {took / one:.1f} times as long"
        print(f"{1:10}{one:16.2f}{one:12.2f}   {told}")
        all_ = seconds([*OCIPOLICY, "plan", *files])
        print(f"{len(files):10}{all_:16.2f}{all_ / len(files):12.3f}")

    print(f"\n{'policies':>10}{'plan, seconds':>16}")
    for count in GROWTH:
        with place(1, count) as (_, files):
            print(f"{count:10,}{best([*OCIPOLICY, 'plan', files[0]]):16.2f}")


if __name__ == "__main__":
    main()
