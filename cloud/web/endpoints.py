"""What pages load beside themselves: the style, the scripts of a room, and the assets of others."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

from cloud.answers import octets, plain
from cloud.web import assets

_ROOMS = Path(__file__).parent.parent
_STYLE = Path(__file__).parent / "static" / "style.css"
_FOR_EVER = {"Cache-Control": "max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_ASK_AGAIN = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_ASSET = octets("text/javascript", "A script or style of others")


def router() -> APIRouter:
    """Return the routes; everything is read once, at start."""
    routes = APIRouter()
    style = _STYLE.read_bytes()
    scripts = {(path.parent.parent.name, path.name): path.read_bytes() for path in _ROOMS.glob("*/script/*.js")}

    @routes.get("/style.css", response_class=Response, responses=plain("text/css", "The style of the pages"))
    def style_sheet() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @routes.get("/scripts/{room}/{script}", response_class=Response, responses=plain("text/javascript", "A script"))
    def script_of(request: Request, room: str, script: str) -> Response:
        content = scripts.get((room, script))
        if content is None:
            raise HTTPException(404)
        return if_new(request, content, "text/javascript")

    @routes.get("/assets/{asset}", response_class=Response, responses=_ASSET)
    def asset_of(asset: str) -> Response:
        found = assets.find(asset)
        if found is None:
            raise HTTPException(404)
        return Response(found.content, media_type=found.media_type, headers=_FOR_EVER)

    return routes


def if_new(request: Request, content: bytes, media_type: str) -> Response:
    """Answer with the content, or with 304 when the browser has it already: it asks each time, and rarely loads."""
    headers = {**_ASK_AGAIN, "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
