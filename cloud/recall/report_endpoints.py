"""``GET /v1/recalls/LOT``: a recall as JSON, its lists as CSV, and all of it as PDF; translation only.

Nothing here is secret: names of stalls and masses stand on every slip, and who decided is a commitment.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, StreamingResponse

from cloud.answers import octets, plain
from cloud.recall import report_csv, report_pdf, tables
from cloud.recall.case import Case, RecallView
from cloud.trace.forward import ForwardView

_LISTS: dict[str, Callable[[Case], tables.Listing]] = {
    "decisions": tables.decisions,
    "stalls": tables.stalls,
    "labels": tables.labels,
    "told": tables.told,
    "destructions": tables.destructions,
    "obstacles": tables.obstacles,
}
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

ListName = Literal["decisions", "stalls", "labels", "told", "destructions", "obstacles", "sales"]


def router(recalls: RecallView, forward: ForwardView, now_ms: Callable[[], int]) -> APIRouter:
    """Return the routes that report."""
    routes = APIRouter(prefix="/v1/recalls")

    @routes.get("/{lot}", responses={200: {"model": Case}})
    def case(lot: str) -> JSONResponse:
        return JSONResponse(asdict(recalls.tell(lot)), headers=_HEADERS)

    @routes.get("/{lot}/report.pdf", response_class=Response, responses=octets(report_pdf.MEDIA_TYPE, "The report"))
    def report(lot: str) -> Response:
        pages = report_pdf.render(recalls.tell(lot), tables.sales(forward, lot), now_ms())
        return Response(pages, media_type=report_pdf.MEDIA_TYPE, headers=_HEADERS)

    @routes.get(
        "/{lot}/{listing}.csv",
        response_class=Response,
        responses=plain(report_csv.MEDIA_TYPE, "One list of the report"),
    )
    def csv_of(lot: str, listing: ListName) -> StreamingResponse:
        found = recalls.tell(lot)
        if listing == "sales":
            lines = report_csv.lines(tables.SALES, tables.sales(forward, lot))
        else:
            chosen = _LISTS[listing](found)
            lines = report_csv.lines(chosen.headings, chosen.rows)
        return StreamingResponse(lines, media_type=report_csv.MEDIA_TYPE, headers=_HEADERS)

    return routes
