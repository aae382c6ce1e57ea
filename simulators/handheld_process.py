"""A virtual handheld: the shipped firmware in a real MicroPython process, and an inspector's hands, eyes and sky.

handheld = HandheldProcess(firmware_image.build(packages=firmware_image.HANDHELD), flash)
await handheld.start()
await handheld.hear(nmea.position(24.479836, 118.086383))
await handheld.scan(b"https://trace.example/e/3502000010101")
await handheld.type("1 1")              # a patrol; all in order
await handheld.type("enter enter")      # no seal; save
await handheld.wait_for_message("已保存")
"""

from pathlib import Path

from simulators.scale_process import HEAP, ScaleProcess

PROGRAM = "handheld.main"
CHUNK = 128
"""Bytes that the receiver's serial line delivers at once."""


class HandheldProcess(ScaleProcess):
    """One handheld. Power, lamps, screen and waiting are those of every virtual board."""

    def __init__(self, image: Path, flash: Path, *, clock_offset_ms: int = 0, heap: str = HEAP) -> None:
        """Prepare a handheld that runs the compiled ``image`` on the enrolled ``flash``; ``start`` switches it on."""
        super().__init__(image, flash, clock_offset_ms=clock_offset_ms, heap=heap, program=PROGRAM)

    async def hear(self, stream: bytes) -> None:
        """Let the satellite receiver send ``stream``, whatever it is, in pieces as a serial line delivers them."""
        for start in range(0, len(stream), CHUNK):
            await self._send("nmea", stream[start : start + CHUNK].hex())

    async def scan(self, code: bytes) -> None:
        """Hold a QR code or an RFID tag before the scanner."""
        await self._send("scan", code.hex())

    async def take_photo(self, photo: bytes) -> None:
        """Take a photo; ``photo`` is its file."""
        await self._send("photo", photo.hex())

    async def type(self, words: str) -> None:
        """Press keys: each word is a key's name, or digits pressed one after another."""
        for word in words.split():
            for key in [f"digit{digit}" for digit in word] if word.isdecimal() else [word]:
                await self.press(key)

    def _is_ready(self) -> bool:
        return bool(self.lamps or self.screen)
