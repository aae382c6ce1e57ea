"""A real browser for the pages: as wide as a phone or a desk, in light and dark, with an accessibility check."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
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


def assert_accessible(page: Page) -> None:
    """Fail with what axe finds against WCAG 2.1 A and AA, and when the page is wider than its window."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    told = [(each["id"], [node["target"] for node in each["nodes"]]) for each in found["violations"]]
    assert not told, told
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
