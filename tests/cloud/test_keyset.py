"""Pages that begin behind a row: nothing twice, nothing left out, no sorting of what is not shown."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text
from tracewire.errors import Rejected

from cloud.batches import flagged
from cloud.console import places, projection
from cloud.console.scope import Scope
from cloud.db import keyset
from cloud.db.engine import Store
from cloud.db.keyset import FIRST, Mark, Page, cut_list
from cloud.ops import keeping
from cloud.ops.fleet import Scope as DeviceScope
from cloud.ops.tickets import Tickets
from tests.cloud.conftest import CloudUnderTest

SITES = ("第八市场", "中埔市场", "江头市场")
MARKET = Scope(frozenset({SITES[0]}), frozenset())
REGION = Scope(frozenset(SITES[:2]), frozenset({"scale-7"}))
LOTS = 4_000


@pytest.fixture
def store(cloud: CloudUnderTest) -> Store:
    """Return projections with many lots, sellers, flags and tickets in them."""
    derived = cloud.cloud.stores.projections
    seen = [
        {"site": SITES[number % 3], "device": f"scale-{number % 10}", "first_ms": number // 7, "last_ms": number // 7}
        for number in range(LOTS)
    ]
    lots = [{"lot": f"{35020000100000000000 + number // 2}", **row} for number, row in enumerate(seen)]
    sellers = [{"seller": f"{350200000000 + number // 2}", **row} for number, row in enumerate(seen)]
    flags = [
        {"lot": row["lot"], "code": "oversold", "idx": number, "evidence": "[]"} for number, row in enumerate(lots)
    ]
    said = dict.fromkeys(("division", "rule", "severity", "note"), "") | {"device": "d", "commitment": bytes(32)}
    tickets = [
        {"ticket": str(n), "opened_idx": n, "site": SITES[0], "step": 1, "state": "fixed", "entered_ms": n, **said}
        for n in range(LOTS)
    ]
    with derived.alone() as connection:
        for table, rows in (
            (projection.lot_places, lots),
            (projection.seller_places, sellers),
            (flagged._flags, flags),
            (keeping.tickets, tickets),
        ):
            connection.execute(insert(table), rows)
        connection.execute(text("ANALYZE"))
    return derived


def walked(page_at: Callable[[Mark], Page[Any]]) -> list[Any]:
    """Return all rows of a list, page by page, after seeing that the way back leads over the same pages."""
    pages, mark = [page_at(FIRST)], FIRST
    while pages[-1].after:
        mark = keyset.read(pages[-1].after, is_before=False)
        pages.append(page_at(mark))
    assert pages[0].before == ""
    for here, earlier in zip(pages[:0:-1], pages[-2::-1], strict=True):
        back = page_at(keyset.read(here.before, is_before=True))
        assert (list(back.rows), back.after) == (list(earlier.rows), earlier.after)
    return [row for page in pages for row in page.rows]


@pytest.mark.parametrize("scope", [MARKET, REGION], ids=["market", "region"])
@pytest.mark.parametrize("list_of", [places.lots, places.sellers])
def test_every_lot_and_seller_comes_once_newest_first(
    store: Store, scope: Scope, list_of: Callable[..., Page[places.Seen]]
) -> None:
    with store.reader.connect() as connection:
        found = walked(lambda mark: list_of(connection, scope, "", mark, 300))
    keys = [(each.last_ms, each.code) for each in found]
    assert keys == sorted(set(keys), reverse=True)
    assert len({code for _, code in keys}) == len(keys) > 1_000


def test_flags_and_tickets_come_once(cloud: CloudUnderTest, store: Store) -> None:
    with store.reader.connect() as connection:
        flags = walked(lambda mark: flagged.among(connection, REGION.lots(), "", mark, 500))
    assert len({(flag.lot, flag.evidence) for flag in flags}) > 1_000
    assert [flag.lot for flag in flags] == sorted((flag.lot for flag in flags), reverse=True)
    tickets = Tickets(store, cloud.cloud.accounts)
    found = walked(lambda mark: tickets.page(DeviceScope(), "fixed", mark))
    assert [row["opened_idx"] for row in found] == list(reversed(range(LOTS)))


MIDDLE = {"lot": Mark((LOTS // 14, "35020000100000002000")), "seller": Mark((LOTS // 14, "350200002000"))}
ASKED: dict[str, tuple[str, Callable[[Connection], object]]] = {
    "lots of a market": ("lot_places_by_(site|time)", lambda c: places.lots(c, MARKET, "", MIDDLE["lot"], 50)),
    "lots of a region": ("lot_places_by_time", lambda c: places.lots(c, REGION, "", MIDDLE["lot"], 50)),
    "sellers of a market": (
        "seller_places_by_(site|time)",
        lambda c: places.sellers(c, MARKET, "", MIDDLE["seller"], 50),
    ),
    "sellers of a region": ("seller_places_by_time", lambda c: places.sellers(c, REGION, "", MIDDLE["seller"], 50)),
    "flags": (
        "lot_flags_(1|pkey)",
        lambda c: flagged.among(c, REGION.lots(), "", Mark(("35020000100000001000", "oversold", 2_000)), 50),
    ),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_page_in_the_middle_is_gone_to_by_an_index_and_nothing_is_sorted(store: Store, asked: str) -> None:
    index, ask = ASKED[asked]
    plan = plan_of(store, ask)
    assert re.search(index, plan), plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_a_short_list_is_cut_the_same_way() -> None:
    rows = [(number % 3, number) for number in range(100)]
    assert walked(lambda mark: cut_list(rows, mark, 7, lambda row: row)) == sorted(rows)
    assert cut_list([], FIRST, 7, lambda row: row) == Page([])


@pytest.mark.parametrize(
    "mark", ["%", "x", "W10", "WzFd WzFd", "WzEuNV0", "W1tdXQ", "A" * 601, keyset.written((2**63,))]
)
def test_a_mark_that_no_page_has_written_is_refused(mark: str) -> None:
    with pytest.raises(Rejected, match=r"page\.mark"):
        keyset.read(mark, is_before=False)


def test_a_mark_of_another_list_is_refused(store: Store) -> None:
    with store.reader.connect() as connection, pytest.raises(Rejected, match=r"page\.mark"):
        places.lots(connection, MARKET, "", Mark((1,)), 50)


def plan_of(store: Store, ask: Callable[[Connection], object]) -> str:
    """Return how the store answers the first question that ``ask`` asks."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    with store.reader.connect() as connection:
        event.listen(store.reader, "before_cursor_execute", listen)
        ask(connection)
        event.remove(store.reader, "before_cursor_execute", listen)
        statement, parameters = asked[0]
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
