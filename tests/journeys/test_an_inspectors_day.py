"""An inspector's day without a network, through lost skies, hostile receivers and a dead battery, into the ledger."""

import asyncio
import random

import pytest
from tracewire import chain, cose, mark, record
from tracewire.p256 import SigningKey
from tracewire.vocabulary import TEST_RESULTS

from simulators import accounting, boards, flash_files, nmea
from simulators.handheld_process import HandheldProcess
from simulators.site import MARKET, STALLS, Site

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
MARKET_GATE = (24.479836, 118.086383)
LOT = "35020000200010000003"


BOARDS = [boards.handheld("handheld-0001", MARKET)]


def e_id(site: Site, number: int) -> bytes:
    """The mark on a stall's counter, issued by the site's cloud."""
    stall = STALLS[number]
    key = SigningKey((site.node("cloud-01") / "record.key").read_bytes())
    issued = mark.Mark(stall.seller_code, number + 1, stall.seller, 1_790_000_000_000)
    return mark.issue(f"{site.url}/e/", issued, key).encode()


async def visit(handheld: HandheldProcess, keys: str, scan: bytes | None = None) -> None:
    if scan is not None:
        await handheld.scan(scan)
    await handheld.type(keys)
    await handheld.wait_for_message("已保存")


async def offline_day(handheld: HandheldProcess, site: Site) -> None:
    chance = random.Random(9)
    await handheld.hear(nmea.position(*MARKET_GATE))
    await handheld.wait_for_text("定位 ±")
    await visit(handheld, "1 1 enter enter", e_id(site, 0))
    await handheld.hear(nmea.lost() + nmea.hostile(chance, 40))
    await handheld.wait_for_text("乱码")
    await handheld.take_photo(b"too early")
    await handheld.wait_for_message("请先登记检查")
    await visit(handheld, f"2 {STALLS[1].seller_code} enter 3 enter enter")
    await handheld.restart()  # a dead battery, and a new one
    await handheld.hear(nmea.lost() + nmea.hostile(chance, 40))
    await visit(handheld, "3 1 enter enter", e_id(site, 1))
    await handheld.type(f"{LOT} enter 1 2 1 9001 enter 5512 enter")
    await handheld.take_photo(b"a sealed bag")
    await handheld.wait_for_message("照片已存证")
    await handheld.type("enter")
    await handheld.wait_for_message("样品号")
    await handheld.type("4 7 enter 5 enter 1000 enter 1005 enter 5 enter enter enter")
    await handheld.wait_for_message("合格")


def test_a_day_without_a_network_is_in_the_ledger_exactly_once(site: Site) -> None:
    image, flash = site.image_of(BOARDS[0]), site.flash_of(BOARDS[0].name)

    async def without_network() -> None:
        handheld = HandheldProcess(image, flash)
        await handheld.start()
        await offline_day(handheld, site)
        await handheld.kill()

    async def with_network() -> None:
        async with HandheldProcess(image, flash) as handheld:
            await handheld.wait_until(lambda: "link" in handheld.lamps and "pending" not in handheld.lamps, 60)

    asyncio.run(without_network())
    signed = flash_files.read_journal(image, flash)
    site.cloud.start()
    site.gateway.start()
    asyncio.run(with_network())

    kid = cose.parse(signed[0]).kid
    committed = [row.sealed for row in accounting.read_ledger(site.url) if cose.parse(row.sealed).kid == kid]
    assert committed[: len(signed)] == signed
    records = unbroken(committed)
    assert [r.kind for r in records[:7]] == [
        record.BOOT, record.VISIT, record.VISIT, record.BOOT, record.VISIT, record.TEST, record.REWEIGH,
    ]  # fmt: skip
    gate, inside, sampling, _, reweigh = (
        r.body for r in records if r.kind in (record.VISIT, record.TEST, record.REWEIGH)
    )
    assert (gate["latitude_microdegrees"], gate["longitude_microdegrees"]) == (24_479_836, 118_086_383)
    assert inside["latitude_microdegrees"] == 24_479_836 and inside["fix_age_ms"] >= gate["fix_age_ms"]
    assert "latitude_microdegrees" not in sampling and sampling["fix_quality"] == 0
    assert (gate["identified_by"], inside["identified_by"]) == (2, 0)
    assert reweigh["result"] == TEST_RESULTS.index("pass")


def unbroken(committed: list[bytes]) -> list[record.Record]:
    """The records in their order, every one the successor of the one before."""
    head, records = chain.GENESIS, []
    for sealed in committed:
        statement = record.decode(cose.parse(sealed).payload)
        head = chain.check(head, statement, sealed)
        records.append(statement)
    return records
