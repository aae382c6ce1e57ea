"""The loader alone, for a board that takes updates: an RP2350.

``make -C ports/rp2 BOARD=RPI_PICO2_W FROZEN_MANIFEST=<this file>`` in MicroPython.
"""

include("manifest_board.py")
include("../../manifest_loader.py")
