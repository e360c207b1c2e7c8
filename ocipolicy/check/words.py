"""Rules about single words: resource types, verbs, permissions, variables, principals, models."""

import re
from collections.abc import Iterable, Iterator

from ocipolicy import reference
from ocipolicy.check.seen import Finding, Seen
from ocipolicy.check.together import clauses, texts
from ocipolicy.diagnostics import Severity
from ocipolicy.language.tree import (
    AssociateGrant,
    PermissionGrant,
    String,
    Variable,
    VerbGrant,
)

_PERMISSION = re.compile(r"[A-Za-z0-9_]+")
# So alike a word must be to one that is known to be taken for it: above all false alarms are bad.
_ALIKE = 0.85


def unknown_resource_type(seen: Seen) -> Iterator[Finding]:
    """A word behind the verb that is no resource type.

    A statement with such a word gives nothing. The dictionary has every type of Generative AI, of
    its agents, of Language and of Digital Assistant: there a word that is nearly one of them is an
    error. Of other services it does not have all, so that a word which is not in it is a note and
    no more. (`ocipolicy reference resource` lists what is known, with sources.)

    Wrong:
        allow group analysts to use generative-ai-models in tenancy
    Right:
        allow group analysts to use generative-ai-model in tenancy

    Fix: write the type that the message names; `--fix` does it where only an ending differs.
    """
    for word, start, end in _resources(seen):
        if reference.resource_type(word) is not None:
            continue
        near = _meant(word)
        known = reference.resource_type(near) if near else None
        if near is None or known is None or known.service not in reference.COMPLETE:
            yield Finding(
                seen,
                start,
                end,
                f"`{word}` is not among the resource types that are known, which are not all",
                f"the nearest is {near}" if near else "make sure that the service has it",
                severity=Severity.NOTE,
            )
            continue
        yield Finding(
            seen,
            start,
            end,
            f"`{word}` is no resource type; did you mean `{near}`?",
            f"write {near}",
            edit=near if _plain(word) == _plain(near) else None,
        )


def obsolete_name(seen: Seen) -> Iterator[Finding]:
    """A name that was printed once, and is none of today.

    Older labs print `ai-service-generative-ai-family`; OCI's policy reference has no such type, and
    a statement with it gives nothing (Oracle LiveLabs against the page on IAM policies for
    Generative AI).

    Wrong:
        allow any-user to use ai-service-generative-ai-family in tenancy where request.principal.type = 'odainstance'
    Right:
        allow any-user to use generative-ai-family in tenancy where request.principal.type = 'odainstance'

    Fix: write the name of today; `--fix` does it.
    """  # noqa: E501 - a statement is one line
    for word, start, end in _resources(seen):
        known = reference.resource_type(word)
        if known is not None and known.obsolete_for is not None:
            now = known.obsolete_for
            message = f"`{word}` is an obsolete name; today it is `{now}`"
            yield Finding(seen, start, end, message, f"write {now}", edit=now)


def unknown_verb(seen: Seen) -> Iterator[Finding]:
    """A verb that is none of inspect, read, use and manage.

    OCI has these four verbs, each with everything that the ones before it give (IAM, Verbs), and
    `associate` between tenancies. Single operations are granted by permissions in braces.

    Wrong:
        allow group analysts to view buckets in tenancy
    Right:
        allow group analysts to inspect buckets in tenancy

    Fix: write the lowest of the four verbs that does; `--fix` puts a misspelt one right.
    """
    access = seen.access
    if access is None or not isinstance(access.grant, VerbGrant):
        return
    verb = access.grant.verb
    if verb in reference.VERBS:
        return
    near = _near(verb, reference.VERBS)
    yield Finding(
        seen,
        *seen.verb_of(access.grant),
        f"`{verb}` is none of OCI's verbs" + (f"; did you mean `{near}`?" if near else ""),
        "the verbs are inspect, read, use and manage; {PERMISSION} grants single operations",
        edit=near,
    )


