"""The browser of ``tests/cloud/web`` for the rooms of the console."""

from tests.cloud.web.conftest import open_page

__all__ = ("open_page",)
