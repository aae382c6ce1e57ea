"""A bench for the card tests: a virtual PN532, virtual cards, and the drivers with their memory on a littlefs in RAM.

new_flash()
card = issued(new_secure_card(), OLD)
said = asyncio.run(Bench().read(card))      # Reading; or refusal(…) for the code it is refused with
"""

import asyncio
import os

from cards.contents import Contents
from cards.counters import Counters
from cards.keyring import CardKeys, Keyring
from cards.pn532 import Pn532
from cards.reader import Reader
from chips.issued import plain_card, secure_card
from chips.pn532 import VirtualPn532
from tracewire.errors import Rejected, Unavailable

import device_flash

SECURE_UID = b"\x04\xde\x5f\x1e\xac\xc0\x40"
PLAIN_UID = b"\x2b\x01\x02\x03"
DESK = "/desk"  # folder of the issuing desk
LOT, OTHER_LOT = "35020000200010000003", "35020000200010000004"
SELLER = "3502000010007"

BEFORE = Contents(SELLER, "三号摊", ((9, LOT),))
OLD = Contents(SELLER, "三号摊", ((1, LOT), (2, OTHER_LOT)))
NEW = Contents(SELLER, "三号摊", ((3, OTHER_LOT),))
STOCK = Contents(SELLER, "批发七号", ((1, LOT), (2, OTHER_LOT)), (25000, 400))


def masters(version, may_write=True, system=0):
    """Return the keys of one version; another ``system`` is another city's."""
    five = [bytes((16 * system + place,)) * 15 + bytes((version,)) for place in range(5)]
    return CardKeys(version, five[0], five[1], five[2], five[3], five[4] if may_write else None)


def draw(count):
    return os.urandom(count)


def refusal(call):
    """Return the code with which a coroutine is refused, ``None`` when it is not."""
    try:
        asyncio.run(call)
    except (Rejected, Unavailable) as error:
        return error.code
    return None


def new_flash():
    """Begin with an empty flash: nobody knows any card."""
    device_flash.mounted(device_flash.CuttingFlash(32), create=True)
    os.mkdir(device_flash.ROOT + DESK)


def issued(chip, what=OLD, version=1):
    """Return ``chip``, written at a desk that remembers nothing and that the device under test knows nothing of."""
    for name in os.listdir(device_flash.ROOT + DESK):
        os.remove(device_flash.ROOT + DESK + "/" + name)
    desk = Bench(versions=(version,), folder=DESK)
    asyncio.run(desk.issue(chip, what))
    return chip


class Bench:
    """One device at power-on: ``may_write`` as a terminal, without as a scale; its memory is what flash holds."""

    def __init__(self, may_write=True, versions=(1,), system=0, folder=""):
        self.line = VirtualPn532()
        self.keyring = Keyring([masters(version, may_write, system) for version in versions])
        self.counters = Counters(device_flash.ROOT + folder)
        self.chip = Pn532(self.line, 0.05)
        self.reader = Reader(self.chip, self.keyring, self.counters, draw, 0)

    async def tap(self, chip):
        """Take away what lies there, lay ``chip`` down, and return it as the driver sees it."""
        self.line.remove()
        self.line.place(chip)
        self.reader = Reader(self.chip, self.keyring, self.counters, draw, 0)
        return await self.reader.next_card()

    async def read(self, chip):
        return await (await self.tap(chip)).read()

    async def write(self, chip, what):
        return await (await self.tap(chip)).write(what)

    async def issue(self, chip, what):
        return await (await self.tap(chip)).issue(what)


def new_secure_card(uid=SECURE_UID, version=1, system=0):
    return secure_card(uid, masters(version, True, system), draw)


def new_plain_card(uid=PLAIN_UID, version=1, system=0):
    return plain_card(uid, masters(version, True, system))
