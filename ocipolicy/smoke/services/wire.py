"""Causes that lie on the way: names, certificates, proxies, silence, answers of others."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from ocipolicy.smoke.diagnosis import Cause
from ocipolicy.smoke.diagnosis.wire import PROXIES, without_user
from ocipolicy.smoke.services.seen import Seen

_STATUS = {
    "openai": "https://status.openai.com",
    "azure-openai": "https://azure.status.microsoft",
    "cohere": "https://status.cohere.com",
    "nvidia": "https://status.ngc.nvidia.com",
}


def redirected(seen: Seen) -> Cause | None:
    """A server that sends callers to another address, as http does to https."""
    lost = seen.lost("redirect")
    if lost is None:
        return None
    return Cause(
        "the address of the service is another one now",
        (lost.message, "a redirect is not followed, since it would take the key along"),
        f"write `endpoint:` of {seen.service.name} as the server has it, if you trust it with the"
        " key; a portal that wants a login sends callers on as well",
    )


def unknown_host(seen: Seen) -> Cause | None:
    """A host without an address: mostly the name of a resource that is not there."""
    lost = seen.lost("address")
    if lost is None:
        return None
    if seen.is_azure:
        return Cause(
            "there is no resource of Azure with the name in `endpoint`",
            tuple(filter(None, (lost.message, *_proxies()))),
            "write the endpoint that the Azure portal shows under Keys and Endpoint; a resource"
            " with a private endpoint alone has its address within its network only",
            commands=("az cognitiveservices account list --query '[].properties.endpoint'",),
        )
    return Cause(
        f"the host of {seen.service.name} has no address",
        (lost.message, *_proxies()),
        "look at `endpoint` if there is one, and at the network: behind a proxy HTTPS_PROXY has to"
        " be set",
    )


def certificate_refused(seen: Seen) -> Cause | None:
    """A certificate that is not trusted, or no TLS at all."""
    lost = seen.lost("certificate")
    if lost is None:
        return None
    plain = "wrong version number" in lost.said.lower() or "record layer" in lost.said.lower()
    return Cause(
        "the server does not speak TLS"
        if plain
        else "the certificate of the server is not trusted",
        (f"{lost.message}: {lost.said}", *_proxies()),
        "write http:// where it is a server of your own on this machine"
        if plain
        else "a proxy that opens TLS needs its certificate in SSL_CERT_FILE; verification is never"
        " switched off",
    )


def proxy_in_the_way(seen: Seen) -> Cause | None:
    """A proxy that does not let the call through, or a page where an answer should be."""
    lost = seen.lost("proxy", "page")
    if lost is None:
        return None
    said = f"{lost.message}: {lost.said}" if lost.said else lost.message
    return Cause(
        f"a proxy, a portal or a firewall is in the way to {seen.whose}",
        (said, *_proxies()),
        "look at HTTPS_PROXY, and at NO_PROXY for hosts that need none; a page may also mean that"
        " `endpoint` is that of a web site and not of an API",
    )


def timed_out(seen: Seen) -> Cause | None:
    """Nothing for a minute."""
    lost = seen.lost("silent")
    timed = seen.refused_with(408, 504) or (seen.refused if seen.says(r"timed? ?out") else None)
    if lost is None and timed is None:
        return None
    return Cause(
        "no answer came in time",
        (lost.message if lost else seen.brief, *_proxies()),
        "try again; a firewall that drops packets looks like this too, and so does a model that is"
        " just being loaded",
        commands=(seen.again(),),
    )


def no_answer(seen: Seen) -> Cause | None:
    """Nobody who answers there."""
    lost = seen.lost("closed")
    if lost is None:
        return None
    return Cause(
        "nobody answers at the address of the service",
        (lost.message, *([lost.said] if lost.said else []), *_proxies()),
        "look at `endpoint`, its port, and whether the server runs"
        if seen.entry.endpoint
        else "look at the network of this computer",
    )


def answer_pending(seen: Seen) -> Cause | None:
    """An answer that is to be fetched later: NVIDIA does so while a model is being loaded."""
    lost = seen.lost("pending")
    if lost is None:
        return None
    return Cause(
        "the model takes so long that the answer has to be fetched later",
        (lost.message,),
        "try again in some minutes; Digital Assistant does not fetch answers, so a model that"
        " stays so slow is none for it",
        commands=(seen.again(),),
    )


def cut_off(seen: Seen) -> Cause | None:
    """An answer, or a stream, that ends too early."""
    lost = seen.lost("cut")
    if lost is None:
        return None
    pieces = "1 piece" if lost.pieces == 1 else f"{lost.pieces} pieces"
    came = f"{pieces} of the stream had come" if lost.pieces else "nothing had come"
    return Cause(
        "the connection was cut off before the answer was whole",
        (lost.message, came),
        "try again; where this stays, look for a proxy that ends long answers",
        commands=(seen.again(),),
    )


def not_streamed(seen: Seen) -> Cause | None:
    """A whole answer where a stream was asked for."""
    lost = seen.lost("unstreamed")
    if lost is None:
        return None
    return Cause(
        "the server answers, and does not stream",
        (f"{lost.message}; {lost.said}",),
        f"use the service without streaming: {seen.line('drop', '[stream]')}",
    )


def other_api(seen: Seen) -> Cause | None:
    """An answer of something that is not this API."""
    lost = seen.lost("stranger")
    if lost is None:
        return None
    host = urlsplit(seen.service.url).netloc
    return Cause(
        f"what answers at {host} does not speak the API of {seen.provider}",
        (f"{lost.message}: {lost.said}",),
        f"{seen.service.url} was called; {_right_base(seen)}",
    )


def wrong_path(seen: Seen) -> Cause | None:
    """A server that does not know the path of the call."""
    if seen.refused_with(404, 405) is None:
        return None
    return Cause(
        "the server has nothing at the path of the call",
        (seen.brief, f"{seen.service.url} was called"),
        _right_base(seen),
    )


def _right_base(seen: Seen) -> str:
    """What to look at where the path of a call leads nowhere."""
    if seen.is_azure:
        return "write `endpoint` as the Azure portal has it: it ends with the host"
    if not seen.elsewhere:
        return f"{seen.provider} may have changed its API; look whether there is a newer ocipolicy"
    ends = "" if seen.service.provider == "cohere" else "; mostly it ends with /v1"
    return f"look at `endpoint`, which the path of a call is added to{ends}"


def service_failed(seen: Seen) -> Cause | None:
    """The provider's own failure, or too much to do."""
    error = seen.refused
    if error is None or error.status < 500:
        return None
    return Cause(
        f"{seen.whose} failed",
        (seen.brief,),
        "try again later; "
        + (
            f"whoever runs {seen.elsewhere} knows more"
            if seen.elsewhere
            else f"{_STATUS[seen.service.provider]} tells of greater trouble"
        ),
        commands=(seen.again(),),
    )


def _proxies() -> Iterator[str]:
    """The proxies of the environment, without their passwords."""
    for name in PROXIES:
        if os.environ.get(name):
            yield f"{name}={without_user(os.environ[name])}"
