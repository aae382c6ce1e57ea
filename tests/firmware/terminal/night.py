"""A wholesale night for tests: how the terminal is set up, who comes with which card, what its journal holds."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from cards import copies
from cards.contents import Contents, decode
from cards.keyring import CardKeys, Keyring
from chips import memory
from chips.issued import plain_card, secure_card

from provisioning import card_keys, config
from provisioning.card_keys import Masters
from provisioning.enrol import Order
from simulators.terminal_process import PLATFORM_CELL, Card, TerminalProcess
from tests.firmware.enrolling import enrol_board, set_up

PIGS, RIBS = "35020000100030000001", "35020000100030000002"
WHOLESALER, STALL = "3502000010007", "3502000010101"
SELLER_UID, BUYER_UID, PLAIN_UID = b"\x04\xde\x5f\x1e\xac\xc0\x40", b"\x04\x11\x22\x33\x44\x55\x66", b"\x2b\x01\x02\x03"
MASTERS = Masters(1, *[bytes((place,)) * 16 for place in range(1, 7)])
KEYS = MASTERS.device_keys()
STOCK = Contents(WHOLESALER, "批发七号", ((1, PIGS),), (80_000,))
EMPTY = Contents(STALL, "A12号", ())
GOODS = (config.Plu(1, "白条猪肉", 2400), config.Plu(2, "排骨", 4200))
SETUP = set_up(PLATFORM_CELL, max_g=150_000, min_g=1_000, e_g=50, journal_bytes=131_072, plu=GOODS)

Story = Callable[[TerminalProcess], Awaitable[None]]
Tell = Callable[[Story], None]


def enrol_terminal(authority: Path, image: Path, flash: Path) -> Path:
    order = Order("hall-0002", "terminal", stall="厦门批发市场", site="厦门批发市场")
    keys = card_keys.device_file([MASTERS], "terminal")
    return enrol_board(authority, image, flash, order, config.scale_outfit(SETUP, keys))


def secure(uid: bytes, what: Contents, keys: CardKeys = KEYS) -> Card:
    """An NTAG 424 DNA as the desk hands it out."""
    chip = secure_card(uid, keys, os.urandom)
    slot = copies.seal(1, what.encode(), uid, keys).slot
    chip.files[3][: len(slot)] = slot
    chip.files[2][128 : 128 + len(slot)] = slot
    return Card(memory.of(chip))


def plain(uid: bytes, what: Contents, keys: CardKeys = KEYS) -> Card:
    """A MIFARE Classic as the desk hands it out; its second copy is written by the first terminal."""
    chip = plain_card(uid, keys)
    slot = copies.seal(1, what.encode(), uid, keys).slot
    slot += bytes(-len(slot) % 16)
    for index in range(len(slot) // 16):
        chip.blocks[4 + index // 3 * 4 + index % 3] = slot[index * 16 : index * 16 + 16]
    return Card(memory.of(chip))


def copy(card: Card) -> Card:
    """The same memory once more: what somebody with a good reader makes of a card."""
    return Card({**card.memory})


def rewrite(card: Card, what: Contents) -> None:
    """Write a secure card as another terminal would."""
    files = [bytearray.fromhex(file) for file in card.memory["files"]]
    uid = bytes.fromhex(card.memory["uid"])
    number, newest, _ = copies.newest([bytes(files[1]), bytes(files[0][128:])], uid, Keyring([KEYS]))
    slot = copies.seal(newest.generation + 1, what.encode(), uid, KEYS).slot
    file, start = (files[0], 128) if number == 0 else (files[1], 0)
    file[start : start + 128] = slot + bytes(128 - len(slot))
    card.memory["files"] = [file.hex() for file in files]


def on(card: Card) -> Contents:
    """What a secure card says now: its newest whole copy."""
    files = [bytes.fromhex(file) for file in card.memory["files"]]
    uid = bytes.fromhex(card.memory["uid"])
    _, newest, _ = copies.newest([files[1], files[0][128:]], uid, Keyring([KEYS]))
    return decode(newest.contents)


async def show(terminal: TerminalProcess, card: Card, answer: str) -> None:
    """Hold a card until the terminal says something about it, and take it away."""
    await terminal.present_card(card)
    await terminal.wait_for_answer(answer)
    await terminal.take_card()


async def weigh(terminal: TerminalProcess, grams: int) -> None:
    await terminal.put_load(grams)
    await terminal.wait_for_text(f"{grams / 1000:.3f} kg 稳定")


async def deal(terminal: TerminalProcess, seller: Card, buyer: Card, grams: int) -> None:
    """Two cards, a weight, a key; the buyer's card stays on the reader until it is written, then the seller's comes."""
    await show(terminal, seller, seller_name(seller))
    await terminal.present_card(buyer)
    await terminal.wait_for_answer("A12号")
    await weigh(terminal, grams)
    await terminal.press("set")
    await terminal.wait_for_answer("已写卡 A12号")
    await terminal.take_card()
    await show(terminal, seller, "已写卡 批发七号")
    await terminal.remove_load()
    await terminal.wait_for_lamp("zero")


def seller_name(card: Card) -> str:
    return on(card).stall
