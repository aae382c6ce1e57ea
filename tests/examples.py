"""How many examples a property is tried with: as many as CI has time for, or CHENGXIN_EXAMPLES=50 times as many."""

import os

TIMES = int(os.environ.get("CHENGXIN_EXAMPLES", "1"))


def examples(count: int) -> int:
    """Return how many examples to try where CI tries ``count``."""
    return count * TIMES
