"""Two listeners, one loop: ingest over mutual TLS, public pages over plain HTTP.

Why one process listens, whoever judges: its projections are woken by each commit. Why the TLS connection decides
little but who may knock: which gateway delivers is proved by the seal of its envelope, which one asks for its feed by
its certificate alone.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator

import structlog
import uvicorn
from sse_starlette.sse import AppStatus
from tracewire.errors import Misuse, Unavailable

from cloud.app import create_cloud
from cloud.caller import NamingProtocol
from cloud.config import Config
from cloud.memory import calm_collector

log = structlog.get_logger()

_GRACE_SECONDS = 10
_BACKLOG = 512


def run(config: Config, workers: int = 1, *, project: bool = True) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in hand; safe to kill at any moment."""
    cloud = create_cloud(config, workers, project=project)
    tls = tls_context(config)
    ingest_socket = _listen(config.ingest_host, config.ingest_port)
    public_socket = _listen(config.public_host, config.public_port)
    servers = [
        _Server(_settings(cloud.ingest_app, tls), ingest_socket),
        _Server(_settings(cloud.public_app, None), public_socket),
    ]
    calm_collector()
    cloud.worker.start()
    cloud.lookout.start()
    if cloud.shipper is not None:
        cloud.shipper.start()
    cloud.submitters.start()
    log.info(
        "cloud.serving",
        ingest=f"https://{config.ingest_host}:{ingest_socket.getsockname()[1]}",
        public=f"http://{config.public_host}:{public_socket.getsockname()[1]}",
    )
    try:
        asyncio.run(_serve(servers))
    finally:
        cloud.close()
    log.info("cloud.stopped")


def tls_context(config: Config) -> ssl.SSLContext:
    """Return the context of the ingest listener: only certificates of the device CA that are not revoked may knock.

    The device CA itself is the anchor (partial chain): the offline root need not be here. An expired revocation list
    refuses every gateway; that is meant.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_PARTIAL_CHAIN
    directory = config.directory
    try:
        context.load_cert_chain(directory / "server_cert.pem", directory / "tls_key.pem")
        context.load_verify_locations(directory / "device_ca.pem")
        context.load_verify_locations(directory / "crl.pem")
    except (ssl.SSLError, OSError) as error:
        raise Misuse("identity.tls", f"certificates in {directory.name} cannot be used: {error}") from error
    return context


def _settings(app: object, tls: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # uvicorn's own union of application protocols is private
        http="auto" if tls is None else NamingProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable("server.address", f"{host}:{port}: {error.strerror}") from error
    # asyncio sets this only on sockets that name their protocol. Without it the body of an answer, which is written
    # after its head, waits 40 ms for the peer's delayed acknowledgement on every connection in use.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """One listener; signals are handled once for both, in ``_serve``."""

    def __init__(self, settings: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(settings)
        self.listener = listener

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would take them for this listener only."""
        yield


async def _serve(servers: list[_Server]) -> None:
    def stop() -> None:
        AppStatus.should_exit = True  # streams of events end at once and hold nobody up
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as listeners:
        for server in servers:
            listeners.create_task(_until_stopped(server, stop))


async def _until_stopped(server: _Server, stop: Callable[[], None]) -> None:
    try:
        await server.serve(sockets=[server.listener])
    finally:
        stop()  # one listener alone is not a cloud
