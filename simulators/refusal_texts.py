"""Keep what errors say in the ROM until they say it, before the firmware is compiled.

Codes and details of errors are a third of a device's texts, and hardly one of them is ever told. Yet each is an object
in the heap from the moment its module is imported, 40 bytes on a 64-bit interpreter, or a name in the table.
MicroPython keeps its own messages compressed for the same reason. So in every ``raise`` a text becomes
``refusal_text(start, end)``, which cuts it out of one constant of all texts; that lies in the ROM. Lines stay.
"""

import ast
from collections.abc import Iterator, Mapping

from simulators.source_edits import Edit, apply

MODULE = "tracewire/refusals.py"
"""Made here, and only in a ROM; in a package that a loader forgets before the program brings its own."""

_FUNCTION = "refusal_text"
_SOURCE = """_TEXTS = {texts!r}


def {function}(start, end):
    return str(_TEXTS[start:end], "utf-8")
"""
_IMPORT = f"from tracewire.refusals import {_FUNCTION}; "
_SHORTEST = 5
"""A shorter text is a word that other modules have too."""


def move(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules of one image, by path, with the texts of their errors in one more module."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    said = sorted({text for tree in trees.values() for _, text in _texts(tree)})
    texts, places = b"", {}
    for text in said:
        places[text] = len(texts), len(texts) + len(text.encode())
        texts += text.encode()
    moved = {MODULE: _SOURCE.format(texts=texts, function=_FUNCTION)}
    for path, source in sources.items():
        edits = [Edit(node, "{}({}, {})".format(_FUNCTION, *places[text])) for node, text in _texts(trees[path])]
        moved[path] = (_IMPORT if edits else "") + apply(source, edits)
    return moved


def _texts(tree: ast.Module) -> Iterator[tuple[ast.Constant, str]]:
    """Yield (node, text) of each text in what is raised."""
    for raised in [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]:
        for argument in raised.args if isinstance(raised, ast.Call) else []:
            for node in ast.walk(argument):
                value = node.value if isinstance(node, ast.Constant) else None
                if isinstance(node, ast.Constant) and isinstance(value, str) and len(value) >= _SHORTEST:
                    yield node, value
