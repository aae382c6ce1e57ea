"""The browser for pages of ours: Chromium as this machine has it, found by name, steered by Playwright."""

import shutil

from playwright.sync_api import Browser, Playwright
from tracewire.errors import Unavailable

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def path() -> str:
    """Return where it is; Unavailable "chromium.missing" when there is none on the search path."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise Unavailable("chromium.missing", f"none of {', '.join(NAMES)} is on the search path")
    return found


def launch(playwright: Playwright) -> Browser:
    """Start it without a window; raises as `path` does."""
    return playwright.chromium.launch(executable_path=path(), args=list(ARGUMENTS))
