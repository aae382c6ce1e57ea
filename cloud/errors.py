"""What goes wrong, said over HTTP: the one place where a code becomes a status (RFC 9457 problem documents).

Why the families decide and not the endpoints: a gateway must know from the answer alone whether to give up on these
bytes (4xx), try again later (503) or call a person (500). Anything but 200 means that nothing was acknowledged.
"""

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from tracewire.errors import Misuse, Rejected, TracewireError, Unavailable

log = structlog.get_logger()

_STATUS = {
    "envelope.too_large": 413,
    "envelope.encoding": 415,
    "envelope.unknown": 403,
    "envelope.role": 403,
    "envelope.state": 403,
    "feed.gateway": 403,
    "ledger.from": 400,
    "log.index": 404,
    "log.beyond": 404,
    "log.record": 404,
    "log.tile": 404,
    "log.unwitnessed": 404,
    "receipt.path": 404,
    "submission.too_large": 413,
    "trace.unknown": 404,
    "witness.proof": 422,
    "witness.signature": 403,
    "witness.unknown": 404,
}
"""Codes that deserve a more telling status than their family's."""

_FAMILY_STATUS: tuple[tuple[type[TracewireError], int], ...] = ((Rejected, 400), (Unavailable, 503), (Misuse, 500))
_RETRY_AFTER_SECONDS = "5"


def status_of(error: TracewireError) -> int:
    """Return the HTTP status for an error: by its code if listed, else by its family."""
    if error.code in _STATUS:
        return _STATUS[error.code]
    return next(status for family, status in _FAMILY_STATUS if isinstance(error, family))


def problem(error: TracewireError) -> JSONResponse:
    """Return the problem document of an error."""
    status = status_of(error)
    body = {"type": "about:blank", "title": error.code, "status": status, "detail": error.detail, "code": error.code}
    headers = {"Retry-After": _RETRY_AFTER_SECONDS} if status == 503 else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let every endpoint of ``app`` raise our errors and answer with problem documents."""

    def handle(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TracewireError)
        return problem(error)

    def handle_store(_request: Request, error: Exception) -> JSONResponse:
        # Disk full, disk gone, lock not had in time: the transaction is undone, the gateway keeps its records.
        log.error("store.unavailable", error=str(error))
        return problem(Unavailable("store.unavailable", "nothing was kept; try again later"))

    app.add_exception_handler(TracewireError, handle)
    app.add_exception_handler(OperationalError, handle_store)
