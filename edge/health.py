"""How the gateway is doing: counters, and one page on loopback HTTP.

``/`` is for people, ``/status`` the same as JSON, ``/metrics`` for Prometheus, ``/healthz`` answers 200 while the
gateway hears its broker. Loopback only: the figures name devices' counts, never their records, and nobody outside
needs them.
"""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from tracewire.errors import Misuse, TracewireError

Figures = dict[str, Any]
LOOPBACK = "127.0.0.1"
STOP_POLL_SECONDS = 0.1
"""How long a stop may wait for the page's thread."""


class Health:
    """The counters of one gateway process; each names what it counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._plain: dict[str, Counter] = {}
        self.deliveries = self._count("deliveries", "Messages heard from the broker.")
        self.kept = self._count("records_kept", "Records stored for the first time.")
        self.repeats = self._count("records_repeated", "Records heard again with the same bytes.")
        self.ahead = self._count("records_ahead", "Records stored beyond a hole.")
        self.forks = self._count("forks", "Deliveries under a number that is held with other bytes.")
        self.quarantined = self._count("quarantined", "Deliveries that this gateway refused, by reason.", "code")
        self.cloud_refusals = self._count("cloud_refusals", "Records that the cloud refused, by reason.", "code")
        self.receipts = self._count("receipts", "Receipts sent down, by keeper.", "keeper")
        self.forwarded = self._count("records_forwarded", "Records the cloud has answered for.")
        self.forward_failures = self._count("forward_failures", "Envelopes not settled, by cause.", "cause")
        self.disk_failures = self._count("disk_failures", "Commits that failed; nothing was acknowledged.")
        self.refusals = self._count("broker_refusals", "Connections and packets refused, by reason.", "code")
        self.commit_seconds = Histogram(
            "chengxin_gateway_commit_seconds",
            "Verify and commit of one bunch.",
            registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
        )

    def _count(self, name: str, meaning: str, *labels: str) -> Counter:
        counter = Counter(f"chengxin_gateway_{name}", meaning, labels, registry=self.registry)
        if not labels:
            self._plain[name] = counter
        return counter

    def totals(self) -> dict[str, int]:
        """Return the counters that have no labels, as they stand since this process started."""
        return {
            name: int(sample.value)
            for name, counter in self._plain.items()
            for family in counter.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        }

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody asks."""
        Gauge(f"chengxin_gateway_{name}", meaning, registry=self.registry).set_function(read)


class StatusServer:
    """The page. ``figures`` is called for each request, on the server's thread; key ``ready`` decides ``/healthz``."""

    def __init__(self, port: int, health: Health, figures: Callable[[], Figures]) -> None:
        """Open the port; ``Misuse`` when it is taken."""
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), _page(health, figures))
        except OSError as taken:
            raise Misuse("gateway.port", f"cannot listen on {LOOPBACK}:{port}: {taken}") from taken
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_SECONDS,), name="status", daemon=True
        )

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port; also right when it was never started."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def as_text(figures: Figures) -> str:
    """Return the page for people: one figure to a line, None as "unknown"."""
    width = max(len(name) for name in figures)
    return "".join(f"{name:<{width}}  {_shown(value)}\n" for name, value in figures.items())


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{reason} {count}" for reason, count in value.items()) or "none"
    return "unknown" if value is None else str(value)


def _page(health: Health, figures: Callable[[], Figures]) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        """Four addresses; everything else is 404."""

        def do_GET(self) -> None:  # the name http.server calls
            try:
                self._answer(*_content(self.path, health, figures))
            except TracewireError as failure:  # the store may be closing, or its disk may be failing
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{failure}\n".encode())

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # the base class names it so
            """Say nothing: a probe every few seconds is not news."""

    return Page


def _content(path: str, health: Health, figures: Callable[[], Figures]) -> tuple[HTTPStatus, str, bytes]:
    if path == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(health.registry)
    if path == "/status":
        return HTTPStatus.OK, "application/json", json.dumps(figures(), ensure_ascii=False).encode()
    if path == "/":
        return HTTPStatus.OK, "text/plain; charset=utf-8", as_text(figures()).encode()
    if path == "/healthz":
        ready = bool(figures()["ready"])
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return status, "text/plain", b"ready\n" if ready else b"not connected to the broker\n"
    return HTTPStatus.NOT_FOUND, "text/plain", b"only /, /status, /metrics and /healthz are here\n"
