"""The shipped firmware on the real interpreter, in 192 KiB, with hands at its front panel and no network."""

import asyncio
import base64
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tracewire import cbor, chain, cose, record
from tracewire.p256 import VerifyingKey

from provisioning import ca, config, host_node
from provisioning.console import Console
from provisioning.enrol import Order, enrol
from simulators import firmware_image, flash_files
from simulators.firmware_image import INTERPRETER
from simulators.printer import Paper, Printer
from simulators.scale_process import HEAP, Cell, ScaleProcess

CELL = Cell()
SELLER, OTHER_SELLER, LOT = "3502000010007", "3502000010008", "35020000200010000003"
NOBODY_LISTENS = 9  # the discard port
SETUP = config.Setup(
    gateway_name="gateway-01",
    gateway_host="127.0.0.1",
    gateway_port=NOBODY_LISTENS,
    trace_url="http://127.0.0.1:8080/t/",
    max_g=15000,
    min_g=100,
    e_g=5,
    zero_counts=CELL.counts_at_zero,
    counts_per_kg=CELL.counts_per_kg,
    plu=(config.Plu(1, "五花肉", 3680), config.Plu(2, "猪肝", 1850), config.Plu(34, "排骨", 5200)),
)

Story = Callable[[ScaleProcess], Awaitable[None]]


def card(seller: str = SELLER, plus: tuple[int, ...] = (1, 34)) -> bytes:
    lots: list[object] = [[number, record.pack_digits(LOT)] for number in plus]
    return cbor.encode({1: record.pack_digits(seller), 2: "8号摊", 3: lots})


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture(scope="session")
def enrolled(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a scale as it leaves enrolment."""
    site = tmp_path_factory.mktemp("site")
    now = datetime.now(UTC)
    ca.init(site / "CA", "Market", b"seven carp in a pond", now)
    for role in ("gateway", "cloud"):
        enrol(site / "CA", Order(f"{role}-01", role), host_node.HostNode(site / role), host_node.outfit, now)
    flash = site / "scale.flash"
    board = f"env MICROPYPATH={image}:.frozen CHENGXIN_FLASH={flash} {INTERPRETER} -X heapsize={HEAP} -m device.enrol"
    with Console(board) as console:
        order = Order("scale-0001", "scale", stall="8号摊", site="第八市场")
        enrol(site / "CA", order, console, config.scale_outfit(SETUP), now)
    return flash


@pytest.fixture
def flash(enrolled: Path, tmp_path: Path) -> Path:
    """The flash of one test's scale."""
    return shutil.copyfile(enrolled, tmp_path / "scale.flash")


@pytest.fixture
def at_the_scale(image: Path, flash: Path) -> Callable[[Story], None]:
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
    at_the_scale: Callable[[Story], None], image: Path, flash: Path
) -> None:
    async def story(scale: ScaleProcess) -> None:
        await sign_in(scale)
        await put(scale, 520)
        await scale.press("plu1")
        slips.append(await scale.next_slip())

    slips: list[bytes] = []
    at_the_scale(story)
    paper: Paper = Printer().render(slips[0])
    assert any("五花肉" in line for line in paper.lines)
    assert any("19.14" in line for line in paper.lines)
    assert sale_on(slips[0]).body == {
        "net_grams": 520,
        "tare_grams": 0,
        "price_fen_per_kg": 3680,
        "amount_fen": 1914,
        "plu": 1,
        "lot": LOT,
        "weighing_back": 1,
    }
    assert len(sealed_on(slips[0])) <= 200
