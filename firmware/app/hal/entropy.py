"""Random bytes of the ESP32: true randomness only while the radio is on, which is why signing nonces are hedged."""

import os


def read(size: int) -> bytes:
    """Return ``size`` random bytes."""
    return os.urandom(size)
