"""``boot.py`` of a board with the loader frozen in it: verify a slot, start the program there, else begin again.

Frozen, it goes before any ``boot.py`` on the flash. The outermost loop of a board: it says why on the console.
"""

import sys

import machine
from update import boot

PROGRAM = "scale.main"  # or rail.main, handheld.main, terminal.main: what this board is

try:
    boot.main(PROGRAM)
except Exception as error:  # noqa: BLE001 (whatever it was, the only remedy here is a new start)
    sys.print_exception(error)
machine.reset()
