"""The page with the virtual devices, as a person uses it: a real site, real MicroPython, a real browser."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from simulators.site import STALLS
from tests.simulators.page_hands import (
    PATIENCE_MS,
    SELLER,
    figure,
    lift_everything,
    processes_that_mention,
    see_lamp,
    see_on_screen,
    sell,
    tap,
    weigh,
)

DESK: ViewportSize = {"width": 1280, "height": 1000}
PHONE: ViewportSize = {"width": 390, "height": 844}
RAIL = "rail-0001"

pytestmark = pytest.mark.journey


@pytest.fixture
def scale(page: Page) -> Locator:
    return page.locator(f"#{STALLS[0].scale}")


def test_a_tapped_card_goods_and_one_key_give_a_slip_that_leads_to_its_trace_page(page: Page, scale: Locator) -> None:
    url = sell(scale)
    assert len(url.partition("#")[2]) > 100  # the sealed record itself
    see_lamp(scale, "pending", lit=False)
    with page.context.expect_page() as opened:
        scale.locator(".paper .slip").click()
    expect(opened.value.locator("main")).to_contain_text("林阿水")
    expect(opened.value.locator("main")).to_contain_text("银祥肉联厂")  # the plant of every lot that the card may have
    opened.value.close()


def test_the_slip_is_the_printers_own_picture_and_can_be_torn_off(page: Page, scale: Locator) -> None:
    sell(scale)
    picture = scale.locator(".paper .slip img")
    expect(picture).to_have_js_property("naturalWidth", 384)
    scale.locator(".tear").click()
    expect(scale.locator(".paper .slip")).to_have_count(0)
    expect(scale.locator(".tray .slip").first).to_be_visible()


def test_a_bowl_can_be_tared(scale: Locator) -> None:
    weigh(scale, "bowl", "0.185")
    scale.locator("[data-key=tare]").click()
    see_lamp(scale, "net")
    scale.locator("[data-goods=belly]").click()
    see_on_screen(scale, "净重 0.520 kg 稳定，皮重 0.185 kg")
    scale.locator("[data-clear]").click()
    see_on_screen(scale, "净重 -0.185 kg 稳定")
    scale.locator("[data-key=tare]").click()
    see_lamp(scale, "net", lit=False)


def test_more_than_the_scale_bears_is_shown_as_overload(scale: Locator) -> None:
    scale.locator("[data-goods=crate]").click()
    see_on_screen(scale, "超载")


def test_the_foreign_card_and_the_broken_card_are_refused_in_words(scale: Locator) -> None:
    for card in ("foreign", "broken"):
        tap(scale, card)
        see_on_screen(scale, "此卡无法识别")
        scale.locator("[data-key=clear]").click()
        expect(scale.locator(".lcd [role=status]")).not_to_contain_text("此卡无法识别")


def test_a_printer_without_paper_or_with_a_jam_is_said_on_the_screen_and_the_sale_counts(scale: Locator) -> None:
    tap(scale, SELLER)
    for state, words in (("paper_out", "打印机缺纸，交易已记录"), ("jam", "打印机卡纸，交易已记录")):
        scale.locator(f"[data-printer={state}]").click()
        expect(scale.locator(f"[data-printer={state}]")).to_have_attribute("aria-pressed", "true")
        weigh(scale, "belly", "0.520")
        scale.locator("[data-key=plu1]").click()
        see_on_screen(scale, words)
        scale.locator("[data-goods=belly]").click()
        see_lamp(scale, "zero")
    scale.locator("[data-printer=ok]").click()


def test_a_pulled_plug_darkens_the_device_and_it_comes_back_signed_in(page: Page, scale: Locator) -> None:
    sell(scale)
    lift_everything(scale)
    signed = figure(page, "signed")
    scale.locator(".plug").click()
    expect(scale).to_have_attribute("data-power", "off")
    expect(scale.locator(".lamp.lit")).to_have_count(0)
    expect(scale.locator(".lcd.dark")).to_be_visible()
    expect(scale.locator(".power")).to_have_text("已断电")
    scale.locator("[data-key=plu1]").click()  # a key of a dead device does nothing
    scale.locator(".plug").click()
    expect(scale).to_have_attribute("data-power", "on", timeout=PATIENCE_MS)
    see_on_screen(scale, f"摊位 {STALLS[0].name}")
    assert figure(page, "signed") >= signed


def test_with_the_network_cut_sales_go_on_and_arrive_when_it_is_mended(page: Page, scale: Locator) -> None:
    see_lamp(scale, "link")
    cut = page.locator("[data-line=network]")
    cut.click()
    see_lamp(scale, "link", lit=False)
    sell(scale)
    see_lamp(scale, "pending")
    expect(page.locator(".figure.gateway.behind")).to_be_visible(timeout=PATIENCE_MS)
    assert figure(page, "signed") > figure(page, "gateway")
    expect(cut).to_have_text("接通", timeout=PATIENCE_MS)
    cut.click()
    see_lamp(scale, "link")
    see_lamp(scale, "pending", lit=False)
    expect(page.locator(".figure.behind")).to_have_count(0, timeout=PATIENCE_MS)
    assert figure(page, "quarantined") == 0


def test_a_device_that_stops_by_itself_is_said_in_plain_words(page: Page, devices_directory: Path) -> None:
    device = page.locator(f"#{RAIL}")
    for process in processes_that_mention(devices_directory / f"{RAIL}.flash"):
        os.kill(process, signal.SIGKILL)
    expect(device.locator("> .notice")).to_contain_text("设备自己停机了", timeout=PATIENCE_MS)
    device.locator(".plug").click()
    expect(device).to_have_attribute("data-power", "on", timeout=PATIENCE_MS)
    expect(device.locator("> .notice")).to_be_hidden()


def test_it_can_be_used_with_the_keyboard_alone(page: Page, scale: Locator) -> None:
    scale.locator("[data-goods=bowl]").focus()
    page.keyboard.press("Space")
    see_on_screen(scale, "净重 0.185 kg 稳定")
    page.keyboard.press("t")
    see_lamp(scale, "net")
    page.keyboard.press("Space")
    see_on_screen(scale, "净重 -0.185 kg 稳定")
    page.keyboard.press("t")
    see_lamp(scale, "net", lit=False)
    number = scale.locator("[data-loose=number]")
    number.fill("750")
    see_on_screen(scale, "净重 0.750 kg 稳定")
    scale.locator("[data-clear]").focus()
    page.keyboard.press("Enter")
    see_lamp(scale, "zero")


@pytest.mark.parametrize("viewport", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_desk_and_phone_and_asks_no_foreign_host(
    browser: Browser, address: str, viewport: ViewportSize, scheme: str
) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]  # a Literal
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}?lang=en")
    expect(page.locator(".device").first.locator(".plug")).to_have_text("Pull the plug", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert all(url.startswith(address) for url in asked)
    context.close()


def test_another_page_in_the_same_browser_cannot_reach_the_devices(address: str) -> None:
    socket = address.replace("http", "ws") + f"devices/{STALLS[0].scale}"
    with pytest.raises(InvalidStatus):
        connect(socket, origin="http://evil.example")  # type: ignore[arg-type]  # a NewType of str
    assert httpx.get(address, headers={"Host": "evil.example"}).status_code == httpx.codes.BAD_REQUEST


@pytest.mark.parametrize(
    "message",
    [
        "no json", "[]", '{"weight": 5000}', '{"key": "plu99"}', '{"key": ["plu1"]}', '{"card": "none"}',
        '{"printer": 1}',
        '{"pan": {"goods": ["gold"], "loose_grams": 0}}', '{"pan": {"goods": [], "loose_grams": -5}}',
        '{"pan": {"goods": [["belly"]], "loose_grams": 0}}', '{"power": "off", "key": "zero"}',
    ],
)  # fmt: skip
def test_a_hand_that_no_device_knows_is_refused(address: str, message: str) -> None:
    origin = address.rstrip("/")
    with connect(address.replace("http", "ws") + f"devices/{STALLS[0].scale}", origin=origin) as socket:  # type: ignore[arg-type]
        socket.send(message)
        deadline = time.monotonic() + 10
        while "refused" not in (answer := json.loads(socket.recv(timeout=10))):
            assert time.monotonic() < deadline
        assert answer["refused"].startswith("hand.")


def test_a_port_that_is_taken_is_said(address: str, tmp_path: Path) -> None:
    port = address.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "simulators.devices", "--no-browser", "--dir", str(tmp_path / "x"), "--port", port]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert outcome.returncode == 1
    assert f"devices.port: 127.0.0.1:{port}" in outcome.stdout
    assert processes_that_mention(tmp_path) == []
