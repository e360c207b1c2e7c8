"""The checks of a world that look at names, and at more than one value.

They read the tree of the file and not the models, so that they find their mistakes beside others.
"""

from collections.abc import Iterator

from ocipolicy import reference
from ocipolicy.diagnostics import Diagnostic, Severity, Span, closest
from ocipolicy.document import Document, Path, called, one_of, shown
from ocipolicy.world import nodes, values
from ocipolicy.world.tree import label, name_and_domain

_NAMED = ("users", "groups", "dynamic_groups")
_PRINCIPALS = (*_NAMED, "resources")
_SANDBOX = "oc0"  # the realm of what a sandbox has added, to a tenancy of whatever realm


def compare(document: Document) -> Iterator[Diagnostic]:
    """Everything that is wrong between values of a world."""
    tenancies = [*nodes.named(document, ("tenancies",))]
    yield from _empty(document)
    yield from _names(document, ("tenancies",), "/:")
    for tenancy, name in tenancies:
        yield from _names(document, (*tenancy, "compartments"), ":/'\\")
        for path, _ in nodes.compartments(document, tenancy):
            yield from _names(document, (*path, "compartments"), ":/'\\")
        for kind in (*_PRINCIPALS, "policies"):
            yield from _names(document, (*tenancy, kind))
        for kind in _NAMED:
            yield from _same_labels(document, (*tenancy, kind))
        yield from _regions(document, tenancy)
        yield from _members(document, tenancy)
        yield from _places(document, tenancy, name)
        yield from _types(document, tenancy)
        yield from _realms(document, tenancy)
    yield from _same_ocids(document)
    yield from _tags(document)


