"""How fast statements are read: ours, the bare tokens, and oci-lexer-parser, in one run.

    python -m benchmarks.language            side by side, as ratios
    python -m benchmarks.language --pyperf   each with pyperf, which takes its time over the spread

The statements are all distinct and of every kind, as in a large tenancy. The reference reads some
of them only, since it would need minutes for all; its time a statement does not depend on that.
"""

import itertools
import sys
import time
from collections.abc import Callable

from ocipolicy.language import parse, show
from ocipolicy.language.lexer import tokenize

STATEMENTS = 10_000
SAMPLE = 400
ROUNDS = 5
AT_LEAST = 12

_VERBS = ("inspect", "read", "use", "manage")
_RESOURCES = ("generative-ai-family", "ai-service-language-family", "object-family", "buckets")
_FORMS = """
Allow group team-{n} to {verb} {resource} in compartment apps:team-{n}
Allow group 'Sales'/'team {n}' to {verb} {resource} in tenancy
Allow any-user to {verb} {resource} in tenancy where request.principal.id='ocid1.odainstance.oc1.iad.bot{n}'
Allow dynamic-group functions-{n} to {verb} {resource} in compartment id ocid1.compartment.oc1..c{n} where all {{request.region = 'ORD', request.permission != 'BUCKET_DELETE'}}
Allow any-user to {verb} {resource} in compartment bots-{n} where ALL {{request.principal.type = 'odainstance', any {{target.bucket.name = /bot-*/, target.bucket.name = 'bot-{n}'}}}}
Define tenancy caller-{n} as ocid1.tenancy.oc1..caller{n}
Admit any-user of tenancy caller-{n} to {verb} {resource} in compartment bots where request.principal.id in ('ocid1.odainstance.oc1.iad.a{n}', 'ocid1.odainstance.oc1.iad.b{n}')
Endorse any-user to {verb} {resource} in any-tenancy where request.principal.id = 'ocid1.odainstance.oc1.iad.bot{n}'
Allow group id ocid1.group.oc1..g{n}, id ocid1.group.oc1..h{n} to {verb} {resource} in tenancy
Deny group team-{n} to {{BUCKET_CREATE, BUCKET_DELETE, OBJECT_DELETE}} in compartment prod-{n}
"""  # noqa: E501 - a statement is one line


def statements(count: int) -> list[str]:
    """So many statements, no two of them alike."""
    forms = itertools.cycle(_FORMS.strip().splitlines())
    return [
        form.format(n=n, verb=_VERBS[n % 4], resource=_RESOURCES[n // 4 % 4])
        for n, form in zip(range(count), forms, strict=False)
    ]


def read_by_reference(texts: list[str]) -> None:
    """What oci-lexer-parser does with a policy of these statements."""
    from oci_lexer_parser import parse_policy_statements

    parse_policy_statements("\n".join(texts))


def shortest(work: Callable[[], object]) -> float:
    """The seconds of the round that was disturbed least."""
    return min(_timed(work) for _ in range(ROUNDS))


def side_by_side() -> bool:
    """Prints microseconds a statement; whether ours has the throughput that is asked for."""
    texts = statements(STATEMENTS)
    text = "\n".join(texts)
    parsed = parse(text)
    if parsed.diagnostics or len(parsed.statements) != STATEMENTS:
        sys.exit("the statements of this benchmark do not read")
    # Turn and turn about, so that whatever else the machine does disturbs both.
    ours = theirs = float("inf")
    for _ in range(ROUNDS):
        ours = min(ours, _timed(lambda: parse(text)) / STATEMENTS)
        theirs = min(theirs, _timed(lambda: read_by_reference(texts[:SAMPLE])) / SAMPLE)
    rows = {
        "oci-lexer-parser": theirs,
        "parse": ours,
        "tokens alone": shortest(lambda: tokenize(text)) / STATEMENTS,
        "show": shortest(lambda: [show(each) for each in parsed.statements]) / STATEMENTS,
    }
    print(f"{'':24}{'us a statement':>16}{'times the reference':>22}")
    for name, seconds in rows.items():
        print(f"{name:24}{seconds * 1e6:16.1f}{theirs / seconds:22.1f}")
    print(f"\n{'statements in one text':24}{'us a statement':>16}")
    for count in (1, 10, 100, 1_000, 10_000, 100_000):
        print(f"{count:<24}{_time_a_statement(count) * 1e6:16.1f}")
    return theirs / ours >= AT_LEAST


def with_pyperf() -> None:
    """The same three readings, each measured by pyperf."""
    import pyperf  # type: ignore[import-untyped]

    runner = pyperf.Runner()
    texts = statements(STATEMENTS)
    text = "\n".join(texts)
    runner.bench_func("parse", parse, text, inner_loops=STATEMENTS)
    runner.bench_func("tokens alone", tokenize, text, inner_loops=STATEMENTS)
    runner.bench_func("oci-lexer-parser", read_by_reference, texts[:SAMPLE], inner_loops=SAMPLE)


def _time_a_statement(count: int) -> float:
    text = "\n".join(statements(count))
    loops = max(1, 1_000 // count)
    return shortest(lambda: [parse(text) for _ in range(loops)]) / loops / count


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    # pyperf starts this file again for each of its processes, with options of its own.
    if len(sys.argv) > 1:
        sys.argv = [argument for argument in sys.argv if argument != "--pyperf"]
        with_pyperf()
    elif not side_by_side():
        sys.exit(f"parse is not {AT_LEAST} times as fast as the reference")
