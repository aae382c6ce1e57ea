"""The shipped firmware on the real interpreter, in 192 KiB, with hands at its front panel and no network."""

import asyncio
import base64
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tracewire import cbor, cose, record

from provisioning import config
from provisioning.enrol import Order
from simulators import accounting, firmware_image, flash_files
from simulators.firmware_image import INTERPRETER
from simulators.printer import Printer
from simulators.scale_process import POWER_ON_HASTY, Cell, ScaleProcess
from tests.firmware.enrolling import enrol_board, found_authority, set_up
from tests.firmware.evidence import bodies, history, kinds, stop
from tests.interpreters import ROOT

CELL = Cell()
SELLER, OTHER_SELLER, LOT = "3502000010007", "3502000010008", "35020000200010000003"
HASTE_TIMEOUT_S = 120
GOODS = (config.Plu(1, "五花肉", 3680), config.Plu(2, "猪肝", 1850), config.Plu(34, "排骨", 5200))
SETUP = set_up(CELL, max_g=15_000, min_g=100, e_g=5, journal_bytes=65_536, plu=GOODS)

Story = Callable[[ScaleProcess], Awaitable[None]]
Tell = Callable[[Story], None]


def card(seller: str = SELLER, stall: str = "8号摊") -> bytes:
    """A seller's card with lots for two of the three goods."""
    lots: list[object] = [[number, record.pack_digits(LOT)] for number in (1, 34)]
    return cbor.encode({1: record.pack_digits(seller), 2: stall, 3: lots})


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture(scope="session")
def enrolled(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a scale as it leaves enrolment."""
    site = tmp_path_factory.mktemp("site")
    authority = found_authority(site)
    order = Order("scale-0001", "scale", stall="8号摊", site="第八市场")
    return enrol_board(authority, image, site / "scale.flash", order, config.scale_outfit(SETUP))


@pytest.fixture
def flash(enrolled: Path, tmp_path: Path) -> Path:
    """The flash of one test's scale."""
    return shutil.copyfile(enrolled, tmp_path / "scale.flash")


@pytest.fixture
def at_the_scale(image: Path, flash: Path) -> Tell:
    """Switch a scale on, let a story happen at it, switch it off."""

    def tell(story: Story) -> None:
        async def run() -> None:
            async with ScaleProcess(image, flash, cell=CELL) as scale:
                await story(scale)

        asyncio.run(run())

    return tell


async def sign_in(scale: ScaleProcess, contents: bytes = b"") -> None:
    await scale.present_card(contents or card())
    await scale.wait_for_text("已刷卡")
    await scale.take_card()


async def put(scale: ScaleProcess, grams: float) -> None:
    """Put goods down and wait until the scale shows them at rest."""
    await scale.put_load(grams)
    await scale.wait_until(lambda: shows(scale, grams) and "stable" in scale.lamps)


async def clear(scale: ScaleProcess) -> None:
    await scale.remove_load()
    await scale.wait_for_lamp("zero")


def shows(scale: ScaleProcess, grams: float) -> bool:
    return f"{grams / 1000:.3f} kg" in scale.screen[0]


def sealed_on(slip: bytes) -> bytes:
    fragment = Printer().render(slip).codes[0][0].partition("#")[2]
    return base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))


def sale_on(slip: bytes) -> record.Record:
    return record.decode(cose.parse(sealed_on(slip)).payload)


