"""Put the values of constants in place of their names in other modules, before the firmware is compiled.

``fold_constants`` folds what only its own module names. What another one asks for (``from device.journal import FULL``,
``record.SALE``) stays a name in the table, an entry in the dictionary of the module that makes it and one more in each
that imports it; in a ROM's image nobody else asks, so the value can stand there instead. Then ``fold_constants`` folds
the rest. Numbers always; texts and bytes that the interpreter keeps as objects only when a single module asks, because
each module has objects of its own. Lines stay where they are.

What is left alone: names that a module also uses for something else, imports within functions, and whatever an
attribute of an unknown object may mean.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from simulators.fold_constants import constants
from simulators.source_edits import Edit, apply

_MOST_INTERNED_BYTES = 10
"""Longer texts become objects, not names (MicroPython ``py/parse.c``)."""
_LARGEST_NUMBER = 1 << 62
"""Larger ones are objects too."""


@dataclass
class _Module:
    """One module: what it makes, what it asks of others, by the name that it has for that."""

    tree: ast.Module
    made: dict[str, object]
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """{name here: (module, constant)}"""
    modules: dict[str, str] = field(default_factory=dict)
    """{name here: module}"""

    def asked(self) -> Iterator[tuple[tuple[str, str], ast.Name | ast.Attribute]]:
        """Yield ((module, name), node) of each place where it may ask for a constant of another module."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id in self.imports:
                yield self.imports[node.id], node
            elif isinstance(node, ast.Attribute) and (module := self.modules.get(ast.unparse(node.value))):
                yield (module, node.attr), node


def inline(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the modules of one image, by path, with shared constants in place."""
    names = {path: _dotted(path) for path in sources}
    modules = {names[path]: _Module(tree := ast.parse(source), _made(tree)) for path, source in sources.items()}
    for module in modules.values():
        _resolve(module, modules)
    users: dict[tuple[str, str], set[str]] = {}
    for name, module in modules.items():
        for wanted, _ in module.asked():
            users.setdefault(wanted, set()).add(name)
    values = {
        (maker, constant): value
        for maker, module in modules.items()
        for constant, value in module.made.items()
        if _is_small(value) or len(users.get((maker, constant), ())) == 1
    }
    return {path: apply(source, _edits(modules[names[path]], values)) for path, source in sources.items()}


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _is_small(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) < _LARGEST_NUMBER
    return isinstance(value, str) and len(value.encode()) <= _MOST_INTERNED_BYTES


def _made(tree: ast.Module) -> dict[str, object]:
    """Return the constants that a module makes once and for all."""
    made: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            made |= {name: value for name, value in constants(node) if isinstance(value, int | str | bytes)}
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return {name: value for name, value in made.items() if stored.count(name) == 1}


def _resolve(module: _Module, modules: Mapping[str, _Module]) -> None:
    """Find what the names mean that ``module`` imports at its head and never makes anew."""
    bound = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name) and _is_bound(node)}
    bound |= {node.arg for node in ast.walk(module.tree) if isinstance(node, ast.arg)}
    for node in module.tree.body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            here = alias.asname or alias.name
            if here in bound:
                continue
            if f"{node.module}.{alias.name}" in modules:
                module.modules[here] = f"{node.module}.{alias.name}"
            elif node.module in modules and alias.name in modules[node.module].made:
                module.imports[here] = node.module, alias.name


def _is_bound(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _edits(module: _Module, values: Mapping[tuple[str, str], object]) -> Iterator[Edit]:
    """Yield what changes in one module: a value for each constant, and the imports that are no longer needed."""
    for wanted, node in module.asked():
        if wanted in values:
            yield Edit(node, _literal(values[wanted]))
    gone = _no_longer_asked(module, values)
    for statement in module.tree.body:
        if isinstance(statement, ast.ImportFrom):
            kept = [alias for alias in statement.names if (alias.asname or alias.name) not in gone]
            if len(kept) < len(statement.names):
                words = ast.unparse(ast.ImportFrom(statement.module, kept, statement.level)) if kept else ""
                yield Edit(statement, words)


def _no_longer_asked(module: _Module, values: Mapping[tuple[str, str], object]) -> set[str]:
    """Return the imported names for each use of which a value stands now."""
    uses = Counter(node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name))
    for wanted, node in module.asked():
        if wanted in values:
            uses[node.id if isinstance(node, ast.Name) else ast.unparse(node.value)] -= 1
    return {here for here in [*module.imports, *module.modules] if not uses[here]}


def _literal(value: object) -> str:
    return f"({value!r})" if isinstance(value, int) and value < 0 else repr(value)
