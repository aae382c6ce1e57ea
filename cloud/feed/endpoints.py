"""``GET /v1/feed?gateway=NAME&since=N`` over mutual TLS: what a gateway has not heard yet; translation only.

The gateway's name decides only which devices it hears of. Statements are sealed for one device each and say nothing
that a price tag or a notice board does not, so a name that is not the caller's own gains nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from tracewire.fields import LARGEST

from cloud.answers import octets
from cloud.feed.statements import Statements

MEDIA_TYPE = "application/cbor"


def router(statements: Statements) -> APIRouter:
    """Return the route on which gateways pull."""
    routes = APIRouter()

    @routes.get("/v1/feed", response_class=Response, responses=octets(MEDIA_TYPE, "What is new (spec 14.7)"))
    def pull(
        gateway: Annotated[str, Query(max_length=32)], since: Annotated[int, Query(ge=0, le=LARGEST)] = 0
    ) -> Response:
        return Response(statements.since(gateway, since).encode(), media_type=MEDIA_TYPE)

    return routes
