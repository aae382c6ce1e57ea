"""The house of the projections: processes that keep them up, each for another share of the devices, ended at any step.

What is derived may lie behind, but never beside: what each share holds is exactly what the ledger has of its devices up
to the share's watermark, and in the end it is what a rebuild makes.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

from cloud import watermarks
from cloud.batches.projection import BatchLinks
from cloud.db.engine import Store, open_store
from cloud.ledger import store as ledger
from cloud.ledger.schema import REVISIONS
from cloud.projection_schema import DerivedSchema
from cloud.projections import Projection, Projections
from cloud.timeseries import store as timeseries
from cloud.timeseries.activity import Activity
from cloud.watermarks import WHOLE, Shard
from simulators.simulation.clockwork import PowerCut, World
from simulators.simulation.cloud import LEDGER
from simulators.simulation.disks import lay
from simulators.simulation.oracle import Oracle

NAME = "projections"
FAULT = "projections killed"
SHARDS = (WHOLE, Shard(1, 2), Shard(2, 2), Shard(1, 3), Shard(3, 3))
_MINUTE_MS = timeseries.ROLLUP_WIDTHS_MS[0]


class DerivedHouse:
    """The projections of one world; ``projections`` are those of the product, unless a bug is planted."""

    def __init__(self, world: World, oracle: Oracle, directory: Path) -> None:
        self._world = world
        self._oracle = oracle
        self._ledger_path = directory / LEDGER
        self._path = directory / "projections.sqlite"
        self.projections: list[Projection] = [Activity(), BatchLinks()]
        self._seen: dict[str, int] = {}
        self._open: tuple[Store, Store] | tuple[()] = ()
        lay(self._path, DerivedSchema(self.projections))

    async def live(self) -> None:
        """Let a process take a step now and then while the storm lasts; ``finish`` does what is left."""
        while not self._world.is_calm:
            await self._world.pause(5_000, 60_000)
            self._step(self._world.random.choice(SHARDS))

    def finish(self) -> None:
        """After the calm: all of it is there, and a rebuild changes nothing."""
        records, derived = self._stores()
        projections = Projections(records, derived, self.projections)
        projections.catch_up()
        self._look()
        grown = self._contents(derived)
        projections.rebuild(lambda _name, _count: None)
        self._oracle.require(self._contents(derived) == grown, "a rebuild made other tables than what grew")

    def close(self) -> None:
        """End the process that runs, if one does: its files are given back."""
        for store in self._open:
            store.close()
        self._open = ()

    def _step(self, shard: Shard) -> None:
        projections = Projections(*self._stores(), self.projections, shard)
        try:
            for projection in self.projections:
                projections.advance(projection)
        except PowerCut:
            self._world.note(NAME, f"killed with {shard.number}/{shard.of}")
            self.close()
        self._look()

    def _maybe_kill(self, _connection: object) -> None:
        if self._world.happens(FAULT):
            raise PowerCut(NAME)

    def _look(self) -> None:
        """Let the oracle compare what each share holds with what the ledger has up to its watermark."""
        rollups = timeseries.TABLES.tables["rollups"].c
        records, derived = self._stores()
        held = select(rollups.device, func.sum(rollups.samples)).where(rollups.width_ms == _MINUTE_MS)
        with derived.reader.connect() as connection:
            name = Activity.name
            at = watermarks.read(connection, name, WHOLE.parts(name, is_by_device=True))
            samples = {device: int(count) for device, count in connection.execute(held.group_by(rollups.device))}
        rows = ledger.records.c
        with records.reader.connect() as connection:
            wanted: dict[str, int] = {}
            for device, index in connection.execute(select(rows.device, rows.idx)):
                wanted[device] = wanted.get(device, 0) + (index <= at[watermarks.part_of(name, device)])
        wanted = {device: count for device, count in wanted.items() if count}
        self._oracle.require(samples == wanted, f"the time series has {samples}, up to its watermarks belong {wanted}")
        self._oracle.require(all(at[part] >= seen for part, seen in self._seen.items()), "a watermark fell")
        self._seen = at

    def _contents(self, derived: Store) -> dict[str, list[Any]]:
        tables = [table for each in self.projections for table in each.tables.sorted_tables]
        with derived.reader.connect() as connection:
            return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}

    def _stores(self) -> tuple[Store, Store]:
        """Return ledger and projections as the running process has them open; after a kill a new one opens them."""
        if not self._open:
            records = open_store(self._ledger_path, REVISIONS, synchronous="NORMAL")
            derived = open_store(self._path, DerivedSchema(self.projections), synchronous="NORMAL")
            event.listen(derived.writer, "commit", self._maybe_kill)
            self._open = (records, derived)
        return self._open
