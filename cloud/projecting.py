"""A process that only keeps projections up with the ledger, all or some, beside any number of others.

Safe to kill at any moment: a step and its watermark are one transaction.
"""

import os
import signal
import threading
from collections.abc import Sequence

import structlog
from tracewire.errors import Misuse

from cloud.app import every_projection, open_stores
from cloud.config import Config
from cloud.health import Metrics
from cloud.memory import calm_collector
from cloud.projections import Projection, Projections, Worker
from cloud.watermarks import WHOLE, Shard

log = structlog.get_logger()

_POLITENESS = 5
"""What is derived can wait a moment; whoever delivers evidence on the same cores cannot."""


def run(config: Config, names: Sequence[str], shard: Shard = WHOLE) -> None:
    """Keep the named projections, or all, up with the ledger until SIGINT or SIGTERM.

    With a ``shard``, only those that can be divided by device, and only its devices; ``Misuse("projection.shard")``
    for a named one that cannot.
    """
    stores = open_stores(config)
    try:
        derived = Projections(stores.ledger, stores.projections, every_projection(), shard)
        chosen = _chosen(derived, names, shard)
        worker = Worker(derived, Metrics(), chosen=chosen)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        os.nice(_POLITENESS)
        calm_collector()
        worker.start()
        log.info("projections.running", names=[each.name for each in chosen])
        ended.wait()
        worker.stop()
    finally:
        stores.close()


def _chosen(derived: Projections, names: Sequence[str], shard: Shard) -> Sequence[Projection]:
    wanted = derived.named(names) if names else derived.all
    if shard == WHOLE:
        return wanted
    divided = [projection for projection in wanted if projection.is_by_device]
    if names and len(divided) < len(wanted):
        whole = ", ".join(projection.name for projection in wanted if not projection.is_by_device)
        raise Misuse("projection.shard", f"{whole}: cannot be divided by device")
    return divided
