"""What a wholesale terminal is made of; see ``manifest_scale.py``."""

package("device", base_path="app")
package("scale", base_path="app")
package("cards", base_path="app")
package("terminal", base_path="app")
package("update", base_path="app")
