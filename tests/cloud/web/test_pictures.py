"""The gallery in the docs shows every page that the tests open, and nothing that is not there."""

import re
from pathlib import Path

_DOCS = Path(__file__).parents[3] / "docs"
_TESTS = Path(__file__).parents[1]


def test_every_page_that_the_tests_open_has_its_picture() -> None:
    shown = set(re.findall(r"pictures/pages/([a-z-]+)-(?:phone|desk)\.png", (_DOCS / "pages.md").read_text("utf-8")))
    kept = {path.stem.rpartition("-")[0] for path in (_DOCS / "pictures" / "pages").iterdir()}
    opened = {name for path in _TESTS.rglob("test_*.py") for name in _named(path.read_text("utf-8"))}
    assert shown == kept
    assert opened <= shown


def _named(source: str) -> list[str]:
    return re.findall(r'assert_accessible\(page, "([a-z-]+)"\)', source)
