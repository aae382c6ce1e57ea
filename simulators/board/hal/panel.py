"""The front panel line: one loopback connection that carries everything a hand or an eye does at the board.

Only the virtual board has it. JSON lines, described in ``simulators/board/README.md``. The panel also is the power
cord: when it goes away, the board stops at once and writes nothing more.
"""

import asyncio
import binascii
import json
import os
import socket
import sys

from tracewire.errors import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE_BYTES = 64
_IPPROTO_TCP, _TCP_NODELAY = 6, 1
"""A message is several small writes; without this each one waits 40 ms until the host acknowledges the one before."""


class Inbox:
    """Messages of one name in order of arrival; each is taken once."""

    def __init__(self) -> None:
        self._values = []
        self._arrived = asyncio.Event()

    def put(self, value: object) -> None:
        """Add a message."""
        self._values.append(value)
        self._arrived.set()

    def take(self) -> "list[object]":
        """Take all that have come."""
        values, self._values = self._values, []
        return values

    async def get(self) -> object:
        """Wait for the next message and take it."""
        while not self._values:
            self._arrived.clear()
            await self._arrived.wait()
        return self._values.pop(0)


class Panel:
    """The connection; made when the first part of the board is plugged in."""

    def __init__(self, host: str, port: int) -> None:
        line = socket.socket()
        line.connect(socket.getaddrinfo(host, port)[0][-1])
        line.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        line.setblocking(False)
        self._stream = asyncio.StreamReader(line)
        self._inboxes = {}
        self._handlers = {}
        self._drain_task = None
        self._read_task = asyncio.create_task(self._read())

    def inbox(self, name: str) -> Inbox:
        """Return the queue of incoming messages called ``name``."""
        if name not in self._inboxes:
            self._inboxes[name] = Inbox()
        return self._inboxes[name]

    def on(self, name: str, handler: "Callable[[object], None]") -> None:
        """Call ``handler`` with each message called ``name``, first with what came before: for states, not events.

        Costs a board's heap far less than a queue and a task that empties it.
        """
        self._handlers[name] = handler
        if name in self._inboxes:
            for value in self._inboxes.pop(name).take():
                handler(value)

    def send(self, name: str, value: object) -> None:
        """Send one message to the panel, in order, without waiting."""
        self._stream.write((json.dumps({name: value}) + "\n").encode())
        self._flush()

    def send_hex(self, name: str, octets: bytes) -> None:
        """Send ``octets`` as hexadecimal text, piece by piece: a slip three times over is more than the heap has."""
        self._stream.write(b'{"%s": "' % name.encode())
        for start in range(0, len(octets), _PIECE_BYTES):
            self._stream.write(binascii.hexlify(octets[start : start + _PIECE_BYTES]))
        self._stream.write(b'"}\n')
        self._flush()

    def _flush(self) -> None:
        if self._drain_task is None:
            self._drain_task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        await self._stream.drain()
        self._drain_task = None

    async def _read(self) -> None:
        while True:
            try:
                line = await self._stream.readline()
            except OSError:  # pulled out while we were talking: the connection is reset
                line = b""
            if not line:
                sys.exit(0)  # unplugged
            for name, value in json.loads(line).items():
                if name in self._handlers:
                    self._handlers[name](value)
                else:
                    self.inbox(name).put(value)


_plugged = []


def plug() -> Panel:
    """Return the one connection to the panel at CHENGXIN_PANEL."""
    if not _plugged:
        address = os.getenv("CHENGXIN_PANEL")
        if not address:
            raise Misuse("panel.no_address", "CHENGXIN_PANEL is not set")
        host, port = address.split(":")
        _plugged.append(Panel(host, int(port)))
    return _plugged[0]
