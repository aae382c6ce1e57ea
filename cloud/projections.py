"""Projections: what is derived from the ledger, each with its own watermark, dropped and rebuilt at will.

Why a watermark in the projection's own transaction: after a crash the projection is exactly as far as its watermark
says, and the next pass goes on from there. Restart and steady state are one code path, because a pass never takes
records from memory, only from the ledger.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog
from sqlalchemy import Connection, MetaData
from tracewire.errors import Misuse

from cloud import watermarks
from cloud.background import Background
from cloud.db.engine import Store
from cloud.health import Metrics
from cloud.ledger import store as ledger
from cloud.ledger.entry import Entry, entries_after
from cloud.watermarks import WHOLE, Shard

log = structlog.get_logger()

RECORDS_AT_ONCE = 2_000
"""Records per transaction: long enough to be cheap, short enough that another writer does not notice."""

_MANY, _GATHER_SECONDS = 200, 1.0
"""A pass of many records rests before the next one: what it costs by itself is then shared by more of them."""

_RETRY_SECONDS = 5.0
_LOOK_SECONDS = 1.0
"""How often a worker looks whether another process has committed; its own program wakes it at once."""


class Projection(Protocol):
    """Something derived from the ledger. ``apply`` runs once per record, in ledger order, within one transaction."""

    name: str
    tables: MetaData
    is_by_device: bool
    """Whether what a device's records make depends on no other device's: such a projection may be divided by device."""

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take these records in; must depend on nothing but them and what was applied before."""


class Projections:
    """All projections of one ledger, in one database; ``shard`` says whose devices are advanced here."""

    def __init__(
        self, ledger_store: Store, store: Store, projections: Sequence[Projection], shard: Shard = WHOLE
    ) -> None:
        self._ledger = ledger_store
        self._shard = shard
        self._store = store
        self.all = tuple(projections)
        self._last_opened: tuple[int, Sequence[Entry]] = (0, ())

    def watermarks(self) -> dict[str, int]:
        """Return, by projection, the ledger index up to which all of it is complete."""
        with self._store.reader.connect() as connection:
            return {each.name: min(_read(connection, each, WHOLE).values()) for each in self.all}

    def watermarks_of(self, name: str) -> dict[str, int]:
        """Return the same for each part of one projection that this process keeps up."""
        (projection,) = self.named([name])
        with self._store.reader.connect() as connection:
            return _read(connection, projection, self._shard)

    def advance(self, projection: Projection) -> int:
        """Apply the next records to one projection and return how many were looked at; they are in when this returns.

        Raises ``Misuse("projection.ahead")`` when the projection has seen more than the ledger holds: somebody put an
        older ledger in its place, and only a rebuild is honest. Several processes may call this for one projection:
        they take turns where their shards meet, and each goes on from the watermarks that the last one left.
        """
        if self._is_level(projection):
            return 0
        with self._store.alone(*self._shard.parts(projection.name, is_by_device=projection.is_by_device)) as connection:
            applied = _read(connection, projection, self._shard)
            lowest = min(applied.values())
            behind = {part for part, at in applied.items() if at == lowest}
            # Parts that are ahead, because shards were cut differently before, are waited for.
            end = min((at for at in applied.values() if at > lowest), default=None)
            entries = self._entries_after(lowest, projection.name)
            if end is not None:
                entries = entries[: end - lowest]  # the ledger has no holes
            if not entries:
                return 0
            projection.apply(connection, _of_parts(projection, entries, behind))
            watermarks.move(connection, behind, entries[-1].index)
        # A crash before this line: records and watermarks are as before, the pass is made again.
        return len(entries)

    def _is_level(self, projection: Projection) -> bool:
        """Tell, without keeping anybody from writing, that there is nothing to do."""
        with self._store.reader.connect() as derived, self._ledger.reader.connect() as reading:
            return min(_read(derived, projection, self._shard).values()) == ledger.last_index(reading)

    def _entries_after(self, applied: int, name: str) -> Sequence[Entry]:
        """Read and open the next records; those last opened are kept for the next projection, which wants the same."""
        after, entries = self._last_opened
        if after != applied or not entries:
            with self._ledger.reader.connect() as reading:
                entries = entries_after(reading, applied, RECORDS_AT_ONCE)
                if not entries and ledger.last_index(reading) < applied:
                    raise Misuse("projection.ahead", f"{name}: run `chengxin rebuild`")
            self._last_opened = applied, entries
        return entries

    def catch_up(
        self,
        progress: Callable[[str, int], None] = lambda _name, _count: None,
        chosen: Sequence[Projection] | None = None,
    ) -> None:
        """Bring projections up to where the ledger ends now; ``progress`` hears (name, records) after each step.

        Not to where it ends then: under load that would be never.
        """
        with self._ledger.reader.connect() as reading:
            end = ledger.last_index(reading)
        behind = list(self.all if chosen is None else chosen)
        while behind:  # side by side: records are read and opened once for all
            marks = self.watermarks()
            behind = [projection for projection in behind if marks[projection.name] < end]
            for projection in behind:
                progress(projection.name, self.advance(projection))

    def rebuild(self, progress: Callable[[str, int], None], chosen: Sequence[Projection] | None = None) -> None:
        """Drop the chosen projections, or all, and replay the ledger into them; ingest may go on meanwhile."""
        for projection in self.all if chosen is None else chosen:
            with self._store.alone(*WHOLE.parts(projection.name, is_by_device=projection.is_by_device)) as connection:
                projection.tables.drop_all(connection)
                projection.tables.create_all(connection)
                watermarks.start_over(connection, projection.name)
            # A crash here: an empty projection at watermark 0, which the next start fills.
        self.catch_up(progress, chosen)

    def named(self, names: Sequence[str]) -> list[Projection]:
        """Return the projections of these names; ``Misuse("projection.name")`` when there is none of one."""
        by_name = {projection.name: projection for projection in self.all}
        for name in names:
            if name not in by_name:
                raise Misuse("projection.name", f"{name}: there are {', '.join(by_name)}")
        return [by_name[name] for name in names]


