"""The ``vfs`` partition of the ESP32 as littlefs, which commits a file all or nothing when it is flushed or closed."""

import os

import vfs
from esp32 import Partition
from tracewire.errors import Unavailable

ROOT = ""
_LABEL = "vfs"
_SIZES = {"readsize": 128, "progsize": 32, "lookahead": 32}
"""Caches of 512 bytes: a file up to that size lies inside littlefs' log. With MicroPython's own sizes a record costs
four times the erases (tests/micropython/device_wear.py)."""


def mount(create: bool = False) -> str:
    """Mount the file system, unless the boot code has, and return its root path.

    ``create`` formats a partition that holds no littlefs, and never one that does: unsent records may be on it. Only
    enrolment passes it. Raises Unavailable "flash.no_file_system".
    """
    if not _is_mounted():
        vfs.mount(_open(Partition.find(Partition.TYPE_DATA, label=_LABEL)[0], create), "/")
    return ROOT


def _is_mounted() -> bool:
    try:
        os.statvfs("/")
        return True
    except OSError:
        return False


def _open(partition: Partition, create: bool) -> object:
    try:
        return vfs.VfsLfs2(partition, mtime=False, **_SIZES)
    except OSError:
        if not create:
            raise Unavailable("flash.no_file_system", _LABEL)
    vfs.VfsLfs2.mkfs(partition, **_SIZES)
    return vfs.VfsLfs2(partition, mtime=False, **_SIZES)
