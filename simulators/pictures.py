"""Make the README's pictures: a slip as the scale printed it, and the page behind its QR code on a phone.

python -m simulators.pictures          writes docs/pictures/slip.png and docs/pictures/trace.png
"""

import asyncio
import random
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from simulators import chromium, upstream
from simulators.firmware_image import REPOSITORY
from simulators.market import Vendor
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site
from simulators.upstream import UpstreamDevice

FOLDER = REPOSITORY / "docs" / "pictures"
PHONE: ViewportSize = {"width": 390, "height": 860}
SALES = 2
"""The page of the first sale then shows that its successor in the chain is there too."""


async def sell(site: Site, lot: str) -> list[bytes]:
    """Let the first stall make its sales; return the slips when the cloud holds them."""
    scale = ScaleProcess(site.image, site.flash(STALLS[0]), cell=STALLS[0].cell)
    vendor = Vendor(STALLS[0], lot, scale, random.Random(5))
    try:
        await vendor.open_stall()
        for _ in range(SALES):
            await vendor.serve()
        await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps)
    finally:
        await scale.stop()
    return vendor.slips


def photograph(url: str, out: Path) -> None:
    """Save what a phone shows at `url`."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
        page.goto(url)
        page.screenshot(path=out)
        browser.close()
    with Image.open(out) as picture:
        picture.convert("P", palette=Image.Palette.ADAPTIVE).save(out, optimize=True)


def main() -> None:
    """Build a site in a temporary folder, sell, and save both pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Site.create(Path(folder, "site"), say=lambda _: None) as site:
        site.cloud.start()
        site.gateway.start()
        names = ("farm-0001", "line-0001", "hall-0001")
        farm, line, hall = (UpstreamDevice(site.node(name), "localhost", site.mqtt_port) for name in names)
        with farm, line, hall:
            lots = upstream.tell_origin(farm, line, hall, [stall.seller_code for stall in STALLS])
            for node in (farm, line, hall):
                node.wait_until_settled(30)
        slip = asyncio.run(sell(site, lots[STALLS[0].seller_code]))[0]
        paper = Printer().render(slip)
        paper.image.save(FOLDER / "slip.png", optimize=True)
        photograph(paper.codes[0][0], FOLDER / "trace.png")


if __name__ == "__main__":
    main()
