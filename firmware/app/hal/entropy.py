"""Random bytes of the chip: an ESP32 has true randomness only while the radio is on, so signing nonces are hedged."""

import os


def read(size: int) -> bytes:
    """Return ``size`` random bytes."""
    return os.urandom(size)
