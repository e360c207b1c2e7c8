"""Templates to text: found, rendered in a sandbox, and every value locked into its place.

Only three things come through `{{ }}`: one bare word of the policy language, a location, and what
the filter `quoted` has put into single quotes. So no value can leave the place it fills.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ocipolicy.diagnostics import CannotGoOn, Diagnostic, Severity, Source, Span, Unreadable
from ocipolicy.language import show_location
from ocipolicy.language.lexer import is_bare
from ocipolicy.language.tree import InAnyTenancy, InCompartment, InCompartmentId, InTenancy

_LOCATIONS = (InTenancy, InAnyTenancy, InCompartment, InCompartmentId)
# Two characters for private use mark the template line that a rendered line came from. No value can
# hold them: a bare word and a quoted string are both ASCII.
_MARK = re.compile("\ue000([0-9]+):([0-9]+)\ue001")
_LINE = re.compile(r"(?<=\n)")


class Quoted(str):
    """Text that the filter `quoted` has put into single quotes."""

    __slots__ = ()


class Refused(Exception):
    """A value that may not stand where a template puts it; the message is for the user."""


def quoted(value: object) -> Quoted:
    """The filter `quoted`: `'a'` for a string, `('a', 'b')` for a list of them.

    Raises Refused for everything that could end its quotes or is no plain text: quotes and
    backslashes, anything but printable ASCII, an empty string or list, other types.
    """
    if isinstance(value, str):
        return Quoted(f"'{_plain(value)}'")
    if isinstance(value, list | tuple) and value:
        return Quoted("(" + ", ".join(f"'{_plain(each)}'" for each in value) + ")")
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises, and names what is undefined
    raise Refused("the filter `quoted` takes a string, or a list of strings that is not empty")


def _plain(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("the filter `quoted` takes strings only")
    if not value:
        raise Refused("an empty string cannot be quoted: it would match nothing")
    if not (value.isascii() and value.isprintable()) or "'" in value or "\\" in value:
        raise Refused(
            f"{_shown(value)} cannot be quoted: quotes, backslashes and what is not printable ASCII"
            " could end the quotes or be read otherwise"
        )
    return value


def _finalize(value: object) -> object:
    """What may come through `{{ }}`; everything else is refused."""
    match value:
        case Quoted():
            return value
        case InTenancy() | InAnyTenancy() | InCompartment() | InCompartmentId():
            return show_location(value)
        case jinja2.Undefined():
            return str(value)  # raises, and names what is undefined
        case str() if is_bare(value):
            return value
        case int() if not isinstance(value, bool):
            return str(value)
    raise Refused(
        f"{_shown(value)} is not one bare word, so it needs the filter `quoted`:"
        " {{ ... | quoted }}"
    )


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered text, with the template line that each part of it came from.

    `origins` has (offset in `text`, source of the template, line in it), in order of the offsets.
    """

    text: str
    origins: tuple[tuple[int, Source, int], ...]

    def origin(self, offset: int) -> Span | None:
        """The template line that the character at an offset came from."""
        found = None
        for start, source, line in self.origins:
            if start > offset:
                break
            found = (source, line)
        return None if found is None else line_span(*found)


def line_span(source: Source, line: int) -> Span:
    """A line of a source without the blanks around it."""
    text = source.line(line)
    start = sum(map(len, source.text.splitlines(keepends=True)[: line - 1]))
    return Span(source, start + len(text) - len(text.lstrip()), start + len(text.rstrip()))


