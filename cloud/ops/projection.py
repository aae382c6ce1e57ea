"""The projection ``fleet``: newest state, days and health of each device, and which weighings and sales stand alone."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, Table, insert, select
from tracewire import record as records
from tracewire.vocabulary import FINDINGS, VISITS

from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.ledger.entry import Entry
from cloud.ops import matching, tables
from cloud.ops.state import State, empty, fold, is_reset

_POINT_FIELDS = [column.name for column in tables.points.c if column.name not in ("device", "moment_ms", "seq")]
_ADD_POINTS = insert(tables.points)
_ADD_VISITS = insert(tables.visits)
_COUNTS = [column.name for column in tables.days.c if column.name not in ("device", "day", "hours")]


class Fleet:
    """Rows of every device that ever spoke."""

    name = "fleet"
    tables: MetaData = tables.TABLES
    is_by_device = True

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take records in; devices of a batch are read and written once each."""
        states = _states(connection, {entry.device for entry in entries})
        for entry in entries:
            fold(states[entry.device], entry)
        _replace(connection, tables.devices, list(states.values()))
        _replace(connection, tables.days, _grown_days(connection, entries))
        health = [entry for entry in entries if entry.kind == records.HEALTH]
        insert_rows(connection, _ADD_POINTS, [_point(entry) for entry in health])
        insert_rows(connection, _ADD_VISITS, [_visit(entry) for entry in entries if entry.kind == records.VISIT])
        matching.match(connection, entries)
        _note_software(connection, [entry for entry in entries if entry.kind == records.BOOT])


def _states(connection: Connection, names: set[str]) -> dict[str, State]:
    states = {name: empty(name) for name in names}
    rows = connection.execute(select(tables.devices).where(tables.devices.c.device.in_(names)))
    return states | {row["device"]: dict(row) for row in rows.mappings()}


def _grown_days(connection: Connection, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the days that these records touch, with them counted."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in entries:
        day = tables.day_of(entry.moment_ms)
        blank = {"device": entry.device, "day": day, "hours": 0} | dict.fromkeys(_COUNTS, 0)
        row = found.setdefault((entry.device, day), blank)
        row["hours"] |= 1 << tables.hour_of(entry.moment_ms)
        for name, number in _counted(entry).items():
            row[name] += number
    days = tables.days.c
    wanted = [days.device.in_({device for device, _ in found}), days.day.in_({day for _, day in found})]
    for stored in connection.execute(select(tables.days).where(*wanted)).mappings():
        row = found.get((stored["device"], stored["day"]), {})
        if row:
            row |= {name: row[name] + stored[name] for name in _COUNTS} | {"hours": row["hours"] | stored["hours"]}
    return list(found.values())


def _counted(entry: Entry) -> Mapping[str, int]:
    kind = entry.kind
    if kind == records.WEIGHING:
        return {"records": 1, "weighings": 1}
    if kind == records.SALE:
        return {"records": 1, "sales": 1, "grams": entry.body["net_grams"], "fen": entry.body["amount_fen"]}
    if kind == records.BOOT:
        return {"records": 1, "boots": 1, "resets": int(is_reset(entry))}
    return {"records": 1}


def _point(entry: Entry) -> dict[str, Any]:
    where = {"device": entry.device, "moment_ms": entry.moment_ms, "seq": entry.seq}
    return where | {name: entry.body.get(name) for name in _POINT_FIELDS}


def _visit(entry: Entry) -> dict[str, Any]:
    """Return a patrol 巡查 as an inspector sealed it."""
    body = entry.body
    finding = FINDINGS[body["finding"]] if "finding" in body else None
    said = {"subject": body["subject"], "visit": VISITS[body["visit"]], "finding": finding, "note": body.get("note")}
    return {"device": entry.device, "seq": entry.seq, "moment_ms": entry.moment_ms, **said}


def _note_software(connection: Connection, boots: Sequence[Entry]) -> None:
    """Remember which releases there are of each model."""
    known = {(boot.body["model"], boot.body["software"]) for boot in boots}
    rows = [{"model": model, "software": name, "rank": tables.rank_of(name)} for model, name in sorted(known)]
    _replace(connection, tables.software, rows)


def _replace(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows whole, over what stands under their keys."""
    insert_rows(connection, _replacing(connection.dialect.name, table), rows)


@functools.cache
def _replacing(dialect: str, table: Table) -> upsert.Insert:
    statement = upsert.for_dialect(dialect, table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)
