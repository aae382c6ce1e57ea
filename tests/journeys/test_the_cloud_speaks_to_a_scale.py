"""What the cloud orders happens at a real scale through a real gateway; what nobody ordered does not."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tracewire import cose, feed, p256, record, words

from cloud.recall.console import Console, Decision
from simulators import accounting, flash_files
from simulators.node import now_ms
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import CONSOLE, GATEWAY_NAME, MARKET, STALLS, Site
from tests.journeys.deciding import decide_by_hand

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
STALL, LOT, OTHER_LOT = STALLS[0], "35020000200010000003", "35020000200010000009"
CLOUD = "cloud-01"
FROZEN, SUSPENDED, NEW_STOPS = "此批次已冻结", "商户已暂停经营，请到市场办公室", "停业和挂失名单已更新"
TWENTY_SIX_YEARS_MS = 26 * 365 * 86_400_000

Story = Callable[[ScaleProcess], Awaitable[None]]


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """The site of all journeys, with cloud and gateway running and a gateway that asks for news often."""
    with (site.node(GATEWAY_NAME) / "gateway.toml").open("a") as settings:
        settings.write("feed_poll_ms = 200\n")
    site.cloud.start()
    site.gateway.start()
    return site


def order(site: Site, *words_of_command: str) -> None:
    site.chengxin("cloud", "feed", *words_of_command, "--dir", str(site.node(CLOUD)))


def at_the_scale(site: Site, story: Story, clock_offset_ms: int = 0, opening: str = STALL.name) -> None:
    """Switch the scale on, hold the card until the ``opening`` is said, let the story happen, switch off.

    Everything has reached the cloud by then.
    """

    async def run() -> None:
        scale = ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell, clock_offset_ms=clock_offset_ms)
        async with scale:
            await scale.present_card(STALL.card(LOT))
            await scale.wait_for_text(opening)
            await scale.take_card()
            await story(scale)
            await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps, 60)

    asyncio.run(run())


async def sell(scale: ScaleProcess, grams: int) -> list[str]:
    """Sell with the first key; return the lines of the slip."""
    await settle(scale, grams)
    await scale.press("plu1")
    slip = await scale.next_slip()
    await take_off(scale)
    return Printer().render(slip).lines


async def settle(scale: ScaleProcess, grams: int) -> None:
    """Put goods down and let them come to rest."""
    await scale.wait_for_lamp("zero")
    await scale.put_load(grams)
    await scale.wait_until(lambda: "stable" in scale.lamps and "zero" not in scale.lamps)


async def take_off(scale: ScaleProcess) -> None:
    await scale.remove_load()
    await scale.wait_for_lamp("zero")


async def be_refused(scale: ScaleProcess, why: str = FROZEN) -> None:
    """Put goods down, press the key, read why not."""
    await settle(scale, 500)
    await scale.press("plu1")
    await scale.wait_for_text(why)
    await take_off(scale)


async def forget(scale: ScaleProcess, message: str) -> None:
    """Clear what the scale said, so that it can be seen to say it again."""
    await scale.press("clear")
    await scale.wait_until(lambda: not any(message in line for line in scale.screen))


def committed(site: Site, kind: int) -> list[record.Record]:
    """The scale's records of one kind, as the ledger has them."""
    kid = key_of(site).kid
    rows = [cose.parse(row.sealed) for row in accounting.read_ledger(site.url)]
    statements = [record.decode(row.payload) for row in rows if row.kid == kid]
    return [statement for statement in statements if statement.kind == kind]


def audits(site: Site, event: str) -> list[str]:
    number = words.AUDIT_EVENTS.index(event)
    return [one.body["detail"] for one in committed(site, record.AUDIT) if one.body["event"] == number]


def key_of(site: Site) -> p256.SigningKey:
    return p256.SigningKey(flash_files.read(site.image, site.flash(STALL), ["record.key"])["record.key"])


