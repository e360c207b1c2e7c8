"""A YAML file as data that knows its places, and everything that is wrong with it, in sentences.

1. `reader` makes a `Document` out of the text: a tree of nodes, each with its offsets;
2. `lay` puts the pydantic model of a `Manual` on it; what does not fit is said by `mistakes`.

Only the manual tells which kind of file it is; nothing here knows one of them.
"""

from pydantic import ValidationError

from ocipolicy.diagnostics import Diagnostic, Severity, Source
from ocipolicy.document.mistakes import AnyModel, Manual, called, diagnoses, one_of, unknown_value
from ocipolicy.document.reader import read
from ocipolicy.document.tree import Document, Node, Path, shown

__all__ = [
    "Document",
    "Manual",
    "Node",
    "Path",
    "called",
    "lay",
    "one_of",
    "shown",
    "unknown_value",
]


def lay(
    manual: Manual[AnyModel], source: Source
) -> tuple[AnyModel | None, Document, list[Diagnostic]]:
    """A YAML text as a model, its document, and everything that is wrong with it; raises nothing.

    The model is there exactly when the text could be read and fits.
    """
    document, diagnostics = read(source, manual.largest)
    found = list(diagnostics)
    root = document.root
    if root is None:
        return None, document, found
    if not isinstance(root.value, dict):
        rule = "wrong-type"
        message = f"a {manual.what} is a mapping of keys, and this is {root.kind}"
        if root.value is None:
            rule, message = "empty-file", "the file says nothing"
        hint = manual.missing.get("", "write one key a line, as `key: value`")
        found.append(Diagnostic(rule, Severity.ERROR, message, document.span(()), hint))
        return None, document, found
    laid: AnyModel | None = None
    try:
        laid = manual.model.model_validate(root.plain())
        found += diagnoses(manual, document, [])
    except ValidationError as error:
        found += diagnoses(manual, document, error.errors(include_url=False))
    return laid, document, found
