"""Exchange pieces of a source for others and leave every line where it is: a traceback still points into the source."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """``words``, on one line, in place of a node; ``""`` for a statement that is not needed."""

    node: ast.expr | ast.stmt
    words: str


def apply(source: str, edits: Iterable[Edit]) -> str:
    """Return ``source`` with the edits made; no node lies within another."""
    lines = [line.encode() for line in source.split("\n")]
    for edit in sorted(edits, key=lambda edit: (edit.node.lineno, edit.node.col_offset), reverse=True):
        first, last = edit.node.lineno - 1, (edit.node.end_lineno or edit.node.lineno) - 1
        before, after = lines[first][: edit.node.col_offset], lines[last][edit.node.end_col_offset :]
        lines[first] = before + edit.words.encode() + (after if first == last else b"")
        if last > first:
            lines[first + 1 : last + 1] = [*[b""] * (last - first - 1), after]
    return b"\n".join(lines).decode()
