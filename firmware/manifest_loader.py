"""What is frozen into a board that takes updates: the loader alone; the program comes from a slot on the flash.

``make -C ports/esp32 BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=<this file>`` in MicroPython.
"""

include("$(PORT_DIR)/boards/manifest.py")
package("tracewire", base_path="lib")
package("hal", base_path="app")
package("update", base_path="app")
module("boot.py", base_path="boards/esp32_s3")
