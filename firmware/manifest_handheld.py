"""What is frozen into an inspector's handheld: ``make BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=<this file>``."""

include("$(PORT_DIR)/boards/manifest.py")
package("tracewire", base_path="lib")
package("hal", base_path="app")
package("device", base_path="app")
package("handheld", base_path="app")
package("update", base_path="app")
