"""The wholesale IC-card terminal: a lot, or part of it, goes from the seller's card to the buyer's."""

MAKE = ("chengxin-terminal 0.1.0", 1, "CX-T150")
"""Software, its security version, model: what the boot record says of this program."""
