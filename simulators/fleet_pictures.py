"""Make the pictures of docs/ops.md: the fleet at a glance, and one device over a day.

python -m simulators.fleet_pictures          writes docs/pictures/ops.png and docs/pictures/ops-device.png
"""

import math
import random
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright
from tracewire import record
from tracewire.words import AUDIT_EVENTS, BOOT_CAUSES

from cloud.accounts import guard
from simulators import chromium
from simulators.firmware_image import REPOSITORY
from simulators.fleet import HEALTHY, Fleet
from simulators.node import Node, now_ms

FOLDER = REPOSITORY / "docs" / "pictures"
DESK: ViewportSize = {"width": 1280, "height": 860}
MARKETS = ("厦门第八市场", "夏商批发市场", "湖里中埔市场", "集美杏林市场", "海沧嵩屿市场")
BEAT_MS = 840_000

Body = dict[str, object]


def main() -> None:
    """Let a fleet live for a day and save what ops people see."""
    with tempfile.TemporaryDirectory() as folder, Fleet(Path(folder), 120, MARKETS) as fleet:
        chance = random.Random(6)
        fleet.deliver([sealed for scale in fleet.scales[:-6] for sealed in _state(scale, chance)])
        fleet.deliver(_day(fleet.scales[1]))
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
            context.add_cookies([{"name": guard.SESSION, "value": fleet.token, "url": fleet.url}])
            page = context.new_page()
            page.goto(f"{fleet.url}/ops")
            page.wait_for_selector("#live.on")
            page.screenshot(path=FOLDER / "ops.png")
            page.goto(f"{fleet.url}/ops/devices/{fleet.scales[1].name}")
            page.wait_for_selector("[data-points]")
            page.screenshot(path=FOLDER / "ops-device.png")
            browser.close()
    for name in ("ops.png", "ops-device.png"):
        with Image.open(FOLDER / name) as picture:
            picture.convert("P", palette=Image.Palette.ADAPTIVE).save(FOLDER / name, optimize=True)


def _state(scale: Node, chance: random.Random) -> list[bytes]:
    """Return what a scale says when it comes up: most are well, some are not."""
    boot = {"software": "CX-15 1.1", "security_version": 1, "cause": BOOT_CAUSES.index("power_on"), "model": "CX-15"}
    said = [(record.BOOT, boot | ({"software": "CX-15 1.0"} if chance.random() < 0.05 else {}))]
    troubles: list[Body] = [{"zero_drift_grams": 14}, {"printer": "paper_out"}, {"battery_percent": 9}]
    trouble = chance.choice([{}] * 9 + troubles)
    own = {"battery_percent": chance.randint(40, 100), "signal_dbm": -chance.randint(48, 80)}
    said.append((record.HEALTH, {**HEALTHY, **own, **trouble}))
    if chance.random() < 0.03:
        event = {"event": AUDIT_EVENTS.index("case_opened"), "event_counter": 1, "detail": "case switch"}
        said.append((record.AUDIT, event))
    return [scale.seal(kind, dict(body)) for kind, body in said]


def _day(scale: Node) -> list[bytes]:
    """Return a day of health records and weighings, the newest now."""
    sealed, now = [], now_ms()
    for beat in range(100, -1, -1):
        at_ms = now - beat * BEAT_MS
        waves = {
            "zero_drift_grams": round(3 * math.sin(beat / 9)),
            "journal_pending": max(0, round(18 * math.sin(beat / 20))),
            "battery_percent": 60 + (100 - beat) // 3,
            "signal_dbm": -60 + round(6 * math.sin(beat / 4)),
            "temperature_millidegrees": 21_000 + round(4_000 * math.sin(beat / 16)),
        }
        grams = 300 + 137 * beat % 1_700
        weighing: Body = {"gross_grams": grams, "tare_grams": 0, "tare_mode": 0, "net_grams": grams, "e_grams": 5}
        sealed.append(scale.seal(record.WEIGHING, weighing, at_ms - 60_000))
        sealed.append(scale.seal(record.HEALTH, {**HEALTHY, **waves}, at_ms))
    return sealed


if __name__ == "__main__":
    main()