class Templates:
    """The folders that scenarios are looked for in, the user's own first, then ours."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """Raises Unreadable for a folder that is not there."""
        for folder in folders:
            if not folder.is_dir():
                raise Unreadable(f"the templates folder {folder} is not there, or is no folder")
        self.folders = (*folders, built_in())
        self._sources: list[Source] = []
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FunctionLoader(self._load),
            undefined=jinja2.StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,
        )
        self._environment.filters["quoted"] = quoted

    def path(self, name: str) -> Path | None:
        """The file of a template, `cross-tenancy/caller.policy.j2`, in the first folder with it."""
        for folder in self.folders:
            path = folder / name
            if path.is_file():
                return path
        return None

    def scenarios(self) -> tuple[str, ...]:
        """The names of all scenarios: the folders that have a `scenario.yaml`."""
        found = {path.parent.name for each in self.folders for path in each.glob("*/scenario.yaml")}
        return tuple(sorted(found))

    def read(self, path: Path) -> Source:
        """A file as a source. Raises Unreadable."""
        try:
            return Source(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{path} cannot be read: {error}") from error

    def source(self, name: str) -> Source:
        """The text of a template that `path` finds. Raises Unreadable."""
        path = self.path(name)
        if path is None:
            raise Unreadable(f"there is no template {name}")
        return self.read(path)

    def render(self, name: str, values: Mapping[str, object]) -> Text | Diagnostic:
        """A template filled with values; a diagnostic at the template's line where that fails."""
        try:
            marked = self._environment.get_template(name).render(values)
        except jinja2.TemplateSyntaxError as error:
            return self._diagnostic(
                "template-syntax", error.message or "", name, error.lineno, error
            )
        except jinja2.UndefinedError as error:
            return self._at_fault("undefined-name", error.message or "", name, error)
        except Refused as error:
            return self._at_fault("unquoted-value", str(error), name, error)
        except jinja2.TemplateNotFound as error:
            return self._at_fault("missing-template", f"there is no template {error}", name, error)
        except (
            jinja2.TemplateError,
            TypeError,
            ValueError,
            ArithmeticError,
            RecursionError,
        ) as error:
            return self._at_fault("template-failed", f"the template fails: {error}", name, error)
        return self._unmarked(marked)

    def _load(self, name: str) -> tuple[str, str, None] | None:
        path = self.path(name)
        if path is None:
            return None
        source = self.read(path)
        self._sources.append(source)
        number = len(self._sources) - 1
        parts: list[str] = []
        at_start = True
        for line, kind, value in self._environment.lexer.tokeniter(source.text, name, str(path)):
            if kind == "data":
                pieces = _LINE.split(value)
                for count, piece in enumerate(pieces):
                    mark = f"\ue000{number}:{line + count}\ue001" if count or at_start else ""
                    parts.append(mark + piece)
            else:
                if at_start and kind == "variable_begin":
                    parts.append(f"\ue000{number}:{line}\ue001")
                parts.append(value)
            at_start = value.endswith("\n")
        return "".join(parts), str(path), None

    def _unmarked(self, marked: str) -> Text:
        parts: list[str] = []
        origins: list[tuple[int, Source, int]] = []
        length = 0
        last = 0
        for match in _MARK.finditer(marked):
            parts.append(marked[last : match.start()])
            length += len(parts[-1])
            origins.append((length, self._sources[int(match[1])], int(match[2])))
            last = match.end()
        parts.append(marked[last:])
        return Text("".join(parts), tuple(origins))

    def _at_fault(self, rule: str, message: str, name: str, error: Exception) -> Diagnostic:
        """A failure at the innermost template line of the traceback."""
        line = 1
        origins = {source.origin: source for source in self._sources}
        origin = None
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename in origins:
                origin, line = frame.tb_frame.f_code.co_filename, frame.tb_lineno
            frame = frame.tb_next
        return self._diagnostic(rule, message, name, line, error, origin)

    def _diagnostic(
        self,
        rule: str,
        message: str,
        name: str,
        line: int,
        error: Exception,
        origin: str | None = None,
    ) -> Diagnostic:
        if origin is None:
            origin = getattr(error, "filename", None) or str(self.path(name))
        source = self.read(Path(origin))
        span = line_span(source, max(1, line))
        return Diagnostic(rule, Severity.ERROR, message, span, _HELP.get(rule))


_HELP = {
    "template-syntax": "templates are Jinja: {{ value }}, {% if %} and {% for %}, each closed",
    "undefined-name": (
        "a template sees name, region, endorse, compartment, caller, service, grants and instances"
    ),
    "unquoted-value": "one word goes in as {{ word }}, everything else as {{ value | quoted }}",
}


def built_in() -> Path:
    """Our own templates: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "principal.j2").is_file():
            return folder
    raise CannotGoOn("the templates of ocipolicy are not there", "install ocipolicy again")
