"""The shipped handheld on the real interpreter, in 192 KiB, with an inspector's hands on it and no network."""

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from tracewire import mark, record
from tracewire.p256 import SigningKey
from tracewire.vocabulary import CLOCK_SOURCES, FINDINGS, IDENTIFICATIONS, TEST_RESULTS, VISITS

from provisioning import handheld
from provisioning.enrol import Order
from simulators import firmware_image, nmea
from simulators.handheld_process import HandheldProcess
from tests.firmware.enrolling import enrol_board, found_authority
from tests.firmware.evidence import history

PARTY, LOT = "3502000010101", "35020000200010000003"
PREFIX = "https://trace.example/e/"
XIAMEN = (24.479836, 118.086383)
SETUP = handheld.HandheldSetup("gateway-01", "127.0.0.1", 9, journal_bytes=32_768)  # the discard port: nobody listens

Story = Callable[[HandheldProcess], Awaitable[None]]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware"), firmware_image.HANDHELD)


@pytest.fixture(scope="module")
def site(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a gateway, a cloud, and the flash of a handheld as it leaves enrolment."""
    site = tmp_path_factory.mktemp("site")
    authority = found_authority(site)
    order = Order("handheld-0001", "handheld")
    enrol_board(authority, image, site / "handheld.flash", order, handheld.outfit(SETUP))
    return site


@pytest.fixture
def flash(site: Path, tmp_path: Path) -> Path:
    """The flash of one test's handheld."""
    return shutil.copyfile(site / "handheld.flash", tmp_path / "handheld.flash")


@pytest.fixture
def e_id(site: Path) -> bytes:
    """The sealed mark of a stall, issued by the site's cloud."""
    key = SigningKey((site / "cloud" / "record.key").read_bytes())
    return mark.issue(PREFIX, mark.Mark(PARTY, 7, "林记鲜肉", 1_790_000_000_000), key).encode()


def day(image: Path, flash: Path, story: Story, **options: int) -> list[record.Record]:
    """Switch a handheld on, let a story happen, switch it off; return its history, verified."""

    async def run() -> None:
        async with HandheldProcess(image, flash, **options) as handheld:
            await story(handheld)

    asyncio.run(run())
    return history(image, flash)


def of_kind(records: list[record.Record], kind: int) -> list[record.Record]:
    return [statement for statement in records if statement.kind == kind]


async def settle(handheld: HandheldProcess, hdop: float = 0.9) -> None:
    """Let the receiver see the sky until the screen says so."""
    await handheld.hear(nmea.position(*XIAMEN, hdop=hdop))
    await handheld.wait_for_text("定位 ±")


def test_a_patrol_with_a_scan_a_position_and_a_photo(image: Path, flash: Path, e_id: bytes) -> None:
    photo = b"\xff\xd8 a counter without its licence \xff\xd9" * 20

    async def story(handheld: HandheldProcess) -> None:
        await settle(handheld)
        await handheld.scan(e_id)
        await handheld.wait_for_message("林记鲜肉")
        await handheld.type("1 4")
        await handheld.take_photo(photo)
        await handheld.wait_for_message("照片已存证")
        await handheld.scan(b"SEAL-00123")
        await handheld.type("enter")
        await handheld.wait_for_message("已保存 第2号")

    (visit,) = of_kind(day(image, flash, story), record.VISIT)
    assert 0 <= visit.body.pop("fix_age_ms") < 10_000
    assert visit.body == {
        "visit": VISITS.index("patrol"),
        "subject": PARTY,
        "identified_by": IDENTIFICATIONS.index("sealed_mark"),
        "mark": 7,
        "latitude_microdegrees": 24_479_836,
        "longitude_microdegrees": 118_086_383,
        "accuracy_mm": 4500,
        "fix_quality": 1,
        "finding": FINDINGS.index("violation"),
        "seal": "SEAL-00123",
        "evidence_digest": sha256(photo).digest(),
    }


def test_a_visit_without_a_scan_and_without_a_sky_says_both(image: Path, flash: Path) -> None:
    async def story(handheld: HandheldProcess) -> None:
        await handheld.hear(nmea.lost())
        await handheld.type(f"2 {PARTY} enter 1 enter enter")
        await handheld.wait_for_message("无定位 未扫码已标记")
        assert any("无定位" in line for line in handheld.screen[:1])

    (visit,) = of_kind(day(image, flash, story), record.VISIT)
    assert visit.body == {
        "visit": VISITS.index("enforcement"),
        "subject": PARTY,
        "identified_by": IDENTIFICATIONS.index("typed"),
        "fix_quality": 0,
        "finding": FINDINGS.index("in_order"),
    }


def test_a_sampling_visit_leads_to_a_pending_test_with_its_retained_sample(
    image: Path, flash: Path, e_id: bytes
) -> None:
    async def story(handheld: HandheldProcess) -> None:
        await handheld.type("3")
        await handheld.scan(e_id)
        await handheld.type("1 enter enter")
        await handheld.wait_for_text("抽样：扫小票")
        await handheld.scan(LOT.encode())
        await handheld.type("1 2 3 9001 enter 5512 enter enter")
        await handheld.wait_for_message("样品号")

    visit, test = [r for r in day(image, flash, story) if r.kind in (record.VISIT, record.TEST)]
    assert test.seq - test.body["visit_back"] == visit.seq
    assert test.body.pop("sample").endswith(f"-{test.seq}")
    assert test.body.pop("visit_back") == 1
    assert test.body == {
        "lot": LOT,
        "item": "克伦特罗（瘦肉精）",
        "method": 2,
        "plan": 3,
        "result": TEST_RESULTS.index("pending"),
        "retained": "9001",
        "seal": "5512",
    }


def test_a_scale_is_re_weighed_and_judged(image: Path, flash: Path, e_id: bytes) -> None:
    async def story(handheld: HandheldProcess) -> None:
        await handheld.type("4")
        await handheld.wait_for_message("请先登记检查")
        await handheld.scan(e_id)
        await handheld.type("1 1 enter enter 4")
        await handheld.scan(b"scale-0001")
        await handheld.type("5 enter 99999 enter")
        await handheld.wait_for_message("超出该秤称量范围")
        await handheld.type("clear 1000 enter 1010 enter enter enter")
        await handheld.wait_for_message("不合格 误差+10克 允差±5克")
        await handheld.type("4")
        await handheld.scan(b"scale-0001")
        await handheld.type("5 enter 1000 enter 1005 enter")
        await handheld.wait_for_text("小砝码")
        await handheld.type("6 enter 77 enter enter")
        await handheld.wait_for_message("合格")

    failed, passed = of_kind(day(image, flash, story), record.REWEIGH)
    assert failed.body == {
        "instrument": "scale-0001",
        "reference_grams": 1000,
        "indicated_grams": 1010,
        "e_grams": 5,
        "tolerance_milligrams": 5000,
        "result": TEST_RESULTS.index("fail"),
        "visit_back": 1,
    }
    assert (passed.body["result"], passed.body["added_milligrams"]) == (TEST_RESULTS.index("pass"), 3000)
    assert (passed.body["seal"], passed.body["visit_back"]) == ("77", 2)


def test_a_forged_mark_is_refused_and_an_answer_can_be_taken_back(image: Path, flash: Path, e_id: bytes) -> None:
    async def story(handheld: HandheldProcess) -> None:
        await handheld.scan(e_id.replace(b"3502000010101#", b"3502000010102#"))
        await handheld.wait_for_message("疑似伪造")
        await handheld.type("1")
        await handheld.scan(b"https://example.com/")
        await handheld.wait_for_message("此码不是电子标识")
        await handheld.scan(e_id)
        await handheld.type("9")
        await handheld.wait_for_message("请按屏幕所列数字")
        await handheld.type("3 clear clear clear")
        await handheld.wait_for_message("已取消")

    assert of_kind(day(image, flash, story), record.VISIT) == []


def test_hostile_nmea_moves_nothing_and_is_counted_on_the_screen(image: Path, flash: Path) -> None:
    async def story(handheld: HandheldProcess) -> None:
        chance = random.Random(5)
        for _ in range(20):
            await handheld.hear(nmea.hostile(chance, 30))
        await handheld.wait_until(lambda: "乱码" in handheld.screen[0])
        assert "无定位" in handheld.screen[0]
        await settle(handheld)
        for _ in range(5):
            await handheld.hear(nmea.hostile(chance, 30))
        await handheld.type(f"1 {PARTY} enter 1 enter enter")
        await handheld.wait_for_message("已保存")

    (visit,) = of_kind(day(image, flash, story), record.VISIT)
    assert (visit.body["latitude_microdegrees"], visit.body["longitude_microdegrees"]) == (24_479_836, 118_086_383)


def test_satellite_time_sets_a_wrong_clock_and_a_record_says_so(image: Path, flash: Path) -> None:
    ten_years = 3652 * 86_400_000

    async def story(handheld: HandheldProcess) -> None:
        start = datetime.now(UTC)
        for second in range(5):
            await handheld.hear(nmea.position(*XIAMEN, at=start + timedelta(seconds=second)))
        await settle(handheld)
        await handheld.type(f"1 {PARTY} enter 1 enter enter")
        await handheld.wait_for_message("已保存")

    records = day(image, flash, story, clock_offset_ms=-ten_years)
    floor, clock = of_kind(records, record.CLOCK)
    (visit,) = of_kind(records, record.VISIT)
    assert [CLOCK_SOURCES[step.body["source"]] for step in (floor, clock)] == ["floor", "gnss"]
    assert abs(clock.time_ms - floor.body["before_ms"] - ten_years) < 20_000
    assert abs(visit.time_ms - datetime.now(UTC).timestamp() * 1000) < 20_000


def test_a_power_cut_within_a_form_leaves_no_trace_and_loses_nothing(image: Path, flash: Path, e_id: bytes) -> None:
    async def story(handheld: HandheldProcess) -> None:
        await handheld.scan(e_id)
        await handheld.type("1 1 enter enter")
        await handheld.wait_for_message("已保存")
        await handheld.type("2 3502")
        await handheld.wait_for_message("3502")
        await handheld.restart()
        await handheld.type("4")
        await handheld.wait_for_message("请先登记检查")

    assert [r.kind for r in day(image, flash, story)] == [record.BOOT, record.VISIT, record.BOOT]


def test_a_full_journal_is_said_and_the_form_waits(image: Path, flash: Path, e_id: bytes) -> None:
    async def visit(handheld: HandheldProcess, number: int) -> bool:
        await handheld.scan(e_id)
        await handheld.type("1 1 enter enter")
        await handheld.wait_until(lambda: f"第{number}号" in handheld.screen[2] or "存储已满" in handheld.screen[2])
        return "存储已满" not in handheld.screen[2]

    async def story(handheld: HandheldProcess) -> None:
        number = 2
        while await visit(handheld, number):
            number += 1
        assert "按确认保存" in handheld.screen[1]
        await handheld.wait_for_lamp("alarm")

    assert len(day(image, flash, story)) > 50
