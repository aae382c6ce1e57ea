"""What an inspector's handheld is made of; see ``manifest_scale.py``."""

package("device", base_path="app")
package("handheld", base_path="app")
package("update", base_path="app")
