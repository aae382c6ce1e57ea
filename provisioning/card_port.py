"""The serial line to the desk's PN532: a device (``/dev/ttyUSB0``), or any address that pySerial opens.

``socket://127.0.0.1:7532`` is a reader elsewhere on the network, or a virtual one.
"""

import asyncio
import importlib
from typing import Any

from tracewire.errors import Unavailable

BAUD = 115200  # the PN532's own after power-on, UM0701-02 §4.3
_POLL_S = 0.05

_serial: Any = importlib.import_module("serial")  # by name: it has no types


class SerialPort:
    """The line as ``cards.pn532`` wants it; close it, or use ``with``."""

    def __init__(self, address: str) -> None:
        """Open ``address``; ``Unavailable("reader.absent")`` when there is none."""
        try:
            self._line = _serial.serial_for_url(address, baudrate=BAUD, timeout=_POLL_S)
        except (OSError, ValueError) as problem:
            raise Unavailable("reader.absent", f"{address}: {problem}") from problem

    async def read(self, count: int) -> bytes:
        """Wait for exactly ``count`` bytes."""
        octets = b""
        while len(octets) < count:
            octets += await self._call(self._line.read, count - len(octets))
        return octets

    async def write(self, octets: bytes) -> None:
        """Send ``octets``."""
        await self._call(self._line.write, octets)

    def close(self) -> None:
        """Close the line."""
        self._line.close()

    async def _call(self, method: Any, argument: object) -> Any:
        try:
            return await asyncio.to_thread(method, argument)
        except OSError as problem:  # pySerial's own errors are OSErrors
            raise Unavailable("reader.silent", str(problem)) from problem
