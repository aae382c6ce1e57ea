"""Give the arguments of every function the same few names, as ``short_names`` does with private ones.

Bytecode has no names of local variables, but it has those of arguments, for calls that pass them by name. Those that
are never passed so may be called anything. An argument is left alone when a scope within its function makes the same
name again: telling the two apart is not worth the few that it would save.
"""

import ast
import io
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence

Place = tuple[int, int]
"""Line, and byte in it: as ``ast`` counts."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def places(source: str) -> dict[Place, str]:
    """Return where each identifier of a module stands."""
    lines = source.split("\n")
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            line, column = token.start
            found[line, len(lines[line - 1][:column].encode())] = token.string
    return found


class Shortener:
    """One module. ``taken`` are the places that have got a new name already, ``shorts`` the names to take from."""

    def __init__(self, taken: Mapping[Place, str], shorts: Sequence[str], keep: Collection[str]) -> None:
        """``keep`` are the arguments that some call passes by name."""
        self._taken = taken
        self._shorts = shorts
        self._keep = keep
        self.changes: dict[Place, str] = {}
        """The new name at each place where an argument stands."""

    def visit(self, node: ast.AST, outer: frozenset[str] = frozenset()) -> None:
        """Name the arguments of all functions in ``node``; ``outer`` are the new names of the functions around it."""
        if isinstance(node, _FUNCTIONS):
            used = outer | {self._taken[place] for place in _names(node) if place in self._taken}
            free = (short for short in self._shorts if short not in used)
            for argument in _positional(node):
                if argument not in self._keep and _is_bound_once(node, argument):
                    short = next(free)
                    outer |= {short}
                    self.changes |= dict.fromkeys(_uses(node, argument), short)
        for child in ast.iter_child_nodes(node):
            self.visit(child, outer)


def _names(function: _Function) -> Iterator[Place]:
    return (_place(node) for node in ast.walk(function) if isinstance(node, ast.Name | ast.arg))


def _place(node: ast.Name | ast.arg) -> Place:
    return node.lineno, node.col_offset


def _positional(function: _Function) -> list[str]:
    return [argument.arg for argument in function.args.posonlyargs + function.args.args if argument.arg != "self"]


def _is_bound_once(function: _Function, argument: str) -> bool:
    """Tell whether ``argument`` means one thing everywhere in ``function``."""
    return not any(argument in _bound_within(node) for node in ast.walk(function) if node is not function)


def _bound_within(node: ast.AST) -> list[str]:
    """Return what a scope of its own, or a statement that is no plain assignment, binds."""
    if isinstance(node, _FUNCTIONS):
        named = [] if isinstance(node, ast.Lambda) else [node.name]
        return named + [inner.arg for inner in ast.walk(node.args) if isinstance(inner, ast.arg)] + _stored(node)
    if isinstance(node, ast.ClassDef | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
        return _stored(node)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Global | ast.Nonlocal):
        return node.names
    if isinstance(node, ast.ExceptHandler):
        return [node.name or ""]
    return []


def _stored(scope: ast.AST) -> list[str]:
    return [node.id for node in ast.walk(scope) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]


def _uses(function: _Function, argument: str) -> Iterator[Place]:
    """Yield where ``argument`` stands, in the head of ``function`` and in its body; defaults are of another scope."""
    for own in function.args.posonlyargs + function.args.args:
        if own.arg == argument:
            yield _place(own)
    for part in function.body if isinstance(function.body, list) else [function.body]:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and node.id == argument:
                yield _place(node)
