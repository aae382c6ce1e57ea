"""Evaluate a freeze manifest as MicroPython's build does: which file is frozen under which name.

Knows ``include``, ``package``, ``module`` and ``require`` (MicroPython documentation, "MicroPython manifest files").
What lies in MicroPython's own tree, ``$(MPY_DIR)`` and ``$(PORT_DIR)``, is taken to be there and is not listed.
"""

# ruff: noqa: TID251  # pathlib: a tool of the build machine, never on a device

from pathlib import Path


class Manifest:
    """``files``: {name in the image: source}; ``required``: packages of micropython-lib."""

    def __init__(self, path: Path) -> None:
        """Evaluate the manifest in ``path``.

        ``FileNotFoundError`` for a file or package that it names and is not there, ``ValueError`` for one frozen twice.
        """
        self.files: "dict[str, Path]" = {}
        self.required: "list[str]" = []
        self._include(path)

    def _include(self, path: Path) -> None:
        folder = path.parent

        def include(name: str) -> None:
            if not name.startswith("$("):
                self._include(folder / name)

        def package(name: str, base_path: str = ".") -> None:
            base = (folder / base_path).resolve()
            sources = sorted((base / name).rglob("*.py"))
            if not sources:
                raise FileNotFoundError(base / name)
            for source in sources:
                self._add(source.relative_to(base).as_posix(), source)

        def module(name: str, base_path: str = ".") -> None:
            self._add(name, (folder / base_path / name).resolve(strict=True))

        words = {"include": include, "package": package, "module": module, "require": self.required.append}
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), words)  # noqa: S102 (a file of ours)

    def _add(self, name: str, source: Path) -> None:
        if name in self.files:
            raise ValueError(f"{name} is frozen twice: {self.files[name]} and {source}")
        self.files[name] = source
