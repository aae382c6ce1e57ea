"""Random bytes of the virtual board: the host kernel's."""

import os


def read(size: int) -> bytes:
    """Return ``size`` random bytes."""
    return os.urandom(size)
