"""Causes that lie in the key, the token or the rights of whoever calls."""

from ocipolicy.diagnostics import CannotGoOn, Diagnostic
from ocipolicy.render import azure
from ocipolicy.render.templates import Templates
from ocipolicy.smoke.diagnosis import Cause
from ocipolicy.smoke.services.seen import Seen

_VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "azure-openai": "AZURE_OPENAI_API_KEY",
    "cohere": "COHERE_API_KEY",
    "nvidia": "NVIDIA_API_KEY",
}
_FROM = {
    "openai": "https://platform.openai.com/api-keys makes one",
    "azure-openai": "the Azure portal has it under Keys and Endpoint of the resource",
    "cohere": "https://dashboard.cohere.com/api-keys makes one",
    "nvidia": "https://build.nvidia.com makes one: choose a model, then Get API Key",
}


def key_missing(seen: Seen) -> Cause | None:
    """No variable that holds the key, or one without anything in it."""
    lost = seen.lacks("unnamed", "unset")
    if lost is None:
        return None
    name = lost.where or _VARIABLES[seen.service.provider]
    where = _origin(seen)
    if lost.lack == "unnamed":
        fix = f"{seen.line('key_env', name)}, and put the key into that variable; {where}"
    else:
        fix = f"put the key into {name} where this runs; {where}"
    return Cause("there is no key to call with", (lost.message,), fix, commands=(_put(name),))


def key_wrong_shape(seen: Seen) -> Cause | None:
    """Something in the variable that cannot be a key."""
    lost = seen.lacks("shape")
    if lost is None:
        return None
    return Cause(
        f"what is in {lost.where} is no key of {seen.provider}",
        (lost.message, "nothing was sent"),
        f"put the key into {lost.where}, without blanks and quotes; {_origin(seen)}"
        + (
            "; a server of your own that has other keys is a service of `provider: openai`"
            if seen.service.provider == "nvidia" and seen.elsewhere
            else ""
        ),
        commands=(_put(lost.where),),
    )


def library_missing(seen: Seen) -> Cause | None:
    """No azure-identity, which gets the tokens of Entra ID."""
    lost = seen.lacks("library")
    if lost is None:
        return None
    return Cause(
        "calls with Entra ID need azure-identity",
        (lost.message,),
        "install it",
        commands=("pip install 'ocipolicy[azure]'",),
    )


def no_token(seen: Seen) -> Cause | None:
    """Nobody is logged in whom Entra ID would give a token."""
    lost = seen.lacks("token")
    if lost is None:
        return None
    return Cause(
        "Entra ID gives no token to whoever runs this",
        (lost.message,),
        "log in with the Azure CLI, or run this where there is a managed identity; a service"
        " principal is named by AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        commands=("az login",),
    )


def keys_switched_off(seen: Seen) -> Cause | None:
    """A resource of Azure that takes no keys at all."""
    if not seen.calls_it("authenticationtypedisabled") and not seen.says(
        "key based authentication is disabled"
    ):
        return None
    return Cause(
        "the resource takes no keys, and Entra ID only",
        (seen.brief,),
        f"{seen.line('auth', 'entra-id')}, without `key_env`, and assign the role; Digital"
        " Assistant itself has no type for Entra ID, so it needs the keys to be switched on",
        commands=(seen.assigning(),),
    )


def network_closed(seen: Seen) -> Cause | None:
    """A rule of a network, or a list of addresses, that lets nobody in from here."""
    if not seen.says(
        r"virtual network|firewall|public (network )?access is disabled|private endpoint"
        r"|ip[ _](address )?(is )?not authori[sz]ed"
    ):
        return None
    return Cause(
        f"the network rules of {seen.whose} do not let this computer in",
        (seen.brief,),
        "have the address of this computer added to the rules, and those that Digital Assistant"
        " calls from: it calls from outside as well",
        commands=(seen.az("network-rule", "list"),) if seen.is_azure else (),
    )


def country_not_served(seen: Seen) -> Cause | None:
    """A country that the provider does not serve."""
    if not seen.calls_it("unsupported_country_region_territory"):
        return None
    return Cause(
        f"{seen.whose} does not serve the country that this call comes from",
        (seen.brief,),
        "call from a country that it serves; for Digital Assistant it is the region of the"
        " instance that counts",
    )


def role_missing(seen: Seen) -> Cause | None:
    """A token of somebody who has no role on the resource."""
    denied = seen.refused_with(401, 403)
    if not seen.is_azure or denied is None:
        return None
    if not seen.calls_it("permissiondenied") and not seen.says(
        "principal .*(does not have access|lacks the required data action)"
    ):
        return None
    missing = azure.lacking(seen.entry)
    fix = "assign the role, and wait some minutes"
    if missing:
        keys = ", ".join(f"`{key}`" for key in missing)
        fix = f"add {keys} to {seen.service.name}, and assign the role that is rendered then"
    return Cause(
        f"whoever calls lacks the role `{azure.Role.name}` on the resource",
        (seen.brief,),
        fix,
        commands=_assignment(seen),
    )


def _assignment(seen: Seen) -> tuple[str, ...]:
    """The command that assigns the role; where the entry does not say enough, the one for that."""
    role = azure.role(seen.entry)
    text: str | Diagnostic | None = None
    if role is not None:
        try:
            text = azure.commands([role], Templates())
        except CannotGoOn:
            text = None
    if not isinstance(text, str):
        return (seen.assigning(),)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return (" ".join(line.strip().removesuffix("\\").strip() for line in lines).strip(),)


def wrong_key(seen: Seen) -> Cause | None:
    """A key that the provider does not know."""
    doubt = None
    if seen.refused_with(401) is None:
        if seen.service.provider == "nvidia" and seen.refused_with(403) is not None:
            doubt = "NVIDIA says this of keys that it does not know, as users report"
        elif seen.calls_it("no_db_connection"):
            doubt = "a gateway without a database says this of every key but its own"
        else:
            return None
    if seen.service.auth == "entra-id":
        return Cause(
            "the resource does not accept the token",
            (seen.brief,),
            "make sure that the resource is in the tenant that you are logged in to, and that"
            " `endpoint` is its own: a token needs an address with its name",
            commands=("az account show",),
        )
    name = seen.service.key_env or ""
    more = "; each resource has keys of its own, so `endpoint` has to be theirs"
    return Cause(
        f"{seen.whose} does not know the key in {name}",
        (seen.brief,),
        f"put a valid key into {name}; {_origin(seen)}" + (more if seen.is_azure else ""),
        commands=(seen.az("keys", "list") if seen.is_azure else _put(name),),
        doubt=doubt,
    )


def not_allowed(seen: Seen) -> Cause | None:
    """A key that is known, and may not do this."""
    if seen.refused_with(403) is None:
        return None
    return Cause(
        "the key is known, and may not make this call",
        (seen.brief,),
        f"look at the rights of the key and of its project at {seen.whose}, or take another key",
    )


def _origin(seen: Seen) -> str:
    """Where a key is to be had."""
    if seen.elsewhere:
        return f"whoever runs {seen.elsewhere} gives one"
    return _FROM[seen.service.provider]


def _put(name: str) -> str:
    """The command that puts a key into a variable, and into no history."""
    return f"read -rs {name} && export {name}"
