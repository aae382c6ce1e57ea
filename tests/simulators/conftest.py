"""One running page of virtual devices for all tests that touch it, and a browser."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.simulators.page_hands import (
    PATIENCE_MS,
    bring_paper,
    lift_everything,
    mend_lines,
    processes_that_mention,
    switch_on,
)

DEVICES = ("rail-0001", "terminal-0001", "scale-0001", "handheld-0001")
DESK: ViewportSize = {"width": 1280, "height": 1000}


@pytest.fixture(scope="session")
def devices_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's devices keep everything."""
    return tmp_path_factory.mktemp("devices") / "site"


@pytest.fixture(scope="session")
def address(devices_directory: Path) -> Iterator[str]:
    """Run `make devices` as a person does, without its browser; Ctrl-C at the end must leave nothing behind."""
    command = [sys.executable, "-m", "simulators.devices", "--no-browser", "--dir", str(devices_directory)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert program.stdout is not None
    said = []
    for line in program.stdout:
        said.append(line)
        if line.startswith("The devices  http"):
            break
    else:
        pytest.fail(f"it ended with {program.wait()}: {''.join(said[-5:])}")
    yield line.split()[2]
    program.send_signal(signal.SIGINT)
    assert program.wait(timeout=30) == 0
    assert processes_that_mention(devices_directory) == []


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Return the page with all that a test may have left put right: every line whole, every device running, with paper,
    nothing on it and no card on its reader. The page may not complain.
    """
    page = browser.new_page(viewport=DESK, locale="zh-CN")
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    mend_lines(page)
    for name in DEVICES:
        device = page.locator(f"#{name}")
        switch_on(device)
        lift_everything(device)
        bring_paper(device)
    yield page
    page.close()
    assert complaints == []
