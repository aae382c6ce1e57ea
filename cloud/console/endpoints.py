"""The rooms of the console: what waits today, lots, one lot, sellers, recalls, flags; reading only.

Everything is looked up within the scope of whoever asks. What lies outside is answered like a code that nobody knows,
so that nobody learns from an answer what another market has.
"""

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from tracewire.errors import Rejected

from cloud.accounts.account import Account
from cloud.accounts.desk import AT_MARKETS, Desk
from cloud.accounts.guard import Guard
from cloud.batches import flags, shape
from cloud.console import rights
from cloud.console import scope as scopes
from cloud.console.scope import Scope
from cloud.console.view import MOST_SALES, NOT_A_SOURCE, ConsoleView
from cloud.db.engine import LARGEST_INTEGER
from cloud.db.keyset import Mark, Page
from cloud.trace.view import TraceView
from cloud.web.language import words_of
from cloud.web.pager import mark_of, pager

FLAGS = (*flags.CODES_OF_STOCK, *shape.CODES, "gained", "vanished")
_LONGEST_QUERY = 100

Marked = Annotated[Mark, Depends(mark_of)]
Typed = Annotated[str, Query(max_length=_LONGEST_QUERY)]
After = Annotated[int, Query(ge=0, le=LARGEST_INTEGER)]


def router(door: Guard, view: ConsoleView, trace: TraceView, now_ms: Callable[[], int]) -> APIRouter:
    """Return the routes; they are pages for people and stand in no description of the interface."""
    routes = APIRouter(prefix="/console", include_in_schema=False)
    desk = Desk("console")
    visitor = Depends(door.require(*AT_MARKETS))
    _add_lists(routes, desk, visitor, view, now_ms)
    _add_details(routes, desk, visitor, view=view, trace=trace, now_ms=now_ms)
    return routes


def _add_lists(routes: APIRouter, desk: Desk, visitor: Any, view: ConsoleView, now_ms: Callable[[], int]) -> None:
    def scope(account: Account) -> Scope:
        return scopes.of_account(account, view.registry.current())

    def listing(
        name: str,
        request: Request,
        account: Account,
        found: Page[Any],
        site: str = "",
        **values: Any,
    ) -> Response:
        """Show a page of what was found, with the markets that it may be narrowed to."""
        sites = sorted(scope(account).sites)
        beside = pager(request, found)
        return desk.show(name, request, account, rows=found.rows, pager=beside, sites=sites, site=site, **values)

    @routes.get("")
    def today(request: Request, account: Annotated[Account, visitor]) -> Response:
        return desk.show("today.html", request, account, today=view.today(scope(account), now_ms()))

    @routes.get("/lots")
    def lots(
        request: Request, account: Annotated[Account, visitor], mark: Marked, q: Typed = "", site: Typed = ""
    ) -> Response:
        found = view.lots(scope(account).at(site), digits_of(q), mark, now_ms())
        return listing("lots.html", request, account, found, site, q=q)

    @routes.get("/sellers")
    def sellers(
        request: Request, account: Annotated[Account, visitor], mark: Marked, q: Typed = "", site: Typed = ""
    ) -> Response:
        found = view.sellers(scope(account).at(site), digits_of(q), mark)
        return listing("sellers.html", request, account, found, site, q=q)

    @routes.get("/recalls")
    def recalls(request: Request, account: Annotated[Account, visitor], mark: Marked) -> Response:
        return listing("recalls.html", request, account, view.recalls(scope(account), mark, now_ms()))

    @routes.get("/flags")
    def flag_list(
        request: Request, account: Annotated[Account, visitor], mark: Marked, code: Typed = "", site: Typed = ""
    ) -> Response:
        within = scope(account).at(site)
        if code == NOT_A_SOURCE:
            refused, counts = view.coded_by_no_source(within, mark)
            return listing("flags.html", request, account, refused, site, counts=counts, chosen=code)
        chosen = code if code in FLAGS else ""
        found, counts = view.flags(within, chosen, mark)
        return listing("flags.html", request, account, found, site, counts=counts, chosen=chosen)


def _add_details(
    routes: APIRouter, desk: Desk, visitor: Any, *, view: ConsoleView, trace: TraceView, now_ms: Callable[[], int]
) -> None:
    def scope(account: Account) -> Scope:
        return scopes.of_account(account, view.registry.current())

    @routes.get("/lots/{lot}")
    def lot(request: Request, account: Annotated[Account, visitor], lot: str, after: After = 0) -> Response:
        def show() -> Response:
            found = view.lot(scope(account), lot, now_ms())
            sales = view.sales(scope(account), lot, after)
            return desk.show(
                "lot.html",
                request,
                account,
                lot=found,
                story=trace.tell(lot),
                sales=sales,
                more_sales=sales[-1].index if len(sales) == MOST_SALES else 0,
                words=[word for word in rights.LOT_WORDS if rights.may(account.role, word)],
                tell=_story_words(desk, request),
            )

        return or_missing(desk, request, account, show)

    @routes.get("/sellers/{seller}")
    def seller(request: Request, account: Annotated[Account, visitor], seller: str) -> Response:
        def show() -> Response:
            found = view.seller(scope(account), seller)
            words = [word for word in rights.SELLER_WORDS if rights.may(account.role, word)]
            may_block = rights.may(account.role, "block_card")
            lost = view.lost_cards(found.code)
            return desk.show("seller.html", request, account, seller=found, words=words, lost=lost, may_block=may_block)

        return or_missing(desk, request, account, show)


def or_missing(desk: Desk, request: Request, account: Account, show: Callable[[], Response]) -> Response:
    """Return what ``show`` makes; for what is not there, or not for this account, the same page."""
    try:
        return show()
    except Rejected as refused:
        if refused.code != "console.unknown":
            raise
        return desk.show("missing.html", request, account, 404)


def digits_of(typed: str) -> str:
    """Return a code as somebody typed or pasted it: full-width digits are digits, spaces and hyphens nothing."""
    plain = unicodedata.normalize("NFKC", typed)
    return "".join(character for character in plain if not character.isspace() and character not in "-—.")


def _story_words(desk: Desk, request: Request) -> Callable[..., str]:
    language = desk.language(request)

    def tell(key: str, **values: object) -> str:
        return words_of("trace").say(language, key, **values)

    return tell
