"""``POST /v1/records``: bytes in, bytes out; translation only.

Why the limits are here and count twice: a body is refused as soon as it is too long, whatever its Content-Length says,
and a small gzip may unfold into gigabytes, so unfolding stops at the same limit.
"""

import zlib

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from tracewire.errors import Rejected

from cloud.health import Metrics
from cloud.ingest.service import Ingest

MEDIA_TYPE = "application/cose"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def router(ingest: Ingest, metrics: Metrics, max_envelope_bytes: int) -> APIRouter:
    """Return the route on which gateways deliver."""
    routes = APIRouter()

    @routes.post("/v1/records")
    async def deliver(request: Request) -> Response:
        try:
            body = unfold(await _read(request, max_envelope_bytes), _encoding(request), max_envelope_bytes)
            answer = await run_in_threadpool(ingest.receive, body)
        except Rejected as error:
            metrics.envelopes_refused.labels(error.code).inc()
            raise
        return Response(answer, media_type=MEDIA_TYPE)

    return routes


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Rejected("envelope.too_large", f"more than {limit} bytes")
    return bytes(body)


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "identity").strip().lower()


def unfold(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the body without its content encoding; ``Rejected("envelope.…")`` when it is damaged or too long."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Rejected("envelope.encoding", "gzip or nothing")
    unfolder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unfolded = unfolder.decompress(body, limit + 1)
    except zlib.error as error:
        raise Rejected("envelope.gzip", "damaged") from error
    if len(unfolded) > limit:
        raise Rejected("envelope.too_large", f"unfolds into more than {limit} bytes")
    if not unfolder.eof or unfolder.unused_data:
        raise Rejected("envelope.gzip", "truncated, or bytes after the end")
    return unfolded