def test_a_frozen_lot_cannot_be_sold_also_after_a_power_cut_until_it_is_freed(site: Site) -> None:
    async def freeze(scale: ScaleProcess) -> None:
        await sell(scale, 520)
        await asyncio.to_thread(order, site, "freeze", LOT, "--reason", "clenbuterol")
        await scale.wait_for_text("批次冻结名单已更新")
        await be_refused(scale)

    async def still_frozen_then_free(scale: ScaleProcess) -> None:
        await be_refused(scale)
        await asyncio.to_thread(order, site, "unfreeze", LOT)
        await scale.wait_for_text("批次冻结名单已更新")
        await sell(scale, 640)

    at_the_scale(site, freeze)
    at_the_scale(site, still_frozen_then_free)
    told = audits(site, "lots_frozen")
    assert [detail.partition(": ")[2] for detail in told] == [LOT, "none"]
    assert [sale.body["net_grams"] for sale in committed(site, record.SALE)] == [520, 640]


def test_a_seller_suspended_at_the_console_finishes_the_sale_in_hand_and_sells_again_when_it_is_lifted(
    site: Site,
) -> None:
    password = site.open_account("lin", "market_opener", "--site", MARKET)
    before = len(committed(site, record.SALE))

    async def decide(word: str) -> None:
        await asyncio.to_thread(decide_by_hand, site, "lin", password, f"sellers/{STALL.seller_code}", word)

    async def suspend(scale: ScaleProcess) -> None:
        await sell(scale, 520)
        await scale.wait_until(lambda: "pending" not in scale.lamps, 60)
        await settle(scale, 630)
        await decide("暂停经营")
        await scale.wait_for_text(NEW_STOPS, 60)
        await scale.press("plu1")  # the customer was being served
        await scale.next_slip()
        await take_off(scale)
        await be_refused(scale, SUSPENDED)
        await forget(scale, SUSPENDED)
        await scale.present_card(STALL.card(LOT))
        await scale.wait_for_text(SUSPENDED)
        await scale.take_card()

    async def still_suspended_then_lifted(scale: ScaleProcess) -> None:
        await forget(scale, SUSPENDED)
        await be_refused(scale, SUSPENDED)
        await decide("准入")
        await scale.wait_for_text(NEW_STOPS, 60)
        await sell(scale, 740)

    site.console.start()
    at_the_scale(site, suspend)
    at_the_scale(site, still_suspended_then_lifted, opening=SUSPENDED)
    assert [sale.body["net_grams"] for sale in committed(site, record.SALE)[before:]] == [520, 630, 740]
    told = [detail.partition(": ")[2] for detail in audits(site, "stops_changed")]
    assert told == ["1 sellers, 0 cards", "0 sellers, 0 cards"]
    assert "card.suspended" in audits(site, "card_refused")


def test_the_longest_stop_list_leaves_a_scale_heap_to_sell_in(site: Site) -> None:
    def stop_many() -> None:
        desk = Console(site.node(CONSOLE[0]))
        for number in range(feed.MOST_STOPPED):
            seller = f"{4401000000000 + number}"
            desk.decide(Decision("suspend", "", "抽检不合格", "lin", seller))
            desk.decide(Decision("block_card", "", "遗失", "lin", seller, f"04{number:012x}"))
        desk.deliver(f"https://localhost:{site.ingest_port}")

    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("link")
        await asyncio.to_thread(stop_many)
        await scale.wait_for_text(NEW_STOPS, 60)
        await sell(scale, 850)
        await scale.restart()
        await scale.wait_for_lamp("link")
        await sell(scale, 860)

    at_the_scale(site, story)
    assert audits(site, "stops_changed")[-1].endswith(f": {feed.MOST_STOPPED} sellers, {feed.MOST_STOPPED} cards")
    assert committed(site, record.SALE)[-1].body["net_grams"] == 860


def test_a_price_list_waits_for_the_empty_pan_and_every_change_is_on_record(site: Site) -> None:
    plus = [word for number, name, _ in STALL.goods for word in ("--plu", f"{number}:{name}:{1000 + number}")]

    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("zero")
        await scale.put_load(500)
        await scale.wait_until(lambda: "stable" in scale.lamps and "zero" not in scale.lamps)
        await asyncio.to_thread(order, site, "price", "--device", STALL.scale, *plus)
        await scale.remove_load()
        await scale.wait_for_text("价格已由平台更新")
        assert any("10.01" in line for line in await sell(scale, 1000))

    at_the_scale(site, story)
    changes = " ".join(audits(site, "parameter_changed"))
    for number, _, before in STALL.goods:
        assert f"PLU {number}: {before} to {1000 + number}" in changes
    assert committed(site, record.SALE)[-1].body["price_fen_per_kg"] == 1001

    async def after_a_restart(scale: ScaleProcess) -> None:
        await sell(scale, 1000)

    at_the_scale(site, after_a_restart)
    assert committed(site, record.SALE)[-1].body["price_fen_per_kg"] == 1001


