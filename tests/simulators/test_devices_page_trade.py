"""Rail scale, card terminal and handheld on the page: from the carcass to the stall, and what goes wrong on the way."""

import hashlib
import re
import time

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from tracewire import cose, record

from simulators import accounting
from tests.simulators.page_hands import PATIENCE_MS, SELLER, lift_everything, see_lamp, see_on_screen, sell, tap, weigh

WHOLESALER = "wholesaler"

pytestmark = pytest.mark.journey


@pytest.fixture
def rail(page: Page) -> Locator:
    return page.locator("#rail-0001")


@pytest.fixture
def terminal(page: Page) -> Locator:
    return page.locator("#terminal-0001")


@pytest.fixture
def scale(page: Page) -> Locator:
    return page.locator("#scale-0001")


@pytest.fixture
def handheld(page: Page) -> Locator:
    """Return the handheld under a clear sky, with no form open."""
    device = page.locator("#handheld-0001")
    look(device, "good")
    while "1日常巡查" not in screen(device):
        press(device, "clear")
        see_on_screen(device, "")
    see_on_screen(device, "定位 ±")
    return device


def screen(device: Locator) -> str:
    return device.locator(".lcd [role=status]").inner_text()


def press(device: Locator, *keys: str) -> None:
    for key in keys:
        device.locator(f"[data-key={key}]").click()


def look(device: Locator, sight: str) -> None:
    device.locator(f"[data-sky={sight}]").click()


def show_card(device: Locator, card: str, words: str) -> None:
    """Hold a card against the reader until the screen answers, and take it away."""
    tap(device, card)
    see_on_screen(device, words)
    device.locator(f"[data-card={card}]").click()
    expect(device.locator(f"[data-card={card}]")).to_have_attribute("aria-pressed", "false", timeout=PATIENCE_MS)


def hang_a_carcass(rail: Locator) -> None:
    """Bring the lot to the line, hang a carcass, read its tag, move it on."""
    show_card(rail, "lot", "绿源")
    rail.locator("[data-goods=carcass]").click()
    rail.locator("[data-tag=next]").click()
    see_on_screen(rail, "91.200 kg 耳标")
    rail.locator("[data-clear]").click()
    see_lamp(rail, "zero")


def sell_carcasses(rail: Locator) -> str:
    """Hand what hangs to the wholesaler; return the number of the voucher."""
    before = rail.locator(".slip").count()
    show_card(rail, WHOLESALER, "已出证")
    expect(rail.locator(".slip")).to_have_count(before + 2, timeout=PATIENCE_MS)
    return str(rail.locator(".paper .slip").get_attribute("href")).rpartition("/")[2]


def enter(terminal: Locator, voucher: str) -> None:
    """Let the card desk write a voucher on the wholesaler's card, as soon as the ledger has it."""
    button = terminal.locator(f'[data-desk="{voucher}"]')
    see_lamp(terminal.page.locator("#rail-0001"), "pending", lit=False)
    button.click()
    expect(button).to_have_count(0, timeout=PATIENCE_MS)
    expect(terminal.locator(f"[data-card={WHOLESALER}] small")).to_contain_text(voucher[-7:])


def test_a_carcass_at_the_rail_is_traced_from_the_slip_of_a_stall(
    page: Page, rail: Locator, terminal: Locator, scale: Locator
) -> None:
    hang_a_carcass(rail)
    tag = rail.locator("[data-tag=next] small").inner_text()
    enter(terminal, sell_carcasses(rail))
    show_card(terminal, WHOLESALER, "批发七号")
    press(terminal, "plu1")
    tap(terminal, SELLER)
    see_on_screen(terminal, "购 A12号")
    weigh(terminal, "box", "12.500")
    press(terminal, "set")
    see_on_screen(terminal, "已写卡 A12号")
    show_card(terminal, WHOLESALER, "已写卡 批发七号")
    expect(terminal.locator(".slip")).not_to_have_count(0, timeout=PATIENCE_MS)
    bought = terminal.locator(f"[data-card={SELLER}] small").inner_text()
    assert str(terminal.locator(".paper .slip").get_attribute("href")).partition("#")[0].endswith(bought[-7:])

    tap(scale, SELLER)
    see_on_screen(scale, "已刷卡")
    weigh(scale, "belly", "0.520")
    before = scale.locator(".slip").count()
    press(scale, "plu1")
    expect(scale.locator(".slip")).to_have_count(before + 1, timeout=PATIENCE_MS)
    for device in (rail, terminal, scale):
        see_lamp(device, "pending", lit=False)
    with page.context.expect_page() as opened:
        scale.locator(".paper .slip").click()
    expect(opened.value.locator("main")).to_contain_text("厦品检2026-112208")  # its lot card's certificate at the rail
    expect(opened.value.locator("main")).to_contain_text("银祥肉联厂")
    opened.value.close()
    assert tag.startswith("…")


