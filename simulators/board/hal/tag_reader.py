"""Reader of ear tags and hooks of the virtual board: panel message ``tag``, one frame as text."""

from hal.panel import plug


class TagReader:
    """Frames arrive in order; none is lost while the firmware is busy."""

    def __init__(self) -> None:
        self._frames = plug().inbox("tag")

    async def next_frame(self) -> bytes:
        """Wait for the next frame and return it."""
        return (await self._frames.get()).encode()
