"""The issuing desk: a card is made ours, written, and remembered, before it is handed to anybody.

``cards.jsonl`` of the authority remembers every card: whose it is, up to which generation it was written, by which
version of the masters and why. A card that is issued again continues far above what any terminal may have seen of it,
so no device takes it for rolled back.
"""

import asyncio
import json
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cards.card import Card, Reading
from cards.contents import Contents
from cards.counters import Counters
from cards.iso14443 import Target
from cards.pn532 import Pn532
from cards.reader import Reader
from tracewire.errors import Misuse, Rejected, Unavailable

from provisioning import card_keys, card_setup, durable
from provisioning.card_keys import Masters
from provisioning.layout import Layout

CARD_WAIT_S = 30.0
REISSUE_ABOVE = 0x10000
"""Generations left free below a card that is issued again: more taps than a card lives to see."""


@dataclass(frozen=True)
class CardOrder:
    """What shall be written, and why. ``contents`` None: what the card says; ``address`` is what a phone opens."""

    contents: Contents | None
    address: str
    why: str = "first issue"


@dataclass(frozen=True)
class Seen:
    """A card that was read: number, kind, and what it said."""

    uid: bytes
    kind: str
    said: Reading


class CardDesk:
    """One desk with one reader; ``rings`` are the masters, ``port`` the serial line to the reader."""

    def __init__(self, files: Layout, rings: list[Masters], port: object, wait_s: float = CARD_WAIT_S) -> None:
        self._files = files
        self._rings = rings
        self._chip = Pn532(port)
        self._wait_s = wait_s

    async def read(self) -> Seen:
        """Return what the card on the reader says; every refusal of ``cards.card``."""
        return await self._with_card(await self._find(), self._say)

    async def issue(self, order: CardOrder, now: datetime) -> Seen:
        """Make a factory card one of ours and write it; ``Misuse("card.issued")`` when it was issued before."""
        target = await self._find()
        if order.contents is None:
            raise Misuse("card.contents", "a first card needs contents")
        if self._generation(target.uid):
            raise Misuse("card.issued", f"{target.uid.hex()} is issued already; use: chengxin card reissue")
        return await self._write(target, order, order.contents, 0, now)

    async def reissue(self, order: CardOrder, now: datetime) -> Seen:
        """Write a card of ours anew, with the newest keys.

        ``Misuse("card.unreadable")`` when it says nothing that could be kept, ``Misuse("card.reason")`` without a why.
        """
        if not order.why.strip():
            raise Misuse("card.reason", "say why: the reason stands in the history of the card")
        target = await self._find()
        what, found = order.contents, 0
        try:
            seen = await self._with_card(target, self._say)
            what, found = what or seen.said.contents, seen.said.generation
        except Rejected as refusal:
            if what is None:
                raise Misuse("card.unreadable", f"{refusal.code}: say with --seller what it shall hold") from refusal
        above = max(found, self._generation(target.uid)) + REISSUE_ABOVE
        return await self._write(target, order, what, above, now)

    async def _write(self, target: Target, order: CardOrder, what: Contents, above: int, now: datetime) -> Seen:
        if (await self._find()).uid != target.uid:  # selected afresh: a card that refused a key says nothing more
            raise Unavailable("card.gone", "another card lies on the reader")
        await card_setup.set_up(self._chip, target, self._rings, order.address)

        async def write(card: Card) -> Seen:
            line = {
                "what": "begun", "at": now.isoformat(), "uid": card.uid.hex(), "kind": card.kind, "seller": what.seller,
                "stall": what.stall, "generation": above + 1, "key_version": self._rings[-1].version, "why": order.why,
            }  # fmt: skip
            self._note(line)
            said = await card.issue(what, above)
            # A crash here: written, and noted as begun; issuing again finds the generation on the card and goes above.
            self._note({**line, "what": "issued", "generation": said.generation})
            return Seen(card.uid, card.kind, said)

        return await self._with_card(target, write)

    async def _find(self) -> Target:
        await self._chip.start()
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while True:
            await self._chip.release()
            target = await self._chip.find()
            if target is not None:
                return target
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable("card.gone", "no card was laid on the reader")
            await asyncio.sleep(0.1)

    async def _say(self, card: Card) -> Seen:
        return Seen(card.uid, card.kind, await card.read())

    async def _with_card(self, target: Target, do: Callable[[Card], Any]) -> Seen:
        """Select the card afresh and do something with it; this desk's memory of taps is its history, not a table."""
        with tempfile.TemporaryDirectory() as nothing:
            keyring = card_keys.keyring(self._rings)
            reader = Reader(self._chip, keyring, Counters(nothing), secrets.token_bytes, 0.05)
            try:
                card = await asyncio.wait_for(reader.next_card(), self._wait_s)
            except TimeoutError:
                raise Unavailable("card.gone", "the card was taken away") from None
            if card is None or card.uid != target.uid:
                raise Unavailable("card.gone", "another card lies on the reader")
            seen: Seen = await do(card)
            return seen

    def _generation(self, uid: bytes) -> int:
        """Return the newest generation that this desk wrote of a card, 0 for one that it never finished."""
        if not self._files.cards.exists():
            return 0
        lines = [json.loads(line) for line in durable.complete_lines(self._files.cards)]
        own = [line for line in lines if line["uid"] == uid.hex() and line["what"] == "issued"]
        return max((int(line["generation"]) for line in own), default=0)

    def _note(self, line: dict[str, object]) -> None:
        with durable.locked(self._files.lock):
            if not self._files.cards.exists():
                durable.replace(self._files.cards, b"", durable.PRIVATE)
            durable.append_line(self._files.cards, json.dumps(line, ensure_ascii=False).encode())
