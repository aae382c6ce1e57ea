"""Work that goes on beside the requests: one thread, woken when there is something to do, ended between two turns."""

import abc
import threading


class Background(abc.ABC):
    """A thread that works in turns."""

    def __init__(self, name: str) -> None:
        self._awake = threading.Event()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abc.abstractmethod
    def turn(self) -> float | None:
        """Do what there is to do; return how long to rest unless woken, in seconds, None: until woken.

        It must bear repeating, and what it meets is its own to handle: whatever it raises ends the thread.
        """

    def start(self) -> None:
        """Begin with a turn at once: what came before the start was announced to nobody."""
        self._awake.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be something to do; cheap, from any thread."""
        self._awake.set()

    def stop(self) -> None:
        """Let the turn at hand finish, and end; harmless when it has ended or never began."""
        self._is_stopping.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_stopping(self) -> bool:
        """Tell a long turn that it should come to an end."""
        return self._is_stopping.is_set()

    def pause(self, seconds: float) -> None:
        """Rest within a turn, whoever wakes; a stop ends the rest."""
        self._is_stopping.wait(seconds)

    def _run(self) -> None:
        rest_seconds: float | None = None  # start() has woken it
        while True:
            self._awake.wait(rest_seconds)
            self._awake.clear()
            if self._is_stopping.is_set():
                return
            rest_seconds = self.turn()
