"""What is wrong between configs that are planned in one run."""

from collections.abc import Iterator, Sequence

from ocipolicy.config import Loaded
from ocipolicy.diagnostics import Diagnostic, Severity
from ocipolicy.plan.compare import is_for_us
from ocipolicy.render import Bundle


def same_names(several: Sequence[tuple[Loaded, Bundle]]) -> Iterator[Diagnostic | None]:
    """For each config what it shares with one before it, or None.

    Our policies are known by the config's name, so of two configs with one name in one tenancy each
    would take the policies of the other for what is left of its own.
    """
    owners: dict[tuple[str, str], str] = {}
    for loaded, bundle in several:
        origin = loaded.source.origin
        mine = {
            (bundle.name, each.tenancy)
            for each in bundle.policies
            if each.tenancy is not None and is_for_us(each)
        }
        before = next((owners[each] for each in sorted(mine) if each in owners), None)
        owners |= {each: origin for each in mine if each not in owners}
        if before is None:
            yield None
            continue
        yield Diagnostic(
            "shared-name",
            Severity.ERROR,
            f"{before} has this name for policies of the same tenancy, and each would take those"
            " of the other for its own",
            loaded.span("name"),
            "give it a name of its own, or name the config once",
        )
