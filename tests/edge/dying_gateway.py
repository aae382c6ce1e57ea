"""The real gateway with an outbox that pulls its own plug, just before or just after the commit.

    python tests/edge/dying_gateway.py DIR before|after

House rule: every durable step is tested as "failed and not kept" and as "failed but kept".
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from edge import assembly, config
from edge.outbox import Kept, Outbox
from edge.verify import Refused, Verified


class OutboxThatDies(Outbox):
    """Keeps the first record like any outbox, and takes the process down around the commit of the second."""

    moment = "after"
    _bunches = 0

    def keep(self, verdicts: Iterable[Verified | Refused]) -> Kept:
        """Die by SIGKILL: no handler runs, nothing is flushed, nobody is told."""
        self._bunches += 1
        if self._bunches == 2 and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        kept = super().keep(verdicts)
        if self._bunches == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return kept


if __name__ == "__main__":
    settings = config.load(Path(sys.argv[1]))
    OutboxThatDies.moment = sys.argv[2]
    asyncio.run(assembly.serve(settings, OutboxThatDies(settings.outbox_path)))
