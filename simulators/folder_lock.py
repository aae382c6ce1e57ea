"""One run to a folder: a second one is told so, instead of clearing away what the first one works on.

The lock is a file beside the folder, because the folder itself is made anew. It goes with its process, however that
ends; the file stays.
"""

import fcntl
from pathlib import Path
from typing import BinaryIO

from tracewire.errors import Misuse


def take(folder: Path) -> BinaryIO:
    """Hold ``folder`` for this process until what is returned is closed; Misuse "site.folder_taken"."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(folder.name + ".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        lock.close()
        raise Misuse("site.folder_taken", f"another run works in {folder}; give this one its own with --dir") from taken
    return lock
