"""Sealed by law, at a real scale: opened case, telephone call, what is keyed in, weighing module, broken seal."""

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from tracewire import cbor, record

from provisioning import ca, cli, config, host_node
from provisioning.console import Console
from provisioning.enrol import Order, enrol
from simulators import firmware_image, flash_files
from simulators.firmware_image import INTERPRETER, ROM_FILE
from simulators.printer import Printer
from simulators.scale_process import HEAP, ScaleProcess
from tests.firmware.bench import adjust, audits
from tests.firmware.evidence import history
from tests.firmware.test_scale_process import CELL, SETUP, clear, put, sale_on, shows, sign_in
from tests.provisioning.test_cli import OURS

IDENTITY = ("P2026000123", "R0001", "V0001", "S88213", "CPA 2026F101-35")
NOW = datetime.now(UTC)

Story = Callable[[ScaleProcess], Awaitable[None]]


class Bench:
    """An authority, the firmware, and the flash of one scale that it enrolled."""

    def __init__(self, directory: Path, setup: config.Setup) -> None:
        self.ca = directory / "CA"
        self.flash = directory / "scale.flash"
        self.image = firmware_image.build()
        ca.init(self.ca, "Market", b"seven carp in a pond", NOW)
        for role in ("gateway", "cloud"):
            enrol(self.ca, Order(f"{role}-01", role), host_node.HostNode(directory / role), host_node.outfit, NOW)
        with Console(self.program("-m", "device.enrol")) as console:
            enrol(self.ca, Order("scale-0001", "scale", stall="8号摊"), console, config.scale_outfit(setup), NOW)

    def program(self, *words: str) -> str:
        """Return the console command of the scale's board, switched on by the bench."""
        environment = f"env MICROPYPATH={self.image}:.frozen CHENGXIN_FLASH={self.flash}"
        return f"{environment} {INTERPRETER} -X heapsize={HEAP} {' '.join(words)}"

    def tell(self, story: Story) -> None:
        """Switch the scale on, let a story happen at it, switch it off."""

        async def run() -> None:
            async with ScaleProcess(self.image, self.flash, cell=CELL) as scale:
                await story(scale)

        asyncio.run(run())

    def call(self, capfd: pytest.CaptureFixture[str], challenge: str, reason: str = "case opened for cleaning") -> str:
        """Ask the authority by telephone: return the digits that it tells."""
        capfd.readouterr()
        words = ["device", "unlock", "scale-0001", "--challenge", challenge, "--reason", reason, "--ca", str(self.ca)]
        assert cli.run(words, OURS) == 0
        return re.findall(r"\b\d{8}\b", capfd.readouterr().out)[-1]

    def adjust(self, change: object, seal: str) -> str:
        """Send a change to the bench program of the scale and return what it says."""
        return adjust(self.image, self.flash, change, seal)

    def records(self, kind: int) -> list[dict[str, object]]:
        return [one.body for one in history(self.image, self.flash) if one.kind == kind]

    def audits(self) -> list[str]:
        return audits(history(self.image, self.flash))


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("sealed"), replace(SETUP, identity=IDENTITY))


@pytest.fixture
def bench(enrolled: Bench, tmp_path: Path) -> Bench:
    """The bench with a fresh copy of its scale's flash."""
    one = object.__new__(Bench)
    one.ca, one.image = enrolled.ca, enrolled.image
    one.flash = shutil.copyfile(enrolled.flash, tmp_path / "scale.flash")
    return one


def challenge_on(scale: ScaleProcess) -> str:
    shown = re.search(r"询问码 (\d{8})", scale.screen[3])
    assert shown, scale.screen
    return shown[1]


async def type_digits(scale: ScaleProcess, digits: str) -> None:
    for digit in digits:
        await scale.press(f"digit{digit}")


async def open_and_close(scale: ScaleProcess) -> str:
    """Open the case and close it again; return the challenge."""
    await scale.open_case()
    await scale.wait_until(lambda: "询问码" in scale.screen[3])
    await scale.close_case()
    await scale.wait_for_lamp("alarm")
    return challenge_on(scale)


