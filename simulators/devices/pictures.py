"""The pictures of docs/devices.md, taken from a running page: `python -m simulators.devices.pictures ADDRESS`.

ADDRESS is what `make devices` prints; its devices must be untouched. Every picture is preceded by a few clicks.
"""

import sys

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from simulators import chromium
from simulators.firmware_image import REPOSITORY

FOLDER = REPOSITORY / "docs" / "pictures"
COLOURS = 256
KMEANS_CHANGES = 3
"""How far the palette is refined; without, small lights lose their colour."""
FEED_MS = 1000
"""Until the paper has come out of the slot."""


def main(address: str) -> None:
    """Take all three pictures and leave the devices as they were found: pans empty, network whole."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        _sale(browser, address)
        _network_cut(browser, address)
        _phone(browser, address)
        browser.close()


def _sale(browser: Browser, address: str) -> None:
    page = _open(browser, address, 1280, 1180, "light")
    first, second = page.locator(".device").nth(0), page.locator(".device").nth(1)
    for device in (first, second):
        device.locator("[data-card=scale-0001][aria-pressed=false]").click()
        device.locator(".lcd :text('已刷卡')").first.wait_for()
    _weigh(first, "belly")
    first.locator("[data-key=plu1]").click()
    first.locator(".paper .slip").wait_for()
    _weigh(second, "bowl")
    second.locator("[data-key=tare]").click()
    second.locator("[data-lamp=net].lit").wait_for()
    _weigh(second, "ribs")
    _save(page, "devices-sale.png")
    second.locator("[data-clear]").click()
    second.locator(".lcd :text('净重')").first.wait_for()
    second.locator("[data-lamp=stable].lit").wait_for()
    second.locator("[data-key=tare]").click()
    first.locator("[data-clear]").click()
    page.close()


def _network_cut(browser: Browser, address: str) -> None:
    page = _open(browser, f"{address}?lang=en", 1280, 1180, "dark")
    first, second = page.locator(".device").nth(0), page.locator(".device").nth(1)
    page.locator("[data-line=network]").click()
    first.locator("[data-lamp=link]:not(.lit)").wait_for()
    first.locator("[data-lamp=zero].lit").wait_for()
    first.locator("[data-printer=paper_out]").click()
    _weigh(first, "ribs")
    first.locator("[data-key=plu4]").click()
    first.locator(".lcd :text('缺纸')").first.wait_for()
    second.locator(".plug").click()
    page.locator(".figure.gateway.behind").wait_for()
    _save(page, "devices-trouble.png")
    page.locator("[data-line=network]:enabled").click()
    first.locator("[data-printer=ok]").click()
    first.locator("[data-clear]").click()
    second.locator(".plug").click()
    first.locator("[data-lamp=link].lit").wait_for()
    page.close()


def _phone(browser: Browser, address: str) -> None:
    page = _open(browser, address, 390, 1180, "light")
    _weigh(page.locator(".device").first, "belly")
    _save(page, "devices-phone.png")
    page.locator(".device").first.locator("[data-clear]").click()
    page.close()


def _open(browser: Browser, address: str, width: int, height: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.locator(".device[data-power=on]").nth(1).wait_for()
    return page


def _weigh(device: Locator, goods: str) -> None:
    device.locator(f"[data-goods={goods}]").click()
    device.locator("[data-lamp=zero]:not(.lit)").wait_for()
    device.locator("[data-lamp=stable].lit").wait_for()


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(FEED_MS)
    path = FOLDER / name
    page.screenshot(path=path)
    picture = Image.open(path).convert("RGB").quantize(COLOURS, kmeans=KMEANS_CHANGES, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
