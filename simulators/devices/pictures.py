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
SELLER, WHOLESALER = "scale-0001", "wholesaler"
DEVICES = 4


def main(address: str) -> None:
    """Take all pictures: the story from rail to stall, an opened case in a dark hall, a phone."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        _side_by_side(browser, address)
        _case_open(browser, address)
        _phone(browser, address)
        browser.close()


def _side_by_side(browser: Browser, address: str) -> None:
    page = _open(browser, address, 1900, 1900, "light")
    rail, terminal, scale, handheld = (_device(page, name) for name in ("rail", "terminal", "scale", "handheld"))
    _show_card(rail, "lot", "绿源")
    _hang(rail, "carcass")
    rail.locator("[data-clear]").click()
    rail.locator("[data-lamp=zero].lit").wait_for()
    _show_card(rail, WHOLESALER, "已出证")
    rail.locator("[data-lamp=pending]:not(.lit)").wait_for()
    terminal.locator("[data-desk]").first.click()
    terminal.locator("[data-desk]").wait_for(state="detached")
    _show_card(terminal, WHOLESALER, "批发七号")
    terminal.locator("[data-key=plu1]").click()
    terminal.locator(f"[data-card={SELLER}]").click()
    _says(terminal, "购 A12号")
    _weigh(terminal, "box")
    terminal.locator("[data-key=set]").click()
    _says(terminal, "已写卡")
    terminal.locator(".paper .slip").wait_for()
    _sell(scale)
    _hang(rail, "heavy")
    handheld.locator("[data-code=mark]").click()
    _says(handheld, "对象 A12号")
    handheld.locator("[data-key=digit1]").click()
    handheld.locator("[data-shutter]").click()
    _says(handheld, "照片已存证")
    _save(page, "devices.png")
    rail.locator("[data-clear]").click()
    page.close()


def _case_open(browser: Browser, address: str) -> None:
    page = _open(browser, f"{address}?lang=en", 1280, 1180, "dark")
    scale, rail = _device(page, "scale"), _device(page, "rail")
    rail.locator(".plug").click()
    scale.locator("[data-case]").click()
    _says(scale, "询问码")
    scale.locator("[data-ask]").click()
    answer = scale.locator(".engineer .answer")
    answer.wait_for()
    page.locator(".custody").evaluate("strip => { strip.style.position = 'static' }")
    _save(page, "devices-case.png", scale)
    scale.locator("[data-case]").click()
    for digit in answer.inner_text().replace(" ", ""):
        scale.locator(f"[data-key=digit{digit}]").click()
    _says(scale, "已解锁")
    page.locator("[data-line=network]").click()
    scale.locator("[data-lamp=link]:not(.lit)").wait_for()
    scale.locator("[data-clear]").click()
    scale.locator("[data-lamp=zero].lit").wait_for()
    _weigh(scale, "ribs")
    scale.locator("[data-lamp=pending].lit").wait_for()
    page.evaluate("scrollTo(0, 0)")
    _save(page, "devices-trouble.png")
    page.locator("[data-line=network]:enabled").click()
    scale.locator("[data-clear]").click()
    rail.locator(".plug").click()
    scale.locator("[data-lamp=link].lit").wait_for()
    page.close()


def _phone(browser: Browser, address: str) -> None:
    page = _open(browser, address, 390, 1180, "light")
    handheld = _device(page, "handheld")
    handheld.evaluate("device => device.scrollIntoView()")
    _save(page, "devices-phone.png")
    page.close()


def _open(browser: Browser, address: str, width: int, height: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.locator(".device[data-power=on]").nth(DEVICES - 1).wait_for()
    return page


def _device(page: Page, role: str) -> Locator:
    return page.locator(f"#{role}-0001")


def _says(device: Locator, words: str) -> None:
    device.locator(".lcd [role=status]").filter(has_text=words).wait_for(state="attached")


def _show_card(device: Locator, card: str, words: str) -> None:
    device.locator(f"[data-card={card}]").click()
    _says(device, words)
    device.locator(f"[data-card={card}]").click()
    device.locator(f"[data-card={card}][aria-pressed=false]").wait_for()


def _hang(rail: Locator, goods: str) -> None:
    rail.locator(f"[data-goods={goods}]").click()
    rail.locator("[data-tag=next]").click()
    _says(rail, "kg 耳标")


def _sell(scale: Locator) -> None:
    scale.locator(f"[data-card={SELLER}]").click()
    _says(scale, "已刷卡")
    _weigh(scale, "belly")
    scale.locator("[data-key=plu1]").click()
    scale.locator(".paper .slip").wait_for()


def _weigh(device: Locator, goods: str) -> None:
    device.locator(f"[data-goods={goods}]").click()
    device.locator("[data-lamp=zero]:not(.lit)").wait_for()
    device.locator("[data-lamp=stable].lit").wait_for()


def _save(page: Page, name: str, of: Locator | None = None) -> None:
    page.wait_for_timeout(FEED_MS)
    path = FOLDER / name
    if of is None:
        page.screenshot(path=path)
    else:
        of.screenshot(path=path)
    picture = Image.open(path).convert("RGB").quantize(COLOURS, kmeans=KMEANS_CHANGES, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
