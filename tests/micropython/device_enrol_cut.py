"""Enrol on a flash that loses power: the process kills itself, with SIGKILL, instead of its Nth write after the start.

    micropython device_enrol_cut.py N

Everything above the flash part is what ships. The image is written unbuffered, so it holds what real flash would hold.
"""

import os
import sys

import vfs
from device import enrol
from hal import entropy, flash


class CutFlash(flash.BlockDevice):
    """The virtual board's flash with a fuse."""

    def __init__(self, path, writes):
        super().__init__(path)
        self.writes_left = writes

    def writeblocks(self, block, buffer, offset=0):
        if self.writes_left == 0:
            os.system("kill -9 $PPID")
        self.writes_left -= 1
        super().writeblocks(block, buffer, offset)


vfs.mount(vfs.VfsLfs2(CutFlash(os.getenv("CHENGXIN_FLASH"), int(sys.argv[1]))), "/flash")
enrol.serve(enrol.Enrolment("/flash", entropy.read), sys.stdin, sys.stdout)
