"""What is frozen into a rail scale; see ``manifest_scale.py``."""

include("$(PORT_DIR)/boards/manifest.py")
package("tracewire", base_path="lib")
package("hal", base_path="app")
package("device", base_path="app")
package("scale", base_path="app")
package("rail", base_path="app")
package("update", base_path="app")
