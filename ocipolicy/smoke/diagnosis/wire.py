"""What goes wrong before any policy is asked: credentials, the way there, clocks, keys, limits."""

import os
from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.cloud import NoCredentials
from ocipolicy.cloud.errors import Expired
from ocipolicy.smoke.diagnosis.seen import Cause, Seen

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def expired_token(seen: Seen) -> Cause | None:
    """A session that is over: its token says so, or the service takes it no more."""
    error, profile = seen.error, seen.profile
    over = seen.refused_with(401) and profile.auth == "security_token"
    if error is None or not (isinstance(error, Expired) or over) or _off(seen):
        return None
    said = error.message if isinstance(error, Expired) else "the service takes the token no more"
    return Cause(
        f"the session token of profile {profile.name} has expired",
        (said,),
        "authenticate again",
        commands=(f"oci session authenticate --profile-name {profile.name}",),
    )


def no_resource_principal(seen: Seen) -> Cause | None:
    """No identity where a resource principal or an instance principal should be."""
    auth = seen.profile.auth
    if auth not in ("resource_principal", "instance_principal"):
        return None
    if isinstance(seen.error, NoCredentials):
        return Cause(
            "this is no resource of OCI that has an identity of its own",
            (seen.error.message,),
            "run this where it has one, or write another `auth:` into the profile of the config",
        )
    if seen.refused_with(401) and not _off(seen):
        return Cause(
            "the service does not accept the token of the resource",
            (_brief(seen),),
            "make sure that the resource principal is enabled where this runs, and that its tenancy"
            f" is subscribed to {seen.region}",
        )
    return None


def no_credentials(seen: Seen) -> Cause | None:
    """A profile that nothing can be signed with."""
    if not isinstance(seen.error, NoCredentials):
        return None
    return Cause("nothing can be signed", (seen.error.message,), seen.error.help)


def proxy_in_the_way(seen: Seen) -> Cause | None:
    """Somebody else answers, or nobody lets the request through: a proxy, or one that opens TLS."""
    lost = seen.lost("proxy", "certificate", "stranger")
    refused = seen.refused
    foreign = refused is not None and not refused.request_id and refused.code == str(refused.status)
    if lost is None and not foreign:
        return None
    by = lost or refused
    shown = (f"{name}={without_user(os.environ[name])}" for name in PROXIES if name in os.environ)
    help_ = lost.help if lost else "look at HTTPS_PROXY, and at NO_PROXY for hosts that need none"
    return Cause(
        "a proxy, a portal or a firewall is in the way to OCI",
        (by.message if by else "", *dict.fromkeys(shown)),
        help_,
    )


def region_without_service(seen: Seen) -> Cause | None:
    """A region where Generative AI does not run: it has no host there."""
    if seen.ask.call == "language" or seen.region in reference.regions() or seen.error is None:
        return None
    if not (
        seen.lost("address", "closed", "silent")
        or seen.is_denied
        or seen.refused_with(401)
        or seen.refused_with(404)
    ):
        return None
    known = reference.region(seen.region)
    near = None if known else reference.suggest("region", seen.region)
    runs = ", ".join(each.name for each in reference.regions().values() if each.realm == "oc1")
    return Cause(
        f"Generative AI does not run in the region {seen.region}"
        if known
        else f"{seen.region} is no region of OCI that is known",
        (seen.error.message, f"it runs in {runs}"),
        f"write another `region:` into {seen.origin}" + (f": {near}" if near else ""),
        commands=("ocipolicy reference region",),
    )


def unreachable(seen: Seen) -> Cause | None:
    """No answer at all."""
    lost = seen.lost("address", "closed", "silent")
    if lost is None:
        return None
    return Cause("nothing answers", (lost.message, *_attempts(seen)), lost.help)


def cut_off(seen: Seen) -> Cause | None:
    """An answer, or a stream, that ends too early."""
    lost = seen.lost("cut")
    if lost is None:
        return None
    came = f"{seen.pieces} pieces of the stream had come" if seen.pieces else "nothing had come"
    return Cause(
        "the connection was cut off before the answer was whole",
        (lost.message, came),
        "try again; where this stays, look for a proxy that ends long answers",
        commands=(seen.again(),),
    )


