"""What a board that takes updates is made of: the loader, and what it is enrolled with.

The program comes from a slot on the flash, with its own ``device``, which is found before the frozen one.
"""

package("update", base_path="app")
package("device", base_path="app")
module("boot.py", base_path="boards")
