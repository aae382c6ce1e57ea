"""A counter scale with a PN532: the seller's card proves itself, and no other card signs anybody in."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from cards.contents import Contents
from cards.keyring import CardKeys
from tracewire import record

from provisioning import card_keys, config
from provisioning.enrol import Order
from simulators import firmware_image, flash_files
from simulators.chip_process import Card, ChipProcess
from simulators.firmware_image import SCALE_WITH_CARDS
from simulators.terminal_process import PLATFORM_CELL
from tests.firmware.enrolling import enrol_board
from tests.firmware.evidence import bodies, history, stop
from tests.firmware.terminal.night import BUYER_UID, MASTERS, PIGS, PLAIN_UID, SETUP, STALL, plain, secure

OTHER_UID = b"\x04\x77\x77\x77\x77\x77\x77"
SELLER = Contents(STALL, "A12号", ((1, PIGS),))


@pytest.fixture(scope="module")
def scale_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "scale", SCALE_WITH_CARDS)


@pytest.fixture
def flash(authority: Path, scale_image: Path, tmp_path: Path) -> Path:
    """The flash of a scale that got the keys that read cards, and not the one that writes them."""
    flash = tmp_path / "scale.flash"
    setup = replace(SETUP, card_reader=config.PN532)
    keys = card_keys.device_file([MASTERS], "scale")
    order = Order("scale-0009", "scale", stall="A12号", site="第八市场", is_again=True)
    enrol_board(authority, scale_image, flash, order, config.scale_outfit(setup, keys))
    assert MASTERS.write not in flash_files.read(scale_image, flash, ["card_keys.cbor"])["card_keys.cbor"]
    return flash


async def tap(scale: ChipProcess, card: Card, answer: str) -> None:
    await scale.present_card(card)
    await scale.wait_for_message(answer)
    await scale.take_card()


def test_a_seller_signs_in_with_a_real_card_and_sells(scale_image: Path, flash: Path) -> None:
    seller, hint = secure(BUYER_UID, SELLER), plain(PLAIN_UID, Contents(STALL, "B07号", ((1, PIGS),)))
    foreign = secure(b"\x04\x99\x99\x99\x99\x99\x99", SELLER, CardKeys(1, *[bytes((90 + n,)) * 16 for n in range(5)]))
    stolen = plain(b"\x2b\x09\x09\x09", SELLER)
    stolen.memory["blocks"] = hint.memory["blocks"]

    async def story() -> None:
        async with ChipProcess(scale_image, flash, cell=PLATFORM_CELL) as scale:
            await tap(scale, foreign, "此卡不是本系统的卡")
            await tap(scale, stolen, "此卡为复制卡")
            await tap(scale, seller, "已刷卡 A12号")
            await scale.pull_card_after(4, "lost")
            await tap(scale, seller, "卡已离开")
            await scale.put_load(12_000)
            await scale.wait_for_text("12.000 kg 稳定")
            await scale.press("plu1")
            await scale.next_slip()
            await scale.remove_load()
            await scale.present_card(hint)  # a Classic says who it is, and no more can be known
            await scale.wait_for_message("已刷卡 B07号")
            await scale.press("clear")
            await scale.wait_for_message("已签退")

    asyncio.run(story())
    records = history(scale_image, flash)
    assert [body["lot"] for body in bodies(records, record.SALE)] == [PIGS]
    signed = [(body["action"], body.get("stall")) for body in bodies(records, record.SESSION)]
    assert signed == [(1, "A12号"), (1, "B07号"), (0, "B07号")]
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == ["card.foreign", "card.copied"]


def test_a_lost_card_signs_nobody_in_and_the_holders_next_one_does(scale_image: Path, flash: Path) -> None:
    lost, plain_lost, next_one = secure(BUYER_UID, SELLER), plain(PLAIN_UID, SELLER), secure(OTHER_UID, SELLER)

    async def story() -> None:
        async with ChipProcess(scale_image, flash, cell=PLATFORM_CELL) as scale:
            await tap(scale, lost, "此卡已挂失，请交市场办公室")
            await tap(scale, next_one, "已刷卡 A12号")
            await tap(scale, plain_lost, "此卡已挂失")

    stop(scale_image, flash, cards=[BUYER_UID, PLAIN_UID])
    asyncio.run(story())
    records = history(scale_image, flash)
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == ["card.lost"]
    assert len(bodies(records, record.SESSION)) == 1