def hostile(site: Site) -> dict[str, bytes]:
    """What a gateway gone bad may hand down, by the reason for which it changes nothing."""
    cloud = p256.SigningKey((site.node(CLOUD) / "record.key").read_bytes())
    gateway = p256.SigningKey((site.node(GATEWAY_NAME) / "record.key").read_bytes())
    stranger = p256.SigningKey(bytes(range(1, 33)))

    def seal(by: p256.SigningKey, **changes: Any) -> bytes:
        values = {"kid": key_of(site).kid, "kind": feed.FREEZE, "serial": now_ms() + 10**9, "body": ((LOT,),)}
        times = {"issued_ms": now_ms(), "expires_ms": now_ms() + 10**6}
        return cose.seal(feed.Statement(**{**values, **times, **changes}).encode(), cose.FEED, by)

    return {
        "cose.tag": b"sell everything",
        "downlink.keeper": seal(stranger),
        "downlink.level": seal(gateway),
        "downlink.kid": seal(cloud, kid=stranger.kid),
        "downlink.replay": seal(cloud, serial=1),
        "downlink.expired": seal(cloud, issued_ms=1, expires_ms=2),
        "cose.signature": seal(cloud)[:-1] + b"\x00",
        "clock.unasked": seal(gateway, kind=feed.CLOCK, body=((now_ms(), 10**6, bytes(32)),)),
    }


def test_what_nobody_ordered_changes_nothing_and_is_on_record(site: Site) -> None:
    async def hear_of_another_lot(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("link")
        await asyncio.to_thread(order, site, "freeze", OTHER_LOT, "--reason", "no papers")
        await scale.wait_for_text("批次冻结名单已更新")

    at_the_scale(site, hear_of_another_lot)
    statements = hostile(site)
    site.gateway.stop()
    with sqlite3.connect(site.node(GATEWAY_NAME) / "feed.sqlite") as shelf:  # whoever owns the gateway owns this file
        rows = [(STALL.scale, 100 + place, 1, sealed) for place, sealed in enumerate(statements.values())]
        shelf.executemany("INSERT INTO statement VALUES (?, ?, ?, ?)", rows)
    site.gateway.start()

    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("link")
        await sell(scale, 700)

    at_the_scale(site, story)
    assert set(audits(site, "downlink_refused")) == set(statements)
    assert committed(site, record.SALE)[-1].body["net_grams"] == 700
    with sqlite3.connect(site.node(GATEWAY_NAME) / "feed.sqlite") as shelf:
        shelf.execute("DELETE FROM statement WHERE kind >= 100")


def test_a_scale_of_the_year_2000_connects_and_sets_its_clock_on_record(site: Site) -> None:
    before = len(committed(site, record.CLOCK))

    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("link")
        await sell(scale, 800)

    at_the_scale(site, story, clock_offset_ms=-TWENTY_SIX_YEARS_MS)
    floor = committed(site, record.CLOCK)[before]
    assert words.CLOCK_SOURCES[floor.body["source"]] == "floor"
    assert floor.time_ms - floor.body["before_ms"] > TWENTY_SIX_YEARS_MS - 86_400_000
    assert abs(committed(site, record.SALE)[-1].time_ms - now_ms()) < 3_600_000


def test_a_scale_whose_clock_is_wrong_by_a_day_is_told_the_time(site: Site) -> None:
    before = len(committed(site, record.CLOCK))

    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_lamp("link")
        async with asyncio.timeout(60):  # each statement that stands is verified first, and the sale must come after
            while len(await asyncio.to_thread(committed, site, record.CLOCK)) == before:
                pass
        await sell(scale, 900)

    at_the_scale(site, story, clock_offset_ms=86_400_000)
    told = committed(site, record.CLOCK)[-1]
    assert words.CLOCK_SOURCES[told.body["source"]] == "gateway"
    assert abs(told.body["before_ms"] - told.time_ms - 86_400_000) < 60_000
    assert abs(committed(site, record.SALE)[-1].time_ms - now_ms()) < 60_000
