"""What is live: the world as it was read, and what a world does not hold but a plan needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ocipolicy.evaluate import Who
from ocipolicy.world import World


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Live:
    """The tenancies of a config as they are now.

    `world` has the tenancies that were read, with every policy in them; policies have their OCID
    and their tags, free-form ones by their bare key. An instance that it does not list is taken to
    be in the root compartment of the caller's tenancy.

    `etags` has the etag of each policy by its OCID; those of other owners may be left out.
    `unread` says of each tenancy that could not be read (its OCID) why. `applying` says who applies
    in a tenancy (its OCID), where that is known.
    `left_out` has what of a tenancy (its OCID) could not be read, a sentence each; `rootless` the
    one of them that is about the policies of its root compartment, where ours are.
    """

    world: World
    etags: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    unread: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    applying: Mapping[str, Who] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    left_out: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    rootless: Mapping[str, str] = field(default_factory=_nothing, hash=False)

    def why_unread(self, ocid: str) -> str | None:
        """What keeps our own policies of a tenancy (its OCID) from being known."""
        return self.unread.get(ocid) or self.rootless.get(ocid)
