"""Read the files of a release from the gateway: HTTPS with the device's own certificate, one request a connection.

Why a second connection and not the broker's: HTTP has ranges, so a download goes on at any byte, and a file server
needs no code of ours. What comes is not believed here; ``download`` holds every byte against what two people signed.
"""

import asyncio

from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.mqtt_link import Broker

_PIECE_BYTES = 1024
_LINES = 32  # of an answer's head
_TIMEOUT_S = 20
_ATTEMPTS = 5
_PAUSE_S = 2  # before the second attempt; doubles
_OK, _PARTIAL, _NOT_FOUND = b"200", b"206", b"404"


class Source:
    """The directory of releases at ``port`` of the gateway that ``broker`` describes."""

    def __init__(self, broker: "Broker", port: int, model: str) -> None:
        self._broker = broker
        self._port = port
        self._folder = "/firmware/" + model + "/"

    async def whole(self, path: str, most_bytes: int) -> bytes:
        """Return a small file; ``Rejected("update.source")`` when it is larger than ``most_bytes``."""
        content = bytearray()

        def take(piece: bytes) -> None:
            content.extend(piece)
            if len(content) > most_bytes:
                raise Rejected("update.source", path + " is too long")

        await self._get(path, 0, take)
        return bytes(content)

    async def into(self, path: str, offset: "Callable[[], int]", take: "Callable[[bytes], object]") -> None:
        """Give a file to ``take``, piece by piece, from ``offset()`` on; goes on there when the connection breaks.

        ``Unavailable("update.link")`` when several connections in a row brought nothing, ``("update.absent")`` when the
        gateway has no such file; what ``take`` raises ends it too.
        """
        failures = 0
        while True:
            before = offset()
            try:
                return await self._get(path, before, take)
            except Unavailable as failure:
                failures = failures + 1 if offset() == before else 1
                if failure.code != "update.link" or failures == _ATTEMPTS:
                    raise
            await asyncio.sleep(_PAUSE_S << failures - 1)

    async def _get(self, path: str, offset: int, take: "Callable[[bytes], object]") -> None:
        stream = None
        try:
            stream = await self._open(path, offset)
            left = await _length(stream, offset)
            piece = bytearray(_PIECE_BYTES)
            while left:
                count = await asyncio.wait_for(
                    stream.readinto(memoryview(piece)[: min(left, _PIECE_BYTES)]), _TIMEOUT_S
                )
                if count == 0:
                    raise Unavailable("update.link", "ended early")
                take(memoryview(piece)[: count or 0])  # None: TLS had bytes, but none of ours
                left -= count or 0
        except (
            OSError,
            ValueError,
            asyncio.TimeoutError,
        ) as error:  # ValueError: MicroPython's TLS, a wrong certificate
            raise Unavailable("update.link", str(error))
        finally:
            if stream is not None:
                stream.close()

    async def _open(self, path: str, offset: int) -> object:
        broker = self._broker
        opening = asyncio.open_connection(broker.host, self._port, broker.context, broker.server_name)
        stream, _ = await asyncio.wait_for(opening, _TIMEOUT_S)
        words = (self._folder + path, broker.server_name, offset)
        stream.write(b"GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%d-\r\nConnection: close\r\n\r\n" % words)
        await stream.drain()
        return stream


async def _length(stream: object, offset: int) -> int:
    """Read the head of an answer and return how many bytes follow; anything but that range of the file is refused."""
    status = (await asyncio.wait_for(stream.readline(), _TIMEOUT_S)).split(b" ")
    length, start = -1, 0
    for _ in range(_LINES):
        line = (await asyncio.wait_for(stream.readline(), _TIMEOUT_S)).strip()
        if not line:
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"content-range":
            start = int(value.strip().split(b" ")[1].split(b"-")[0])
    if len(status) > 1 and status[1] == _NOT_FOUND:
        raise Unavailable("update.absent", "the gateway has no release for this device")
    if len(status) < 2 or status[1] not in (_OK, _PARTIAL) or start != offset or length < 0:
        raise Unavailable("update.link", "no such range")
    return length
