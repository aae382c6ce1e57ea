"""A process that only keeps projections up with the ledger, all or some, beside any number of others.

Safe to kill at any moment: a step and its watermark are one transaction.
"""

import os
import signal
import threading
from collections.abc import Sequence

import structlog

from cloud.app import every_projection, open_stores
from cloud.config import Config
from cloud.health import Metrics
from cloud.memory import calm_collector
from cloud.projections import Projections, Worker

log = structlog.get_logger()

_POLITENESS = 5
"""What is derived can wait a moment; whoever delivers evidence on the same cores cannot."""


def run(config: Config, names: Sequence[str]) -> None:
    """Keep the named projections, or all, up with the ledger until SIGINT or SIGTERM."""
    stores = open_stores(config)
    try:
        derived = Projections(stores.ledger, stores.projections, every_projection())
        chosen = derived.named(names) if names else derived.all
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
