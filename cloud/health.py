"""What the cloud counts, and the pages that say whether it is well.

Why a registry of its own and not prometheus_client's global one: two clouds in one process (tests) must not add up.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cloud.answers import plain
from cloud.status import Figures, Health, Status

if TYPE_CHECKING:
    from cloud.ingest.service import Taken

_PREFIX = "chengxin_cloud_"


class Metrics:
    """Counters since the program started."""

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

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, help_text, labels, registry=self.registry)

    def count(self, taken: "Taken") -> None:
        """Count one committed envelope."""
        self.received.inc(taken.received)
        self.verified.inc(taken.new)
        self.repeated.inc(taken.repeated)
        for code in taken.refused:
            self.quarantined.labels(code).inc()
            if code == "chain.fork":
                self.forks.inc()


class Gauges(Collector):
    """The status page for Prometheus: read from the stores at each scrape, the same after a restart."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return one family for each figure."""
        found = self._status.figures()
        yield _gauge("ledger_records", "Records in the ledger", found.records)
        yield _gauge("ledger_forks", "Records with a number that the ledger holds with other bytes", found.forks)
        yield _gauge("ledger_open_holes", "Ranges of records that are missing now", found.open_holes)
        yield _gauge("devices_with_holes", "Devices of which records are missing now", found.devices_with_holes)
        yield _gauges(
            "quarantine_records", "Records that were refused and kept, by reason", "code", found.quarantined_by_reason
        )
        yield _gauge(
            "witnessed_records", "Records under a head that enough witnesses cosigned", found.witnessed_records
        )
        yield _gauge(
            "witnessed_until_seconds", "Unix time until when they vouch for it", found.witnessed_until_ms / 1000
        )
        yield _gauges(
            "projection_lag_records", "Records that a projection has not seen", "projection", found.projection_lag
        )
        heard = {name: (at_ms or 0) / 1000 for name, at_ms in found.gateways_heard_ms.items()}
        yield _gauges(
            "gateway_heard_seconds", "Unix time of a gateway's newest record, 0 before the first", "gateway", heard
        )
        if found.series_waiting is not None and found.series_parked is not None:
            yield _gauge("series_waiting", "Lines that wait for the time-series server", found.series_waiting)
            yield _gauge("series_parked", "Lines that the time-series server refused for ever", found.series_parked)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, help_text, value)


def _gauges(name: str, help_text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(_PREFIX + name, help_text, labels=[label])
    for value in values:
        family.add_metric([value], values[value])
    return family


def router(metrics: Metrics, status: Status) -> APIRouter:
    """Return ``/healthz`` for a supervisor, ``/status`` for a person and ``/metrics`` for Prometheus."""
    routes = APIRouter()
    metrics.registry.register(Gauges(status))

    @routes.get("/healthz")
    def healthz() -> Health:
        """Tell a supervisor that the cloud answers, and how far it is."""
        return status.health()

    @routes.get("/status")
    def figures() -> Figures:
        """Tell an operator what the stores hold and what lags behind."""
        return status.figures()

    @routes.get("/metrics", response_class=Response, responses=plain("text/plain", "Metrics for Prometheus"))
    def scrape() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
