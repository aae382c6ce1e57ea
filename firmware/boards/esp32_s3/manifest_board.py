"""What every device on an ESP32-S3 is frozen with: asyncio, the format, the drivers, this board's wiring."""

include("$(MPY_DIR)/extmod/asyncio")
package("tracewire", base_path="../../lib")
package("hal", base_path="../../app")
package("hal", base_path=".")
module("pins.py", base_path=".")
module("_boot.py", base_path="..")
