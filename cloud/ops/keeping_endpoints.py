"""What people enter about devices: who has which, faults, and how a fault goes on. Every form leads back to a page."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from tracewire.errors import Rejected

from cloud.accounts import asked
from cloud.accounts.account import Account
from cloud.accounts.desk import PRIVATE, Desk
from cloud.accounts.forms import Form
from cloud.accounts.guard import form_of
from cloud.db.keyset import Mark
from cloud.ops import assets
from cloud.ops.assets import Asset
from cloud.ops.device_endpoints import device_of, scope_of
from cloud.ops.tables import MARKET_OFFSET_MS
from cloud.ops.tickets import NEXT, STATES, Fault, Step
from cloud.ops.watch import Watch
from cloud.web.pager import mark_of, pager

State = Literal["reported", "dispatched", "fixed", "confirmed"]
Posted = Annotated[Form, Depends(form_of)]
Ticket = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


def add_routes(routes: APIRouter, watch: Watch, desk: Desk, door: Any, keepers: Any) -> None:
    """Add ``/ops/tickets`` and the forms; ``door`` yields who may report, ``keepers`` who may keep the asset ledger."""
    _add_pages(routes, watch, desk, door)
    _add_forms(routes, watch, door, keepers)


def _add_pages(routes: APIRouter, watch: Watch, desk: Desk, door: Any) -> None:

    @routes.get("/ops/tickets", response_class=HTMLResponse)
    def ticket_page(
        request: Request,
        account: Annotated[Account, door],
        mark: Annotated[Mark, Depends(mark_of)],
        state: State | None = None,
    ) -> Response:
        scope = scope_of(account)
        counts, found = watch.tickets.counts(scope), watch.tickets.page(scope, state or "", mark)
        return desk.show(
            "tickets.html", request, account, counts=counts, state=state, tickets=found.rows, states=STATES,
            pager=pager(request, found), names=watch.tickets.names_of(found.rows), waiting=watch.tickets.waiting(scope),
        )  # fmt: skip

    @routes.get("/ops/tickets/{ticket}", response_class=HTMLResponse)
    def one_ticket(request: Request, account: Annotated[Account, door], ticket: Ticket) -> Response:
        found = watch.tickets.find(scope_of(account), ticket)
        return desk.show(
            "ticket.html", request, account, ticket=found, next=NEXT[found.last.state],
            longest_text=assets.LONGEST_TEXT,
        )  # fmt: skip


def _add_forms(routes: APIRouter, watch: Watch, door: Any, keepers: Any) -> None:
    @routes.post("/ops/tickets/{ticket}")
    def move_ticket(account: Annotated[Account, door], form: Posted, ticket: Ticket) -> Response:
        number = _number(form, "step")
        step = Step(number, form.get("state", ""), watch.now_ms(), account.name, form.get("note", ""))
        watch.tickets.move(watch.tickets.find(scope_of(account), ticket), step, account.role)
        return _back(f"/ops/tickets/{ticket}")

    @routes.post("/ops/devices/{name}/tickets")
    def report(account: Annotated[Account, door], form: Posted, name: str) -> Response:
        device = device_of(watch, account, name)
        fault = Fault(device=name, site=device["site"], division=device["division"])
        note = form.get("note", "")
        if not note:
            raise Rejected("ticket.text", "say what is wrong")
        ticket = watch.tickets.report(fault, account.name, account.role, note, watch.now_ms())
        return _back(f"/ops/tickets/{ticket}")

    @routes.post("/ops/devices/{name}/assets")
    def enter(account: Annotated[Account, keepers], form: Posted, name: str) -> Response:
        device_of(watch, account, name)
        asset = _asset(form, account, name, watch.now_ms())
        asset.check()
        asked.ask(watch.accounts, asset.wish, account.name, account.role, asset.entered_ms)
        return _back(f"/ops/devices/{name}")


def _asset(form: Form, account: Account, name: str, now_ms: int) -> Asset:
    return Asset(
        device=name,
        entered_ms=now_ms,
        account=account.name,
        place=form.get("place", ""),
        holder=form.get("holder", ""),
        since_ms=_day(form, "since") or now_ms,
        verified_until_ms=_day(form, "verified_until"),
        note=form.get("note", ""),
    )


def _day(form: Form, name: str) -> int | None:
    """Return when a day that somebody chose begins in China; None for none, ``Rejected("asset.day")`` for no day."""
    text = form.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Rejected("asset.day", f"{name}: a day as 2026-12-31 expected") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - MARKET_OFFSET_MS


def _number(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Rejected("ticket.step", "a number expected")
    return int(text)


def _back(way: str) -> RedirectResponse:
    return RedirectResponse(way, 303, PRIVATE)
