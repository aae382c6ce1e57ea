"""The releases that devices fetch: the files under ``DIR/firmware``, over HTTPS, to holders of a device certificate.

    DIR/firmware/scale/release.cose        the signed manifest of the newest release for scales
    DIR/firmware/scale/rom.img             the files that it names

Nothing is checked here but who asks. A release is believed because two people have signed it (spec 11), wherever it lay
in between. Files are streamed, and ranges of them are served, so that an interrupted download goes on.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from tracewire.errors import Misuse

from edge import tls
from edge.config import FIRMWARE_DIRECTORY, GatewayConfig

_GRACE_SECONDS = 2
_BACKLOG = 64


class FirmwareFiles:
    """One HTTPS listener over ``DIR/firmware``, where the embedded broker listens and under the same certificates."""

    def __init__(self, config: GatewayConfig) -> None:
        """Check certificates and directory; ``Misuse`` when one cannot be used. Opens no port."""
        self._config = config
        self._context = tls.device_side(config)
        directory = config.directory / FIRMWARE_DIRECTORY
        if not directory.is_dir():
            raise Misuse("gateway.firmware", f"there is no directory {directory} to serve releases from")
        files = StaticFiles(directory=directory, follow_symlink=False)
        self._server = _Server(
            uvicorn.Config(
                Starlette(routes=[Mount("/" + FIRMWARE_DIRECTORY, files)]),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=_GRACE_SECONDS,
                ssl_context_factory=lambda _config, _default: self._context,
            )
        )
        self._listener: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the port and answer from now on; ``Misuse`` when it is taken."""
        host, port = self._config.mqtt_listen_host, self._config.firmware_port
        try:
            self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        except OSError as taken:
            raise Misuse("gateway.port", f"cannot listen on {host}:{port}: {taken}") from taken
        # As in the cloud's server: without it each range of a release would wait 40 ms for an acknowledgement.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    def take_revocations(self) -> None:
        """Judge by the list on disk from now on; a connection that is open is short and ends by itself."""
        tls.add_revocations(self._context, self._config)

    async def stop(self) -> None:
        """Close the port; also right when it was never started."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        if self._listener is not None:
            self._listener.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are the gateway's."""
        yield
