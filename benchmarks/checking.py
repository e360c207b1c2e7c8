"""How long a check takes: a world with 500 statements, and the time a statement as it grows.

    python -m benchmarks.checking

Every statement is another one, in policies of 50 over a tree of compartments, as in a large
tenancy. The time of reading the file is shown apart: what the rules take is the difference.
"""

import sys
import time

from ocipolicy.check import check
from ocipolicy.world import load_world

COUNTS = (50, 500, 1_000, 2_000, 5_000)
ROUNDS = 5
# Above this the time a statement is not flat: some rule looks at every other statement.
STEEPEST = 1.6

_VERBS = ("inspect", "read", "use", "manage")
_TYPES = ("generative-ai-model", "buckets", "keys", "generative-ai-family", "instances")
_FORMS = """
allow group team-{n} to {verb} {type} in compartment apps:team-{c}
allow group team-{n} to {verb} {type} in compartment apps where request.region = 'ORD'
allow any-user to {verb} {type} in compartment apps:team-{c} where request.principal.id = 'ocid1.odainstance.oc1.iad.bot{n}'
allow any-user to {verb} {type} in compartment apps:team-{c} where all {{request.principal.type = 'fnfunc', request.principal.compartment.id = 'ocid1.compartment.oc1..team{c}'}}
allow group team-{n} to {{GENERATIVE_AI_CHAT, GENERATIVE_AI_MODEL_READ}} in compartment apps
endorse any-user to use generative-ai-chat in any-tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.bot{n}'
""".strip().splitlines()  # noqa: E501 - a statement is one line


def world(count: int) -> str:
    """A world with so many statements in two tenancies that work together."""
    teams = "".join(f"team-{n}: {{ocid: ocid1.compartment.oc1..team{n}}}, " for n in range(50))
    groups = "".join(f"team-{n}: {{ocid: ocid1.group.oc1..g{n}}}, " for n in range(count))
    lines = [
        "tenancies:",
        "  home:",
        "    ocid: ocid1.tenancy.oc1..home",
        "    regions: [us-chicago-1]",
        "    compartments:",
        f"      apps: {{ocid: ocid1.compartment.oc1..apps, compartments: {{{teams}}}}}",
        f"    groups: {{{groups}}}",
        "    policies:",
    ]
    for n in range(count):
        if n % 50 == 0:
            lines += [f"      policy-{n // 50}:", "        statements:"]
        text = _FORMS[n % len(_FORMS)].format(
            n=n, c=n % 50, verb=_VERBS[n // 6 % 4], type=_TYPES[n // 24 % 5]
        )
        lines.append(f'          - "{text}"')
    return "\n".join(lines) + "\n"


def shortest(text: str) -> tuple[float, float]:
    """Seconds of reading the world alone, and of checking it, each of its best round."""
    reading = checking = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        loaded = load_world(text, "world.yaml")
        reading = min(reading, time.process_time() - start)
        if loaded.world is None:
            sys.exit(f"the world of this benchmark does not read: {loaded.diagnostics[0].message}")
        start = time.process_time()
        check(text, "world.yaml")
        checking = min(checking, time.process_time() - start)
    return reading, checking


def flat() -> bool:
    """Prints the table; whether a statement takes no longer among 5,000 than among 500."""
    check(world(50), "world.yaml")
    print(f"{'statements':>10}{'seconds':>10}{'of reading':>12}{'us of rules a statement':>26}")
    rules: dict[int, float] = {}
    for count in COUNTS:
        reading, whole = shortest(world(count))
        rules[count] = (whole - reading) / count
        print(f"{count:10,}{whole:10.3f}{reading:12.3f}{rules[count] * 1e6:26.1f}")
    return rules[5_000] <= STEEPEST * rules[500]


if __name__ == "__main__" and not flat():
    sys.exit(f"a statement takes more than {STEEPEST} times as long among 5,000 as among 500")
