"""Let words that the firmware uses as texts be names, before it is compiled.

The compiler makes a name of a text of at most ten bytes, and of a longer one that it has met as a name already; any
other becomes an object in the heap of each module that says it, 40 bytes on a 64-bit interpreter instead of 13
(MicroPython ``py/parse.c``). Words of records and events ("event_counter") are longer and stand in many modules. So in
place of a module's docstring, which the compiler drops, stands an annotation that mentions them; it drops that too.
Lines stay.
"""

import ast
from collections.abc import Iterator, Mapping

from simulators.source_edits import Edit, apply

_MOST_INTERNED_BYTES = 10


def mention(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules of one image, by path, with their long words mentioned as names in the first line."""
    return {path: _mentioned(source) for path, source in sources.items()}


def _mentioned(source: str) -> str:
    tree = ast.parse(source)
    docstrings = [node for node in tree.body[:1] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    words = set(_long_words(tree))
    if not docstrings or not words:
        return source
    return apply(source, [Edit(docstrings[0], f"_: ({', '.join(sorted(words))})")])


def _long_words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and len(value) > _MOST_INTERNED_BYTES and value.isascii() and value.isidentifier():
            yield value
