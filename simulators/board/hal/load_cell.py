"""A simulated load cell: goods land on the pan, swing, come to rest; noise and slow drift never stop.

The pan is a damped spring: its natural frequency and damping decide how long a weight needs to settle. Panel messages:
``cell`` once (counts at zero and per kg, noise, drift, seed, haste), then ``load`` in grams whenever the hand moves.

Haste makes a long day short without another weight in it: the weighing core counts samples and knows no clock, so the
same samples come, only sooner.
"""

import asyncio
import math
import random
import time

from hal import clock
from hal.panel import plug

PERIOD_MS = 50  # 20 samples a second, as the weighing core expects
STEPS = 10  # integration steps of 5 ms within one sample
FREQUENCY_HZ = 4.0
DAMPING = 0.7  # of critical: one visible overshoot, then rest within about 0.3 s
DRIFT_PERIOD_S = 600


class LoadCell:
    """Counts of an amplified strain-gauge bridge under whatever the panel says lies on the pan."""

    is_steady = True

    def __init__(self) -> None:
        panel = plug()
        self._cell_inbox = panel.inbox("cell")
        self._cell = None
        self._period_ms = PERIOD_MS
        self._load_grams = 0
        self._position_grams = 0.0
        self._speed = 0.0
        self._samples = 0
        self._due_ms = clock.ticks_ms()
        panel.on("load", self._put)

    async def next_counts(self) -> int:
        """Wait for the next sample and return it."""
        if self._cell is None:
            self._cell = await self._cell_inbox.get()
            random.seed(self._cell["seed"])
            self._period_ms = PERIOD_MS // self._cell["haste"]
            self._due_ms = clock.ticks_ms()
        self._due_ms = time.ticks_add(self._due_ms, self._period_ms)
        late_ms = time.ticks_diff(clock.ticks_ms(), self._due_ms)
        if late_ms > self._period_ms:
            self._due_ms = clock.ticks_ms()  # a converter skips samples nobody fetched
        await asyncio.sleep_ms(max(0, -late_ms))
        return self._sample()

    def _put(self, grams: float) -> None:
        self._load_grams = grams

    def _sample(self) -> int:
        stiffness = (2 * math.pi * FREQUENCY_HZ) ** 2
        friction = 2 * DAMPING * 2 * math.pi * FREQUENCY_HZ
        step_s = PERIOD_MS / 1000 / STEPS
        for _ in range(STEPS):
            pull = stiffness * (self._load_grams - self._position_grams) - friction * self._speed
            self._speed += pull * step_s
            self._position_grams += self._speed * step_s
        self._samples += 1
        age_s = self._samples * PERIOD_MS / 1000
        cell = self._cell
        counts = cell["counts_at_zero"] + self._position_grams * cell["counts_per_kg"] / 1000
        counts += cell["noise_counts"] * _gauss()
        counts += cell["drift_counts"] * math.sin(2 * math.pi * age_s / DRIFT_PERIOD_S)
        return round(counts)


def _gauss() -> float:
    """One standard normal deviate (Box and Muller)."""
    return math.sqrt(-2 * math.log(1 - random.random())) * math.cos(2 * math.pi * random.random())
