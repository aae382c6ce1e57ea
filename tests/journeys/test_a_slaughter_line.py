"""From the pig lot at the farm to the voucher in the buyer's hand, through a real rail scale, gateway and cloud."""

import asyncio
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tracewire import cbor, chain, cose, record

from simulators import accounting, firmware_image
from simulators.printer import Printer
from simulators.rail_process import RAIL_CELL, RailProcess, lot_card
from simulators.scale_process import HEAP
from simulators.site import GATEWAY_NAME, Site
from simulators.upstream import UpstreamDevice

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
LINE, PLANT, FARM, BUYER = "line-0002", "银祥肉联厂", "长汀县河田镇绿源生态养殖场", "3502000010101"
SETUP = """
trace_url = "{url}/t/"
gateway = {{ name = "{gateway}", host = "127.0.0.1", port = {port} }}
scale = {{ max_g = 300000, min_g = 2000, e_g = 100, zero_counts = {zero}, counts_per_kg = {per_kg} }}
rail = {{ species = 1, sides = false, lightest_g = 20000 }}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site.create(tmp_path_factory.mktemp("site") / "demo", say=lambda _: None) as built:
        yield built


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return firmware_image.build(tmp_path_factory.mktemp("firmware") / "rail", firmware_image.RAIL)


@pytest.fixture(scope="module")
def flash(site: Site, image: Path) -> Path:
    """The flash of a line that was enrolled over its console, as a person would."""
    flash, setup = site.directory / f"{LINE}.flash", site.directory / f"{LINE}.toml"
    zero, per_kg = RAIL_CELL.calibration
    text = SETUP.format(url=site.url, gateway=GATEWAY_NAME, port=site.mqtt_port, zero=zero, per_kg=per_kg)
    setup.write_text(text, encoding="utf-8")
    console = [
        "env", f"MICROPYPATH={image}:.frozen", f"CHENGXIN_FLASH={flash}",
        firmware_image.INTERPRETER, "-X", f"heapsize={HEAP}", "-m", "device.enrol",
    ]  # fmt: skip
    ca = ("--ca", str(site.directory / "ca"))
    site.chengxin(
        "device", "enrol", LINE, *ca, "--role", "rail", "--site", PLANT, "--stall", PLANT,
        "--console", shlex.join(map(str, console)), "--setup", str(setup),
    )  # fmt: skip
    for name in ("cloud-01", GATEWAY_NAME):
        site.chengxin("ca", "export", *ca, "--out", str(site.node(name)))
    return flash


@pytest.fixture(scope="module")
def pigs(site: Site, flash: Path) -> str:
    """A pig lot that its farm has stated; cloud and gateway run, and know the line."""
    site.cloud.start()
    site.gateway.start()
    with UpstreamDevice(site.node("farm-0001"), "localhost", site.mqtt_port) as farm:
        lot = farm.next_code()
        farm.state(record.LOT, {"lot": lot, "source": 2, "goods": "生猪", "place": FARM, "division": "350821"})
        farm.wait_until_settled(30)
    return lot


async def weigh(line: RailProcess, number: int) -> None:
    await line.hang(88_000 + 500 * number)
    await line.read_tag(f"1350821{number:08d}")
    await line.wait_for_beep("done")


async def morning(line: RailProcess, lot: str) -> list[bytes]:
    """Six carcasses: the plug is pulled under the third, the fifth is condemned; then the buyer's card."""
    await line.present_card(lot_card(lot, FARM))
    await line.wait_for_message("批次")
    for number in range(1, 7):
        await weigh(line, number)
        if number == 3:
            await line.kill()
            await line.remove_load()
            await line.start()
        if number == 5:
            await line.press("digit1")
            await line.wait_for_message("已判不合格")
        await line.take_off()
    await line.present_card(cbor.encode({1: record.pack_digits(BUYER), 2: "八市12号", 3: []}))
    return [await line.next_slip(), await line.next_slip()]


def test_what_hung_at_the_line_is_in_the_ledger_once_and_its_voucher_leads_to_the_farm(
    site: Site, image: Path, flash: Path, pigs: str
) -> None:
    async def story() -> list[bytes]:
        async with RailProcess(image, flash) as line:
            slips = await morning(line, pigs)
            await line.wait_until(lambda: "link" in line.lamps and "pending" not in line.lamps, 60)
            return slips

    slips = asyncio.run(story())
    head = accounting.scale_head(image, flash)
    rows = [row.sealed for row in accounting.read_ledger(site.url)]
    of_line = [sealed for sealed in rows if record_of(sealed).kind != record.LOT]
    reached = chain.GENESIS
    for sealed in of_line:
        reached = chain.check(reached, record_of(sealed), sealed)
    assert reached == head
    bodies = [record_of(sealed).body for sealed in of_line]
    assert [body["hot_grams"] for body in bodies if "hot_grams" in body] == [88_000 + 500 * n for n in range(1, 7)]
    moved = next(body for body in bodies if "voucher" in body)
    assert len(moved["inputs"]) == 5  # not the condemned one
    url = Printer().render(slips[0]).codes[0][0]
    assert url == f"{site.url}/t/{moved['voucher']}"
    told = httpx.get(url).raise_for_status().text
    for fact in (FARM, "3508210098765", "3502000112233", "厦品检2026-112207", PLANT):
        assert fact in told, fact


def record_of(sealed: bytes) -> record.Record:
    return record.decode(cose.parse(sealed).payload)
