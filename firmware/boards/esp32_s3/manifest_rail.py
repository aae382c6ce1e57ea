"""A rail scale on an ESP32-S3.

``make -C ports/esp32 BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=<this file>`` in MicroPython.
"""

include("manifest_board.py")
include("../../manifest_rail.py")
