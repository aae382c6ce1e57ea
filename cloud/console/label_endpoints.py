"""The pages of labels: ranges, one range, and the form that says what became of its labels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from tracewire.errors import Rejected

from cloud.accounts.account import INSPECTOR, Account
from cloud.accounts.asked import LABELLING
from cloud.accounts.desk import PRIVATE, Desk
from cloud.accounts.forms import Form
from cloud.accounts.guard import Guard, form_of
from cloud.console import rights
from cloud.console.deciding import checked_number, new_number
from cloud.console.endpoints import digits_of, or_missing
from cloud.console.labelling import LabelRoom, RangePage
from cloud.db.keyset import Mark
from cloud.web.pager import mark_of, pager

Marked = Annotated[Mark, Depends(mark_of)]
_TYPED = ("first", "last", "lot", "reason")


def router(door: Guard, room: LabelRoom) -> APIRouter:
    """Return the routes; they are pages for people and stand in no description of the interface."""
    routes = APIRouter(prefix="/console/labels", include_in_schema=False)
    desk = Desk("console")
    reader, writer = Depends(door.require(*rights.LABELLERS, INSPECTOR)), Depends(door.require(*rights.LABELLERS))

    def one(request: Request, account: Account, found: RangePage, typed: Form, said: str = "") -> Response:
        return desk.show(
            "labels_range.html",
            request,
            account,
            400 if said else 200,
            range=found,
            pager=pager(request, found.said),
            may=rights.may(account.role, LABELLING),
            number=new_number(),
            typed=typed,
            said=said,
        )

    @routes.get("")
    def every(request: Request, account: Annotated[Account, reader], mark: Marked) -> Response:
        found, strays = room.ranges(account, mark), room.strays(account)
        return desk.show("labels.html", request, account, rows=found.rows, pager=pager(request, found), strays=strays)

    @routes.get("/{number:int}")
    def page(request: Request, account: Annotated[Account, reader], number: int, mark: Marked) -> Response:
        blank = dict.fromkeys(_TYPED, "")
        return or_missing(
            desk, request, account, lambda: one(request, account, room.range(account, number, mark), blank)
        )

    @routes.post("/{number:int}")
    def take(request: Request, account: Annotated[Account, writer], number: int) -> Response:
        form = form_of(request)
        typed = {name: form.get(name, "") for name in _TYPED}
        codes = {name: digits_of(typed[name]) for name in ("first", "last", "lot")}

        def show() -> Response:
            try:
                room.ask(account, number, {**typed, **codes, "number": checked_number(form.get("number", ""))})
            except Rejected as refused:
                if refused.code == "console.unknown":
                    raise
                return one(request, account, room.range(account, number), typed, refused.code)
            return RedirectResponse(f"/console/labels/{number}", 303, PRIVATE)

        return or_missing(desk, request, account, show)

    return routes
