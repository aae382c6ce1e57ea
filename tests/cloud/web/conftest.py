"""A real browser for the pages: as wide as a phone or a desk, in light and dark, with an accessibility check."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from cloud.web import assets

AXE = Path(assets.__file__).parent / "assets" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 900}}

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return ``open_page(width="phone", scheme="light", locale="zh-CN") -> Page``; closed at the end of the test."""
    contexts: list[BrowserContext] = []

    def open_one(width: str = "phone", scheme: str = "light", locale: str = "zh-CN") -> Page:
        options: dict[str, Any] = {"viewport": WIDTHS[width], "color_scheme": scheme, "locale": locale}
        contexts.append(browser.new_context(**options))
        return contexts[-1].new_page()

    yield open_one
    for context in contexts:
        context.close()


def assert_accessible(page: Page, picture: str = "") -> None:
    """Fail with what axe finds against WCAG 2.1 A and AA, and when the page is wider than its window.

    With ``PICTURES=docs/pictures/pages`` in the environment (`make pictures`) the page is kept under the name given, as
    a phone shows it by day and a desk by night.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    told = [(each["id"], [node["target"] for node in each["nodes"]]) for each in found["violations"]]
    assert not told, told
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if picture and (folder := os.environ.get("PICTURES")):
        _keep_picture(page, Path(folder), picture)


def _keep_picture(page: Page, folder: Path, name: str) -> None:
    is_phone = page.viewport_size == WIDTHS["phone"]
    if page.evaluate("matchMedia('(prefers-color-scheme: light)').matches") != is_phone:
        return
    out = folder / f"{name}-{'phone' if is_phone else 'desk'}.png"
    page.screenshot(path=out)
    with Image.open(out) as drawn:
        drawn.convert("P", palette=Image.Palette.ADAPTIVE).save(out, optimize=True)
