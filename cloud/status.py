"""The figures of one running cloud, for whoever operates it: read when somebody asks, never kept.

Read from the stores and not counted since the start: a restarted cloud, and each of several over one ledger, says the
same. What each costs on a long ledger is said in ``ledger.census``; the outbox of the time series is counted line by
line, so it costs what waits in it.
"""

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from cloud.db.engine import Store
from cloud.ledger import census
from cloud.registry import RegistryFile


@dataclass(frozen=True, kw_only=True)
class Health:
    """What a supervisor asks for: whether it answers, and how far it is."""

    status: Literal["ok"] = "ok"
    records: int
    """In the ledger."""
    open_holes: int
    """Ranges of records that are missing now."""
    projection_lag: dict[str, int]
    """Records that a projection has not seen."""
    witnessed_records: int
    """Under a head of the log that enough witnesses cosigned."""
    witnessed_until_ms: int
    """Until when they vouch for it; 0 for never."""
    series_waiting: int | None = None
    """Lines that wait for the time-series server; null without one."""
    series_parked: int | None = None
    """Lines that it refused for ever."""


@dataclass(frozen=True, kw_only=True)
class Figures(Health):
    """The status page."""

    version: str
    devices_with_holes: int
    forks: int
    """Records with a number that the ledger holds with other bytes."""
    quarantined_by_reason: dict[str, int]
    """Records that were refused and kept, by code."""
    gateways_heard_ms: dict[str, int | None]
    """When each gateway of the registry received the newest of its records, by its own clock; null before the first."""
    receipts_outstanding: None = None
    """Not known here: a receipt leaves in the answer to its envelope, and only the gateway knows whether that came."""


@dataclass(frozen=True)
class Status:
    """Reads the parts of a cloud; callable from any thread.

    ``witnessed`` returns how many records enough witnesses vouch for, and until when: Unix milliseconds, 0 for never.
    ``series`` returns how many lines wait for the time-series server and how many it refused; None without a server.
    """

    ledger: Store
    registry: RegistryFile
    watermarks: Callable[[], Mapping[str, int]]
    witnessed: Callable[[], tuple[int, int]]
    series: Callable[[], tuple[int, int]] | None

    def health(self) -> Health:
        """Return the short form."""
        return self._health(self._census())

    def figures(self) -> Figures:
        """Return everything."""
        counted = self._census()
        return Figures(
            **asdict(self._health(counted)),
            version=importlib.metadata.version("chengxin"),
            devices_with_holes=counted.devices_with_holes,
            forks=counted.forks,
            quarantined_by_reason=counted.quarantined_by_reason,
            gateways_heard_ms=self._gateways_heard_ms(),
        )

    def _census(self) -> census.Census:
        with self.ledger.reader.connect() as connection:
            return census.take(connection)

    def _health(self, counted: census.Census) -> Health:
        vouched, until_ms = self.witnessed()
        waiting, parked = self.series() if self.series is not None else (None, None)
        return Health(
            records=counted.records,
            open_holes=counted.open_holes,
            # A projection may have gone on since the records were counted.
            projection_lag={name: max(0, counted.records - at) for name, at in self.watermarks().items()},
            witnessed_records=vouched,
            witnessed_until_ms=until_ms,
            series_waiting=waiting,
            series_parked=parked,
        )

    def _gateways_heard_ms(self) -> dict[str, int | None]:
        credentials = self.registry.current().registry.credentials
        names = sorted({each.name for each in credentials if each.role == "gateway" and each.state != "revoked"})
        with self.ledger.reader.connect() as connection:
            return {name: census.last_heard_ms(connection, name) for name in names}
