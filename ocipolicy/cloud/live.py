"""What is live in the tenancies of a config, as plan needs it: a snapshot of each, and etags."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType

from ocipolicy.cloud.connection import OnAttempt, Retries
from ocipolicy.cloud.errors import CloudError
from ocipolicy.cloud.identity import Cloud, LivePolicy
from ocipolicy.cloud.snapshot import POLICIES_OF_ROOT, OnProgress, as_policy, snapshot
from ocipolicy.config import Config
from ocipolicy.evaluate import Who
from ocipolicy.plan import Live
from ocipolicy.plan.compare import side_of
from ocipolicy.world import Policy, Tenancy, User, World


def clouds(
    config: Config, *, retries: Retries | None = None, on_attempt: OnAttempt | None = None
) -> Mapping[str, Cloud]:
    """The sides of a config that have a profile, by their tenancy's OCID; nothing is read yet."""
    found: dict[str, Cloud] = {}
    for side in (config.service, config.caller):
        if side is not None and side.tenancy is not None and side.profile is not None:
            cloud = Cloud(side.profile, retries=retries, on_attempt=on_attempt)
            found.setdefault(side.tenancy, cloud)
    return MappingProxyType(found)


def read_live(
    name: str, sides: Mapping[str, Cloud], *, on_progress: OnProgress | None = None
) -> Live:
    """Read the tenancies of these sides, all at once; `name` is that of the config.

    Raises nothing: a tenancy that cannot be read is in `unread` of the answer, with the reason.
    """
    with ThreadPoolExecutor(max(1, len(sides)), thread_name_prefix="side") as pool:
        read = [pool.submit(_read, name, ocid, cloud, on_progress) for ocid, cloud in sides.items()]
        found = {ocid: each.result() for ocid, each in zip(sides, read, strict=True)}
    tenancies: dict[str, Tenancy] = {}
    applying: dict[str, Who] = {}
    for side in found.values():
        if isinstance(side, _Side):
            # Two tenancies may call themselves alike.
            tenancy = side.tenancy
            if tenancy.name in tenancies:
                tenancy = replace(tenancy, name=tenancy.ocid)
            tenancies[tenancy.name] = tenancy
            who = _user(tenancy, side.principal)
            if who is not None:
                applying[tenancy.ocid] = Who(tenancy, who)
    sided = [each for each in found.values() if isinstance(each, _Side)]
    return Live(
        World(MappingProxyType(tenancies)),
        MappingProxyType({ocid: etag for each in sided for ocid, etag in each.etags.items()}),
        MappingProxyType({ocid: each for ocid, each in found.items() if isinstance(each, str)}),
        MappingProxyType(applying),
        MappingProxyType({each.tenancy.ocid: each.left_out for each in sided if each.left_out}),
        MappingProxyType({each.tenancy.ocid: each.rootless for each in sided if each.rootless}),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    tenancy: Tenancy
    principal: str
    etags: Mapping[str, str]
    left_out: tuple[str, ...]
    rootless: str | None


def _read(name: str, ocid: str, cloud: Cloud, on_progress: OnProgress | None) -> _Side | str:
    """A side, or why it cannot be read."""
    try:
        caller = cloud.whoami()
        if caller.tenancy != ocid:
            return (
                f"profile {cloud.profile.name} is of the tenancy {caller.tenancy}, and the config "
                f"has {ocid}"
            )
        taken = snapshot(cloud, on_progress=on_progress)
        tenancy = taken.tenancy
        fresh = {ocid: cloud.policy(ocid) for ocid in _like_ours(name, tenancy)}
    except CloudError as error:
        return f"{error.message}; {error.help}" if error.help else error.message
    return _Side(
        replace(tenancy, policies=tuple(_freshened(tenancy.policies, fresh))),
        caller.principal,
        {ocid: each.etag for ocid, each in fresh.items() if each is not None},
        tuple(map(str, taken.left_out)),
        next((str(each) for each in taken.left_out if each.what == POLICIES_OF_ROOT), None),
    )


def _like_ours(name: str, tenancy: Tenancy) -> Iterator[str]:
    """The OCIDs of the policies that are called like ours: of these the etag is needed."""
    for each in tenancy.policies:
        if each.ocid is not None and side_of(name, each) is not None:
            yield each.ocid


def _freshened(
    policies: Iterable[Policy], fresh: Mapping[str, LivePolicy | None]
) -> Iterator[Policy]:
    """The policies, those that were read once more as they are with their etag, or gone by now."""
    for each in policies:
        found = fresh.get(each.ocid or "")
        if found is not None:
            yield as_policy(found, each.compartment)
        elif each.ocid not in fresh:
            yield each


def _user(tenancy: Tenancy, ocid: str) -> User | None:
    return next((each for each in tenancy.users.values() if each.ocid == ocid), None)
