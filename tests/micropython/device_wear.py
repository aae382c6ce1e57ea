"""What a record costs the flash: erases and programmed bytes, counted under MicroPython's own littlefs.

``micropython -X heapsize=8M device_wear.py [default]`` prints a line for each way of appending; ``default`` mounts
littlefs with MicroPython's own sizes instead of ours, for comparison.
"""

import gc
import sys

from device import journal
from device.journal import Journal
from device.mark import Mark
from tracewire import chain

import device_flash

RECORDS = 1600
SEALED_BYTES = 190
PATH = device_flash.ROOT + "/journal"


def measure(batch, backlog):
    """Return (erases, programmed bytes) for each record, appending ``batch`` at a time with ``backlog`` unreleased."""
    flash = device_flash.CountingFlash(256)
    device_flash.mounted(flash, create=True)
    journal.create(PATH)
    book = Journal(PATH, 600 * 1024)
    book.guard(Mark(device_flash.Nvram(), b"a key id"))
    sealed = bytes(SEALED_BYTES)
    head = chain.digest(sealed)
    flash.erases = flash.programmed_bytes = 0
    while book.next_seq <= RECORDS:
        book.append([sealed] * batch)
        if book.pending > backlog:
            book.release(1, book.next_seq - 1, head)
    return flash.erases / RECORDS, flash.programmed_bytes // RECORDS


def main():
    for batch in (1, 2):
        for backlog in (40, 1500):
            device_flash.unmount()
            gc.collect()
            erases, programmed = measure(batch, backlog)
            print(
                "%d to a commit, backlog %d: %.3f erases and %d bytes programmed per record"
                % (batch, backlog, erases, programmed)
            )


if __name__ == "__main__":
    if "default" in sys.argv:
        device_flash.OPTIONS = {"readsize": 32, "progsize": 32, "lookahead": 32, "mtime": True}
    main()
    device_flash.unmount()
