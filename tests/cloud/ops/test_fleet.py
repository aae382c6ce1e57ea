"""What the dashboard counts and finds: each heading, each limit of who may see what, and ten thousand devices."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, insert
from tracewire.errors import Misuse

from cloud.db import keyset
from cloud.db.engine import Store, create_store, open_store
from cloud.ops import projection, register, rules
from cloud.ops import tables as fleet_tables
from cloud.ops.fleet import ON_A_PAGE, TILES, Fleet, Scope, Sort, Tile, Wish
from cloud.ops.tables import DAY_MS
from cloud.projection_schema import DerivedSchema
from tests.cloud.ops import fleet_of_devices
from tests.cloud.ops.fleet_of_devices import scale

NOW_MS = fleet_tables.start_of(20_800) + 10 * 3_600_000
MINUTE_MS = 60_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    schema = DerivedSchema([projection.Fleet()])
    create_store(tmp_path / "projections.sqlite", schema)
    opened = open_store(tmp_path / "projections.sqlite", schema, synchronous="NORMAL")
    register.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(rules.load(tmp_path))


@pytest.mark.parametrize(
    ("tile", "state"),
    [
        ("silent", {"heard_ms": NOW_MS - 46 * MINUTE_MS}),
        ("tampered", {"lock": "locked"}),
        ("tampered", {"alarm": "rollback_detected", "alarm_ms": NOW_MS - DAY_MS}),
        ("drifting", {"zero_drift_grams": -11}),
        ("full", {"journal_permille": 801}),
        ("paper", {"printer": "paper_out"}),
        ("paper", {"slips_owed": 1}),
        ("sick", {"battery_percent": 14}),
        ("sick", {"temperature_millidegrees": -10_001}),
        ("gaps", {"records": 99}),
        ("verification", {"verified_until_ms": NOW_MS + 29 * DAY_MS}),
    ],
)
def test_each_heading_finds_its_device_and_no_other(
    store: Store, fleet: Fleet, tile: Tile, state: dict[str, object]
) -> None:
    fleet_of_devices.put(store, [scale(1, NOW_MS), scale(2, NOW_MS, **state)])
    with store.reader.connect() as connection:
        seen = fleet.glance(connection, Scope(), NOW_MS)
        assert seen.devices == 2
        assert seen.tiles == dict.fromkeys(TILES, 0) | {tile: 1}
        found, page = fleet.page(connection, Scope(), Wish(show=tile), NOW_MS)
    assert (found, [row["name"] for row in page.rows]) == (1, ["scale-00002"])
    assert [name for name in TILES if page.rows[0][name]] == [tile]


def test_a_device_that_never_spoke_is_silent_and_shown(store: Store, fleet: Fleet) -> None:
    fleet_of_devices.put(store, [scale(1, NOW_MS), scale(2, NOW_MS)])
    with store.writer.begin() as connection:
        connection.execute(delete(fleet_tables.devices).where(fleet_tables.devices.c.device == "scale-00002"))
    with store.reader.connect() as connection:
        (row,) = fleet.page(connection, Scope(), Wish(show="silent"), NOW_MS)[1].rows
    assert (row["name"], row["heard_ms"]) == ("scale-00002", None)


def test_an_older_release_is_out_of_date_once_another_device_of_the_model_runs_a_newer(
    store: Store, fleet: Fleet
) -> None:
    old, new = "CX-15 1.9", "CX-15 1.10"
    states: list[dict[str, object]] = [{"software": old}, {"software": new}, {"software": old, "model": "H"}]
    fleet_of_devices.put(store, [scale(number, NOW_MS, **state) for number, state in enumerate(states, 1)])
    versions = [
        (model, name, fleet_tables.rank_of(name)) for model, name in (("CX-15", old), ("CX-15", new), ("H", old))
    ]
    with store.writer.begin() as connection:
        columns = ("model", "software", "rank")
        connection.execute(insert(fleet_tables.software), [dict(zip(columns, row, strict=True)) for row in versions])
    with store.reader.connect() as connection:
        (row,) = fleet.page(connection, Scope(), Wish(show="outdated"), NOW_MS)[1].rows
    assert (row["name"], row["software"], row["newest_software"]) == ("scale-00001", old, new)


def test_a_market_sees_its_own_devices_and_a_region_those_of_its_division(store: Store, fleet: Fleet) -> None:
    away = scale(3, NOW_MS, site="中心市场", division="350821", lock="locked")
    fleet_of_devices.put(store, [scale(1, NOW_MS), scale(2, NOW_MS, lock="locked"), away])
    with store.reader.connect() as connection:

        def seen(scope: Scope) -> tuple[int, int]:
            glance = fleet.glance(connection, scope, NOW_MS)
            return glance.devices, glance.tiles["tampered"]

        assert seen(Scope()) == (3, 2)
        assert seen(Scope(site="第八市场")) == (2, 1)
        assert seen(Scope(region="3508")) == (1, 1)
        assert seen(Scope(region="35%")) == (0, 0)
        assert fleet.one(connection, Scope(site="第八市场"), "scale-00003", NOW_MS) is None


def test_words_find_what_they_say_and_nothing_by_signs_of_the_store(store: Store, fleet: Fleet) -> None:
    fleet_of_devices.put(store, [scale(1, NOW_MS, seller="<script>alert(1)</script>"), scale(2, NOW_MS)])
    with store.reader.connect() as connection:

        def found(text: str) -> int:
            return fleet.page(connection, Scope(), Wish(text=text), NOW_MS)[0]

        assert [found(text) for text in ("00002", "第八", "<script>", "%", "_", "' OR 1=1 --")] == [1, 2, 1, 0, 0, 0]


def test_ten_thousand_devices_are_counted_sorted_and_cut_into_pages(store: Store, fleet: Fleet) -> None:
    rows = [scale(number, NOW_MS, zero_drift_grams=number % 40 - 20) for number in range(10_000)]
    fleet_of_devices.put(store, rows)
    with store.reader.connect() as connection:
        assert fleet.glance(connection, Scope(), NOW_MS).tiles["drifting"] == 10_000 * 19 // 40
        wish = Wish(show="drifting", sort="drift")
        found, page = fleet.page(connection, Scope(), wish, NOW_MS)
        second = replace(wish, mark=keyset.read(page.after, is_before=False))
        found, page = fleet.page(connection, Scope(), second, NOW_MS)
    assert (found, len(page.rows)) == (4_750, ON_A_PAGE)
    assert {abs(row["zero_drift_grams"]) for row in page.rows} == {20}


@pytest.mark.parametrize("sort", ["name", "heard", "drift", "queue", "battery", "signal", "verified"])
def test_every_device_comes_once_in_any_order_and_as_the_export_has_it(store: Store, fleet: Fleet, sort: Sort) -> None:
    some = {"battery_percent": None, "signal_dbm": -70, "zero_drift_grams": None, "verified_until_ms": NOW_MS}
    fleet_of_devices.put(store, [scale(n, NOW_MS, **(some if n % 3 else {})) for n in range(2 * ON_A_PAGE + 9)])
    wish, found = Wish(sort=sort), list[str]()
    with store.reader.connect() as connection:
        while True:
            page = fleet.page(connection, Scope(), wish, NOW_MS)[1]
            found += [row["name"] for row in page.rows]
            if not page.after:
                break
            wish = replace(wish, mark=keyset.read(page.after, is_before=False))
        assert found == [row["name"] for row in fleet.every(connection, Scope(), wish, NOW_MS)]
    assert len(set(found)) == len(found) == 2 * ON_A_PAGE + 9


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("metric = 'mood'", "rules.word"),
        ("tile = 'blue'", "rules.word"),
        ("below = 3", "rules.bound"),
        ("above = 3.5", "rules.bound"),
        ("jurisdiction = '35020300'", "rules.jurisdiction"),
        ("valid_from = 'soon'", "rules.date"),
        ("ticket = 1", "rules.value"),
        ("colour = 'red'", "rules.file"),
    ],
)
def test_a_rule_that_cannot_be_meant_stops_the_program(tmp_path: Path, line: str, code: str) -> None:
    values = {
        "name": "'own'", "tile": "'sick'", "metric": "'signal_dbm'", "above": "3", "for_minutes": "0",
        "severity": "'minor'", "ticket": "true", "jurisdiction": "'35'", "valid_from": "2026-01-01", "source": "'ours'",
    }  # fmt: skip
    own = tmp_path / "alerts.toml"
    own.write_text("[[rule]]\n" + "\n".join(f"{name} = {value}" for name, value in values.items()), encoding="utf-8")
    assert [rule.name for rule in rules.load(tmp_path)] == ["own"]
    name, _, value = line.partition(" = ")
    broken = values | {name: value}
    own.write_text("[[rule]]\n" + "\n".join(f"{name} = {value}" for name, value in broken.items()), encoding="utf-8")
    with pytest.raises(Misuse, match=code.replace(".", r"\.")):
        rules.load(tmp_path)


def test_a_rule_is_in_force_only_where_and_when_it_says(store: Store, tmp_path: Path) -> None:
    fleet_of_devices.put(store, [scale(1, NOW_MS, lock="locked"), scale(2, NOW_MS, lock="locked", division="350821")])
    (shipped,) = [rule for rule in rules.load(tmp_path) if rule.name == "case-opened"]
    with store.reader.connect() as connection:

        def counted(**changes: object) -> int:
            changed = replace(shipped, **changes)  # type: ignore[arg-type]
            return Fleet((changed,)).glance(connection, Scope(), NOW_MS).tiles["tampered"]

        assert counted() == 2
        assert counted(jurisdiction="3508") == 1
        assert counted(valid_to=date(2026, 12, 13)) == 2
        assert counted(valid_to=date(2026, 12, 12)) == 0
        assert counted(valid_from=date(2026, 12, 14)) == 0