def test_goods_on_the_pan_and_one_key_give_a_slip_with_the_signed_sale(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    slips: list[bytes] = []

    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        slips.append(await scale.next_slip())

    at_the_scale(story)
    lines = Printer().render(slips[0]).lines
    assert any("五花肉" in line for line in lines)
    assert any("19.14" in line for line in lines)
    sale = sale_on(slips[0])
    assert sale.body == {
        "net_grams": 520,
        "tare_grams": 0,
        "price_fen_per_kg": 3680,
        "amount_fen": 1914,
        "plu": 1,
        "lot": LOT,
        "weighing_back": 1,
    }
    assert len(sealed_on(slips[0])) <= 200
    records = history(image, flash)
    assert kinds(records) == ["boot", "session", "weighing", "sale"]
    assert records[-1].body == sale.body
    assert records[-2].body["net_grams"] == 520


def test_what_a_seller_may_not_do_is_refused_in_words(at_the_scale: Tell, image: Path, flash: Path) -> None:
    async def story(scale: ScaleProcess) -> None:
        await scale.press("plu1")
        await scale.wait_for_text("低于最小称量")
        await put(scale, 60)
        await scale.press("plu1")
        await scale.wait_for_text("低于最小称量")
        await put(scale, 520)
        await scale.press("plu1")
        await scale.wait_for_text("请刷卡")
        await sign_in(scale)
        await scale.press("plu3")
        await scale.wait_for_text("商品未设置")
        await scale.press("plu2")
        await scale.wait_for_text("卡上无此商品批次")
        await scale.press("menu")
        await scale.wait_for_text("无此按键")
        await scale.press("zero")
        await scale.wait_for_text("超出置零范围")
        await scale.put_load(15_200)
        await scale.wait_for_text("超载 ----")
        await scale.press("plu1")
        await scale.wait_for_message("超载")
        await scale.remove_load()
        await scale.wait_until(lambda: "超载" not in scale.screen[0])
        await scale.press("plu1")
        await scale.wait_for_text("未稳定")

    at_the_scale(story)
    assert "sale" not in kinds(history(image, flash))


def test_a_load_is_sold_once_until_it_changes_or_leaves_the_pan(at_the_scale: Tell) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        first = sale_on(await scale.next_slip())
        await scale.press("plu1")
        await scale.wait_for_text("本次称重已售")
        await put(scale, 800)
        await scale.press("plu1")
        second = sale_on(await scale.next_slip())
        await clear(scale)
        await put(scale, 800)
        await scale.press("plu1")
        third = sale_on(await scale.next_slip())
        assert [sale.body["net_grams"] for sale in (first, second, third)] == [520, 800, 800]
        assert third.totals == (3, 2120, 1914 + 2944 + 2944)

    at_the_scale(story)


def test_two_digits_sell_goods_without_a_key_of_their_own(at_the_scale: Tell) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 500)
        await scale.press("digit3")
        await scale.press("digit4")
        sale = sale_on(await scale.next_slip())
        assert (sale.body["plu"], sale.body["amount_fen"]) == (34, 2600)

    at_the_scale(story)


def test_a_container_is_tared_and_its_mass_is_not_sold(at_the_scale: Tell) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 150)
        await scale.press("tare")
        await scale.wait_for_lamp("net")
        await scale.put_load(650)
        await scale.wait_until(lambda: shows(scale, 500) and "stable" in scale.lamps)
        await scale.press("plu1")
        body = sale_on(await scale.next_slip()).body
        assert (body["net_grams"], body["tare_grams"]) == (500, 150)
        await scale.remove_load()
        await scale.wait_until(lambda: "-0.150" in scale.screen[0] and "stable" in scale.lamps)
        await scale.press("plu1")
        await scale.wait_for_text("净重为负")
        await scale.press("tare")
        await scale.wait_for_text("皮重已清除")

    at_the_scale(story)


def test_a_scale_that_wakes_under_a_load_says_what_mends_its_zero_once_the_load_is_gone(at_the_scale: Tell) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await scale.kill()
        await scale.put_load(900)
        await scale.start()
        await scale.wait_for_lamp("zero")  # within the range of initial zero-setting: R 76-1, 4.5.1
        await scale.remove_load()
        await scale.wait_until(lambda: "-0.900 kg" in scale.screen[0] and "请清空后断电重启" in scale.screen[1])
        for key in ("zero", "tare", "plu1"):
            await scale.press("clear")
            await scale.wait_until(lambda: "请清空后断电重启" not in scale.screen[2])
            await scale.press(key)
            await scale.wait_until(lambda: "请清空后断电重启" in scale.screen[2])
        await scale.restart()
        await put(scale, 500)
        await scale.press("plu1")
        assert sale_on(await scale.next_slip()).body["net_grams"] == 500

    at_the_scale(story)


