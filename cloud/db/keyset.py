"""Pages of a long list that begin behind a row and not at a number: page 1,000 costs what page 1 costs.

Why not an offset: the store then reads and throws away everything before the page, and a row that comes meanwhile moves
all others by one. Here the address carries the sort key of a row, ``after=…`` or ``before=…``, and where an index has
the order the store goes to it at once. A list needs an order in which no two rows are equal, all of it up or all down.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_
from tracewire.errors import Rejected

from cloud.db.engine import LARGEST_INTEGER

LONGEST_MARK = 600
"""Characters of a mark in an address: a name of 96 bytes, a code and a number, as JSON in base64."""

Row = TypeVar("Row")
Shown = TypeVar("Shown")
Key = tuple[int | str, ...]


@dataclass(frozen=True)
class Mark:
    """The row behind which a page begins, or before which it ends; without a key, the first page."""

    key: Key = ()
    is_before: bool = False


FIRST = Mark()


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows in the order of the list, and the marks of the pages beside it; empty for none."""

    rows: Sequence[Row]
    before: str = ""
    after: str = ""

    def showing(self, rows: "Sequence[Shown]") -> "Page[Shown]":
        """Return the page with what its rows are shown as."""
        return Page(rows, self.before, self.after)


@dataclass(frozen=True)
class Order:
    """How a list is sorted: these columns, the first before all others, all up or all down."""

    columns: Sequence[ColumnElement[Any]]
    is_descending: bool = field(default=False, kw_only=True)

    def cut(self, statement: Select[Any], mark: Mark, limit: int) -> Select[Any]:
        """Return the statement for a page and one row more; ``Rejected("page.mark")`` for another list's mark."""
        goes_down = self.is_descending != mark.is_before
        if mark.key:
            _check(mark, [column.type.python_type for column in self.columns])
            row = tuple_(*self.columns)
            statement = statement.where(row < mark.key if goes_down else row > mark.key)
        return statement.order_by(*(each.desc() if goes_down else each.asc() for each in self.columns)).limit(limit + 1)


def cut_list(rows: Iterable[Row], mark: Mark, limit: int, key_of: Callable[[Row], Key]) -> Page[Row]:
    """Return a page of a short list that no store sorts: all of it, sorted up by ``key_of``."""
    ordered = sorted(rows, key=key_of, reverse=mark.is_before)
    if mark.key and ordered:
        _check(mark, [type(part) for part in key_of(ordered[0])])
        ordered = [row for row in ordered if (key_of(row) < mark.key if mark.is_before else key_of(row) > mark.key)]
    return page_of(ordered[: limit + 1], mark, limit, key_of)


def page_of(rows: Sequence[Row], mark: Mark, limit: int, key_of: Callable[[Row], Key]) -> Page[Row]:
    """Return the page of what ``Order.cut`` found; ``key_of`` tells a row's values in the columns of the order."""
    is_more, chosen = len(rows) > limit, rows[:limit]
    if mark.is_before:
        chosen = chosen[::-1]
    if not chosen:
        return Page(chosen)
    has_before, has_after = (is_more, True) if mark.is_before else (bool(mark.key), is_more)
    return Page(
        chosen,
        before=written(key_of(chosen[0])) if has_before else "",
        after=written(key_of(chosen[-1])) if has_after else "",
    )


def written(key: Key) -> str:
    """Return a key as it stands in an address."""
    return urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


def read(text: str, *, is_before: bool) -> Mark:
    """Return the mark in an address; ``Rejected("page.mark")`` for what no page of ours has written."""
    if len(text) > LONGEST_MARK:
        raise Rejected("page.mark", "too long")
    try:
        key = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, BadBase64, RecursionError) as broken:
        raise Rejected("page.mark", "open the list again") from broken
    if not isinstance(key, list) or not key or not all(_is_value(part) for part in key):
        raise Rejected("page.mark", "open the list again")
    return Mark(tuple(key), is_before)


def _check(mark: Mark, types: Sequence[type]) -> None:
    if [type(part) for part in mark.key] != list(types):
        raise Rejected("page.mark", "open the list again: this address is another list's")


def _is_value(part: object) -> bool:
    if isinstance(part, str):
        return "\0" not in part and part.isprintable()
    return type(part) is int and abs(part) <= LARGEST_INTEGER
