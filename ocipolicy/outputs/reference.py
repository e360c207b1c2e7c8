"""Words of the dictionary, for people and as JSON: what is known, with source, date and doubt."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from ocipolicy import reference
from ocipolicy.outputs.lines import WIDTH, Width, columns, fold
from ocipolicy.outputs.text import Paint, plain
from ocipolicy.reference import (
    Fact,
    Limit,
    Model,
    Operation,
    Permission,
    PrincipalType,
    Region,
    ResourceType,
    Variable,
)

_LABEL = 14
_FACT = ("source", "date", "doubt")

# The kind of a word, and its row.
Entry = tuple[str, Fact]


def entries(kind: str) -> Iterator[Entry]:
    """Every row of a kind (a key of `reference.KINDS`), in the dictionary's order."""
    for found in reference.KINDS[kind]().values():
        for each in found if isinstance(found, tuple) else (found,):
            yield kind, each


def as_data(shown: Iterable[Entry]) -> dict[str, Any]:
    """`{"entries": [{"kind", "name", ..., "source", "date", "doubt"}...]}`."""
    return {"entries": [_data(kind, each) for kind, each in shown]}


def _data(kind: str, row: Fact) -> dict[str, Any]:
    names = [each.name for each in fields(row)]
    order = ["name", *(name for name in names if name not in ("name", *_FACT)), *_FACT]
    # The kind of word comes first, so that the kind of a variable's value goes by another name.
    return {
        "kind": kind,
        **{"type" if name == "kind" else name: _plain(getattr(row, name)) for name in order},
    }


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case date():
            return value.isoformat()
    return value


def as_list(shown: Sequence[Entry]) -> str:
    """One row a line: the name, and in a word or two what it is."""
    lines = [(_listed(each), _short(each)) for _, each in shown]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name:{width}}  {short}".rstrip() for name, short in lines)


def as_text(shown: Sequence[Entry], paint: Paint = plain, width: Width = None) -> str:
    """Each row in full, an empty line between two; an address that is too long has its own line."""
    return "\n\n".join(_full(kind, each, paint, width) for kind, each in shown)


def kinds() -> str:
    """The kinds of word, and how many of each there are."""
    counts = {kind: sum(1 for _ in entries(kind)) for kind in reference.KINDS}
    return "\n".join(f"{kind:<{_LABEL}}{count:>5} words" for kind, count in counts.items())


def _full(kind: str, row: Fact, paint: Paint, width: Width) -> str:
    lines = [f"{_name(row)} {paint(f'({_title(kind, row)})', 'comment')}"]
    room = (width or WIDTH) - _LABEL - 2
    for label, text in (*_rows(row), *_fact(row)):
        first, *rest = fold(text, room)
        if columns(first) > room:
            lines += ["  " + paint(label, "comment"), " " * 4 + first]
        else:
            lines.append("  " + paint(f"{label:<{_LABEL}}", "comment") + first)
        lines += (" " * (_LABEL + 2) + each for each in rest)
    return "\n".join(lines)


def _fact(row: Fact) -> Iterator[tuple[str, str]]:
    yield "source", row.source
    yield "date", row.date
    if row.doubt:
        yield "doubt", row.doubt


def _name(row: Fact) -> str:
    match row:
        case Operation():
            return f"{row.service}:{row.name}"
        case Variable(prefix=True, kind="tag"):
            return f"{row.name}.NAMESPACE.KEY"
        case Variable(prefix=True):
            return f"{row.name}.*"
    name: str = getattr(row, "name")  # noqa: B009 - every row has one, Fact itself does not
    return name


def _listed(row: Fact) -> str:
    """Its name in a list, where the service of an operation stands in the second column."""
    return row.name if isinstance(row, Operation) else _name(row)


