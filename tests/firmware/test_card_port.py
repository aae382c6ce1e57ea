"""The virtual board's card reader: a card goes from the panel to the terminal and back with what was written on it."""

import asyncio
import json
import os
from typing import Any

from cards import copies
from cards.contents import Contents, decode
from cards.keyring import CardKeys, Keyring
from chips import memory
from chips.issued import secure_card

from tests.interpreters import MICROPYTHON, ROOT

SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
UID = b"\x04\xde\x5f\x1e\xac\xc0\x40"
LOT = "35020000200010000003"
KEYS = CardKeys(1, *[bytes((place,)) * 15 + b"\x01" for place in range(5)])  # those of cards_bench
FULL = Contents("3502000010007", "批发七号", ((1, LOT),), (25000,))


def issued_card() -> dict[str, Any]:
    card = secure_card(UID, KEYS, os.urandom)
    slot = copies.seal(1, FULL.encode(), UID, KEYS).slot
    card.files[3][: len(slot)] = slot
    card.files[2][128 : 128 + len(slot)] = slot
    return memory.of(card)


def grams_left(state: dict[str, Any]) -> int:
    slots = [bytes.fromhex(state["files"][1]), bytes.fromhex(state["files"][0])[128:]]
    _, copy, _ = copies.newest(slots, UID, Keyring([KEYS]))
    return decode(copy.contents).grams_left(LOT)


class Hand:
    """A panel that holds one card; ``pulls`` are the frames and moments at which it is pulled out, one a try."""

    def __init__(self, pulls: list[tuple[int, str]]) -> None:
        self.state = issued_card()
        self._pulls = pulls

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        await self.present()
        while line := await reader.readline():
            self.state = json.loads(line)["chip"] or self.state
        writer.close()

    async def present(self) -> None:
        pull = self._pulls.pop(0) if self._pulls else (0, "lost")
        for name, value in (("chip", None), ("pull", pull), ("chip", self.state)):
            self._writer.write((json.dumps({name: value}) + "\n").encode())
            await self._writer.drain()


async def terminal(hand: Hand) -> list[str]:
    """Run the terminal; the card is presented again whenever it says that it is gone. Returns what it printed."""
    server = await asyncio.start_server(hand.hold, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    environment = {**os.environ, "MICROPYPATH": SEARCH_PATH, "CHENGXIN_PANEL": f"{host}:{port}"}
    process = await asyncio.create_subprocess_exec(
        MICROPYTHON, "-X", "heapsize=2M", "tests/micropython/cards_port.py",
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode().strip())
        if said[-1] == "card.gone":
            await hand.present()
    await asyncio.wait_for(process.wait(), 20)
    server.close()
    await server.wait_closed()
    return said


def test_what_the_terminal_writes_is_on_the_card_in_the_hand() -> None:
    hand = Hand([])
    assert asyncio.run(terminal(hand)) == ["read 25000 True", "written 24000"]
    assert grams_left(hand.state) == 24000


def test_a_card_pulled_out_in_the_middle_of_the_write_is_served_at_the_next_tap() -> None:
    hand = Hand([(11, "torn")])
    said = asyncio.run(terminal(hand))
    assert said == ["read 25000 True", "card.gone", "read 25000 True", "written 24000"]
    assert grams_left(hand.state) == 24000
