"""The checks of a config that look at more than one value, or at a word that the reference knows.

They read the tree of the file and not the models, so that they find their mistakes beside others.
"""

import re
from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.config import values
from ocipolicy.diagnostics import Diagnostic, Severity, closest
from ocipolicy.document import Document, Node, Path, called, shown, unknown_value

_SANDBOX_REALM = "oc0"
_OCIDS: tuple[Path, ...] = (
    ("caller", "tenancy"),
    ("service", "tenancy"),
    ("compartment",),
    ("smoke", "model"),
)
_PROFILES: tuple[Path, ...] = (("caller", "profile"), ("service", "profile"))


def compare(document: Document) -> Iterator[Diagnostic]:
    """Everything that is wrong between values of a config."""
    yield from _access(document)
    yield from _repeated(document, ("caller", "instances"), "duplicate-instance")
    yield from _repeated(document, ("smoke", "calls"), "duplicate-call")
    yield from _realms(document)
    yield from _region(document)


def _texts(document: Document, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts of a list, each with its path."""
    node = document.at(path)
    for at, item in enumerate(_items(node)):
        if isinstance(item.value, str):
            yield (*path, at), item.value


def _items(node: Node | None) -> list[Node]:
    return node.value if node and isinstance(node.value, list) else []


def _access(document: Document) -> Iterator[Diagnostic]:
    services = reference.services()
    seen: set[str] = set()
    for at, item in enumerate(_items(document.at(("access",)))):
        path: Path = ("access", at)
        match item.value:
            case str() as name:
                parts = None
            case dict() as entry if len(entry) == 1:
                (name,) = entry
                parts = entry[name].node
                path = ("access", at, name)
            case _:
                continue
        if name not in services:
            yield _unknown_service(document, path, name)
            continue
        if name in seen:
            yield Diagnostic(
                "duplicate-access",
                Severity.ERROR,
                f"`access` names {shown(name)} twice",
                document.key_span(path) if parts else document.span(path),
                "keep one of the two, with all its parts",
            )
        seen.add(name)
        if parts:
            yield from _parts(document, path, parts, [*services[name].parts])


def _unknown_service(document: Document, path: Path, name: str) -> Diagnostic:
    services = reference.services().values()
    meant = [service.name for service in services if service.type == name]
    meant += [
        f"{service.name}: [{part.name}]"
        for service in services
        for part in service.parts.values()
        if name in (part.name, part.type)
    ]
    if not meant:
        return unknown_value(document, path, name, [*reference.services()])
    return Diagnostic(
        "unknown-value",
        Severity.ERROR,
        f"{shown(name)} is no service",
        document.span(path),
        f"write {meant[0]}",
    )


def _parts(document: Document, path: Path, parts: Node, known: list[str]) -> Iterator[Diagnostic]:
    if parts.value == []:
        yield Diagnostic(
            "empty-list",
            Severity.ERROR,
            f"{called(path)} is an empty list",
            document.span(path),
            f"write at least one part, or `- {path[-1]}` for the whole service",
        )
    for place, text in _texts(document, path):
        if text not in known:
            yield unknown_value(document, place, text, known)
    yield from _repeated(document, path, "duplicate-access")


def _repeated(document: Document, path: Path, rule: str) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for place, text in _texts(document, path):
        if text in seen:
            yield Diagnostic(
                rule,
                Severity.ERROR,
                f"{called(path)} names {shown(text)} twice",
                document.span(place),
                "keep one of the two",
            )
        seen.add(text)


def _realms(document: Document) -> Iterator[Diagnostic]:
    """All OCIDs of one realm, and the sandbox's realm only where the calls go to a sandbox."""
    first: tuple[Path, str] | None = None
    sandbox: Path | None = None
    for path, text in _ocids(document):
        realm = values.realm_of(text)
        if realm is None:
            continue
        if realm == _SANDBOX_REALM:
            sandbox = sandbox or path
        if first is None:
            first = (path, realm)
        elif realm != first[1]:
            yield Diagnostic(
                "mixed-realms",
                Severity.ERROR,
                f"{called(path)} is in the realm {realm}, and {called(first[0])} in {first[1]}",
                document.span(path),
                "no policy reaches from one realm into another; write OCIDs of one realm",
            )
    if sandbox:
        yield from _sandbox(document, sandbox)


def _ocids(document: Document) -> Iterator[tuple[Path, str]]:
    """Every text that may be an OCID, in the order of the contract."""
    for path in _OCIDS:
        node = document.at(path)
        if node and isinstance(node.value, str):
            yield path, node.value
        if path == ("caller", "tenancy"):
            yield from _texts(document, ("caller", "instances"))
    for at in range(len(_items(document.at(("llm_services",))))):
        for key in ("compartment", "model"):
            path = ("llm_services", at, key)
            node = document.at(path)
            if node and isinstance(node.value, str):
                yield path, node.value


def _sandbox(document: Document, ocid: Path) -> Iterator[Diagnostic]:
    """Faults of a config with OCIDs of the sandbox, the first of which is at `ocid`."""
    hint = "give the profile an endpoint: {name: NAME, endpoint: http://127.0.0.1:PORT}"
    profiles = [path for path in _PROFILES if document.at(path)]
    if not profiles:
        yield Diagnostic(
            "sandbox-realm",
            Severity.ERROR,
            f"{called(ocid)} is in the sandbox's realm {_SANDBOX_REALM}, "
            "and no profile sends its calls to a sandbox",
            document.span(ocid),
            hint,
        )
    for path in profiles:
        if _leaves_this_machine(document, path):
            yield Diagnostic(
                "sandbox-realm",
                Severity.ERROR,
                f"{called(path)} sends its calls past the sandbox, "
                f"and {called(ocid)} is in the sandbox's realm {_SANDBOX_REALM}",
                document.span(path),
                hint,
            )


def _leaves_this_machine(document: Document, profile: Path) -> bool:
    node = document.at((*profile, "endpoint"))
    if node is None:
        return True
    # None: what is no URL at all has been said to be wrong already.
    return isinstance(node.value, str) and values.is_loopback(node.value) is False


def _region(document: Document) -> Iterator[Diagnostic]:
    node = document.at(("region",))
    known = reference.regions()
    if not node or not isinstance(node.value, str) or node.value in known:
        return
    if re.fullmatch(values.REGION, node.value):
        near = closest(node.value, known)
        date = max(region.date for region in known.values())
        yield Diagnostic(
            "unknown-region",
            Severity.WARNING,
            f"{shown(node.value)} is not among the regions that had Generative AI in {date}",
            document.span(("region",)),
            f"did you mean `{near}`?" if near else "make sure that Generative AI is offered there",
        )
