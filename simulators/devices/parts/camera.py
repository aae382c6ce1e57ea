"""The camera of a handheld: each photo is a small picture of a stall, and its SHA-256 is what the firmware seals."""

import asyncio
import hashlib
import io
import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from simulators.devices.parts.part import Part
from simulators.handheld_process import HandheldProcess

SIZE = (160, 120)
COLOURS = 24
PHOTOS_SHOWN = 3


@dataclass
class Photo:
    """One photo: its file, and what the firmware computes of it."""

    number: int
    png: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.png).hexdigest()


class Camera(Part):
    """``{"photo": true}`` takes a photo; a camera without power takes none."""

    name = "camera"

    def __init__(self, board: HandheldProcess) -> None:
        super().__init__()
        self.photos: list[Photo] = []
        self._board = board
        self.hands = {"photo": self._take}

    def state(self) -> object:
        """Return the newest photos and their digests."""
        return [{"number": photo.number, "sha256": photo.digest} for photo in self.photos[-PHOTOS_SHOWN:]]

    async def _take(self, _: object) -> None:
        if not self._board.is_running:
            return
        photo = Photo(len(self.photos) + 1, await asyncio.to_thread(_stall, random.Random()))
        await self._board.take_photo(photo.png)
        self.photos.append(photo)


def _stall(chance: random.Random) -> bytes:
    """Draw what stands before the lens, never twice the same: a counter, meat on it, a lamp and its light."""
    picture = Image.new("RGB", SIZE, "#4a4238")
    draw = ImageDraw.Draw(picture)
    width, height = SIZE
    draw.rectangle((0, 0, width, 26), fill="#7c1b13")
    for left in range(0, width, 16):
        draw.rectangle((left, 20, left + 7, 30), fill="#b8372a")
    lamp = chance.randrange(40, 120)
    draw.ellipse((lamp - 26, 18, lamp + 26, 70), fill="#6b5f4c")
    draw.ellipse((lamp - 6, 30, lamp + 6, 42), fill="#ffe9b0")
    for left in range(8, width - 24, 26):
        top = 58 + chance.randrange(8)
        draw.rounded_rectangle((left, top, left + 20, 84), 5, fill="#c9564d")
        draw.line((left + 3, top + 8, left + 17, top + 6 + chance.randrange(6)), fill="#f6ddd0", width=2)
    draw.rectangle((0, 82, width, 90), fill="#d8d1bf")
    draw.rectangle((0, 90, width, height), fill="#8c8472")
    draw.rectangle((56, 96, 104, 114), fill="#bccba2")
    file = io.BytesIO()
    picture.quantize(COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()
