"""``boot.py`` of a board with the loader frozen in it: verify a slot, start the program there, else begin again.

Frozen, it goes before any ``boot.py`` on the flash. The outermost loop of a board: it says why on the console. A board
that is not enrolled or has no release yet would begin again for ever; it stays at its console, for the bench.
"""

import sys

import machine
from tracewire.errors import TracewireError
from update import boot

PROGRAM = "scale.main"  # or rail.main, handheld.main, terminal.main: what this board is
FOR_THE_BENCH = ("flash.no_file_system", "board.absent", "loader.no_slot")

reason = ""
try:
    boot.main(PROGRAM)
except TracewireError as error:
    sys.print_exception(error)
    reason = error.code
except Exception as error:  # noqa: BLE001 (whatever it was, the only remedy here is a new start)
    sys.print_exception(error)
if reason not in FOR_THE_BENCH:
    machine.reset()
