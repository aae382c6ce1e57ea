"""Where envelopes are judged: in threads of this process, or in processes of their own, one for each core.

Why processes: judging a record is a signature check, which threads could share, and as much again of Python, which they
cannot. Each process has its own connections and its own registry and takes whole envelopes from verification to commit;
what comes back is the answer and a few counts, so only envelopes travel. Gateways talk to one listener either way, and
a gateway with a single connection still uses every core that others leave it.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from tracewire.errors import Unavailable

from cloud.ingest.service import Ingest, Taken
from cloud.memory import calm_collector

_THREADS = 4
_MOST_IN_HAND = 64
"""Envelopes read and not answered yet. More would only wait here, in memory, instead of at the gateways, on disk."""


class Intake:
    """Takes envelopes in from the event loop; at most ``_MOST_IN_HAND`` at a time."""

    def __init__(self, start: Callable[[], Executor], take: Callable[[bytes, str], Taken]) -> None:
        self._start = start
        self._take = take
        self._executor = start()
        self._in_hand = 0

    async def take(self, body: bytes, encoding: str) -> Taken:
        """Return what ``Ingest.take`` returns or raises; ``Unavailable("ingest.busy")`` when too much is in hand."""
        self.check_room()
        self._in_hand += 1
        executor = self._executor
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, self._take, body, encoding)
        except BrokenProcessPool as error:
            # A process died with envelopes in hand: nothing was answered, so every gateway sends its own again.
            if self._executor is executor:
                self._executor = self._start()
            raise Unavailable("ingest.worker", "a process of the cloud died; try again") from error
        finally:
            self._in_hand -= 1

    def check_room(self) -> None:
        """Raise ``Unavailable("ingest.busy")`` when too much is in hand already; cheap, before a body is read."""
        if self._in_hand >= _MOST_IN_HAND:
            raise Unavailable("ingest.busy", f"{self._in_hand} envelopes in hand")

    def close(self) -> None:
        """Finish what is in hand and end."""
        self._executor.shutdown()


def in_threads(ingest: Ingest) -> Intake:
    """Return an intake that works in this process."""
    return Intake(lambda: ThreadPoolExecutor(_THREADS, "ingest"), ingest.take)


def in_processes(count: int, build: Callable[[], Ingest]) -> Intake:
    """Return an intake of ``count`` processes; ``build``, a module's function or partial, makes the ingest of each."""
    context = multiprocessing.get_context("spawn")
    return Intake(lambda: ProcessPoolExecutor(count, context, _begin, (build,)), _take)


_own: Ingest
"""The ingest of this process, if it is one of the pool's."""


def _begin(build: Callable[[], Ingest]) -> None:
    global _own  # noqa: PLW0603  # one process of a pool, one ingest
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program; it lets us finish
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _own = build()
    calm_collector()


def _take(body: bytes, encoding: str) -> Taken:
    return _own.take(body, encoding)


def _end_with_parent() -> None:
    """End when the program does, even by ``kill -9``: nobody would hear the answer, and a repeat finds the records."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(0)