def test_a_card_is_in_one_place_at_a_time(terminal: Locator, scale: Locator) -> None:
    tap(scale, SELLER)
    expect(terminal.locator(f"[data-card={SELLER}]")).to_have_class(re.compile("away"))
    tap(terminal, SELLER)
    expect(scale.locator(f"[data-card={SELLER}]")).to_have_attribute("aria-pressed", "false")
    see_on_screen(terminal, "销 A12号")
    press(terminal, "clear")
    lift_everything(terminal)


def test_the_terminal_says_what_is_wrong_with_a_card_or_a_deal(terminal: Locator) -> None:
    show_card(terminal, "foreign", "此卡不是本系统的卡")
    show_card(terminal, "broken", "此卡已损坏")
    press(terminal, "set")
    see_on_screen(terminal, "请销货方刷卡")
    terminal.locator("[data-goods=stack]").click()
    see_on_screen(terminal, "超载")


def test_at_the_rail_a_repeated_tag_another_species_and_noise_are_refused_aloud(rail: Locator) -> None:
    hang_a_carcass(rail)
    rail.locator("[data-goods=heavy]").click()
    for what, words in (("noise", "读卡器信号有误"), ("cattle", "耳标畜种不符"), ("again", "耳标重复")):
        rail.locator(f"[data-tag={what}]").click()
        see_on_screen(rail, words)
        expect(rail.locator(".beeper[data-sound=refused]")).to_be_visible()
    rail.locator("[data-tag=next]").click()
    expect(rail.locator(".beeper[data-sound=done]")).to_be_visible(timeout=PATIENCE_MS)
    press(rail, "digit1")
    see_on_screen(rail, "已判不合格")
    rail.locator("[data-clear]").click()
    see_lamp(rail, "zero")
    press(rail, "digit2")
    see_on_screen(rail, "处置称重")
    rail.locator("[data-goods=heavy]").click()
    see_on_screen(rail, "已处置 1 头")


def test_without_paper_the_voucher_is_owed_and_can_be_printed_again(rail: Locator) -> None:
    hang_a_carcass(rail)
    before = rail.locator(".slip").count()
    rail.locator("[data-printer=paper_out]").click()
    show_card(rail, WHOLESALER, "打印机缺纸")
    rail.locator("[data-printer=ok]").click()
    expect(rail.locator("[data-printer=ok]")).to_have_attribute("aria-pressed", "true")
    press(rail, "digit3")
    expect(rail.locator(".slip")).to_have_count(before + 2, timeout=PATIENCE_MS)


def test_with_the_uplink_cut_the_card_desk_says_that_it_cannot_look_a_voucher_up(
    page: Page, rail: Locator, terminal: Locator
) -> None:
    cut = page.locator("[data-line=uplink]")
    cut.click()
    expect(cut).to_have_text("接通", timeout=PATIENCE_MS)
    hang_a_carcass(rail)
    voucher = sell_carcasses(rail)
    terminal.locator(f'[data-desk="{voucher}"]').click()
    expect(terminal.locator("> .notice")).to_contain_text("云端连不上", timeout=PATIENCE_MS)
    cut.click()
    expect(cut).to_have_text("切断", timeout=PATIENCE_MS)
    enter(terminal, voucher)


