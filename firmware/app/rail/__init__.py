"""The rail scale of a slaughter line: carcass by carcass, hands-free; ``app`` is the flow."""

MAKE = ("chengxin-rail 0.1.0", 1, "CX-R300")
"""Software, its security version, model: what the boot record says of this program."""
