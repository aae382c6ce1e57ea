"""``POST /v1/records``: bytes in, bytes out; translation only.

Why a limit here as well as after unfolding: a body that is too long is refused while it comes, whatever its
Content-Length says.
"""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from tracewire.errors import Rejected

from cloud.answers import octets
from cloud.health import Metrics
from cloud.ingest.pool import Intake

MEDIA_TYPE = "application/cose"
_ANSWER = octets(MEDIA_TYPE, "Every record is on disk: COSE_Sign1 with a receipt for each device touched")
_ENVELOPE = {
    "requestBody": {
        "description": "COSE_Sign1 with purpose ENVELOPE by the gateway's record key; may come folded with gzip",
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def router(intake: Intake, metrics: Metrics, max_envelope_bytes: int, on_commit: Callable[[], None]) -> APIRouter:
    """Return the route on which gateways deliver; ``on_commit`` is called after each envelope that was taken."""
    routes = APIRouter()

    @routes.post("/v1/records", response_class=Response, responses=_ANSWER, openapi_extra=_ENVELOPE)
    async def deliver(request: Request) -> Response:
        intake.check_room()
        try:
            _check_type(request)
            taken = await intake.take(await _read(request, max_envelope_bytes), _encoding(request))
        except Rejected as error:
            metrics.envelopes_refused.labels(error.code).inc()
            raise
        metrics.count(taken)
        on_commit()  # 10 link and 11 trace: projections read the ledger, not this envelope
        return Response(taken.answer, media_type=MEDIA_TYPE)

    return routes


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "none").partition(";")[0].strip().lower()
    if given != MEDIA_TYPE:
        raise Rejected("envelope.type", f"{MEDIA_TYPE} expected")


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Rejected("envelope.too_large", f"more than {limit} bytes")
    return bytes(body)


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "identity").strip().lower()
