"""The switch under the lead seal: it can be reached only by breaking the seal, and then parameters may be changed."""

import pins
from machine import Pin


def is_open() -> bool:
    """Tell whether the switch under the seal is set to "adjust"; a cut wire means that it is not."""
    return not Pin(pins.SEAL_SWITCH, Pin.IN, Pin.PULL_UP).value()
