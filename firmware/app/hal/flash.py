"""The board's storage as littlefs, which commits a file all or nothing when it is flushed or closed."""

import os

import vfs
from tracewire.errors import Unavailable

from hal import chip

ROOT = ""


def mount(create: bool = False) -> str:
    """Mount the file system, unless the boot code has, and return its root path.

    ``create`` formats a storage that holds no littlefs, and never one that does: unsent records may be on it. Only
    enrolment passes it. Raises Unavailable "flash.no_file_system".
    """
    if not _is_mounted():
        vfs.mount(_open(chip.file_system(), create), "/")
    return ROOT


def _is_mounted() -> bool:
    try:
        os.statvfs("/")
        return True
    except OSError:
        return False


def _open(storage: object, create: bool) -> object:
    try:
        return vfs.VfsLfs2(storage, mtime=False, **chip.LITTLEFS)
    except OSError:
        if not create:
            raise Unavailable("flash.no_file_system", "the storage holds no littlefs")
    vfs.VfsLfs2.mkfs(storage, **chip.LITTLEFS)
    return vfs.VfsLfs2(storage, mtime=False, **chip.LITTLEFS)
