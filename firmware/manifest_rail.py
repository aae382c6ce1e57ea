"""What a rail scale is made of; see ``manifest_scale.py``."""

package("device", base_path="app")
package("scale", base_path="app")
package("rail", base_path="app")
package("update", base_path="app")
