"""What is frozen into a wholesale terminal; see ``manifest_scale.py``."""

include("$(PORT_DIR)/boards/manifest.py")
package("tracewire", base_path="lib")
package("hal", base_path="app")
package("device", base_path="app")
package("scale", base_path="app")
package("cards", base_path="app")
package("terminal", base_path="app")
package("update", base_path="app")
