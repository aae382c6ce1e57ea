"""A board for the update tests: littlefs on NOR flash in RAM, releases signed by two of three people, an audit trail.

flash = fresh_board()                  # OLD runs from slot a
install()                              # NEW goes into slot b
assert restarted(flash) == "b"         # and is on trial
"""

import os
from hashlib import sha256

from tracewire import cbor, cose, manifest, p256
from tracewire.errors import Misuse, Rejected, Unavailable
from update import contents, loader, slots
from update.board import Board
from update.download import Download

import device_flash

ROOT = device_flash.ROOT
NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
ALICE, BOB, CAROL, MALLORY = [p256.SigningKey(bytes(31) + bytes((number,))) for number in (1, 2, 3, 4)]
BOARD = Board("scale", 2, [key.point for key in (ALICE, BOB, CAROL)])
UPDATE = "firmware_changed"
ROLLBACK = "rollback_detected"


def stuff(word, size):
    return (word.encode() * size)[:size]


OLD = {
    "device/journal.mpy": stuff("old journal ", 3000),
    "scale/main.mpy": stuff("old ", 700),
    "table.bin": stuff("t", 900),
}
NEW = {
    "device/journal.mpy": stuff("new journal ", 5300),
    "scale/main.mpy": stuff("new! ", 900),
    "table.bin": stuff("t", 900),
}
NEW["scale/extra/more.mpy"] = stuff("more ", 300)


def release(files, version="1.0.0", security=1, **changed):
    rows = [(path, len(files[path]), sha256(files[path]).digest()) for path in sorted(files)]
    fields = {"model": "scale", "hardware": (1, 3), "issued_ms": NOW_MS, "expires_ms": NOW_MS + 30 * DAY_MS}
    fields.update(changed)
    return manifest.Manifest(version, security_version=security, files=rows, **fields)


def signed(payload, *keys):
    if not isinstance(payload, bytes):
        payload = payload.encode()
    return cbor.encode([cose.seal(payload, cose.FIRMWARE, key) for key in keys or (ALICE, BOB)])


OLDER = {"device/journal.mpy": stuff("older ", 2000), "device/gone.mpy": b"gone", "table.bin": stuff("t", 900)}
LARGE = {
    "part%d/module%d.mpy" % (number % 3, number): stuff("module %d " % number, 211 * number) for number in range(1, 15)
}
LARGE["table.bin"] = OLD["table.bin"]
LARGE_BUNDLE = signed(release(LARGE, "1.2.0", 2))
OLD_BUNDLE = signed(release(OLD, "1.0.0"), ALICE, CAROL)
NEW_BUNDLE = signed(release(NEW, "1.1.0", 2))


def silent(*words):
    return None


def not_busy():
    return False


class Trail:
    """The audit trail of a board: takes what it is told, or is full."""

    def __init__(self):
        self.told = []
        self.is_full = False

    def tell(self, event, detail):
        if self.is_full:
            raise Unavailable("journal.full")
        assert len(detail.encode()) <= 120
        self.told.append((event, detail))

    def has(self, event, *words):
        return any([event == told and all([word in detail for word in words]) for told, detail in self.told])


def place(slot, files, bundle):
    """Put a release into a slot as the bench does, which has no power cuts."""
    missing = contents.prepare(slots.folder(ROOT, slot), manifest.peek(bundle).files)
    for path, _, _ in missing:
        slots.write(slots.folder(ROOT, slot) + "/" + path, files[path])
    slots.write(slots.bundle_path(ROOT, slot), bundle)


def fresh_board(blocks=96, files=OLD, bundle=OLD_BUNDLE, flash=None):
    """A board as it leaves the bench, started once."""
    flash = flash or device_flash.CuttingFlash(blocks)
    device_flash.mounted(flash, create=True)
    place("a", files, bundle)
    assert start() == "a"
    return flash


def start():
    return loader.choose(ROOT, BOARD, silent)


def restarted(flash):
    flash.power_on()
    device_flash.mounted(flash)
    return start()


def install(files=NEW, bundle=NEW_BUNDLE, trail=None, chunk_bytes=700, is_busy=not_busy, reserve_bytes=0):
    """Download a release; returns the paths that had to be fetched."""
    download = Download(ROOT, BOARD, is_busy, (trail or Trail()).tell, reserve_bytes)
    download.begin(bundle, NOW_MS)
    fetched = []
    while download.wanted:
        fetched.append(download.wanted)
        content = files[download.wanted]
        for at in range(download.offset, len(content), chunk_bytes):
            download.write(content[at : at + chunk_bytes])
    assert download.missing_bytes == 0
    download.finish()
    return fetched


def holds(slot, files):
    """Tell whether a slot holds exactly these files, asking nothing of the code under test but the folder's name."""
    found = {}
    gather(slots.folder(ROOT, slot), "", found)
    return found == files


def gather(folder, prefix, found):
    for entry in os.ilistdir(folder):
        if entry[1] == 0x4000:
            gather(folder + "/" + entry[0], prefix + entry[0] + "/", found)
        else:
            found[prefix + entry[0]] = slots.read(folder + "/" + entry[0])


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except (Rejected, Unavailable, Misuse) as error:
        return error.code
    return None
