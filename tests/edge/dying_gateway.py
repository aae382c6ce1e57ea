"""The real gateway with an outbox that pulls its own plug, just before or just after a commit.

    python tests/edge/dying_gateway.py DIR before-keep|after-keep|before-settle|after-settle

House rule: every durable step is tested as "failed and not kept" and as "failed but kept".
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge import assembly, config
from edge.answer import Answered, CloudReceipt, Waiting
from edge.outbox import Kept, Outbox
from edge.verify import Refused, Verified


class OutboxThatDies(Outbox):
    """Dies around the commit of the second bunch, or around that of the first answer with a refusal in it."""

    moment = ""
    _bunches = 0

    def keep(self, verdicts: Iterable[Verified | Refused]) -> Kept:
        """Take the process down around the second bunch."""
        self._bunches += 1
        if self._bunches == 2:
            self._die_at("before-keep")
        kept = super().keep(verdicts)
        if self._bunches == 2:
            self._die_at("after-keep")
        return kept

    def settle(self, answered: Sequence[Answered], left: Sequence[Waiting], receipts: Sequence[CloudReceipt]) -> None:
        """Take the process down around the first refusal."""
        has_refusal = any(one.refusal for one in answered)
        if has_refusal:
            self._die_at("before-settle")
        super().settle(answered, left, receipts)
        if has_refusal:
            self._die_at("after-settle")

    def _die_at(self, moment: str) -> None:
        """Die by SIGKILL: no handler runs, nothing is flushed, nobody is told."""
        if self.moment == moment:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    settings = config.load(Path(sys.argv[1]))
    OutboxThatDies.moment = sys.argv[2]
    asyncio.run(assembly.serve(settings, OutboxThatDies(settings.outbox_path)))
