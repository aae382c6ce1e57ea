"""What a board that takes updates is made of: the loader alone; the program comes from a slot on the flash."""

package("update", base_path="app")
module("boot.py", base_path="boards")
