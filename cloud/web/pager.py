"""Links from a page of a list to the pages beside it, with the filters that are in the address now."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request

from cloud.db import keyset
from cloud.db.keyset import FIRST, LONGEST_MARK, Mark, Page

_MARKS = ("after", "before")

_Text = Annotated[str, Query(max_length=LONGEST_MARK)]


@dataclass(frozen=True)
class Pager:
    """Addresses of the pages before and behind; empty for none."""

    before: str
    after: str


def mark_of(after: _Text = "", before: _Text = "") -> Mark:
    """Return where the page begins that an address asks for; a dependency. ``Rejected("page.mark")``."""
    if before:
        return keyset.read(before, is_before=True)
    return keyset.read(after, is_before=False) if after else FIRST


def pager(request: Request, page: Page[Any]) -> Pager:
    """Return the links of a page that was asked for so."""
    bare = request.url.remove_query_params(_MARKS)

    def address(name: str, mark: str) -> str:
        return f"{bare.path}?{bare.include_query_params(**{name: mark}).query}" if mark else ""

    return Pager(address("before", page.before), address("after", page.after))
