"""Drivers that write a board's flash themselves, on ``ram_chip``: the mark of an RP2350, and the ROM area of any board.

``micropython device_board_flash.py FILE``, with ``hal`` on the path; ``FILE`` is a place for an image.
"""

import sys

from hal import chip, firmware, nvram

WRITES = 6
STEPS = 5 * WRITES  # one erase and four pieces for each


def mark_through_power_cuts():
    """Cut the power at each step in turn: the mark before is read or the new one, whole, and the next is kept."""
    outcomes = set()
    for left in range(STEPS + 1):
        flash = chip.fit(chip.MARK_BLOCKS)
        assert nvram.read() == b""
        flash.left = left
        kept = tried = b""
        try:
            for number in range(WRITES):
                tried = b"mark %d " % number * 7
                nvram.write(tried)
                kept = tried
        except chip.PowerCut:
            pass
        flash.left = STEPS
        found = nvram.read()
        assert found in (kept, tried), (left, found)
        outcomes.add("kept" if kept == tried else "old" if found == kept else "new")
        nvram.write(b"after")
        assert nvram.read() == b"after", left
    print("mark:", " ".join(sorted(outcomes)))


def mark_too_long():
    """Refuse it and keep the one before."""
    chip.fit(chip.MARK_BLOCKS)
    nvram.write(b"x" * 64)
    try:
        nvram.write(b"y" * 65)
    except OSError:
        print("too long:", nvram.read() == b"x" * 64)


def rom_area(path):
    """Write an image over another one and over its own first half, and compare."""
    area = chip.fit(4)
    images = [bytes([(index * step) & 255 for index in range(9000 + step)]) for step in (7, 11)]
    for image in images:
        with open(path, "wb") as file:
            file.write(image)
        before = firmware._differs(path, area)
        area.left = 5
        try:
            firmware._write(path, area)
        except chip.PowerCut:
            pass
        torn = firmware._differs(path, area)
        area.left = 1000
        firmware._write(path, area)
        print("area:", before, torn, firmware._differs(path, area))


mark_through_power_cuts()
mark_too_long()
rom_area(sys.argv[1])
