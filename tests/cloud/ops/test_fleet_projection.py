"""The fleet's state comes out the same whatever order records come in, and a rebuild equals what grew."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tracewire import record
from tracewire.vocabulary import AUDIT_EVENTS, BOOT_CAUSES, number

from cloud.app import every_projection
from cloud.ledger.entry import Entry
from cloud.ops import matching, tables
from cloud.ops.matching import SALE, WEIGHING
from cloud.ops.state import empty, fold
from cloud.projections import Projections
from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

MORNING_MS = tables.start_of(20_780) + 6 * 3_600_000


def weighing(grams: int) -> tuple[int, dict[str, object]]:
    body = {"gross_grams": grams, "tare_grams": 0, "tare_mode": 0, "net_grams": grams, "e_grams": 5}
    return record.WEIGHING, body


def sale(grams: int, back: int = 1) -> tuple[int, dict[str, object]]:
    numbers = {"net_grams": grams, "tare_grams": 0, "price_fen_per_kg": 1000, "amount_fen": grams, "plu": 1}
    return record.SALE, {**numbers, "lot": "35020000100030000001", "weighing_back": back}


def health(**readings: object) -> tuple[int, dict[str, object]]:
    return record.HEALTH, {"uptime_s": 60, "journal_pending": 0, "journal_permille": 1, **readings}


def audit(event: str, detail: str, counter: int = 1) -> tuple[int, dict[str, object]]:
    return record.AUDIT, {"event": number(AUDIT_EVENTS, event), "event_counter": counter, "detail": detail}


def boot(software: str, cause: str = "power_on") -> tuple[int, dict[str, object]]:
    body = {"software": software, "security_version": 1, "cause": number(BOOT_CAUSES, cause), "model": "CX-15"}
    return record.BOOT, {**body, "e_grams": 5}


HISTORY = [
    boot("CX-15 1.0"),
    weighing(500),
    sale(500),
    weighing(700),
    health(zero_drift_grams=2, printer="ok", battery_mv=3900),
    audit("printer_fault", "paper_out"),
    audit("case_opened", "case switch", 2),
    audit("locked", "challenge 12345678", 3),
    boot("CX-15 1.1", "watchdog"),
    audit("rollback_detected", "flash is older", 4),
    health(zero_drift_grams=11, printer="ok"),
    weighing(300),
    sale(250),
]
"""What one scale sealed, from number 1 on; the last sale says another mass than its weighing."""


def entries_of(history: list[tuple[int, dict[str, Any]]]) -> list[Entry]:
    """Return a device's history as the ledger would give it, a second apart."""
    node = Node("scale-0001")
    return [
        Entry(
            index=seq,
            device=node.name,
            seq=seq,
            kind=kind,
            digest=bytes(32),
            kid=node.kid,
            site="第八市场",
            standing="active",
            gateway="gateway-01",
            received_ms=MORNING_MS,
            committed_ms=MORNING_MS,
            moment_ms=MORNING_MS + 1000 * seq,
            sealed=node.seal(kind, body, MORNING_MS + 1000 * seq),
        )
        for seq, (kind, body) in enumerate(history, 1)
    ]


@given(order=st.permutations(entries_of(HISTORY)))
def test_the_newest_state_does_not_depend_on_the_order_of_arrival(order: list[Entry]) -> None:
    state = empty("scale-0001")
    for entry in order:
        fold(state, entry)
    assert state["records"] == state["newest_seq"] == len(HISTORY)
    assert (state["software"], state["boot_cause"], state["boots"], state["resets"]) == ("CX-15 1.1", "watchdog", 2, 1)
    assert (state["zero_drift_grams"], state["battery_mv"], state["health_seq"]) == (11, None, 11)
    assert (state["lock"], state["lock_seq"]) == ("locked", 8)
    assert (state["printer"], state["printer_seq"]) == ("ok", 11)
    assert (state["alarm"], state["alarm_detail"]) == ("rollback_detected", "flash is older")


@given(order=st.permutations(entries_of(HISTORY)))
def test_weighings_and_sales_find_each_other_in_any_order(order: list[Entry]) -> None:
    left = matching.pair([], [half for entry in order if (half := matching.half_of(entry)) is not None])
    assert sorted((half.kind, half.seq, half.grams) for half in left) == [
        (SALE, 13, 250),
        (WEIGHING, 4, 700),
        (WEIGHING, 12, 300),
    ]


def test_a_weighing_carries_one_sale_only() -> None:
    halves = [matching.half_of(entry) for entry in entries_of([weighing(500), sale(500), sale(500, back=2)])]
    left = matching.pair([], [half for half in halves if half is not None])
    assert [(half.kind, half.seq) for half in left] == [(SALE, 3)]


def _fleet_tables(cloud: CloudUnderTest) -> dict[str, list[tuple[object, ...]]]:
    with cloud.cloud.stores.projections.reader.connect() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in tables.TABLES.sorted_tables}
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in found.items()}


def test_late_records_count_and_a_rebuild_gives_the_same_tables(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.scale.seal(kind, body) for kind, body in HISTORY]
    random.Random(5).shuffle(sealed)
    for start in range(0, len(sealed), 3):
        cloud.deliver(market.envelope(*sealed[start : start + 3]))
    cloud.catch_up()
    grown = _fleet_tables(cloud)
    assert len(grown["fleet_devices"]) == 1
    assert len(grown["fleet_points"]) == 2
    assert len(grown["fleet_software"]) == 2
    assert [row[3] for row in grown["fleet_unmatched"]] == [WEIGHING, SALE, WEIGHING]
    derived = Projections(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, every_projection())
    derived.rebuild(lambda _name, _count: None, derived.named(["fleet"]))
    assert _fleet_tables(cloud) == grown


def test_a_day_of_the_market_begins_at_midnight_in_china() -> None:
    midnight_ms = tables.start_of(20_780)
    assert tables.day_of(midnight_ms) == 20_780
    assert tables.day_of(midnight_ms - 1) == 20_779
    assert tables.hour_of(midnight_ms + 4 * 3_600_000) == 4
