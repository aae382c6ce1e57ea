"""Let names that cannot meet share a short one, before the firmware is compiled.

MicroPython keeps every name of a program once, in one table, for good. Frozen into a board that table is flash; with
bytecode from ``.mpy`` files or a ROM it is heap, and it doubles when it is full. It counts how many *different* names
there are. So two sorts, which are half of all, draw on the same few:

private names   of functions, classes, globals and attributes that begin with one underscore
arguments       that no call in the image passes by name, not as ``**`` of a table either (``short_arguments``)

Names meet when they stand in one module, or in modules whose classes inherit from one another. A name means the same in
the whole image, so that an attribute at which another module looks is still found. What is a string too (for
``getattr``), is set on another object than ``self`` or is not made by the image keeps its name.

In a ROM, at which nobody looks from outside, public names share as well, those apart that the interpreter knows: its
own objects may have them, and it has them in its table already. For that reason the short names are first those of the
interpreter's modules of numbers (``LENT``) that the image does not use: they cost nothing. What stays is what a loader
calls.

Lines stay where they are. A traceback has the right file and line, and a short function name for which ``names.json``
beside the image has the long one: ``python -m simulators.short_names IMAGE < LOG`` puts it back.
"""

import ast
import errno
import itertools
import json
import keyword
import math
import random
import re
import select
import string
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from simulators.short_arguments import Place, Shortener, places

MAP_FILE = "names.json"
"""Beside the image: {module: {short name: name in the source}}."""

LENT = sorted({name for lender in (math, errno, random, select) for name in dir(lender) if name[0] != "_"})
"""Names that the interpreter may have and never looks for on an object of ours: what its modules of numbers offer."""

_PRIVATE = re.compile(r"_[A-Za-z]\w*")
_WORD = re.compile(r"\w+")
_CALLED_FROM_OUTSIDE = {"main", "mount"}  # by a loader; the second in hal.flash, which outlives it
_FRAME = re.compile(r'File "/rom/(?P<module>[\w/]+)\.mpy", line \d+, in (?P<short>\w+)')


def shorten(
    sources: Mapping[str, str], is_known: Callable[[str], bool] | None = None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the modules of one image, by name, with short names in them, and the contents of ``MAP_FILE``.

    With ``is_known``, which tells the interpreter's own names, public ones are shortened too.
    """
    modules = {name: _taken_apart(source) for name, source in sources.items()}
    shorts = _unused(modules, is_known)
    passed = {word for module in modules.values() for word in module.passed_by_name()}
    outside = _CALLED_FROM_OUTSIDE | {word for name in sources for word in _WORD.findall(name)}
    shared = _share(modules, shorts, lambda word: _is_hidden(word, outside, is_known))
    keep = shared.keys() | passed | {word for module in modules.values() for word in module.texts}
    shortened, names = {}, {}
    for name, module in modules.items():
        changes = {place: shared[word] for place, word in module.places.items() if word in shared}
        arguments = Shortener(changes, shorts, keep)
        arguments.visit(module.tree)
        shortened[name] = _changed(sources[name], module.places, changes | arguments.changes)
        names[name] = {shared[word]: word for word in sorted(set(module.places.values()) & shared.keys())}
    return shortened, names


def _is_hidden(word: str, outside: Collection[str], is_known: Callable[[str], bool] | None) -> bool:
    """Tell whether only the image can mean ``word``."""
    if _PRIVATE.fullmatch(word):
        return True
    return is_known is not None and len(word) > 2 and word not in outside and word[0] != "_" and not is_known(word)


def explain(line: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """Return a line of a log with the name that a function has in the source; other lines as they are."""
    frame = _FRAME.search(line)
    if not frame:
        return line
    long = names.get(frame["module"] + ".py", {})
    return line[: frame.start("short")] + long.get(frame["short"], frame["short"]) + line[frame.end("short") :]


@dataclass(frozen=True)
class _Module:
    tree: ast.Module
    nodes: list[ast.AST]
    places: dict[Place, str]
    """Where each identifier stands, and which."""
    texts: set[str]
    """Strings that could be names, for ``getattr`` and for ``**``."""

    def made(self) -> Iterator[str]:
        """Yield the names it makes that are kept: functions, classes, attributes, globals; of locals nothing is."""
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.arguments):
                yield from (argument.arg for argument in node.kwonlyargs)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.attr
        bodies = [self.tree.body, *(node.body for node in self.nodes if isinstance(node, ast.ClassDef))]
        for statement in itertools.chain(*bodies):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from (node.id for node in ast.walk(statement) if _is_stored(node))

    def passed_by_name(self) -> set[str]:
        """Return the arguments that a call in it passes by name."""
        return {node.arg for node in self.nodes if isinstance(node, ast.keyword) and node.arg}

    def folded(self) -> Iterator[str]:
        """Yield the constants of which the compiler leaves no name, and which it would put in an argument's place."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const("):
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))

    def set_on_others(self) -> Iterator[str]:
        """Yield attributes that are set on something else than ``self``: their object may be of any module."""
        for node in self.nodes:
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and ast.unparse(node.value) != "self"
            ):
                yield node.attr

    def classes(self) -> set[str]:
        return {node.name for node in self.nodes if isinstance(node, ast.ClassDef)}

    def bases(self) -> set[str]:
        classes = [node for node in self.nodes if isinstance(node, ast.ClassDef)]
        return {word for node in classes for base in node.bases for word in _WORD.findall(ast.unparse(base))}


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _taken_apart(source: str) -> _Module:
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    remarks = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    remarks |= {id(part) for node in nodes for note in _annotations(node) for part in ast.walk(note)}
    strings = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in remarks]
    words = {node.value for node in strings if isinstance(node.value, str) and node.value.isidentifier()}
    return _Module(tree, nodes, places(source), words)


