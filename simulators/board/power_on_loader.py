"""Power-on of the virtual board through the loader: what ``boot.py`` of a real board does.

The ROM holds the loader alone; the program comes from the slot on the flash that the loader has verified.
"""

import gc
import os
import sys

import uctypes
import vfs

gc.threshold(8192)  # as in power_on.py

address, size = os.getenv("CHENGXIN_ROM").split(":")
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(address), int(size))), "/rom")
sys.path.insert(0, "/rom")

from update import boot  # noqa: E402 (it is on the ROM)

boot.main(os.getenv("CHENGXIN_PROGRAM") or "scale.main")