def test_half_an_hour_of_one_uptime_is_told_by_health_records_at_most_fifteen_minutes_apart(
    image: Path, flash: Path
) -> None:
    scale = ScaleProcess(image, flash, cell=CELL)
    scale.power_on = POWER_ON_HASTY

    async def half_an_hour() -> None:
        deadline_s = asyncio.get_running_loop().time() + HASTE_TIMEOUT_S
        async with scale:
            while "1800 s have passed" not in scale.log.read_text():
                assert scale.is_running and asyncio.get_running_loop().time() < deadline_s
                await asyncio.sleep(0.1)

    asyncio.run(half_an_hour())
    records = history(image, flash)
    uptimes_s = [one.body["uptime_s"] for one in records if one.kind == record.HEALTH]
    assert {one.boot for one in records} == {1}
    assert len(uptimes_s) == 3
    assert uptimes_s[0] <= 60
    assert all(600 < later - earlier <= 900 for earlier, later in pairwise(uptimes_s))
    assert accounting.silences(records) == []


def test_every_settled_load_is_recorded_also_when_nobody_buys(at_the_scale: Tell, image: Path, flash: Path) -> None:
    async def story(scale: ScaleProcess) -> None:
        for grams in (700, 300, 1200):
            await put(scale, grams)
            await clear(scale)

    at_the_scale(story)
    weighings = [statement for statement in history(image, flash) if statement.kind == record.WEIGHING]
    # The last one waited for its sale when the plug was pulled: what a power cut may take (scale/load.py).
    assert [weighing.body["net_grams"] for weighing in weighings] == [700, 300]


def test_a_late_sale_names_the_weighing_recorded_before(at_the_scale: Tell, image: Path, flash: Path) -> None:
    async def story(scale: ScaleProcess) -> None:
        await put(scale, 700)
        await asyncio.sleep(3)  # the seller chats: time itself must pass, longer than a weighing waits for its sale
        await sign_in(scale)
        await scale.press("plu1")
        await scale.next_slip()

    at_the_scale(story)
    records = history(image, flash)
    assert kinds(records) == ["boot", "weighing", "session", "sale"]
    assert records[-1].body["weighing_back"] == 2


