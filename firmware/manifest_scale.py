"""What a counter scale is made of; ``boards/<board>/manifest_scale.py`` freezes it for a board."""

package("device", base_path="app")
package("scale", base_path="app")
package("cards", base_path="app")
package("update", base_path="app")
