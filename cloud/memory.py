"""The garbage collector of a program that handles records by the hundred.

Why: each envelope makes thousands of tuples that die with it and hold no cycle. Left alone, Python's collector takes
that for growth and looks through all of the program's modules again and again, a tenth of the time of an envelope.
"""

import gc

_YOUNG, _MIDDLE, _OLD = 100_000, 20, 100
"""Objects before a first look; looks before the next generation's. Python's own: 700, 10, 10."""


def calm_collector() -> None:
    """Leave what is loaded out of every collection and look less often; call once, when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
