"""Write ``firmware/mip/*.json``, packages for ``mpremote mip install``; with ``--check`` only compare.

One for each device and one for each board, of the files that the freeze manifests name. Addresses are relative to the
package, so a package installs what lies beside it in the same tree. No package depends on micropython-lib.
"""

# ruff: noqa: TID251  # pathlib: a tool of the build machine, never on a device

import json
import os
import sys
from pathlib import Path

import tomllib

sys.path.insert(0, str(Path(__file__).parent))

from freeze_manifest import Manifest  # the path above has to come first

FIRMWARE = Path(__file__).resolve().parents[1]
TARGET = FIRMWARE / "mip"
BOARDS = sorted(path.parent.name for path in FIRMWARE.glob("boards/*/manifest_board.py"))
DEVICES = sorted(path.stem.removeprefix("manifest_") for path in FIRMWARE.glob("manifest_*.py"))
FREEZER_ONLY = {"_boot.py", "boot.py"}
"""Frozen, they go before what is on the flash; installed, they would lock the console out."""


def packages() -> "dict[str, str]":
    """Return {file name: contents}."""
    version = tomllib.loads((FIRMWARE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    boards = {board: Manifest(FIRMWARE / "boards" / board / "manifest_board.py").files for board in BOARDS}
    common = set.intersection(*(set(files.items()) for files in boards.values()))
    contents = {board: dict(set(files.items()) - common) for board, files in boards.items()}
    for device in DEVICES:
        if device != "loader":
            contents[device] = dict(common) | Manifest(FIRMWARE / f"manifest_{device}.py").files
    return {f"{name}.json": _package(files, version) for name, files in contents.items()}


def _package(files: "dict[str, Path]", version: str) -> str:
    urls = [[name, os.path.relpath(files[name], TARGET)] for name in sorted(files.keys() - FREEZER_ONLY)]
    return json.dumps({"urls": urls, "deps": [], "version": version}, indent=1) + "\n"


def main() -> None:
    """Write the packages, or exit with a message when ``--check`` finds others than ours."""
    wanted = packages()
    if "--check" not in sys.argv[1:]:
        TARGET.mkdir(exist_ok=True)
        for name, text in wanted.items():
            (TARGET / name).write_text(text, encoding="utf-8")
    elif wanted != {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*")}:
        sys.exit("firmware/mip is stale: run firmware/tools/make_mip_packages.py")


if __name__ == "__main__":
    main()