def _error(rule: str, message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic(rule, Severity.ERROR, message, span, help)


def _empty(document: Document) -> Iterator[Diagnostic]:
    node = document.at(("tenancies",))
    if node is not None and node.value == {}:
        span = document.span(("tenancies",))
        yield _error(
            "empty-world", "the world has no tenancy", span, "add one by name, with its `ocid:`"
        )


def _names(document: Document, path: Path, taken: str = "") -> Iterator[Diagnostic]:
    """The keys of a mapping, where these are names; `taken` are characters no such name has."""
    node = document.at(path)
    entries = node.value if node is not None and isinstance(node.value, dict) else {}
    for key in entries:
        fault = values.name_fault(key, taken)
        if fault:
            message, hint = fault
            place = document.key_span((*path, key))
            yield _error("wrong-name", f"the name {shown(key)} {message}", place, hint)


def _same_labels(document: Document, path: Path) -> Iterator[Diagnostic]:
    seen: dict[str, Path] = {}
    for here, key in nodes.named(document, path):
        name, domain = name_and_domain(key, nodes.text_at(document, (*here, "domain")))
        if not name or not domain:
            yield _error(
                "wrong-name",
                f"the name {shown(key)} has nothing {'behind' if domain else 'before'} its `/`",
                document.key_span(here),
                "write DOMAIN/NAME, or the name alone for the domain Default",
            )
            continue
        first = seen.setdefault(label(name, domain), here)
        if first != here:
            yield _error(
                "duplicate-name",
                f"{called(here)} is {shown(label(name, domain))} again, as {called(first)} is",
                document.key_span(here),
                "keep one of the two, or give it another domain",
            )


def _regions(document: Document, tenancy: Path) -> Iterator[Diagnostic]:
    home = nodes.text_at(document, (*tenancy, "home_region"))
    listed = [*nodes.texts_at(document, (*tenancy, "regions"))]
    seen: set[str] = set()
    for path, text in listed:
        if text in seen:
            message = f"{called(path)} names {shown(text)} twice"
            yield _error("duplicate-region", message, document.span(path), "keep one of the two")
        seen.add(text)
        yield from _unknown_region(document, path, text)
    if home is not None:
        yield from _unknown_region(document, (*tenancy, "home_region"), home)
        if listed and home not in seen and values.is_region(home):
            yield _error(
                "unsubscribed-home",
                f"{called((*tenancy, 'home_region'))} is not among its `regions`",
                document.span((*tenancy, "home_region")),
                f"a tenancy is subscribed to its home region; add {home} to `regions`",
            )


def _unknown_region(document: Document, path: Path, text: str) -> Iterator[Diagnostic]:
    known = reference.all_regions()
    if text not in known and text == text.lower() and values.is_region(text):
        near = closest(text, known)
        yield Diagnostic(
            "unknown-region",
            Severity.WARNING,
            f"{shown(text)} is not among the regions that are known",
            document.span(path),
            f"did you mean `{near}`?" if near else "make sure that there is such a region",
        )


def _members(document: Document, tenancy: Path) -> Iterator[Diagnostic]:
    users = user_labels(document, tenancy)
    for group, _ in nodes.named(document, (*tenancy, "groups")):
        domain = domain_of(document, group)
        seen: set[str] = set()
        for path, text in nodes.texts_at(document, (*group, "members")):
            if values.text_fault(text):
                continue
            found = member(text, domain, users)
            if found is None:
                near = closest(text, {key for key in users if not key.startswith("ocid1.")})
                yield _error(
                    "unknown-member",
                    f"{called(path)} is {shown(text)}, which is no user of the tenancy",
                    document.span(path),
                    f"did you mean `{near}`?" if near else "add it to `users`, or take it out",
                )
            elif found in seen:
                yield _error(
                    "duplicate-member",
                    f"{called(path)} names {shown(found)} twice",
                    document.span(path),
                    "keep one of the two",
                )
            seen.add(found or text)


def domain_of(document: Document, path: Path) -> str:
    """The identity domain of a user, group or dynamic group."""
    return name_and_domain(str(path[-1]), nodes.text_at(document, (*path, "domain")))[1]


def user_labels(document: Document, tenancy: Path) -> dict[str, str]:
    """The labels of a tenancy's users, by themselves and by OCID."""
    found: dict[str, str] = {}
    for path, key in nodes.named(document, (*tenancy, "users")):
        name = label(*name_and_domain(key, nodes.text_at(document, (*path, "domain"))))
        found[name] = name
        ocid = nodes.text_at(document, (*path, "ocid"))
        if ocid is not None:
            found.setdefault(ocid, name)
    return found


def member(text: str, domain: str, users: dict[str, str]) -> str | None:
    """The label of the user that a group's member means: first one of the group's own domain."""
    candidates = (label(text, domain), text, label(*name_and_domain(text)))
    return next((users[each] for each in candidates if each in users), None)


def place_keys(document: Document, tenancy: Path) -> dict[str, tuple[str, ...]]:
    """Every way to name a compartment of a tenancy, with its path."""
    found: dict[str, tuple[str, ...]] = {"/": ()}
    own = nodes.text_at(document, (*tenancy, "ocid"))
    if own is not None:
        found[own] = ()
    for path, names in nodes.compartments(document, tenancy):
        found[":".join(names)] = names
        ocid = nodes.text_at(document, (*path, "ocid"))
        if ocid is not None:
            found.setdefault(ocid, names)
    return found


def _places(document: Document, tenancy: Path, name: str) -> Iterator[Diagnostic]:
    known = place_keys(document, tenancy)
    for kind in ("resources", "policies"):
        for here, _ in nodes.named(document, (*tenancy, kind)):
            path = (*here, "compartment")
            text = nodes.text_at(document, path)
            if text is None or text in known or not values.is_place(text):
                continue
            paths = [each for each in known if not each.startswith("ocid1.")]
            near = _nearest(text, paths)
            yield _error(
                "unknown-compartment",
                f"{called(path)} is {shown(text)}, and {shown(name)} has no such compartment",
                document.span(path),
                f"did you mean `{near}`?" if near else f"write {one_of(sorted(paths)[:8])}",
            )


def _nearest(text: str, paths: list[str]) -> str | None:
    """The path that is meant: the only one that ends so, or one that is spelt nearly so."""
    ends = [path for path in paths if path.endswith(f":{text}")]
    return ends[0] if len(ends) == 1 else closest(text, paths)


# Resources that call nobody, and stand in a world because calls name them.
_CALLED = frozenset({"generativeaiendpoint"})


def _types(document: Document, tenancy: Path) -> Iterator[Diagnostic]:
    known = reference.principal_types()
    for here, _ in nodes.named(document, (*tenancy, "resources")):
        path = (*here, "type")
        text, ocid = nodes.text_at(document, path), nodes.text_at(document, (*here, "ocid"))
        if text is None or not values.is_type(text):
            continue
        parts = reference.ocid_parts(ocid) if ocid is not None else None
        type_ = known.get(text.lower())
        if type_ is None and text not in _CALLED:
            near = reference.suggest("principal", text)
            if near or parts is None or parts.kind != text:
                yield Diagnostic(
                    "unknown-principal-type",
                    Severity.WARNING,
                    f"{called(path)} is {shown(text)}, which is no principal type that is known",
                    document.span(path),
                    f"did you mean `{near}`?" if near else _type_hint(parts),
                )
        elif type_ and parts and type_.ocid_type and parts.kind != type_.ocid_type:
            yield _error(
                "wrong-ocid-kind",
                f"{called((*here, 'ocid'))} is of a kind {shown(parts.kind)}, and its type is "
                f"{type_.name}",
                document.span((*here, "ocid")),
                f"write an OCID that begins with ocid1.{type_.ocid_type}., or the type "
                f"{parts.kind}",
            )


def _type_hint(parts: reference.OcidParts | None) -> str:
    if parts is None:
        return "make sure that this is the word that policies compare with"
    return f"write the type word of its OCID: {parts.kind}"


def _ocid_paths(document: Document, tenancy: Path) -> Iterator[Path]:
    yield (*tenancy, "ocid")
    for path, _ in nodes.compartments(document, tenancy):
        yield (*path, "ocid")
    for kind in (*_PRINCIPALS, "policies"):
        for path, _ in nodes.named(document, (*tenancy, kind)):
            yield (*path, "ocid")


def _realms(document: Document, tenancy: Path) -> Iterator[Diagnostic]:
    """All OCIDs of a tenancy are of its own realm."""
    own: str | None = None
    for path in _ocid_paths(document, tenancy):
        parts = reference.ocid_parts(nodes.text_at(document, path) or "")
        if parts is None or not parts.is_of_oracle:
            continue
        if path == (*tenancy, "ocid"):
            own = parts.realm
        elif own is not None and parts.realm not in (own, _SANDBOX):
            yield _error(
                "mixed-realms",
                f"{called(path)} is in the realm {parts.realm}, and its tenancy in {own}",
                document.span(path),
                "a tenancy and all that is in it are of one realm",
            )


def _same_ocids(document: Document) -> Iterator[Diagnostic]:
    seen: dict[str, Path] = {}
    for tenancy, _ in nodes.named(document, ("tenancies",)):
        for path in _ocid_paths(document, tenancy):
            text = nodes.text_at(document, path)
            if text is None:
                continue
            first = seen.setdefault(text, path)
            if first != path:
                # What an alias repeats is shown by the alias.
                repeated = document.span(path) == document.span(first)
                yield _error(
                    "duplicate-ocid",
                    f"{called(path)} is the OCID of {called(first[:-1])} as well",
                    document.span(path[:-1] if repeated else path),
                    "an OCID names one thing; write the one that this has",
                )


def _tags(document: Document) -> Iterator[Diagnostic]:
    for path, node in document.nodes():
        # Below a mapping of names, `tags` may be one of these names itself.
        if not path or path[-1] != "tags" or not isinstance(node.value, dict) or len(path) % 2 == 0:
            continue
        free_form = len(path) == 5 and path[2] == "policies"
        for key in node.value:
            namespace, dot, rest = key.partition(".")
            if key.strip() and ((free_form and not dot) or (namespace and rest)):
                continue
            yield _error(
                "wrong-tag",
                f"{shown(key)} is no defined tag",
                document.key_span((*path, key)),
                "write `namespace.key: value`; conditions cannot ask for free-form tags",
            )
