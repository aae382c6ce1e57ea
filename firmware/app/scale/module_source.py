"""A sealed weighing module as the source of weight: the same two members as a load cell, counted in milligrams.

Everything a module says is doubted: a frame must be whole, in range and in the setting that it had at power-on; a
module that says nothing good for half a second has fallen silent, and then nothing is indicated and nothing sold.
"""

from tracewire.errors import Unavailable

from scale.module_frames import FrameStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.weighing_module import WeighingModule

SILENT_MS = 500
"""Ten frames missed."""

NOISE_BYTES = 360
"""Twenty frames' worth of bytes with no frame among them: noise is silence too."""

OVER_RANGE_MG = 1 << 40
"""Counts for "out of range above": beyond every Max, so that the core says overload."""


class ModuleSource:
    """``next_counts`` gives gross milligrams; ``is_steady`` is the module's own word about motion."""

    def __init__(self, module: "WeighingModule", silent_ms: int = SILENT_MS) -> None:
        self._module = module
        self._silent_ms = silent_ms
        self._stream = FrameStream()
        self._waiting = []
        self._setting = None
        self.is_steady = False

    async def next_counts(self) -> int:
        """Wait for the next frame; Unavailable "module.silent" or "module.changed" when there is none to be believed.

        After either, call again: a module that comes back is heard. One whose setting has changed is not, until the
        next power-on.
        """
        noise_bytes = 0
        while not self._waiting:
            received = await self._module.next_bytes(self._silent_ms)
            self._waiting = self._stream.feed(received)
            noise_bytes += len(received)
            if not self._waiting and (not received or noise_bytes > NOISE_BYTES):
                raise Unavailable("module.silent", self._stream.last_refusal)
        frame = self._waiting.pop(0)
        if self._setting is None:
            self._setting = frame.setting
        if frame.setting != self._setting:
            raise Unavailable("module.changed")
        if not frame.is_in_range and frame.milligrams < 0:
            raise Unavailable("module.silent", "below its range")
        self.is_steady = frame.is_steady and frame.has_zero
        return frame.milligrams if frame.is_in_range else OVER_RANGE_MG
