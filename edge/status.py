"""The figures of one running gateway, for the status page and for Prometheus: read when somebody asks, never kept.

``buffer_hours_left``: at the growth of the last minutes, "unknown" while nothing grows. ``certificate_days_left``:
until the first of the gateway's own two certificates runs out; without them neither devices nor cloud can be reached.
"""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from edge.config import GatewayConfig
from edge.forecast import BufferForecast
from edge.forwarder import Forwarder
from edge.health import Health
from edge.inbox import Inbox
from edge.keyring import Keyring
from edge.outbox import Outbox
from edge.revocations import DAY_MS
from edge.site_broker import SiteBroker

OWN_CERTIFICATES = ("client_cert.pem", "server_cert.pem")


@dataclass(frozen=True)
class Status:
    """Reads the parts of a gateway; safe to call from the status server's thread."""

    name: str
    config: GatewayConfig
    outbox: Outbox
    keyring: Keyring
    broker: SiteBroker
    inbox: Inbox
    forwarder: Forwarder
    forecast: BufferForecast
    health: Health
    crl_expires_ms: Callable[[], int]

    def __post_init__(self) -> None:
        """Let Prometheus see the figures that are no counters."""
        watch = self.health.watch
        watch("outbox_records", "Records the cloud has not answered for.", lambda: self.outbox.backlog().rows)
        watch("outbox_bytes", "Their sealed bytes.", lambda: self.outbox.backlog().sealed_bytes)
        watch("receipts_outstanding", "Devices that wait for a cloud receipt.", self._receipts_outstanding)
        watch("devices_connected", "Devices with a session at the broker.", lambda: self.broker.connected)
        watch("buffer_free_bytes", "Room left for more.", self._free_bytes)
        watch("buffer_hours_left", "At the present growth; NaN while nothing grows.", self._hours_left_or_nan)
        watch("cloud_answer_seconds", "Unix time of the cloud's last valid answer, 0 before the first.", self._answered)
        watch("certificate_days_left", "Until the first own certificate runs out.", self._certificate_days_left)
        watch("crl_expires_seconds", "Unix time after which every device is refused.", self._crl_expires_seconds)
        watch("inbox_dropped", "Deliveries dropped unacknowledged because too many waited.", lambda: self.inbox.dropped)

    def figures(self) -> dict[str, Any]:
        """Return the status page."""
        backlog = self.outbox.backlog()
        free_bytes = self._free_bytes()
        hours_left = self.forecast.hours_left(free_bytes)
        counted = self.health.totals()
        return {
            "gateway": self.name,
            "ready": self.inbox.listening.is_set(),
            "broker": self.config.broker,
            "devices_connected": self.broker.connected,
            "cloud": self.forwarder.backoff.state.value,
            "cloud_answered_ms": self.forwarder.answered_ms or None,
            "records_in": counted["deliveries"],
            "records_verified": counted["records_kept"] + counted["records_repeated"],
            "records_forwarded": counted["records_forwarded"],
            "outbox_records": backlog.rows,
            "outbox_bytes": backlog.sealed_bytes,
            "outbox_oldest_seconds": (_now_ms() - backlog.oldest_ms) // 1000 if backlog.rows else 0,
            "receipts_outstanding": backlog.devices_waiting,
            "quarantined": backlog.quarantined,
            "quarantined_by_reason": self.outbox.quarantined_by_reason(),
            "forks": backlog.forks,
            "overruled": backlog.overruled,
            "devices": backlog.devices,
            "registry_serial": self.keyring.serial,
            "crl_expires_ms": self.crl_expires_ms(),
            "certificate_days_left": self._certificate_days_left(),
            "inbox_dropped": self.inbox.dropped,
            "buffer_free_bytes": free_bytes,
            "buffer_hours_left": None if hours_left is None else round(hours_left, 1),
        }

    def _free_bytes(self) -> int:
        """Return what may still be written: the smaller of the disk's room and the outbox's own limit."""
        return min(shutil.disk_usage(self.config.directory).free, self.outbox.free_bytes())

    def _hours_left_or_nan(self) -> float:
        hours_left = self.forecast.hours_left(self._free_bytes())
        return math.nan if hours_left is None else hours_left

    def _receipts_outstanding(self) -> int:
        return self.outbox.backlog().devices_waiting

    def _answered(self) -> float:
        return self.forwarder.answered_ms / 1000

    def _crl_expires_seconds(self) -> float:
        return self.crl_expires_ms() / 1000

    def _certificate_days_left(self) -> int:
        """Return whole days, negative after the end; read each time, because renewal replaces the files."""
        ends = [
            x509.load_pem_x509_certificate(self.config.path(name).read_bytes()).not_valid_after_utc.timestamp()
            for name in OWN_CERTIFICATES
        ]
        return int(min(ends) * 1000 - _now_ms()) // DAY_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
