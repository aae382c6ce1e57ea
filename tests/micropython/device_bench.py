"""What happens to a virtual board's flash (``CHENGXIN_FLASH``) while the scale is off: factory, download, confirmation.

micropython device_bench.py factory IMAGE BUNDLE POINT…
micropython device_bench.py download IMAGE BUNDLE [BYTES]     stops after so many bytes, as if the power had failed
micropython device_bench.py confirm
micropython device_bench.py state
"""

import gc
import os
import sys

from hal import clock, flash
from tracewire import manifest
from tracewire.errors import TracewireError
from update import board, confirm, contents, slots
from update.download import Download


def factory(image, bundle, *points):
    root = flash.mount()
    if points:  # enrolment told the board nothing
        slots.write(root + "/board.cbor", board.Board("scale", 1, [slots.read(point) for point in points]).encode())
    signed = slots.read(bundle)
    for path, _, _ in contents.prepare(slots.folder(root, "a"), manifest.peek(signed).files):
        slots.write(slots.folder(root, "a") + "/" + path, slots.read(image + "/" + path))
    slots.write(slots.bundle_path(root, "a"), signed)


def download(image, bundle, stop_after=None):
    root = flash.mount()
    left = int(stop_after) if stop_after else None
    one = Download(root, board.load(root), lambda: False, tell)
    try:
        gc.collect()
        before = gc.mem_alloc()
        one.begin(slots.read(bundle), clock.now_ms())
        print("heap while it runs: %d bytes" % (gc.mem_alloc() - before))
        print("to come: %d bytes" % one.missing_bytes)
        while one.wanted:
            with open(image + "/" + one.wanted, "rb") as source:
                source.seek(one.offset)
                chunk = source.read(1024)
                while chunk:
                    one.write(chunk)
                    left = None if left is None else left - len(chunk)
                    if left is not None and left <= 0:
                        return
                    chunk = source.read(1024)
        one.finish()
    except TracewireError as error:
        print("refused " + error.code)


def tell(event, detail):
    print("told %s: %s" % (event, detail))


def state():
    one = slots.load(flash.mount())
    print(
        "active %s, candidate %s, floor %d, free %d" % (one.active, one.candidate, one.floor, os.statvfs("/flash")[3])
    )
    print(slots.release(flash.mount(), one.active).version)


def confirm_release():
    root = flash.mount()
    confirm.report(root, tell)
    print("confirmed" if confirm.confirm(root, tell) else "nothing to confirm")


if __name__ == "__main__":
    commands = {"factory": factory, "download": download, "confirm": confirm_release, "state": state}
    commands[sys.argv[1]](*sys.argv[2:])
