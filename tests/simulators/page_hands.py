"""What hands and eyes do at the page of the virtual devices; tests of single devices build on it."""

import os
import re
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

SELLER = "scale-0001"
"""The card of the stall where the counter scale stands."""
PATIENCE_MS = 30_000
"""Until something is seen, at most; a busy machine is slow and not wrong."""


def processes_that_mention(path: Path) -> list[int]:
    """Return the numbers of all processes that have `path` in their command line or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if os.fsencode(path) in words:
                found.append(int(entry.name))
    return found


def mend_lines(page: Page) -> None:
    """Join network and uplink, if somebody has cut them."""
    expect(page.locator("[data-line]")).to_have_count(2, timeout=PATIENCE_MS)
    for line in page.locator("[data-line]").all():
        expect(line).to_have_text(re.compile("切断|接通"), timeout=PATIENCE_MS)
        if line.inner_text() == "接通":
            line.click()
        expect(line).to_have_text("切断", timeout=PATIENCE_MS)


def switch_on(device: Locator) -> None:
    """Give a device power, if somebody has pulled its plug or it stopped."""
    expect(device).to_have_attribute("data-power", re.compile("on|off|stopped"), timeout=PATIENCE_MS)
    if device.get_attribute("data-power") != "on":
        device.locator(".plug").click()
    expect(device).to_have_attribute("data-power", "on", timeout=PATIENCE_MS)


def bring_paper(device: Locator) -> None:
    """Mend a printer that has no paper or a jam; a handheld has none."""
    sound = device.locator("[data-printer=ok]")
    if sound.count() and sound.get_attribute("aria-pressed") != "true":
        sound.click()
        expect(sound).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)


def lift_everything(device: Locator) -> None:
    """Leave a device with nothing on it, if it weighs, and no card on its reader."""
    clear, held = device.locator("[data-clear]"), device.locator(".card[aria-pressed=true]")
    if held.count():
        held.click()
    if clear.count():
        if clear.is_enabled():
            clear.click()
        see_lamp(device, "zero")


def see_lamp(device: Locator, name: str, lit: bool = True) -> None:
    lamp = device.locator(f"[data-lamp={name}]{'.lit' if lit else ':not(.lit)'}")
    expect(lamp).to_be_visible(timeout=PATIENCE_MS)


def see_on_screen(device: Locator, words: str, patience_ms: int = PATIENCE_MS) -> None:
    expect(device.locator(".lcd [role=status]")).to_contain_text(words, timeout=patience_ms)


def weigh(device: Locator, goods: str, shown: str) -> None:
    device.locator(f"[data-goods={goods}]").click()
    see_on_screen(device, f"净重 {shown} kg 稳定")


def sell(device: Locator) -> str:
    """Sell pork belly on the first goods key; return the address in the slip's QR code."""
    before = device.locator(".slip").count()
    tap(device, SELLER)
    weigh(device, "belly", "0.520")
    device.locator("[data-key=plu1]").click()
    see_on_screen(device, "合计 19.14元")
    expect(device.locator(".slip")).to_have_count(before + 1, timeout=PATIENCE_MS)
    return device.locator(".paper .slip").get_attribute("href") or ""


def tap(device: Locator, card: str) -> None:
    device.locator(f"[data-card={card}]").click()
    expect(device.locator(f"[data-card={card}]")).to_have_attribute("aria-pressed", "true")


def figure(page: Page, name: str) -> int:
    return int(page.locator(f"[data-figure={name}]").inner_text())
