"""What the cloud counts, and one page that says whether it is well.

Why a registry of its own and not prometheus_client's global one: two clouds in one process (tests) must not add up.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from cloud.db.engine import Store
from cloud.ledger import store as ledger

if TYPE_CHECKING:
    from cloud.ingest.service import Taken


class Metrics:
    """Counters since the program started, and gauges read from the stores at each scrape."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = self._counter("records_received", "Records in accepted envelopes")
        self.verified = self._counter("records_verified", "Records newly committed to the ledger")
        self.repeated = self._counter("records_repeated", "Records that the ledger held already")
        self.quarantined = self._counter("records_quarantined", "Records refused and kept, by reason", "code")
        self.forks = self._counter("forks", "Records with a number that the ledger holds with other bytes")
        self.envelopes_refused = self._counter("envelopes_refused", "Envelopes refused whole, by reason", "code")
        self.projection_failures = self._counter(
            "projection_failures", "Passes of a projection that failed", "projection"
        )
        self.size = self._gauge("ledger_records", "Records in the ledger")
        self.gaps = self._gauge("ledger_open_holes", "Ranges of records that are missing now")
        self.witnessed = self._gauge("witnessed_records", "Records under a head that enough witnesses cosigned")
        self.witnessed_until = self._gauge("witnessed_until_seconds", "Unix time until when they vouch for it")
        self.lag = self._gauge("projection_lag_records", "Records that a projection has not seen", "projection")
        self.series_waiting = self._gauge("series_waiting", "Lines that wait for the time-series server")
        self.series_parked = self._gauge("series_parked", "Lines that the time-series server refused for ever")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"chengxin_cloud_{name}", help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"chengxin_cloud_{name}", help_text, labels, registry=self.registry)

    def count(self, taken: "Taken") -> None:
        """Count one committed envelope."""
        self.received.inc(taken.received)
        self.verified.inc(taken.new)
        self.repeated.inc(taken.repeated)
        for code in taken.refused:
            self.quarantined.labels(code).inc()
            if code == "chain.fork":
                self.forks.inc()


def router(
    metrics: Metrics,
    store: Store,
    watermarks: Callable[[], Mapping[str, int]],
    witnessed: Callable[[], tuple[int, int]],
    series: Callable[[], tuple[int, int]] | None,
) -> APIRouter:
    """Return ``/healthz`` for a supervisor and ``/metrics`` for Prometheus.

    ``witnessed`` returns how many records enough witnesses vouch for, and until when: Unix milliseconds, 0 for never.
    ``series`` returns how many lines wait for the time-series server and how many it refused; None without a server.
    """
    routes = APIRouter()

    @routes.get("/healthz")
    def healthz() -> JSONResponse:
        size, gaps = _measure(store)
        lag = {name: size - applied for name, applied in watermarks().items()}
        vouched, until_ms = witnessed()
        found: dict[str, object] = {
            "status": "ok",
            "records": size,
            "open_holes": gaps,
            "projection_lag": lag,
            "witnessed_records": vouched,
            "witnessed_until_ms": until_ms,
        }
        if series is not None:
            waiting, parked = series()
            found |= {"series_waiting": waiting, "series_parked": parked}
        return JSONResponse(found)

    @routes.get("/metrics")
    def scrape() -> Response:
        size, gaps = _measure(store)
        metrics.size.set(size)
        metrics.gaps.set(gaps)
        vouched, until_ms = witnessed()
        metrics.witnessed.set(vouched)
        metrics.witnessed_until.set(until_ms / 1000)
        for name, applied in watermarks().items():
            metrics.lag.labels(name).set(size - applied)
        if series is not None:
            waiting, parked = series()
            metrics.series_waiting.set(waiting)
            metrics.series_parked.set(parked)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _measure(store: Store) -> tuple[int, int]:
    with store.reader.connect() as connection:
        return ledger.last_index(connection), ledger.count_open_holes(connection)
