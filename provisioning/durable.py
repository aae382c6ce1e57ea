"""Files that survive a crash: a reader sees the old contents or the new ones, never a part.

Why here: every state of the authority (history, registry, revocation list, keys) is a file, and "the function returned"
must mean "it is on disk".
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PUBLIC = 0o644
PRIVATE = 0o600


def replace(path: Path, contents: bytes, mode: int = PUBLIC) -> None:
    """Give ``path`` new contents in one step; on disk when this returns."""
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())
    # A crash before the rename leaves the old contents, and a ".new" that the next call overwrites.
    staged.replace(path)
    sync_directory(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Add one line to a file that exists; on disk when this returns.

    A crash inside leaves a last line without its line end: readers ignore it (``complete_lines``) and the next append
    cuts it off.
    """
    with path.open("r+b") as file:
        file.seek(len(b"".join(complete_lines(path))))
        file.truncate()
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def complete_lines(path: Path) -> list[bytes]:
    """Return the lines that were written to their end, each with its line end."""
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` durable: a rename is on disk only after this."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path`` for one process at a time; waits. The lock falls with the process, however it ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