def test_a_visit_seals_who_was_scanned_where_it_was_and_which_photo(
    page: Page, address: str, scale: Locator, handheld: Locator
) -> None:
    handheld.locator("[data-place=jimei]").click()
    expect(handheld.locator(".sky-head output")).to_contain_text("24.5800° N  118.0950° E")
    handheld.locator("[data-code=forged]").click()
    see_on_screen(handheld, "疑似伪造")
    handheld.locator("[data-code=mark]").click()
    see_on_screen(handheld, "对象 A12号")
    press(handheld, "digit1", "digit4")
    handheld.locator("[data-shutter]").click()
    see_on_screen(handheld, "照片已存证")
    photo = handheld.locator("[data-photo]").last
    digest = str(photo.locator("code").get_attribute("data-sha256"))
    picture = httpx.get(address.rstrip("/") + str(photo.locator("img").get_attribute("src"))).content
    assert hashlib.sha256(picture).hexdigest() == digest
    handheld.locator("[data-code=seal]").click()
    press(handheld, "enter")
    see_on_screen(handheld, "已保存")
    see_lamp(handheld, "pending", lit=False)
    visit = newest(trace_site(scale), record.VISIT)
    assert visit["evidence_digest"].hex() == digest  # type: ignore[attr-defined]
    assert (visit["latitude_microdegrees"], visit["longitude_microdegrees"]) == (24_580_000, 118_095_000)
    assert visit["seal"] == "SEAL-00123"


def test_the_sky_can_be_poor_lost_and_full_of_garbage(handheld: Locator) -> None:
    look(handheld, "poor")
    see_on_screen(handheld, "定位 ±38米")
    look(handheld, "garbage")
    see_on_screen(handheld, "乱码")
    look(handheld, "none")
    see_on_screen(handheld, "无定位", 2 * PATIENCE_MS)  # the last position lasts half a minute


def test_the_inspector_walks_on_the_map_and_scans_a_slip_for_its_lot(
    page: Page, scale: Locator, handheld: Locator
) -> None:
    handheld.locator("[data-place=market]").click()
    before = handheld.locator(".sky-head output").inner_text()
    handheld.locator(".map").focus()
    page.keyboard.press("ArrowUp")
    expect(handheld.locator(".sky-head output")).not_to_have_text(before)
    sell(scale)
    number = int(str(scale.locator(".paper .slip").get_attribute("data-slip")))
    press(handheld, "digit3")
    handheld.locator("[data-code=mark]").click()
    press(handheld, "digit1", "enter", "enter")
    see_on_screen(handheld, "抽样：扫小票")
    handheld.locator(f'[data-code="scale-0001/{number}"]').click()
    see_on_screen(handheld, "1瘦肉精")


def test_an_opened_case_locks_the_scale_until_the_authoritys_answer_is_typed(scale: Locator) -> None:
    scale.locator("[data-case]").click()
    see_on_screen(scale, "询问码")
    tap(scale, SELLER)
    weigh(scale, "belly", "0.520")
    press(scale, "plu1")
    see_on_screen(scale, "秤已锁，不能销售")
    lift_everything(scale)  # a scale that wakes under a load takes it for its zero (R 76-1, 4.5.1)
    scale.locator(".plug").click()  # a power cut opens no lock
    expect(scale).to_have_attribute("data-power", "off")
    scale.locator(".plug").click()
    see_on_screen(scale, "询问码")
    press(scale, "digit1")
    see_on_screen(scale, "请先合上机箱")
    close_and_unlock(scale)
    lift_everything(scale)


def test_the_cases_of_rail_and_terminal_lock_them_too(rail: Locator, terminal: Locator) -> None:
    for device in (rail, terminal):
        device.locator("[data-case]").click()
        see_on_screen(device, "询问码")
        press(device, "plu1")
        see_on_screen(device, "秤已锁，不能销售")
        close_and_unlock(device)


def close_and_unlock(device: Locator) -> None:
    """Ask the authority for the answer, close the case, and type it."""
    device.locator("[data-ask]").click()
    answer = device.locator(".engineer .answer")
    expect(answer).to_be_visible(timeout=PATIENCE_MS)
    digits = answer.inner_text().replace(" ", "")
    device.locator("[data-case]").click()
    press(device, *(f"digit{digit}" for digit in digits))
    see_on_screen(device, "已解锁")
    expect(device.locator(".engineer")).to_be_hidden()


def trace_site(scale: Locator) -> str:
    """Return where the site's cloud answers: the address that every slip shows."""
    link = scale.locator(".slip[href]").first
    return str(link.get_attribute("href")).partition("/t/")[0]


def newest(cloud: str, kind: int) -> dict[str, object]:
    """Return what the newest record of a kind says in the ledger, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        rows = accounting.read_ledger(cloud)
        statements = (record.decode(cose.parse(row.sealed).payload) for row in reversed(rows))
        found = next((statement.body for statement in statements if statement.kind == kind), None)
        if found is not None:
            return found
        assert time.monotonic() < deadline, "not in the ledger"
        time.sleep(0.2)