def _read(connection: Connection, projection: Projection, shard: Shard) -> dict[str, int]:
    parts = shard.parts(projection.name, is_by_device=projection.is_by_device)
    return watermarks.read(connection, projection.name, parts)


def _of_parts(projection: Projection, entries: Sequence[Entry], parts: set[str]) -> Sequence[Entry]:
    """Return the records of the devices in these parts; all where a projection is not divided."""
    if not projection.is_by_device or len(parts) == watermarks.SHARES:
        return entries
    return [entry for entry in entries if watermarks.part_of(projection.name, entry.device) in parts]


class Worker(Background):
    """The thread that keeps projections up with the ledger: woken by its program's commits, looking for others'."""

    def __init__(
        self,
        projections: Projections,
        metrics: Metrics,
        after_pass: Callable[[int], None] = lambda _applied: None,
        chosen: Sequence[Projection] | None = None,
    ) -> None:
        """``after_pass`` runs after each pass, for what follows from the projections; it must bear repeating.

        It hears how many records the pass has applied, those applied to two projections twice; none also where another
        process may have applied some.

        ``chosen`` are those that this worker keeps up, all without it; others are some other process's.
        """
        super().__init__("projections")
        self._projections = projections
        self._chosen = projections.all if chosen is None else tuple(chosen)
        self._metrics = metrics
        self._after_pass = after_pass
        self._failures = 0
        self._applied = 0
        self._passed = threading.Condition()

    def wake(self) -> None:
        """Say that the ledger has grown.

        A worker without projections is not woken: what follows from those of another process is not there yet.
        """
        if self._chosen:
            super().wake()

    def wait_for(self, index: int, timeout_seconds: float) -> bool:
        """Wait until every projection holds the record at ``index``; False when the time is over first."""
        with self._passed:
            return self._passed.wait_for(lambda: self._is_past(index), timeout_seconds)

    def _is_past(self, index: int) -> bool:
        watermarks: Mapping[str, int] = self._projections.watermarks()
        return all(applied >= index for applied in watermarks.values())

    def turn(self) -> float:
        """Make one pass; after a large one gather records for a moment, so that the next has many of them too."""
        self._applied = 0
        rest_seconds = _LOOK_SECONDS if self._pass() else _RETRY_SECONDS
        with self._passed:
            self._passed.notify_all()
        if self._applied < _MANY:
            return rest_seconds
        self.pause(_GATHER_SECONDS)
        return 0.0

    def _pass(self) -> bool:
        """Advance every projection as far as the ledger goes; False when one failed and must be tried again."""
        failures_before = self._failures
        behind = list(self._chosen)
        while behind and not self.is_stopping:  # side by side: records are read and opened once for all
            behind = [projection for projection in behind if self._has_more(projection)]
        try:
            self._after_pass(self._applied)
        except Exception:  # outermost loop: tried again, like a pass that failed
            log.exception("projection.after_pass")
            self._failures += 1
        return self._failures == failures_before

    def _has_more(self, projection: Projection) -> bool:
        """Advance one projection by one step; False when it is level, or failed. What comes meanwhile can wait."""
        try:
            applied = self._projections.advance(projection)
            self._applied += applied
            return applied == RECORDS_AT_ONCE
        except Exception:  # outermost loop: a bug in one projection must not stop the others
            log.exception("projection.failed", projection=projection.name)
            self._metrics.projection_failures.labels(projection.name).inc()
            self._failures += 1
            return False
