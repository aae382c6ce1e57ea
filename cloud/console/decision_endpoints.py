"""The forms that decide, where a decision is, and the same for programs: ``POST /v1/recalls``."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from tracewire.errors import Rejected

from cloud.accounts import forms
from cloud.accounts.account import Account
from cloud.accounts.desk import PRIVATE, Desk
from cloud.accounts.forms import Form
from cloud.accounts.guard import Guard, form_of
from cloud.console.deciding import Decisions, Outlook, new_number, number_of
from cloud.console.endpoints import or_missing
from cloud.console.rights import DECIDERS

_LONGEST_KEY = 255

Look = Callable[[Account, str, str], Outlook]


class RecallOrder(BaseModel):
    """What a program asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lot: str
    reason: str


@dataclass(frozen=True)
class Accepted:
    """Where a decision is: ``asked``, ``sealed``, ``delivered`` to the ledger, or ``refused``."""

    decision: str
    word: str
    lot: str
    state: str
    lots: int = 0
    stalls: int = 0
    sales: int = 0
    sold_grams: int = 0


def pages(door: Guard, decisions: Decisions) -> APIRouter:
    """Return the routes for people."""
    routes = APIRouter(prefix="/console", include_in_schema=False)
    desk = Desk("console")
    visitor = Depends(door.require(*DECIDERS))
    a_form = _Forms(desk, decisions)

    @routes.get("/lots/{lot}/decide")
    def ask_of_lot(request: Request, account: Annotated[Account, visitor], lot: str) -> Response:
        return a_form.ask(request, account, decisions.of_lot, lot)

    @routes.post("/lots/{lot}/decide")
    def take_of_lot(request: Request, account: Annotated[Account, visitor], lot: str) -> Response:
        return a_form.take(request, account, decisions.of_lot, lot)

    @routes.get("/sellers/{seller}/decide")
    def ask_of_seller(request: Request, account: Annotated[Account, visitor], seller: str) -> Response:
        return a_form.ask(request, account, decisions.of_seller, seller)

    @routes.post("/sellers/{seller}/decide")
    def take_of_seller(request: Request, account: Annotated[Account, visitor], seller: str) -> Response:
        return a_form.take(request, account, decisions.of_seller, seller)

    @routes.get("/decisions/{decision}")
    def decision(request: Request, account: Annotated[Account, visitor], decision: str) -> Response:
        def show() -> Response:
            return desk.show("decision.html", request, account, decision=decisions.find(account, decision))

        return or_missing(desk, request, account, show)

    return routes


class _Forms:
    """A form that asks for a reason, and takes it: the same for whatever is decided about."""

    def __init__(self, desk: Desk, decisions: Decisions) -> None:
        self._desk = desk
        self._decisions = decisions

    def ask(self, request: Request, account: Account, look: Look, code: str) -> Response:
        """Show the form; its word, and the card that it is about, stand in the query."""

        def show() -> Response:
            outlook = look(account, request.query_params.get("word", ""), code)
            return self._page(request, account, outlook, {"reason": "", "card": request.query_params.get("card", "")})

        return or_missing(self._desk, request, account, show)

    def take(self, request: Request, account: Account, look: Look, code: str) -> Response:
        """Ask for the decision and lead to its page; the form again, with what is wrong, when it cannot be."""
        form = form_of(request)

        def show() -> Response:
            outlook = look(account, form.get("word", ""), code)
            reason, card = form.get("reason", ""), form.get("card", "")
            try:
                decision = self._decisions.ask(account, outlook, reason, form.get("number", ""), card)
            except Rejected as refused:
                return self._page(request, account, outlook, {"reason": reason, "card": card}, refused.code)
            return RedirectResponse(f"/console/decisions/{decision}", 303, PRIVATE)

        return or_missing(self._desk, request, account, show)

    def _page(self, request: Request, account: Account, outlook: Outlook, typed: Form, said: str = "") -> Response:
        values: dict[str, object] = {"outlook": outlook, "number": new_number(), "said": said, **typed}
        return self._desk.show("decide.html", request, account, 400 if said else 200, **values)


def machine(door: Guard, decisions: Decisions) -> APIRouter:
    """Return the routes for programs, which come with ``Authorization: Bearer``."""
    routes = APIRouter(prefix="/v1")
    caller = Depends(door.require(*DECIDERS))
    body = {"content": {"application/json": {"schema": RecallOrder.model_json_schema()}}, "required": True}

    @routes.post("/recalls", status_code=202, responses={202: {"model": Accepted}}, openapi_extra={"requestBody": body})
    async def recall(
        request: Request,
        account: Annotated[Account, caller],
        idempotency_key: Annotated[str, Header(max_length=_LONGEST_KEY)] = "",
    ) -> JSONResponse:
        """Freeze a lot and everything made of it, once the decision is sealed; the answer says what that touches.

        The same order with the same ``Idempotency-Key`` is the same decision, however often it is sent.
        """
        order = _order(await forms.body_of(request, "application/json"))
        number = number_of(account, idempotency_key) if idempotency_key else new_number()
        told = await run_in_threadpool(_recall, decisions, account, order, number)
        return JSONResponse(asdict(told), 202, {**PRIVATE, "Location": f"/v1/decisions/{number}"})

    @routes.get("/decisions/{decision}", responses={200: {"model": Accepted}})
    def where(decision: str, account: Annotated[Account, caller]) -> JSONResponse:
        found = decisions.find(account, decision)
        return JSONResponse(asdict(Accepted(found.id, found.word, found.lot, found.state)), headers=PRIVATE)

    return routes


def _recall(decisions: Decisions, account: Account, order: RecallOrder, number: str) -> Accepted:
    outlook = decisions.of_lot(account, "recall", order.lot)
    decisions.ask(account, outlook, order.reason, number)
    found = decisions.find(account, number)
    if (found.lot, found.reason) != (order.lot, order.reason):
        raise Rejected("request.idempotency", "this key was used for another order")
    return Accepted(
        number, found.word, found.lot, found.state, outlook.lots, outlook.stalls, outlook.sales, outlook.sold_grams
    )


def _order(body: bytes) -> RecallOrder:
    try:
        return TypeAdapter(RecallOrder).validate_json(body)
    except ValidationError as wrong:
        raise Rejected("request.parameter", "an object with lot and reason, both text, expected") from wrong
