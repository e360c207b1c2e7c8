"""YAML text to a tree of nodes that know their places, with every mistake that YAML itself has.

The tree is built from the parser's events and not by PyYAML's composer: that one calls itself for
each level, so that a few thousand brackets end the process, and follows an alias wherever it leads.
Plain words are read as YAML 1.2's core schema has them, where `on`, `off`, `yes` and `no` are text.
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from ocipolicy.diagnostics import Diagnostic, Severity, Source, Span
from ocipolicy.document.tree import Document, Entry, Node, Scalar, shown

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 40

# YAML has no place for these at all (production c-printable), nor for a byte order mark inside.
# In three sets, since `re` takes long over one that is spread so wide.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|[\ud800-\udfff\ufeff]|[\ufffe\uffff]"
)
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Longer numbers than these are no use here, and Python takes its time over them.
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_PREFIXED = re.compile(r"0o[0-7]{1,20}|0x[0-9A-Fa-f]{1,15}")
_REAL = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,3})?")
_STRING_TAGS = ("!", "tag:yaml.org,2002:str")

# What the parser says, what a person needs to hear, and whether the place is where the trouble
# begins (the open quote) or where the parser gave up. The two parsers use slightly other words.
_SYNTAX = (
    (
        r"mapping values are not allowed",
        "a `:` stands here that can belong to no key",
        "put a value that holds `: ` in quotes, and begin keys of one mapping in one column",
        False,
    ),
    (
        r"unexpected (end of stream|document indicator)",
        "the quote that opens here is not closed",
        "close it with the same quote",
        True,
    ),
    (
        r"expected ',' or '\]'",
        "this `[` is not closed, or a comma is missing in its list",
        "close it with `]`, and put a comma between its items",
        True,
    ),
    (
        r"expected ',' or '\}'",
        "this `{` is not closed, or a comma is missing in its mapping",
        "close it with `}`, and put a comma between its keys",
        True,
    ),
    (
        r"expected '-' indicator",
        "expected the next `- ` of the list",
        "begin the items of a list in one column, and do not mix them with keys",
        False,
    ),
    (
        r"expected key|<block end>",
        "this is neither a key nor a part of the value before it",
        "begin keys of one mapping in one column, and close quotes and brackets",
        False,
    ),
    (
        r"could not find expected ':'",
        "this line has no `:` that would make it a key",
        "write `key: value`, and indent what belongs to the line above",
        True,
    ),
    (r"expected (the )?node content", "expected a value", "write a value in front of this", False),
    (
        r"escape",
        "a text in double quotes has an escape that YAML does not know",
        "write two backslashes for one, or use single quotes",
        True,
    ),
    (
        r"tab character|start any token",
        "a tab stands where YAML wants blanks",
        "indent with blanks",
        False,
    ),
)


def read(source: Source, largest: int) -> tuple[Document, tuple[Diagnostic, ...]]:
    """The tree of a YAML text of at most so many values, and what is wrong with it as YAML."""
    reader = _Reader(source, largest)
    root = reader.read()
    return Document(source, root), tuple(reader.diagnostics)


class _Stop(Exception):
    """The rest cannot be read; caught in this file."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    is_list: bool
    flow: bool
    anchor: str | None
    start: int
    children: list[Node] = field(default_factory=list)


