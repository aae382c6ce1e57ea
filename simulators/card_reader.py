"""A desk's card reader on a loopback port: a virtual PN532 for programs that open a serial line, and a hand for cards.

with VirtualReader() as reader:
    reader.lay(factory_card(b"\\x04..."))
    subprocess.run(["chengxin", "card", "issue", "--reader", reader.address, ...])
    card = reader.take()            # a `Card`, for a `TerminalProcess`
"""

import asyncio
import os
import threading
from types import TracebackType
from typing import Any

from chips import memory
from chips.mifare_classic import VirtualClassic
from chips.ntag424 import VirtualNtag424
from chips.pn532 import VirtualPn532

from simulators.terminal_process import Card

_PIECE_BYTES = 256


def factory_card(uid: bytes) -> Card:
    """Return a card as it is bought: an NTAG 424 DNA for a number of 7 bytes, a MIFARE Classic for one of 4."""
    chip = VirtualNtag424.factory(uid, os.urandom) if len(uid) == 7 else VirtualClassic.factory(uid)
    return Card(memory.of(chip))


class VirtualReader:
    """One reader; it serves one program at a time, in a thread of its own."""

    def __init__(self) -> None:
        """Prepare it; entering the context opens its port."""
        self.chip: Any = VirtualPn532()
        self.address = ""
        self._opened = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "VirtualReader":
        self._thread.start()
        self._opened.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def lay(self, card: Card) -> None:
        """Lay a card on the reader."""
        self.chip.place(memory.card(card.memory, os.urandom))

    def take(self) -> Card:
        """Take the card away, with everything that was written on it."""
        card = Card(memory.of(self.chip.card))
        self.chip.remove()
        return card

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        host, port = server.sockets[0].getsockname()
        self.address = f"socket://{host}:{port}"
        self._opened.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, line: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(self._answer(back))
        try:
            while octets := await line.read(_PIECE_BYTES):
                await self.chip.write(octets)
        finally:
            answering.cancel()
            back.close()

    async def _answer(self, back: asyncio.StreamWriter) -> None:
        while True:
            back.write(await self.chip.read(1))
            await back.drain()