def test_an_opened_case_locks_through_power_cuts_until_the_authority_answers(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        challenge = await open_and_close(scale)
        await put(scale, 520)  # the indication stays
        for key in ("plu1", "set"):
            await scale.press(key)
            await scale.wait_for_message("秤已锁")
        await clear(scale)
        await scale.restart()
        assert challenge_on(scale) == challenge
        await put(scale, 520)
        await scale.press("plu1")
        await scale.wait_for_message("秤已锁")
        assert scale.slips == []
        await type_digits(scale, bench.call(capfd, challenge))
        await scale.wait_for_message("已解锁")
        assert "8号摊" in scale.screen[3]
        await clear(scale)
        await put(scale, 640)
        await scale.press("plu1")
        assert sale_on(await scale.next_slip()).body["net_grams"] == 640

    bench.tell(story)
    assert bench.audits() == ["case_opened", "locked", "unlocked"]
    assert [body["event_counter"] for body in bench.records(record.AUDIT)] == [1, 2, 3]
    assert len(bench.records(record.SALE)) == 1


def test_an_answer_works_once_and_a_wrong_one_makes_the_scale_wait(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    async def story(scale: ScaleProcess) -> None:
        first = await open_and_close(scale)
        answer = bench.call(capfd, first)
        await type_digits(scale, answer)
        await scale.wait_for_message("已解锁")
        second = await open_and_close(scale)
        assert second != first
        await type_digits(scale, answer)  # the answer of before
        await scale.wait_for_message("解锁码有误")
        await scale.press("clear")
        await type_digits(scale, answer)
        await scale.wait_for_message("解锁码有误")
        await scale.press("clear")
        await scale.wait_for_message("致电")
        await scale.press("digit1")
        await scale.wait_for_message("稍后再试")  # two wrong ones: ten seconds
        await scale.restart()
        await scale.press("digit1")
        await scale.wait_for_message("稍后再试")  # pulling the plug shortens nothing
        await scale.wait_for_message("致电")
        await type_digits(scale, bench.call(capfd, challenge_on(scale)))
        await scale.wait_for_message("已解锁")

    bench.tell(story)
    assert bench.audits() == ["case_opened", "locked", "unlocked"] * 2


def test_an_open_case_is_not_unlocked_and_one_found_open_at_power_on_locks(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    async def story(scale: ScaleProcess) -> None:
        await scale.open_case()
        await scale.wait_until(lambda: "询问码" in scale.screen[3])
        await scale.press("digit1")
        await scale.wait_for_message("请先合上机箱")
        await scale.close_case()
        await type_digits(scale, bench.call(capfd, challenge_on(scale)))
        await scale.wait_for_message("已解锁")

    bench.tell(story)
    assert bench.audits() == ["case_opened", "locked", "unlocked"]


def test_the_clock_has_no_part_in_unlocking(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        year_2000 = -26 * 365 * 86_400_000
        async with ScaleProcess(bench.image, bench.flash, cell=CELL, clock_offset_ms=year_2000) as scale:
            challenge = await open_and_close(scale)
        async with ScaleProcess(bench.image, bench.flash, cell=CELL, clock_offset_ms=86_400_000) as scale:
            assert challenge_on(scale) == challenge
            await type_digits(scale, bench.call(capfd, challenge))
            await scale.wait_for_message("已解锁")

    asyncio.run(run())


def test_the_scale_shows_who_it_is_and_its_boot_record_says_the_same(bench: Bench) -> None:
    shown: list[str] = []
    checksum = sha256((bench.image / ROM_FILE).read_bytes()).digest()

    async def story(scale: ScaleProcess) -> None:
        await scale.press("clear")
        for text in (*IDENTITY, checksum.hex()[:8], "事件计数 0"):
            await scale.press("clear")
            await scale.wait_for_message(text)
            shown.append(scale.screen[2])
        await scale.press("digit1")
        await scale.press("clear")
        await scale.wait_until(lambda: scale.screen[2] == "")

    bench.tell(story)
    assert shown[0] == "生产码 P2026000123"
    boot = bench.records(record.BOOT)[0]
    assert tuple(boot[name] for name in config.IDENTITY) == IDENTITY
    assert boot["software_digest"] == checksum


def test_a_price_is_changed_by_one_sequence_of_keys_and_stands_in_one_record(bench: Bench) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        for key in ("set", "plu1", "digit4", "digit0", "digit0", "digit0", "set"):
            await scale.press(key)
        await scale.wait_for_message("改价 五花肉 40.00元/kg")
        await scale.restart()
        await put(scale, 500)
        await scale.press("set")
        await scale.wait_for_message("请先清空秤盘")
        await scale.press("plu1")
        assert sale_on(await scale.next_slip()).body["amount_fen"] == 2000

    bench.tell(story)
    audits = bench.records(record.AUDIT)
    assert [body["detail"] for body in audits] == ["price of PLU 1: 3680 to 4000 fen/kg"]
    rows = cbor.decode(flash_files.read(bench.image, bench.flash, ["plu.cbor"])["plu.cbor"])
    assert isinstance(rows, list)
    assert sorted((row[0], row[3]) for row in rows) == [(1, 4000), (2, 1850), (34, 5200)]


def test_a_price_that_is_given_up_or_zero_changes_nothing(bench: Bench) -> None:
    async def story(scale: ScaleProcess) -> None:
        for key in ("set", "plu1", "digit4", "clear"):
            await scale.press(key)
        for key in ("set", "plu1", "set"):
            await scale.press(key)
        await scale.wait_for_message("商品未设置单价")
        for key in ("set", "plu7"):
            await scale.press(key)
        await scale.wait_for_message("商品未设置")

    before = flash_files.read(bench.image, bench.flash, ["plu.cbor"])
    bench.tell(story)
    assert flash_files.read(bench.image, bench.flash, ["plu.cbor"]) == before
    assert bench.audits() == []


def test_a_preset_tare_is_marked_on_screen_slip_and_record(bench: Bench) -> None:
    slips: list[bytes] = []

    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        for key in ("set", "tare", "digit1", "digit5", "digit2", "set"):
            await scale.press(key)
        await scale.wait_for_message("预置皮重 PT kg 0.150")
        await scale.put_load(650)
        await scale.wait_until(lambda: shows(scale, 500) and "stable" in scale.lamps)
        assert "PT 0.150" in scale.screen[1]
        await scale.press("plu1")
        slips.append(await scale.next_slip())

    bench.tell(story)
    assert any("PT预置皮重" in line for line in Printer().render(slips[0]).lines)
    weighing = bench.records(record.WEIGHING)[-1]
    assert (weighing["gross_grams"], weighing["tare_grams"], weighing["tare_mode"]) == (650, 150, 2)
    assert sale_on(slips[0]).body["net_grams"] == 500


def test_parameters_change_under_the_broken_seal_only_and_each_is_a_record(bench: Bench) -> None:
    parameters = {12: 2, 13: [84_010, 420_000], 15: [[6000, 2], [15_000, 5]]}
    change = {1: parameters, 2: [IDENTITY[0], "R0002", *IDENTITY[2:]]}
    assert "seal.closed" in bench.adjust(change, "whole")
    assert bench.audits() == []
    assert "changed: 4" in bench.adjust(change, "broken")
    details = [str(body["detail"]) for body in bench.records(record.AUDIT)]
    assert [detail.split()[0] for detail in details] == ["e_grams", "calibration", "steps", "repair_code"]
    assert details[-1] == "repair_code R0001 to R0002"
    assert [body["event_counter"] for body in bench.records(record.AUDIT)] == [1, 2, 3, 4]

    async def story(scale: ScaleProcess) -> None:
        await put(scale, 502)  # multiples of 2 g below 6 kg, of 5 g above
        await scale.put_load(7003)
        await scale.wait_until(lambda: "7.005 kg" in scale.screen[0] and "stable" in scale.lamps)
        await put(scale, 600)  # the load of before is recorded at the latest when the next one settles

    bench.tell(story)
    boots = bench.records(record.BOOT)
    assert boots[-1]["repair_code"] == "R0002"
    assert boots[0]["parameters_digest"] != boots[-1]["parameters_digest"]
    assert [body["e_grams"] for body in bench.records(record.WEIGHING)] == [2, 5]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {3: {}},
        {1: {5: "3502000010008"}},
        {1: {13: [0, 0]}},
        {1: {10: 50}},
        {1: {15: [[6000, 5], [9000, 2]]}},
        {2: ["a"]},
        {2: ["a", "b", "c", "d", "line\nbreak"]},
    ],
)
def test_a_change_that_makes_no_scale_is_refused_and_changes_nothing(bench: Bench, change: object) -> None:
    names = ["config.cbor", "identity.cbor"]
    before = flash_files.read(bench.image, bench.flash, names)
    assert "refused" in bench.adjust(change, "broken")
    assert flash_files.read(bench.image, bench.flash, names) == before
    assert bench.audits() == []


def test_a_scale_on_a_sealed_module_weighs_what_the_module_says_and_nothing_when_it_falls_silent(bench: Bench) -> None:
    assert "changed: 1" in bench.adjust({1: {16: "module"}}, "broken")

    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        assert sale_on(await scale.next_slip()).body["net_grams"] == 520
        for state in ("silent", "noise"):
            await scale.set_module(state)
            await scale.wait_for_message("称重模块无应答")
            await scale.press("plu1")
            await scale.wait_for_message("无称重信号")
            await scale.set_module("ok")
            await scale.wait_until(lambda: shows(scale, 520) and "stable" in scale.lamps)
        await scale.press("plu1")
        await scale.wait_for_message("本次称重已售")  # the same goods, however often the wire breaks
        await scale.put_load(15_200)
        await scale.wait_for_text("超载")

    bench.tell(story)
    assert [body["net_grams"] for body in bench.records(record.WEIGHING)] == [520]
