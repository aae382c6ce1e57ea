"""The counter scale of a retail stall: what turns a load on the pan into a signed sale and a slip."""

MAKE = ("chengxin-scale 0.1.0", 1, "CX-S15")
"""Software, its security version, model: what the boot record says of this program."""
