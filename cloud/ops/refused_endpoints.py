"""``/ops/refused``: records that do not count, with who sent them, why not, and what they claim."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from cloud.accounts.account import Account
from cloud.accounts.desk import Desk
from cloud.db.keyset import Mark
from cloud.ingest.refusals import Sight
from cloud.ops.device_endpoints import scope_of
from cloud.ops.fleet import Scope
from cloud.ops.watch import Watch
from cloud.web.pager import mark_of, pager

_ON_A_PAGE = 50
_LONGEST_NAME = 64
_LONGEST_REASON = 40


def add_routes(routes: APIRouter, watch: Watch, desk: Desk, door: Any) -> None:
    """Add the page; ``door`` yields the account."""

    @routes.get("/ops/refused", response_class=HTMLResponse)
    def refused_page(
        request: Request,
        account: Annotated[Account, door],
        mark: Annotated[Mark, Depends(mark_of)],
        why: Annotated[str, Query(max_length=_LONGEST_REASON)] = "",
        device: Annotated[str, Query(max_length=_LONGEST_NAME)] = "",
    ) -> Response:
        with watch.ledger.reader.connect() as connection:
            sight = Sight(connection, _sees(watch, scope_of(account)))
            counts, found = sight.counts(), sight.page(mark, _ON_A_PAGE, why, device)
        return desk.show(
            "refused.html", request, account, counts=counts, refused=found.rows, why=why, device=device,
            pager=pager(request, found),
        )  # fmt: skip


def _sees(watch: Watch, scope: Scope) -> Callable[[str], bool] | None:
    """Return whether a device is in the scope; None for whoever sees all, strangers too."""
    if scope == Scope():
        return None
    with watch.reading() as connection:
        names = watch.fleet.names(connection, scope)
    return names.__contains__
