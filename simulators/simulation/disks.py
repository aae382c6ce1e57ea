"""New databases for each world: tables are made once in a process, and then the file is copied."""

from pathlib import Path

from cloud.db.engine import create_store
from cloud.db.schema import Schema

_made: dict[str, bytes] = {}


def lay(path: Path, schema: Schema) -> None:
    """Create the database file that ``create_store`` makes; in one process a file's name stands for its tables."""
    if path.name in _made:
        path.write_bytes(_made[path.name])
        return
    create_store(path, schema)
    _made[path.name] = path.read_bytes()
