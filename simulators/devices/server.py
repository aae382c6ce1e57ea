"""The page's server: files, one description of every device, and one websocket to each device and to the site.

Loopback only, and only for the page that it serves itself: these sockets pull plugs, and any page a browser has open
could reach them otherwise.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect, status
from fastapi.encoders import jsonable_encoder
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from tracewire.errors import Rejected, Unavailable

from simulators.devices.bell import Bell
from simulators.devices.custody import Custody
from simulators.devices.panel import Panel

LOOPBACK = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
GRACE_SECONDS = 2
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'"


class Watched(Protocol):
    """What a websocket shows and passes hands to."""

    bell: Bell

    def state(self) -> dict[str, object]:
        """Return what is to be seen now."""

    async def touch(self, message: object) -> None:
        """Do what a hand does, or raise Rejected."""


def create_app(panels: Sequence[Panel], custody: Custody) -> FastAPI:
    """Return the application over running devices."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    by_name = {panel.face.name: panel for panel in panels}

    @app.middleware("http")
    async def protect(request: Request, answer: RequestResponseEndpoint) -> Response:
        response = await answer(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/devices")
    def devices() -> object:
        return jsonable_encoder([panel.description() for panel in panels])

    @app.get("/devices/{name}/{pictures}/{number}.png")
    def picture(name: str, pictures: str, number: int) -> Response:
        png = by_name[name].picture(pictures, number) if name in by_name else None
        if png is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND)
        return Response(png, media_type="image/png")

    @app.websocket("/devices/{name}")
    async def device(connection: WebSocket, name: str) -> None:
        await _serve(connection, by_name.get(name))

    @app.websocket("/site")
    async def site(connection: WebSocket) -> None:
        await _serve(connection, custody)

    app.mount("/page", StaticFiles(directory=PAGE))
    return app


async def _serve(connection: WebSocket, watched: Watched | None) -> None:
    own_origin = f"http://{connection.headers.get('host')}"
    if watched is None or connection.headers.get("origin") != own_origin:
        await connection.close(status.WS_1008_POLICY_VIOLATION)
        return
    await connection.accept()
    show = asyncio.create_task(_show(connection, watched))
    try:
        while True:
            await _touch(connection, watched)
    except WebSocketDisconnect:
        return
    finally:
        show.cancel()


async def _show(connection: WebSocket, watched: Watched) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # closed while a state was on its way
        while True:
            ring = watched.bell.next_ring()
            await connection.send_json(watched.state())
            await ring.wait()


async def _touch(connection: WebSocket, watched: Watched) -> None:
    try:
        await watched.touch(await connection.receive_json())
    except ValueError:
        await connection.send_json({"refused": "hand.json"})
    except Rejected as refused:
        await connection.send_json({"refused": refused.code})


def listen(port: int) -> socket.socket:
    """Open ``port`` on loopback, or a free one for 0; Unavailable "devices.port" when it is taken."""
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as taken:
        raise Unavailable("devices.port", f"{LOOPBACK}:{port}: {taken.strerror}") from taken
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio leaves it off, see cloud/server.py
    return listener


class PageServer(uvicorn.Server):
    """The server on one open port; signals stay with the program, which has devices to put away after it."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS
        )
        super().__init__(config)
        self._listener = listener
        self.url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/"

    async def run_until_stopped(self) -> None:
        """Answer until ``should_exit`` is set."""
        await self.serve([self._listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
