"""Power-on of the virtual board: mount the ROM that holds the firmware, then start the program in it.

The ROM is memory outside of the heap, so its bytecode is run in place, as frozen code is on a board.
"""

import gc
import os
import sys

import uctypes
import vfs

gc.threshold(8192)  # sweep while importing: what stays then lies close together and leaves large free pieces

address, size = os.getenv("CHENGXIN_ROM").split(":")
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(address), int(size))), "/rom")
sys.path.insert(0, "/rom")

program = os.getenv("CHENGXIN_PROGRAM") or "scale.main"
__import__(program)  # it is on the ROM
sys.modules[program].main()
