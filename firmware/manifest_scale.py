"""What is frozen into a counter scale: ``make BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=<this file>`` in MicroPython."""

include("$(PORT_DIR)/boards/manifest.py")
package("tracewire", base_path="lib")
package("hal", base_path="app")
package("device", base_path="app")
package("scale", base_path="app")
package("update", base_path="app")