def wrong_clock(seen: Seen) -> Cause | None:
    """A clock that is off by more than five minutes."""
    if not _off(seen) or seen.refused is None:
        return None
    return Cause(
        seen.refused.cause,
        (_brief(seen),),
        "set the clock of this computer",
        commands=("timedatectl set-ntp true",),
    )


def region_not_subscribed(seen: Seen) -> Cause | None:
    """A region that one of the tenancies is not subscribed to: its keys are not known there."""
    if seen.error is not None and not (seen.is_denied or seen.refused_with(401)):
        return None
    request = seen.prediction.request
    tenancies = {each.ocid: each for each in seen.live.world.tenancies.values()}
    own = [tenancies[seen.there]] if seen.there in tenancies else []
    both = [request.who.tenancy, request.where.tenancy] if request else own
    for tenancy in both:
        if tenancy.regions and seen.region not in tenancy.regions:
            known = reference.region(seen.region)
            return Cause(
                f"the tenancy {tenancy.name} is not subscribed to {seen.region}",
                (f"it is subscribed to {', '.join(tenancy.regions)}", *_answered(seen)),
                "subscribe it, as its administrator; that cannot be taken back",
                commands=(_subscribe(tenancy.ocid, known.key if known else seen.region),),
            )
    return None


def unknown_key(seen: Seen) -> Cause | None:
    """An API key that the service does not know."""
    if seen.refused_with(401) is None or seen.profile.auth != "api_key":
        return None
    read = seen.there in {each.ocid for each in seen.live.world.tenancies.values()}
    where = "the home region knows the key: it may be too new for others" if read else ""
    user = seen.principal or "OCID"
    return Cause(
        f"the service does not know the API key of profile {seen.profile.name}",
        tuple(filter(None, (_brief(seen), where))),
        "upload the public half of the key for the user of the profile, or name the right user,"
        " tenancy and fingerprint in it",
        commands=(f"oci iam user api-key upload --user-id {user} --key-file PUBLIC.pem",),
    )


def throttled(seen: Seen) -> Cause | None:
    """Too many requests."""
    if seen.refused_with(429) is None:
        return None
    return Cause(
        "the service is throttling: there were too many requests",
        (_brief(seen), *_attempts(seen)),
        "try again in a minute; a dedicated AI cluster has a capacity of its own",
        commands=(seen.again(),),
    )


def limit_reached(seen: Seen) -> Cause | None:
    """A limit or quota of the tenancy."""
    error = seen.refused
    if error is None or error.code not in ("LimitExceeded", "QuotaExceeded"):
        return None
    return Cause(
        "a limit of the tenancy is reached",
        (_brief(seen),),
        "ask for a higher limit, or give something back",
        commands=(limits_of(seen),),
    )


def service_failed(seen: Seen) -> Cause | None:
    """The service's own failure."""
    error = seen.refused
    if error is None or error.status < 500:
        return None
    return Cause(
        "the service failed",
        (_brief(seen), *_attempts(seen)),
        "try again later; https://ocistatus.oraclecloud.com tells of greater trouble",
        commands=(seen.again(),),
    )


def limits_of(seen: Seen) -> str:
    """The command that lists what the tenancy may use of Generative AI in the region."""
    return (
        "oci limits value list --service-name ai-generative"
        f" --compartment-id {seen.there} --region {seen.region}"
    )


def _subscribe(tenancy: str, key: str) -> str:
    return f"oci iam region-subscription create --tenancy-id {tenancy} --region-key {key}"


def _off(seen: Seen) -> bool:
    return seen.refused is not None and seen.refused.clock_is_off


def _brief(seen: Seen) -> str:
    """What the service said, in its words."""
    error = seen.refused
    return f"{error.operation}: {error.brief}: {error.said.rstrip('.')}" if error else ""


def _answered(seen: Seen) -> Iterator[str]:
    if seen.refused is not None:
        yield _brief(seen)


def _attempts(seen: Seen) -> Iterator[str]:
    if seen.error is not None and seen.error.attempts > 1:
        yield f"tried {seen.error.attempts} times"


def without_user(proxy: str) -> str:
    """The address of a proxy without user and password.

    >>> without_user("http://me:secret@proxy:3128")
    'http://proxy:3128'
    """
    scheme, mark, rest = proxy.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