def test_a_sale_whose_slip_was_printed_survives_the_power_cut_just_after(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    slips: list[bytes] = []

    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        for grams in (520, 640, 1100):
            await put(scale, grams)
            await scale.press("plu1")
            slips.append(await scale.next_slip())
            await scale.kill()
            await scale.remove_load()
            await scale.start()
            assert "8号摊" in scale.screen[3]

    at_the_scale(story)
    records = history(image, flash)
    assert kinds(records) == ["boot", "session", *["weighing", "sale", "boot"] * 3]
    assert [slip.seq for slip in map(sale_on, slips)] == [4, 7, 10]
    assert [statement.boot for statement in records if statement.kind == record.BOOT] == [1, 2, 3, 4]
    assert records[-1].totals == sale_on(slips[-1]).totals


def test_another_sellers_card_ends_the_session_and_begins_the_next(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await sign_in(scale)  # the same card again: nothing happens
        await sign_in(scale, card(OTHER_SELLER, stall="9号摊"))
        await scale.present_card(b"a bus ticket")
        await scale.wait_for_text("此卡无法识别")
        await scale.present_card(card(OTHER_SELLER, stall="9号摊"))
        await scale.wait_for_text("已刷卡")
        await scale.press("clear")
        await scale.wait_for_text("已签退")

    at_the_scale(story)
    sessions = [statement.body for statement in history(image, flash) if statement.kind == record.SESSION]
    assert [(body["action"], body["seller"]) for body in sessions] == [
        (1, SELLER),
        (0, SELLER),
        (1, OTHER_SELLER),
        (0, OTHER_SELLER),
    ]


def test_without_paper_the_sale_counts_the_seller_is_told_and_the_fault_is_recorded(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await scale.set_printer("paper_out")
        await put(scale, 520)
        await scale.press("plu1")
        await scale.wait_for_text("打印机缺纸")
        await put(scale, 640)
        await scale.press("plu1")
        await scale.wait_for_message("打印机缺纸")
        await scale.set_printer("ok")
        await put(scale, 700)
        await scale.press("plu1")
        await scale.next_slip()

    at_the_scale(story)
    assert kinds(history(image, flash)).count("sale") == 3
    assert kinds(history(image, flash)).count("audit") == 1


def test_a_clock_that_went_back_is_recorded_and_the_scale_sells_on(image: Path, flash: Path) -> None:
    async def sell_with_clock(offset_ms: int) -> None:
        async with ScaleProcess(image, flash, cell=CELL, clock_offset_ms=offset_ms) as scale:
            await sign_in(scale)
            await put(scale, 520)
            await scale.press("plu1")
            await scale.next_slip()

    asyncio.run(sell_with_clock(86_400_000))
    asyncio.run(sell_with_clock(0))
    assert kinds(history(image, flash)) == ["boot", "session", "weighing", "sale", "boot", "clock", "weighing", "sale"]


def fill_journal(image: Path, flash: Path, state: str) -> None:
    environment = {"MICROPYPATH": f"{image}:.frozen", "CHENGXIN_FLASH": str(flash)}
    subprocess.run([INTERPRETER, "tests/micropython/fill_journal.py", state], cwd=ROOT, env=environment, check=True)


def test_the_seller_is_warned_before_the_journal_is_full(at_the_scale: Tell, image: Path, flash: Path) -> None:
    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_text("存储将满请联网")
        await scale.wait_for_lamp("alarm")
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        await scale.next_slip()

    fill_journal(image, flash, "nearly_full")
    at_the_scale(story)


def test_a_full_journal_refuses_the_sale_and_loses_no_record(at_the_scale: Tell, image: Path, flash: Path) -> None:
    async def story(scale: ScaleProcess) -> None:
        await scale.wait_for_text("存储已满暂停销售")
        await put(scale, 520)
        await scale.press("plu1")
        await scale.wait_for_message("存储已满暂停销售")
        assert scale.slips == []

    flash_files.write(image, flash, {"session.cbor": card()})
    fill_journal(image, flash, "full")
    before = history(image, flash)
    at_the_scale(story)
    after = history(image, flash)
    assert [statement.seq for statement in after[: len(before)]] == [statement.seq for statement in before]
    assert kinds(after[len(before) :]) == ["boot"]


def test_a_suspended_seller_opens_no_session_and_sells_nothing_until_it_is_lifted(
    at_the_scale: Tell, image: Path, flash: Path
) -> None:
    suspended = "商户已暂停经营，请到市场办公室"

    async def refused(scale: ScaleProcess) -> None:
        await put(scale, 520)
        await scale.press("plu1")  # the session of before the power cut
        await scale.wait_for_message(suspended)
        await scale.present_card(card(OTHER_SELLER, "9号摊"))
        await scale.wait_for_message("已刷卡 9号摊")
        await scale.take_card()
        await scale.present_card(card())
        await scale.wait_for_message(suspended)
        await scale.take_card()
        await scale.press("plu1")  # the other seller's session holds
        await scale.next_slip()

    async def lifted(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 640)
        await scale.press("plu1")
        await scale.next_slip()

    flash_files.write(image, flash, {"session.cbor": card()})
    stop(image, flash, [SELLER])
    at_the_scale(refused)
    stop(image, flash)
    at_the_scale(lifted)
    records = history(image, flash)
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == ["card.suspended"]
    assert [body["net_grams"] for body in bodies(records, record.SALE)] == [520, 640]
    sellers = [body["seller"] for body in bodies(records, record.SESSION)]
    assert sellers == [SELLER, OTHER_SELLER, OTHER_SELLER, SELLER]
