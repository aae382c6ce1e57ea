"""The pages of the fleet: ``/ops`` at a glance, ``/ops/map``, ``/ops/devices/NAME``, ``/ops/use``, and what they load.

Everything a page shows is in its HTML and everything it is asked for is in its address, so that it can be sent to a
colleague and read without a script. Who may see which devices follows from the account, never from the address.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from cloud.accounts.account import INSPECTOR, MARKET_OPENER, OPS, REGULATOR, Account
from cloud.accounts.desk import PRIVATE, Desk
from cloud.accounts.guard import Guard
from cloud.console.rights import KEEPERS
from cloud.db.engine import LARGEST_INTEGER
from cloud.db.keyset import Mark
from cloud.ops import device_endpoints, keeping_endpoints, refused_endpoints, use
from cloud.ops.device_endpoints import scope_of
from cloud.ops.fleet import LONGEST_SEARCH, Scope, Sort, Tile, Wish
from cloud.ops.live import HEARTBEAT_S, Live
from cloud.ops.rules import TILES
from cloud.ops.watch import Watch
from cloud.web.pager import mark_of, pager

ROLES = (OPS, MARKET_OPENER, INSPECTOR, REGULATOR)

_ROWS_AT_ONCE = 500
_EXPORTED = (
    "name", "role", "state", "division", "site", "stall", "seller", "holder", "verified_until_ms",
    "seen_ms", "heard_ms", "newest_seq", "records", "software", "newest_software", "model",
    "uptime_s", "boots", "resets", "boot_cause", "battery_percent", "battery_mv", "signal_dbm",
    "temperature_millidegrees", "zero_drift_grams", "printer", "slips_owed", "journal_pending",
    "journal_permille", "flash_hours", "lock", "alarm", "weighings_today", "sales_today", *TILES,
)  # fmt: skip


def wish_of(
    mark: Annotated[Mark, Depends(mark_of)],
    show: Tile | None = None,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    site: Annotated[str, Query(max_length=96)] = "",
    sort: Sort = "name",
) -> Wish:
    """Return what the address asks for; a dependency."""
    return Wish(show=show, text=q.strip(), site=site, sort=sort, mark=mark)


Wished = Annotated[Wish, Depends(wish_of)]


def router(watch: Watch, live: Live, guard: Guard) -> APIRouter:
    """Return the routes; pages for people stand in no description of the interface."""
    routes = APIRouter(include_in_schema=False)
    desk = Desk("ops")
    door = Depends(guard.require(*ROLES))
    _fleet_routes(routes, watch, desk, door)
    _event_routes(routes, live, door)
    _overview_routes(routes, watch, desk, door)
    device_endpoints.add_routes(routes, watch, desk, door)
    refused_endpoints.add_routes(routes, watch, desk, door)
    keeping_endpoints.add_routes(routes, watch, desk, door, Depends(guard.require(*KEEPERS)))
    return routes


def _fleet_routes(routes: APIRouter, watch: Watch, desk: Desk, door: Any) -> None:
    @routes.get("/ops", response_class=HTMLResponse)
    def fleet_page(request: Request, account: Annotated[Account, door], wish: Wished) -> Response:
        now_ms, scope = watch.now_ms(), scope_of(account)
        with watch.reading() as connection:
            glance = watch.fleet.glance(connection, scope, now_ms)
            found, devices = watch.fleet.page(connection, scope, wish, now_ms)
        return desk.show(
            "fleet.html", request, account, now_ms=now_ms, glance=glance, found=found, devices=devices.rows,
            wish=wish, tiles=TILES, address=_address, pager=pager(request, devices), same=_same(request),
        )  # fmt: skip

    @routes.get("/ops/fleet.csv", response_class=StreamingResponse)
    def export(account: Annotated[Account, door], wish: Wished) -> StreamingResponse:
        headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="fleet.csv"'}
        return StreamingResponse(_lines(watch, scope_of(account), wish), headers=headers, media_type="text/csv")


def _event_routes(routes: APIRouter, live: Live, door: Any) -> None:
    @routes.get("/ops/events")
    async def events(
        account: Annotated[Account, door], last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_INTEGER)] = None
    ) -> EventSourceResponse:
        live.enter()

        async def stream_of() -> AsyncIterator[ServerSentEvent]:
            try:
                async for event in live.events(scope_of(account), last_event_id):
                    yield event
            finally:
                live.leave()

        return EventSourceResponse(stream_of(), headers=PRIVATE, ping=HEARTBEAT_S)


def _overview_routes(routes: APIRouter, watch: Watch, desk: Desk, door: Any) -> None:
    @routes.get("/ops/map", response_class=HTMLResponse)
    def map_page(request: Request, account: Annotated[Account, door]) -> Response:
        now_ms = watch.now_ms()
        with watch.reading() as connection:
            sites = watch.fleet.sites(connection, scope_of(account), now_ms)
        places = [
            {
                "site": site["site"],
                "devices": site["devices"],
                "marked": site["marked"],
                **asdict(watch.places[site["site"]]),
            }
            for site in sites
            if site["site"] in watch.places
        ]
        return desk.show("map.html", request, account, sites=sites, places=places, tiles=TILES, address=_address)

    @routes.get("/ops/use", response_class=HTMLResponse)
    def use_page(
        request: Request,
        account: Annotated[Account, door],
        mark: Annotated[Mark, Depends(mark_of)],
        days: Literal["7", "31", "92"] = "7",
    ) -> Response:
        with watch.reading() as connection:
            found, used = use.read(connection, scope_of(account), watch.now_ms(), int(days), mark)
        return desk.show(
            "use.html", request, account, used=used.rows, found=found, days=days, pager=pager(request, used)
        )


def _address(wish: Wish, path: str = "/ops", **changes: object) -> str:
    """Return the address of a page of the fleet: this wish with some of it changed, from the first page on."""
    asked = {"show": wish.show, "q": wish.text, "site": wish.site, "sort": wish.sort} | changes
    kept = {name: value for name, value in asked.items() if value and (name, value) != ("sort", "name")}
    return f"{path}?{urlencode(kept)}" if kept else path


def _same(request: Request) -> str:
    """Return the address of this very page, for whoever looks again."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _lines(watch: Watch, scope: Scope, wish: Wish) -> Iterator[str]:
    """Yield the table of all devices that a wish finds, piece by piece, for a spreadsheet."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    yield "\ufeff"  # a spreadsheet takes it for UTF-8 only with this
    writer.writerow(_EXPORTED)
    with watch.reading() as connection:
        devices = watch.fleet.every(connection, scope, wish, watch.now_ms())
        while some := list(islice(devices, _ROWS_AT_ONCE)):
            writer.writerows([_cell(device[name]) for name in _EXPORTED] for device in some)
            yield lines.getvalue()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue()


def _cell(value: object) -> object:
    """Return a value as a spreadsheet may have it: text that it would take for a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
