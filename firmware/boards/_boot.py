"""Mounts the storage before ``boot.py``, in place of the port's own module of this name.

The port's formats a storage that holds no littlefs, on an RP2350 with the blocks of ``hal.nvram`` in it, and takes
littlefs' sizes that wear the flash four times as much. Here a new board stays blank until it is enrolled.
"""

from hal import flash
from tracewire.errors import Unavailable

try:
    flash.mount()
except Unavailable:
    pass
