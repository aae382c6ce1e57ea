"""A terminal with nothing but a card reader: reads the first card that the panel presents, draws from it, ends.

tests/firmware/test_card_port.py holds the panel.
"""

import asyncio

from cards.counters import Counters
from cards.pn532 import Pn532
from cards.reader import Reader
from hal import entropy
from hal.card_port import CardPort
from tracewire.errors import Unavailable

import device_flash
from cards_bench import LOT, Bench, new_flash


async def main():
    new_flash()
    reader = Reader(Pn532(CardPort()), Bench().keyring, Counters(device_flash.ROOT), entropy.read, 0.01)
    while True:
        card = await reader.next_card()
        if card is None:
            continue
        try:
            said = await card.read()
            print("read", said.contents.grams_left(LOT), said.is_proved)
            said = await card.write(said.contents.draw(LOT, 1000))
            print("written", said.contents.grams_left(LOT))
            return
        except Unavailable as refused:
            print(refused.code)


asyncio.run(main())
