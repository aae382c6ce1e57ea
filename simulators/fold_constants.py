"""Put the values of constants in place of their names before the firmware is compiled.

MicroPython keeps every name of a program in one table for good; running from a ROM, that table is heap, and the scale's
heap is small. ``NAME = const(value)`` leaves no name behind when ``NAME`` begins with an underscore, so each module
constant that no other module of the image asks for is given one and folded. Why at build time and not in the sources:
half of them also run on CPython, which has no ``const``, and a reader should not have to care. Lines stay where they
are, so that a traceback still points into the source.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def fold(sources: dict[str, str]) -> dict[str, str]:
    """Return the modules of one image, by name, with the constants folded that only their own module names."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    asked = {name: _asked(tree) for name, tree in trees.items()}
    folded = {}
    for name, source in sources.items():
        elsewhere = set[str]().union(*(words for other, words in asked.items() if other != name))
        words = {node.id for node in ast.walk(trees[name]) if isinstance(node, ast.Name)}
        hidden = {word[1:] for word in words if word.startswith("_")}  # the name it would get is taken
        folded[name] = _fold(source, trees[name], elsewhere | hidden)
    return folded


def _asked(tree: ast.Module) -> set[str]:
    """Return what a module may ask of another: what it imports, attributes, and texts for ``getattr``."""
    asked = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            asked |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            asked.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            asked.add(node.value)
    return asked


def _fold(source: str, tree: ast.Module, elsewhere: set[str]) -> str:
    lines = source.split("\n")
    own: set[str] = set()
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        values = dict(constants(node))
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        before = {name.id for name in names if name.lineno <= first}  # the compiler folds what it has met already
        is_private = all(name.startswith("_") or name not in elsewhere for name in values)
        if values and is_private and not values.keys() & before:
            own |= values.keys()
            statement = "; ".join(f"{name} = const({value!r})" for name, value in values.items())
            lines[first : last + 1] = [statement, *[""] * (last - first)]
    return _renamed("\n".join(lines), {name for name in own if not name.startswith("_")})


def constants(node: ast.Assign) -> Iterator[tuple[str, object]]:
    """Yield (name, value) of an assignment of literals to constants; nothing when it is anything else."""
    target = node.targets[0]
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    names = [name.id for name in targets if isinstance(name, ast.Name) and _CONSTANT.fullmatch(name.id)]
    values = _values(node.value, isinstance(target, ast.Tuple))
    if len(node.targets) == 1 and len(names) == len(targets) == len(values):
        yield from zip(names, values, strict=True)


def _values(value: ast.expr, is_unpacked: bool) -> list[object]:
    try:
        literal = _numbers(value) or ast.literal_eval(value)
    except ValueError:
        return []
    values = list(literal) if is_unpacked and isinstance(literal, tuple) else [literal]
    parts = [part for item in values for part in (item if isinstance(item, tuple) else (item,))]
    return values if all(type(part) in (int, str, bytes) for part in parts) else []


def _numbers(value: ast.expr) -> tuple[int, ...]:
    """Return what ``range`` of a literal counts, and nothing for anything else."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "range" and len(value.args) == 1:
        return tuple(range(ast.literal_eval(value.args[0])))
    return ()


def _renamed(source: str, names: set[str]) -> str:
    """Put an underscore before each of ``names``, where they are names and not words in a text."""
    lines = source.split("\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    words_before = ["", *(token.string for token in tokens)]
    for before, token in reversed(list(zip(words_before, tokens, strict=False))):
        if token.type == tokenize.NAME and token.string in names and before != ".":
            row, column = token.start[0] - 1, token.start[1]
            lines[row] = lines[row][:column] + "_" + lines[row][column:]
    return "\n".join(lines)
