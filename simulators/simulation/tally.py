"""What a run has lived so far: counted, never kept; a world that broke is told at once."""

import time

from rich.console import Console

from simulators.simulation.county import Outcome

STEPS_SHOWN = 25
STORIES = 3
"""So many broken worlds are told with their last steps, the others by their seed and promise."""


class Tally:
    """Counts the worlds of one run; ``plant`` is the bug that was planted in them, "" for none."""

    def __init__(self, console: Console, plant: str) -> None:
        self._console = console
        self._plant = plant
        self._began_seconds = time.monotonic()
        self.worlds = 0
        self._signed = self._acted = self._broken = 0
        self._simulated_seconds = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one world, and tell it when it broke."""
        self.worlds += 1
        self._signed += outcome.signed
        self._acted += outcome.acted
        self._simulated_seconds += outcome.seconds
        if outcome.broken:
            self._broken += 1
            self._tell(outcome)

    def so_far(self) -> str:
        """Return one line of how it goes."""
        rate = self.worlds / (time.monotonic() - self._began_seconds)
        return f"{self.worlds} worlds, {self._signed} records signed, {self._broken} broke, {rate:.2f} worlds/s"

    def verdict(self) -> int:
        """Print what was lived; return 0 when every promise held (with a planted bug: when it was found), else 1."""
        lived = f"{self.worlds} worlds, {self._simulated_seconds / 3600:.1f} simulated hours"
        did = f"{self._signed} records signed, {self._acted} statements acted on"
        self._console.print(f"{lived}, {did}: {self._broken} broke")
        return 0 if bool(self._broken) == bool(self._plant) else 1

    def _tell(self, outcome: Outcome) -> None:
        self._console.print(f"\nseed {outcome.seed}: {outcome.broken}", markup=False)
        if self._broken <= STORIES:
            self._console.print("\n".join(outcome.events[-STEPS_SHOWN:]), markup=False)
        again = f" --plant {self._plant}" if self._plant else ""
        self._console.print(
            f"again, from its beginning: python -m simulators.simulation --replay {outcome.seed}{again}"
        )
