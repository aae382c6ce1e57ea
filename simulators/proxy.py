"""A bad network between two programs: resets, half-open connections, slow links, on a loopback TCP port.

    with Proxy(target_port=8883) as wire:
        device.connect("127.0.0.1", wire.port)
        wire.reset()            # every connection ends with RST
        wire.silence()          # every connection stays open and carries nothing any more; new ones work
        wire.slow(2_000, 0.2)   # bytes a second and seconds of delay, from now on; slow(0) is fast again

Why our own: packet-level tools need root and act on the whole machine; these three are what a market's mobile link does
to a TCP connection. The proxy runs in its own thread; every method may be called from any thread.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

READ_BYTES = 16_384
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: close sends RST (socket(7))."""


class _Link:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ends = (near, far)
        self.is_silent = False

    def reset(self) -> None:
        for end in self.ends:
            connection = end.get_extra_info("socket")
            with contextlib.suppress(OSError):  # it may have ended by itself
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.transport.abort()


class Proxy:
    """Listens on ``port`` and passes bytes on to ``target_port``, as well as it is allowed to."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.opened = 0
        """Connections accepted so far."""
        self.given_up = 0
        """Silenced connections that the target has ended since: it noticed that nobody is there."""
        self._target_port = target_port
        self._links: set[_Link] = set()
        self._bytes_per_second = 0
        self._delay_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def reset(self) -> None:
        """End every connection with RST, on both sides."""
        for link in tuple(self._links):
            self._loop.call_soon_threadsafe(link.reset)

    def silence(self) -> None:
        """Carry nothing more on the connections of this moment; neither side is told."""
        for link in tuple(self._links):
            link.is_silent = True

    def slow(self, bytes_per_second: int, delay_s: float = 0.0) -> None:
        """Carry at most so many bytes a second on each connection, each after a delay; 0 is as fast as it goes."""
        self._bytes_per_second = bytes_per_second
        self._delay_s = delay_s

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _accept(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # only ``_end`` cancels, and nobody awaits this task
            await self._serve(near_reader, near)

    async def _serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:  # the target is down: so is the line
            near.transport.abort()
            return
        link = _Link(near, far)
        self._links.add(link)
        upward = asyncio.create_task(self._carry(link, near_reader, far))
        downward = asyncio.create_task(self._carry(link, far_reader, near))
        await asyncio.wait((upward, downward), return_when=asyncio.FIRST_COMPLETED)
        if link.is_silent:  # the target is not told that the near end has gone
            await asyncio.wait((downward,))
            self.given_up += 1
        upward.cancel()
        downward.cancel()
        self._links.discard(link)
        for end in link.ends:
            end.close()

    async def _carry(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction to its end. What is heard on a silenced link is lost."""
        with contextlib.suppress(OSError):
            while heard := await reader.read(self._bytes_per_second or READ_BYTES):
                if self._delay_s or self._bytes_per_second:
                    await asyncio.sleep(self._delay_s + len(heard) / (self._bytes_per_second or READ_BYTES))
                if not link.is_silent:
                    writer.write(heard)
                    await writer.drain()

    async def _end(self) -> None:
        self._server.close()
        for link in tuple(self._links):
            link.reset()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
