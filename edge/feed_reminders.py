"""When a device is told again what stands: a broker promises nothing, and no device confirms what it has heard.

Found by the simulator: a statement that was lost while its device stayed on line was not said again before the device
connected anew, which may be weeks. A repeat changes nothing there (spec 14.4).
"""

from collections.abc import Iterable

LONGEST_MS = 3_600_000
"""Between two reminders in the end: a few hundred kilobytes a day for a device with every list full."""


class Reminders:
    """Who is due, with a pause that begins at ``first_ms`` and doubles; times are milliseconds of any one clock."""

    def __init__(self, first_ms: int) -> None:
        self._first_ms = first_ms
        self._due: dict[str, tuple[int, int]] = {}  # when next, and the pause after it

    def told(self, devices: Iterable[str], now_ms: int) -> None:
        """Begin anew with devices that have just been told something."""
        for device in devices:
            self._due[device] = (now_ms + self._first_ms, 2 * self._first_ms)

    def due(self, now_ms: int) -> list[str]:
        """Return the devices whose turn has come; each is due again after its next pause."""
        devices = [device for device, (due_ms, _) in self._due.items() if due_ms <= now_ms]
        for device in devices:
            pause_ms = min(self._due[device][1], LONGEST_MS)
            self._due[device] = (now_ms + pause_ms, 2 * pause_ms)
        return devices
