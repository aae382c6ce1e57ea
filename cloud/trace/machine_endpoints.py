"""What machines ask: a story and the way forward as JSON, and the keys that a phone needs to check a slip itself."""

import base64
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from cloud.answers import octets
from cloud.db.engine import LARGEST_INTEGER
from cloud.registry import RegistryFile
from cloud.trace import asking
from cloud.trace.forward import ForwardView, Sold, Spread
from cloud.trace.story import Story
from cloud.trace.view import TraceView
from cloud.web.page import HEADERS

_CBOR = "application/cbor"
_KEYS_HEADERS = {"Cache-Control": "max-age=60", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Both(Spread, Story):
    """The story behind a code and the way forward, in one answer."""


def router(view: TraceView, forward: ForwardView, registry: RegistryFile) -> APIRouter:
    """Return the routes for machines."""
    routes = APIRouter()

    @routes.get("/registry.cose", response_class=Response, responses=octets(_CBOR, "Voucher and registry, sealed"))
    def registry_bundle() -> Response:
        return Response(registry.current().bundle, media_type=_CBOR, headers=_KEYS_HEADERS)

    @routes.get("/v1/keys/{kid}", response_class=Response, responses=octets(_CBOR, "One key, proved (spec 7.5)"))
    def key(kid: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]) -> Response:
        return Response(registry.current().shown(bytes.fromhex(kid)), media_type=_CBOR, headers=_KEYS_HEADERS)

    @routes.get("/v1/trace/{code}", responses={200: {"model": Story | Spread | Both}})
    def machine(code: str, direction: Literal["back", "forward", "both"] = "back") -> JSONResponse:
        code = asking.understand(code, registry.current().code_bases, set()).code or code
        answer: dict[str, object] = {}
        if direction != "forward":
            answer |= asdict(view.tell(code))
        if direction != "back":
            answer |= asdict(forward.tell(code))
        return JSONResponse(_plain(answer), headers=HEADERS)

    @routes.get("/v1/trace/{code}/sales", responses={200: {"model": list[Sold]}})
    def sales(code: str, after: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)] = 0) -> JSONResponse:
        return JSONResponse([asdict(each) for each in forward.sales(code, after)], headers=HEADERS)

    return routes


def _plain(value: Any) -> Any:
    """Return a story with its byte strings in base64url, as JSON has none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    return value
