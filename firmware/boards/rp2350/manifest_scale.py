"""A counter scale on an RP2350.

``make -C ports/rp2 BOARD=RPI_PICO2_W FROZEN_MANIFEST=<this file>`` in MicroPython.
"""

include("manifest_board.py")
include("../../manifest_scale.py")
