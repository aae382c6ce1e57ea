"""What goes wrong, said over HTTP: the one place where a code becomes a status (RFC 9457 problem documents).

Why the families decide and not the endpoints: a gateway must know from the answer alone whether to give up on these
bytes (4xx), try again later (503) or call a person (500). Anything but 200 means that nothing was acknowledged.
"""

from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from tracewire.errors import Misuse, Rejected, TracewireError, Unavailable

log = structlog.get_logger()

_STATUS = {
    "account.form": 403,
    "account.role": 403,
    "account.signed_out": 401,
    "device.unknown": 404,
    "console.unknown": 404,
    "console.word": 403,
    "envelope.too_large": 413,
    "envelope.encoding": 415,
    "envelope.type": 415,
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
    "registry.unknown": 404,
    "request.idempotency": 422,
    "request.media_type": 415,
    "request.parameter": 422,
    "request.too_large": 413,
    "submission.too_large": 413,
    "ticket.moved": 409,
    "ticket.own": 403,
    "ticket.state": 409,
    "ticket.unknown": 404,
    "trace.unknown": 404,
    "witness.proof": 422,
    "witness.signature": 403,
    "witness.unknown": 404,
}
"""Codes that deserve a more telling status than their family's."""

_FAMILY_STATUS: tuple[tuple[type[TracewireError], int], ...] = ((Rejected, 400), (Unavailable, 503), (Misuse, 500))
_RETRY_AFTER_SECONDS = "5"
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457 § 3.1), with our code as an extension member."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def _described(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": TypeAdapter(Problem).json_schema()}}}


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": _described("Refused: the same request will be refused again. ``code`` says why."),
    "503": _described("Not now: nothing was acknowledged or changed.")
    | {"headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "string"}}}},
}
"""What any route may answer when it cannot answer; a 500 is a fault of ours and not part of the interface."""


def status_of(error: TracewireError) -> int:
    """Return the HTTP status for an error: by its code if listed, else by its family."""
    if error.code in _STATUS:
        return _STATUS[error.code]
    return next(status for family, status in _FAMILY_STATUS if isinstance(error, family))


def problem(error: TracewireError) -> JSONResponse:
    """Return the problem document of an error."""
    status = status_of(error)
    headers = {"Retry-After": _RETRY_AFTER_SECONDS} if status == 503 else None
    return _document(status, error.code, error.detail, headers)


def _document(status: int, code: str, detail: str, headers: Any = None) -> JSONResponse:
    return JSONResponse(
        asdict(Problem("about:blank", code, status, detail, code)), status, headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Let every endpoint of ``app`` raise our errors and answer with problem documents, whoever finds the fault."""
    app.add_exception_handler(TracewireError, _ours)
    app.add_exception_handler(OperationalError, _of_the_store)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(Exception, _fault)


def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TracewireError)
    return problem(error)


def _of_the_store(_request: Request, error: Exception) -> JSONResponse:
    # Disk full, disk gone, lock not had in time: the transaction is undone, the gateway keeps its records.
    log.error("store.unavailable", error=str(error))
    return problem(Unavailable("store.unavailable", "nothing was kept; try again later"))


def _of_parameters(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    return problem(Rejected("request.parameter", "; ".join(found)))


def _of_the_framework(_request: Request, error: Exception) -> JSONResponse:
    """Return what the framework found: no such address, no such method."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return _document(status, f"http.{status.name.lower()}", status.description or status.phrase, error.headers)


def _fault(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the error itself; a stranger learns nothing of our insides.
    return _document(500, "cloud.fault", "a fault of ours; it is in the log")
