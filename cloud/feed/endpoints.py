"""``GET /v1/feed?since=N`` over mutual TLS: what a gateway has not heard yet; translation only.

Which gateway asks is what its certificate says. Nobody hears of the devices of another site by naming its gateway.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from tracewire.fields import LARGEST

from cloud.answers import octets
from cloud.caller import caller
from cloud.feed.statements import Statements

MEDIA_TYPE = "application/cbor"


def router(statements: Statements) -> APIRouter:
    """Return the route on which gateways pull."""
    routes = APIRouter()

    @routes.get("/v1/feed", response_class=Response, responses=octets(MEDIA_TYPE, "What is new (spec 14.7)"))
    def pull(gateway: Annotated[str, Depends(caller)], since: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> Response:
        return Response(statements.since(gateway, since).encode(), media_type=MEDIA_TYPE)

    return routes