def unknown_permission(seen: Seen) -> Iterator[Finding]:
    """A permission that is nearly one of a service that the dictionary knows in full.

    What a permission is called is in the policy reference of its service. Only words that are
    nearly a permission of Generative AI or of its agents are reported: for other services the
    dictionary has no permissions, so that nothing could be said about them.

    Wrong:
        allow group analysts to {GENERATIVE_AI_CHATS} in tenancy
    Right:
        allow group analysts to {GENERATIVE_AI_CHAT} in tenancy

    Fix: write the permission that the message names (`ocipolicy reference permission`).
    """
    for word, start, end in _permissions(seen):
        if not word.startswith(("GENERATIVE_AI_", "GENAI_")) or reference.permission(word):
            continue
        near = _near(word, reference.permissions())
        if near is not None:
            message = f"`{word}` is no permission that is known; did you mean `{near}`?"
            edit = near if _plain(word) == _plain(near) else None
            yield Finding(seen, start, end, message, f"write {near}", edit=edit)


def unknown_variable(seen: Seen) -> Iterator[Finding]:
    """A condition on a variable that is nearly one that OCI has.

    OCI does not refuse a variable that no request has: the condition is just never true, and the
    statement gives nothing (IAM, policyadvancedfeatures). The general variables are all known; of
    the variables of single services (`target...`) many are not, so that only a word which is
    nearly a known one is reported.

    Wrong:
        allow any-user to use generative-ai-chat in tenancy where request.principal.typ = 'odainstance'
    Right:
        allow any-user to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: write the variable that the message names (`ocipolicy reference variable`).
    """  # noqa: E501 - a statement is one line
    access = seen.access
    for clause in clauses(access.condition if access else None):
        name = clause.variable
        if reference.variable(name) is not None:
            continue
        general = name.lower().startswith("request.")
        near = _near(name, reference.variables(), 0.85 if general else 0.93)
        if near is None and not general:
            continue
        start = clause.start + (1 if clause.operator == "absent" else 0)
        exact = seen.text(start, start + len(name)) == name
        yield Finding(
            seen,
            start if exact else clause.start,
            start + len(name) if exact else clause.end,
            f"`{name}` is no variable that is known"
            + (f"; did you mean `{near}`?" if near else ", and the general ones are all known"),
            f"write {near}" if near else "see `ocipolicy reference variable`",
            severity=None if near else Severity.WARNING,
        )


def unknown_principal_type(seen: Seen) -> Iterator[Finding]:
    """A value of `request.principal.type` that is nearly a type of principal.

    The types are words such as `odainstance` and `fnfunc`, the same as in the OCIDs of such
    resources. With any other word the condition is never true, and the statement gives nothing.

    Wrong:
        allow any-user to use generative-ai-chat in tenancy where request.principal.type = 'oda-instance'
    Right:
        allow any-user to use generative-ai-chat in tenancy where request.principal.type = 'odainstance'

    Fix: write the type that the message names (`ocipolicy reference principal`).
    """  # noqa: E501 - a statement is one line
    access = seen.access
    for clause in clauses(access.condition if access else None):
        if clause.variable.lower() != "request.principal.type":
            continue
        for value in clause.values:
            if not isinstance(value, String) or "*" in value.text:
                continue
            word = value.text.lower()
            near = _near(word, reference.principal_types())
            if reference.principal_type(word) is None and near is not None:
                message = f"`{value.text}` is no type of principal; did you mean `{near}`?"
                edit = f"'{near}'" if _plain(word) == _plain(near) else None
                yield seen.at(value, message, f"write '{near}'", edit=edit)


def unquoted_value(seen: Seen) -> Iterator[Finding]:
    """A value without quotes, which OCI reads as the name of a variable.

    Text stands in single quotes (IAM, conditions). Without them OCI looks for a variable of that
    name, and refuses the policy: "Invalid right-hand side in condition: empty list of varnames".

    Wrong:
        allow any-user to use generative-ai-chat in tenancy where request.user.name = jane.doe
    Right:
        allow any-user to use generative-ai-chat in tenancy where request.user.name = 'jane.doe'

    Fix: put it in single quotes; `--fix` does it.
    """
    access = seen.access
    for clause in clauses(access.condition if access else None):
        for value in clause.values:
            if isinstance(value, Variable) and not _is_variable(value.name):
                message = (
                    f"without quotes OCI reads `{value.name}` as a variable, and there is none"
                )
                quoted = f"'{value.name}'"
                yield seen.at(value, message, f"write {quoted}", edit=quoted)