def _title(kind: str, row: Fact) -> str:
    match row:
        case ResourceType():
            return f"{'family' if row.family else 'resource type'} of {row.service}"
        case Region():
            return f"region of {row.realm}, key {row.key}"
        case PrincipalType():
            return "principal type"
    return kind


def _short(row: Fact) -> str:
    match row:
        case ResourceType():
            return f"{row.service}, family" if row.family else row.service
        case Operation():
            return f"{row.service}, {row.verb}" if row.verb else row.service
        case Permission():
            return " or ".join(dict.fromkeys(verb for _, verb in row.granted_by))
        case Variable():
            return row.kind
        case Region():
            where = ", Generative AI" if row.generative_ai else ""
            return f"{row.key}  {row.realm}{where}"
        case Model():
            retired = row.retired_on_demand or row.note == "retired"
            return "retired" if retired else ", ".join(row.tasks)
        case PrincipalType():
            return row.what
        case Limit():
            return f"{row.value} {row.counts}"
    return ""


def _rows(row: Fact) -> Iterator[tuple[str, str]]:
    match row:
        case ResourceType():
            yield from _of_resource_type(row)
        case Operation():
            yield from _of_operation(row)
        case Permission():
            for type_, verb in row.granted_by:
                yield "granted by", f"{verb} {type_}, and higher verbs"
        case Variable():
            yield from _of_variable(row)
        case Region():
            yield "services", "Generative AI" if row.generative_ai else "no Generative AI found"
        case Model():
            yield from _of_model(row)
        case PrincipalType():
            yield "what", row.what
            shape = f"ocid1.{row.ocid_type}.<realm>.[region].<id>" if row.ocid_type else "none"
            yield "OCID", shape
        case Limit():
            yield "value", f"{row.value} {row.counts}"
            yield from _note(row.note)


def _of_resource_type(row: ResourceType) -> Iterator[tuple[str, str]]:
    if row.obsolete_for:
        yield "write instead", row.obsolete_for
    if row.name == reference.ALL_RESOURCES:
        yield "members", f"every resource type, {len(row.members)} of them in this dictionary"
        return
    if row.members:
        yield "members", ", ".join(row.members)
    families = [
        each.name
        for each in reference.resource_types().values()
        if row.name in each.members and each.name != reference.ALL_RESOURCES
    ]
    if families:
        yield "member of", ", ".join(families)
    for verb, adds in row.permissions.items():
        yield f"{verb} adds", ", ".join(adds)
    if not row.documented:
        yield "permissions", "not known"


def _of_operation(row: Operation) -> Iterator[tuple[str, str]]:
    if row.permissions:
        yield "needs", " and ".join(row.permissions)
        for name in row.permissions:
            known = reference.permission(name)
            for type_, verb in known.granted_by if known else ():
                yield "granted by", f"{verb} {type_}"
    elif row.resource_type and row.verb:
        yield "needs", f"{row.verb} {row.resource_type}; its permissions are not documented"
    else:
        yield "needs", "not documented"
    if row.target:
        yield "where", row.target


def _of_variable(row: Variable) -> Iterator[tuple[str, str]]:
    yield "type", f"{row.kind}, several at once" if row.is_set else row.kind
    yield "operators", ", ".join(row.operators)
    yield "callers", ", ".join(row.applies_to)
    if row.services:
        yield "services", ", ".join(row.services)
    if row.not_on:
        yield "not on", ", ".join(row.not_on)
    yield from _note(row.note)


def _of_model(row: Model) -> Iterator[tuple[str, str]]:
    yield "vendor", row.vendor
    yield "tasks", ", ".join(row.tasks)
    if row.api_format:
        yield "apiFormat", row.api_format
    if row.retired_on_demand:
        yield "on demand", f"retired {row.retired_on_demand}"
    if row.retired_dedicated:
        yield "dedicated", f"retired {row.retired_dedicated}"
    yield from _note(row.note)


def _note(note: str | None) -> Iterator[tuple[str, str]]:
    if note:
        yield "note", note