def _annotations(node: ast.AST) -> list[ast.expr]:
    """Return what is noted for type checkers alone."""
    notes = [getattr(node, field, None) for field in ("annotation", "returns")]
    return [note for note in notes if isinstance(note, ast.expr)]


def _unused(modules: Mapping[str, _Module], is_known: Callable[[str], bool] | None) -> list[str]:
    """Return names to give that stand nowhere in the image, those first that the interpreter has in its table."""
    taken = {word for module in modules.values() for word in {*module.places.values(), *module.texts}}
    letters = string.ascii_lowercase
    every = itertools.chain(letters, map("".join, itertools.product(letters, letters + string.digits)))
    lent = [name for name in LENT if is_known is not None and is_known(name)]
    return [name for name in [*lent, *every] if name not in taken and not keyword.iskeyword(name)]


def _share(modules: Mapping[str, _Module], shorts: list[str], is_hidden: Callable[[str], bool]) -> dict[str, str]:
    """Return the short name of each hidden one. Those at home in most modules choose first: the set stays small."""
    made = {name for name in {name for module in modules.values() for name in module.made()} if is_hidden(name)}
    for module in modules.values():
        made -= {*module.texts, *module.folded(), *module.set_on_others()}
    families = _families(modules)
    homes: dict[str, set[int]] = {}
    for name, module in modules.items():
        for word in made & set(module.places.values()):
            homes.setdefault(word, set()).add(families[name])
    given: dict[int, set[str]] = {family: set() for family in families.values()}
    shared = {}
    for word in sorted(homes, key=lambda word: (-len(homes[word]), word)):
        unfit = set[str]().union(*(given[home] for home in homes[word]))
        shared[word] = next(short for short in shorts if short not in unfit)
        for home in homes[word]:
            given[home].add(shared[word])
    return shared


def _families(modules: Mapping[str, _Module]) -> dict[str, int]:
    """Return a number for each module, the same for modules whose classes inherit from one another."""
    families = {name: number for number, name in enumerate(sorted(modules))}
    makers: dict[str, list[str]] = {}
    for name, module in modules.items():
        for made in module.classes():
            makers.setdefault(made, []).append(name)
    for name, module in modules.items():
        for maker in [maker for base in module.bases() for maker in makers.get(base, [])]:
            joined, left = families[name], families[maker]
            families = {other: joined if family == left else family for other, family in families.items()}
    return families


def _changed(source: str, known: Mapping[Place, str], changes: Mapping[Place, str]) -> str:
    lines = [line.encode() for line in source.split("\n")]
    for line, column in sorted(changes, reverse=True):
        text, end = lines[line - 1], column + len(known[line, column].encode())
        lines[line - 1] = text[:column] + changes[line, column].encode() + text[end:]
    return b"\n".join(lines).decode()


if __name__ == "__main__":
    known_names = json.loads((Path(sys.argv[1]) / MAP_FILE).read_text())
    for said in sys.stdin:
        sys.stdout.write(explain(said, known_names))