def retired_model(seen: Seen) -> Iterator[Finding]:
    """A model that Generative AI no longer serves.

    A condition on `target.model.id` with a retired model lets no call through any more; the day on
    which each was taken out of service is in the dictionary (generative-ai,
    deprecating-on-demand). ListModels of a tenancy knows best which ones are there.

    Wrong:
        allow group analysts to use generative-ai-chat in tenancy where target.model.id = 'cohere.command-r-plus'
    Right:
        allow group analysts to use generative-ai-chat in tenancy where target.model.id = 'cohere.command-a-03-2025'

    Fix: name a model that is served (`ocipolicy reference model`).
    """  # noqa: E501 - a statement is one line
    access = seen.access
    for clause in clauses(access.condition if access else None):
        if clause.variable.lower() != "target.model.id" or clause.operator in ("!=", "not in"):
            continue
        for value in clause.values:
            model = reference.model(value.text.lower()) if isinstance(value, String) else None
            if model is None or not (model.retired_on_demand or model.note == "retired"):
                continue
            since = f" since {model.retired_on_demand}" if model.retired_on_demand else ""
            yield seen.at(
                value,
                f"the model {model.name} is not served on demand any more{since}",
                "name a model that is served: see `ocipolicy reference model`",
            )


def _resources(seen: Seen) -> Iterator[tuple[str, int, int]]:
    """The resource types of a statement, each with its place."""
    grant = seen.access.grant if seen.access else None
    match grant:
        case VerbGrant(resource=resource):
            yield (resource, *seen.resource_of(grant))
        case AssociateGrant(resource=one, with_resource=other):
            for word in (one, other):
                found = re.search(
                    rf"(?<![\w-]){re.escape(word)}(?![\w-])",
                    seen.text(grant.start, grant.end),
                    re.IGNORECASE,
                )
                if found:
                    yield word, grant.start + found.start(), grant.start + found.end()


def _permissions(seen: Seen) -> Iterator[tuple[str, int, int]]:
    """The permissions that a statement names, in braces or in a condition, with their places."""
    access = seen.access
    if access is None:
        return
    grant = access.grant
    if isinstance(grant, PermissionGrant):
        named = set(grant.permissions)
        for found in _PERMISSION.finditer(seen.source.text, grant.start, grant.end):
            if found[0].upper() in named:
                yield found[0].upper(), found.start(), found.end()
    for clause in clauses(access.condition):
        if clause.variable.lower() == "request.permission" and texts(clause) is not None:
            for value in clause.values:
                if isinstance(value, String):
                    yield value.text.upper(), value.start + 1, value.end - 1


def _meant(word: str) -> str | None:
    """The resource type that a word most likely means.

    Agents have the prefix genai-agent, and many write generative-ai-agent.
    """
    agent = word.replace("generative-ai-agent", "genai-agent", 1)
    return _near(word if agent == word else agent, reference.resource_types())


def _near(word: str, words: Iterable[str], alike: float = _ALIKE) -> str | None:
    """The word of a list that is so alike that nothing else can be meant."""
    from difflib import SequenceMatcher, get_close_matches

    folded = {each.lower(): each for each in words}
    for candidate in get_close_matches(word.lower(), folded, n=3, cutoff=0.7):
        same = _plain(candidate) == _plain(word)
        if same or SequenceMatcher(None, word.lower(), candidate).ratio() >= alike:
            return folded[candidate]
    return None


def _plain(word: str) -> str:
    """A word without what people add to it or leave out: hyphens, and the plural."""
    bare = word.lower().replace("-", "").replace("_", "")
    return re.sub(r"ie?s$|y$", "y", bare) if re.search(r"ies$|y$", bare) else bare.rstrip("s")


def _is_variable(name: str) -> bool:
    """Whether a word without quotes can be meant as a variable."""
    return name.lower().startswith(("request.", "target.", "resource.", "event.", "instance."))
