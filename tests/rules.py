"""The names of all rules in the sources, read from the code so that none is forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.examples import ROOT

ROOMS = ("language", "document", "config", "world", "render", "prove", "plan")


def rules(rooms: tuple[str, ...] = ROOMS) -> set[str]:
    """Every string that a function or class takes as `rule`, or that is assigned to that name."""
    house = ROOT / "ocipolicy"
    sources = [path for room in rooms for path in sorted((house / room).rglob("*.py"))]
    sources += [path for room in rooms if (path := house / f"{room}.py").exists()]
    trees = [_read(path) for path in [*sources, ROOT / "ocipolicy" / "diagnostics.py"]]
    everybodys = {name: place for tree in trees for name, place in _takers(tree)}
    found: set[str] = set()
    for tree in trees:
        # A function of the same name in another file may take its rule in another place.
        takers = {**everybodys, **dict(_takers(tree))}
        found |= {*_passed(tree, takers), *_assigned(tree)}
    return found


def _read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _takers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What can be called with a `rule`, and as which argument; fields make a dataclass's."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) if name != "__init__":
                names = _parameters(node)
            case ast.ClassDef(name=name, body=body):
                made = [each for each in body if isinstance(each, ast.FunctionDef)]
                names = [parameter for each in made for parameter in _init(each)] or [
                    each.target.id
                    for each in body
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                ]
            case _:
                continue
        if "rule" in names and name != "ParsedRule":  # a matching rule, which is something else
            yield name, names.index("rule")


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in function.args.args if each.arg not in ("self", "cls")]


def _init(function: ast.FunctionDef) -> list[str]:
    return _parameters(function) if function.name == "__init__" else []


def _passed(tree: ast.Module, takers: dict[str, int]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = (
                node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            )
            if name in takers:
                place = takers[name]
                given = [each.value for each in node.keywords if each.arg == "rule"]
                for each in given or node.args[place : place + 1]:
                    yield from _strings(each)


def _assigned(tree: ast.Module) -> Iterator[str]:
    """`rule = "a" if x else "b"`, `rule, message = "a", ...`, `rule, message = TABLE[x]`."""
    tables = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Dict)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        match node.targets[0], node.value:
            case ast.Name(id="rule"), value:
                yield from _strings(value)
            case ast.Tuple(elts=[ast.Name(id="rule"), *_]), ast.Tuple(elts=[value, *_]):
                yield from _strings(value)
            case (
                ast.Tuple(elts=[ast.Name(id="rule"), *_]),
                ast.Subscript(value=ast.Name(id=table)),
            ):
                for row in tables[table].values:
                    assert isinstance(row, ast.Tuple)
                    yield from _strings(row.elts[0])


def _strings(value: ast.expr) -> Iterator[str]:
    """The string, or the two strings of a conditional; a name is one that is taken elsewhere."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _strings(body)
            yield from _strings(orelse)