class _Reader:
    """Events in, nodes out, with a stack of its own."""

    def __init__(self, source: Source, largest: int) -> None:
        self.source = source
        self._largest = largest
        self.diagnostics: list[Diagnostic] = []
        # A byte order mark is dropped, so that marks count from behind it.
        self._base = 1 if source.text.startswith("\ufeff") else 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None

    def read(self) -> Node | None:
        text = self.source.text
        strange = _UNPRINTABLE.search(text, self._base)
        try:
            if strange:
                self._stop(
                    "control-character",
                    f"the character U+{ord(strange[0]):04X} cannot stand in a YAML file",
                    *strange.span(),
                    help="take it out",
                )
            for event in yaml.parse(text[self._base :], Loader=_LOADER):
                self._take(event)
        except yaml.YAMLError as error:
            self._syntax(error)
            return None
        except _Stop:
            return None
        return self._root or Node(None, 0, 0)

    def _take(self, event: yaml.Event) -> None:
        start = self._base + (event.start_mark.index if event.start_mark else 0)
        end = self._base + (event.end_mark.index if event.end_mark else 0)
        match event:
            case yaml.DocumentStartEvent() if self._root:
                self._stop(
                    "several-documents",
                    "a second document begins here",
                    start,
                    end,
                    "keep one document to a file",
                )
            case yaml.ScalarEvent():
                self._tag(event.tag, start, end)
                plain = event.implicit[0] and event.tag is None
                value = _plain(event.value) if plain else event.value
                self._add(Node(value, start, end), event.anchor)
            case yaml.AliasEvent():
                self._alias(event.anchor or "", start, end)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._tag(event.tag, start, end)
                if len(self._stack) >= _DEEPEST:
                    self._too_deep(start, end)
                if event.anchor:
                    self._anchors[event.anchor] = None
                is_list = isinstance(event, yaml.SequenceStartEvent)
                self._stack.append(_Open(is_list, bool(event.flow_style), event.anchor, start))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._close(end)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node

    def _close(self, end: int) -> None:
        ended = self._stack.pop()
        children = ended.children
        # The events of a list or mapping in block style end where the next thing begins.
        last = end if ended.flow or not children else children[-1].end
        node = Node([], ended.start, last)
        node.size += sum(child.size for child in children)
        node.depth = 1 + max((child.depth for child in children), default=0)
        if node.size > self._largest:
            self._stop(
                "too-large",
                "the aliases or the length of this make a file of more than "
                f"{self._largest:,} values",
                ended.start,
                end,
                "write fewer values",
            )
        node.value = children if ended.is_list else self._entries(children)
        self._add(node, ended.anchor)

    def _entries(self, children: list[Node]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        for key, node in zip(children[::2], children[1::2], strict=True):
            name = key.value if isinstance(key.value, str) else self._written(key)
            if isinstance(key.value, list | dict) or not name:
                self._say(
                    "wrong-key", "a key must be a word", key.start, key.end, "write `key: value`"
                )
            elif name == "<<" and self._written(key) == "<<":
                merged += node.value if isinstance(node.value, list) else [node]
            elif name in entries:
                line = self.source.position(entries[name].key.start)[0]
                self._say(
                    "duplicate-key",
                    f"the key {shown(name)} stands twice in this mapping",
                    key.start,
                    key.end,
                    f"keep one of the two; the first is on line {line}",
                )
            else:
                entries[name] = Entry(key, node)
        for node in merged:
            match node.value:
                case dict() as more:
                    for name, entry in more.items():
                        entries.setdefault(name, entry)
                case _:
                    self._say(
                        "wrong-type",
                        f"`<<` takes in a mapping, and this is {node.kind}",
                        node.start,
                        node.end,
                        "name the anchor of a mapping: `<<: *anchor`",
                    )
        return entries

    def _alias(self, name: str, start: int, end: int) -> None:
        if name not in self._anchors:
            self._stop(
                "unknown-anchor",
                f"no anchor `&{name}` stands before this alias",
                start,
                end,
                f"write `&{name}` in front of the value that it repeats",
            )
        target = self._anchors[name]
        if target is None:
            self._stop(
                "recursive-alias",
                f"`*{name}` stands inside the value that it repeats",
                start,
                end,
                "write the value out",
            )
        if len(self._stack) + target.depth > _DEEPEST:
            self._too_deep(start, end)
        node = Node(target.value, start, end, target.size, target.depth)
        self._add(node, None)

    def _tag(self, tag: str | None, start: int, end: int) -> None:
        if tag is not None and tag not in _STRING_TAGS:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self._say(
                "yaml-tag", f"the tag {shown(short)} has no meaning here", start, end, "take it out"
            )

    def _written(self, node: Node) -> str:
        return self.source.text[node.start : node.end]

    def _too_deep(self, start: int, end: int) -> NoReturn:
        self._stop(
            "too-deep",
            f"values are nested more than {_DEEPEST} levels deep here",
            start,
            end,
            "close the brackets before this, or indent less",
        )

    def _syntax(self, error: yaml.YAMLError) -> None:
        said = getattr(error, "problem", None) or ""
        mark = getattr(error, "problem_mark", None)
        begun = getattr(error, "context_mark", None) or mark
        message, hint, at_start = _in_words(said)
        place = begun if at_start else mark
        text = self.source.text
        at = min(self._base + place.index, len(text)) if place else 0
        here = text[at : at + 1]
        if "cannot start any token" in said and here != "\t":
            message, hint = f"a value cannot begin with {shown(here)}", "put the value in quotes"
        self._say("yaml-syntax", message, at, at + (here not in ("", "\r", "\n")), hint)

    def _say(self, rule: str, message: str, start: int, end: int, help: str) -> None:
        span = Span(self.source, start, end)
        self.diagnostics.append(Diagnostic(rule, Severity.ERROR, message, span, help))

    def _stop(self, rule: str, message: str, start: int, end: int, help: str) -> NoReturn:
        self._say(rule, message, start, end, help)
        raise _Stop


def _in_words(said: str) -> tuple[str, str, bool]:
    """What the parser said, as a row of the table without its pattern."""
    for pattern, message, hint, at_start in _SYNTAX:
        if re.search(pattern, said):
            return message, hint, at_start
    return (
        "from here on this cannot be read as YAML",
        "look at the quotes, colons and indentation of this line and of the one above",
        False,
    )


def _plain(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _REAL.fullmatch(text):
        return float(text)
    return text
