"""What all tests share: in CI a skipped test is a failed one, who may run beside whom, and the browser."""

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from simulators import chromium
from tests.examples import examples

# How long an example takes is not what a test asserts.
settings.register_profile("any machine", deadline=None, max_examples=examples(100))
settings.load_profile("any machine")
expect.set_options(timeout=30_000)  # nor how long a page needs to say it

CI = os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where ``CI=true``: a test that did not run shows nothing."""
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {item.nodeid}: {report.longrepr}"
    return report


ROOMS = {
    "tests/journeys/": "journeys",
    "tests/force/": "journeys",
    "tests/simulators/test_devices_page": "devices page",
}
"""Files that must not run beside one another: each builds a whole site, or shares one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the rooms, which take longest: at the end one worker would live them while the other has nothing."""
    items.sort(key=lambda item: not item.nodeid.startswith(tuple(ROOMS)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for one module: as long as it lives, this thread has an event loop that others stumble over."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


class _ByRoom(LoadScopeScheduling):
    """Gives a worker whole files, and files of one room one after the other.

    Why not the ``xdist_group`` mark: pytest 9.2 no longer lets it change a test's name, which is how it worked.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((room for start, room in ROOMS.items() if path.startswith(start)), path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Let pytest-xdist spread the tests by room."""
    return _ByRoom(config, log)
