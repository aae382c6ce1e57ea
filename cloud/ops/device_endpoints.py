"""The pages of one device: how it is, its readings over time, what it sealed and what is missing."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from tracewire.errors import Rejected

from cloud.accounts.account import Account
from cloud.accounts.desk import PRIVATE, Desk
from cloud.console.rights import KEEPERS
from cloud.db.engine import LARGEST_INTEGER
from cloud.ops import assets, readings, stream, unsealed
from cloud.ops.fleet import Device, Scope
from cloud.ops.rules import TILES
from cloud.ops.watch import Watch

_HOUR_MS = 3_600_000
_RANGES_HOURS = (24, 7 * 24, 31 * 24, 366 * 24, 10 * 366 * 24)
_ROWS_IN_TABLE = 24


def scope_of(account: Account) -> Scope:
    """Return which devices an account may see."""
    return Scope(site=account.site, region=account.region)


def device_of(watch: Watch, account: Account, name: str) -> Device:
    """Return a device's row; ``Rejected("device.unknown")`` for none, and for one that is not the account's to see."""
    with watch.reading() as connection:
        device = watch.fleet.one(connection, scope_of(account), name, watch.now_ms())
    if device is None:
        raise Rejected("device.unknown", "no such device here")
    return device


def add_routes(routes: APIRouter, watch: Watch, desk: Desk, door: Any) -> None:
    """Add ``/ops/devices/NAME`` and what its charts load; ``door`` yields the account."""

    @routes.get("/ops/devices/{name}", response_class=HTMLResponse)
    def device_page(
        request: Request,
        account: Annotated[Account, door],
        name: str,
        hours: Annotated[int, Query(ge=1, le=_RANGES_HOURS[-1])] = _RANGES_HOURS[0],
        before: Annotated[int | None, Query(ge=1, le=LARGEST_INTEGER)] = None,
    ) -> Response:
        now_ms = watch.now_ms()
        device = device_of(watch, account, name)
        wanted = readings.span(now_ms - hours * _HOUR_MS, now_ms, 1)
        rows = readings.span(now_ms - hours * _HOUR_MS, now_ms, max(1, hours * 3600 // _ROWS_IN_TABLE))
        with watch.reading() as connection:
            shown = readings.read(connection, name, rows)
            patrols = stream.patrols(connection, device["seller_code"])
            with watch.accounts.reader.connect() as accounts:
                entries = assets.history(connection, accounts, name)
        with watch.ledger.reader.connect() as connection:
            sealed = stream.newest(connection, name, watch.code_base(name), before)
            holes, forks = stream.holes(connection, name), stream.forks(connection, name)
            before_seals = unsealed.tickets_of(connection, name)
        return desk.show(
            "device.html", request, account, device=device, now_ms=now_ms, tiles=TILES, hours=hours,
            ranges=_RANGES_HOURS, span=wanted, shown=shown, sealed=sealed, holes=holes, forks=forks, before=before,
            more=len(sealed) == stream.AT_ONCE, entries=entries, faults=watch.tickets.of_device(name),
            before_seals=before_seals, patrols=patrols,
            longest_text=assets.LONGEST_TEXT, may_enter=account.role in KEEPERS,
        )  # fmt: skip

    @routes.get("/ops/devices/{name}/readings")
    def device_readings(
        account: Annotated[Account, door],
        name: str,
        from_ms: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)],
        to_ms: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)],
        step_s: Annotated[int, Query(ge=1, le=LARGEST_INTEGER)] = 1,
    ) -> JSONResponse:
        device_of(watch, account, name)
        wanted = readings.span(from_ms, to_ms, step_s)
        with watch.reading() as connection:
            found = readings.read(connection, name, wanted)
        return JSONResponse({"span": asdict(wanted), "widened": wanted.is_widened, **asdict(found)}, headers=PRIVATE)
