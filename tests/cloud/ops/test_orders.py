"""The fleet and its use in every order, page by page, over both stores: nothing twice, nothing left out."""

from typing import get_args

import pytest
from sqlalchemy import insert

from cloud.db.engine import Store
from cloud.db.keyset import Mark
from cloud.ops import fleet, register, tables, use
from cloud.ops.fleet import Fleet, Scope, Sort, Wish
from cloud.ops.rules import load
from cloud.ops.state import empty
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.test_keyset import walked

NOW_MS = 1_790_000_000_000
DEVICES, SILENT = 160, 20
"""The last of the register never spoke."""


@pytest.fixture
def store(cloud: CloudUnderTest) -> Store:
    derived = cloud.cloud.stores.projections
    blank = {"role": "scale", "state": "active", "division": "350200", "stall": "", "seller": ""}
    names = [f"scale-{number:04}" for number in range(DEVICES)]
    registered = [
        {**blank, "name": name, "site": f"{number % 3}", "verified_until_ms": number % 7 or None}
        for number, name in enumerate(names)
    ]
    spoke = [
        empty(name)
        | {"site": "1", "standing": "active", "seen_ms": NOW_MS, "heard_ms": NOW_MS - number % 9, "model": "m"}
        | {"zero_drift_grams": (number % 5) - 2, "battery_percent": number % 4 or None}
        for number, name in enumerate(names[:-SILENT])
    ]
    counted = dict.fromkeys(("records", "weighings", "grams", "fen", "boots", "resets"), 1) | {"hours": 3}
    days = [
        {"device": name, "day": tables.day_of(NOW_MS) - ago, "sales": number % 6, **counted}
        for number, name in enumerate(names[:-SILENT])
        for ago in (0, 6, 7)
    ]
    with derived.alone() as connection:
        for table, rows in ((register.register, registered), (tables.devices, spoke), (tables.days, days)):
            connection.execute(insert(table), rows)
    return derived


@pytest.mark.parametrize("sort", get_args(Sort))
def test_every_device_comes_once_in_any_order(cloud: CloudUnderTest, store: Store, sort: Sort) -> None:
    every = Fleet(load(cloud.config.directory))
    with store.reader.connect() as connection:

        def page(mark: Mark) -> fleet.Page[fleet.Device]:
            return every.page(connection, Scope(), Wish(sort=sort, mark=mark), NOW_MS)[1]

        found = [row["name"] for row in walked(page)]
        whole = [row["name"] for row in every.every(connection, Scope(), Wish(sort=sort), NOW_MS)]
    assert found == whole
    assert sorted(found) == [f"scale-{number:04}" for number in range(DEVICES)]


def test_every_scale_comes_once_the_least_used_first(store: Store) -> None:
    with store.reader.connect() as connection:
        found = walked(lambda mark: use.read(connection, Scope(), NOW_MS, 7, mark)[1])
    assert len({each.name for each in found}) == len(found) == DEVICES
    assert [each.sales for each in found] == sorted(each.sales for each in found)
    assert {(each.days_used, each.hours_on, each.weighings) for each in found if each.sales} == {(2, 4, 2)}
    assert sum(each.sales for each in found) == sum(2 * (number % 6) for number in range(DEVICES - SILENT))
